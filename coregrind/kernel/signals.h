/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/signals: the guest's signals, for run/ and the files of this half of kernel/.
 *
 * The host's signal mask follows the guest's, so what the guest blocks stays pending
 * in the kernel, and sigtimedwait, signalfd and sigpending are the kernel's own.
 * Only the synchronous ones (SIGSEGV SIGBUS SIGFPE SIGILL SIGTRAP SIGSYS) are never blocked on the host.
 * A handler of ours that takes an asynchronous signal records it and blocks everything,
 * until the dispatcher has delivered it and sets the mask again: so at most one
 * (and synchronous ones sent by kill) is ever on its way.  */
#pragma once
#include <signal.h>
#include <ucontext.h>
#include "kernel/kernel.h"

enum { KERNEL_SIGNALS = 64, KERNEL_QUEUE = 32 };
typedef uint64_t kernel_sigset;                  /* bit n-1 */
#define SIGBIT(sig) (1ull << ((sig) - 1))
#define KERNEL_SYNC_SET (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGFPE) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGSYS))
#define KERNEL_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

struct kernel_sigaction { uint64_t handler, flags, restorer; kernel_sigset mask; };
/* Dispositions of a process; a vfork child has a copy of its own. */
struct kernel_actions {
    struct base_lock lock;
    struct kernel_sigaction a[KERNEL_SIGNALS + 1];
};

/* A fault in generated code, from the host handler to the dispatcher. */
struct kernel_fault {
    int sig, code, trapno, err;
    guest_addr at;
    /* for the tool: whether to tell it, the guest's operand; write: it is only written; writes: it is written, too */
    bool report, write, writes;
    uint64_t size;
    guest_addr tool_at;
};

struct kernel_pending {
    struct kernel_actions *actions;
    siginfo_t queue[KERNEL_QUEUE];
    _Atomic int n;
    kernel_sigset temp_mask;                     /* of a sigsuspend, ppoll, ... that was interrupted */
    bool temp_valid;
    struct kernel_fault fault;
    void *host_stack;                            /* sigaltstack of the host thread */
    size_t host_stack_size;
    struct kernel_shadows *shadows;              /* registers' shadows of interrupted code; frame.c */
    int n_shadows;
};

/* A signal is recorded that could be delivered now. */
bool kernel_signals_waiting(const struct ng_thread *t);
/* Raises the fault that a host handler left in t->pending->fault; tells the tool first. */
void kernel_fault_raise(struct ng_thread *t);
/* Fills t->pending->fault from a synchronous signal at uc.  Registers are already in t->state. */
void kernel_fault_describe(struct ng_thread *t, const siginfo_t *info, const ucontext_t *uc);

/* signals.c */
struct kernel_actions *kernel_actions_new(const struct kernel_actions *copy);
void kernel_actions_lock(struct kernel_actions *a);
void kernel_signals_thread_exit(struct ng_thread *t);
/* The host libc's first pthread_create installs a handler of its own for its set*id signal; the guest's libc means
 * its own by that number. */
void kernel_signals_take_back(const struct ng_thread *t);
/* Host mask for the guest mask m of this thread. */
void kernel_host_mask_set(kernel_sigset m);
kernel_sigset kernel_host_mask_block_all(void);  /* the old one */
void kernel_host_mask_restore(kernel_sigset old);
/* Sets the guest's mask and the host's. */
void kernel_mask_set(struct ng_thread *t, kernel_sigset m);
/* Gives the host the disposition that the guest's entry asks for. */
void kernel_host_action_set(int sig, const struct kernel_sigaction *a);
/* Dispositions as execve should find them (ignored ones ignored); undo gives them back after it failed. */
void kernel_signals_before_exec(struct ng_thread *t);
void kernel_signals_exec_failed(struct ng_thread *t);
bool kernel_signal_is_default_ignored(int sig);
/* Ends the process by sig, after the reports. */
void kernel_die_by_signal(struct ng_thread *t, int sig, int code, guest_addr at) __attribute__((noreturn));
/* Kills this process by sig for real. */
void kernel_kill_self(int sig) __attribute__((noreturn));

/* frame.c */
enum { KERNEL_FRAME_MASK_VALID = 1 };
/* Pushes the frame for info and goes to a's handler; saved_mask goes into it. false: no room. */
bool kernel_frame_push(struct ng_thread *t, const struct kernel_sigaction *a, const siginfo_t *info, kernel_sigset saved_mask,
                       int trapno, int err, guest_addr cr2);
/* rt_sigreturn: false if the frame cannot be read. */
bool kernel_frame_pop(struct ng_thread *t, kernel_sigset *mask);
int kernel_altstack_flags(const struct ng_thread *t, guest_addr sp);
void kernel_frame_init(void);
/* Vector registers of a host signal context -> ymm, those not in skip. */
void kernel_vectors_from_context(const ucontext_t *uc, uint8_t ymm[16][32], uint32_t skip);

/* blocking.S */
int64_t kernel_blocking_stub(long number, const uint64_t a[6], const uint64_t *attention, uint64_t bits);
int64_t kernel_direct_stub(long number, const uint64_t a[6]);
extern const char kernel_blocking_start[], kernel_blocking_insn[], kernel_blocking_after[], kernel_blocking_abort[],
    kernel_direct_start[], kernel_direct_end[];
