/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run: guest threads and the dispatcher.
 *
 * A guest thread is a host thread; its struct ng_thread is thread-local memory
 * of that host thread.  Other threads reach it through the thread list (run lock). */
#pragma once
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include "base/base.h"
#include "nagrind/tool.h"
#include "vex/vex.h"

struct kernel_sigaltstack { uint64_t sp; int flags; uint64_t size; };

/* Indices of ng_thread.stats: what --stats prints (run/stats.c). */
enum run_stat {
    RUN_STAT_TURNS, RUN_STAT_HOST_BYTES, RUN_STAT_CHAINED, RUN_STAT_INDIRECT, RUN_STAT_JUMPS, RUN_STAT_JUMPS_SECOND,
    RUN_STAT_SYSCALLS, RUN_STAT_HOSTCALLS, RUN_STAT_REQUESTS, RUN_STAT_SIGNALS, RUN_STAT_FAULTS, RUN_STAT_ATTENTION,
    RUN_STAT_MODE, RUN_STAT_TRACES, RUN_STAT_HOT,
    RUN_STAT_WHY, /* other modes entered, + enum ir_why; with --stats only */
    /* what was translated, + mode; nanoseconds of processor time with --stats only */
    RUN_STAT_BLOCKS = RUN_STAT_WHY + IR_WHYS, RUN_STAT_INSNS = RUN_STAT_BLOCKS + NG_MODES_MAX, RUN_STAT_NS = RUN_STAT_INSNS + NG_MODES_MAX,
    RUN_STATS = RUN_STAT_NS + NG_MODES_MAX
};

struct ng_thread {
    struct x86_state state;          /* first; fs-relative for generated code */
    int id, tid;                     /* ours from 1; the kernel's */
    struct ng_thread *next;
    guest_addr stack_low, stack_high;/* known bounds of its stack, or 0 */
    guest_addr clear_child_tid, robust_list; uint64_t robust_list_size;
    uint64_t sigmask;                /* guest's blocked signals, bit n-1 */
    struct kernel_sigaltstack altstack;
    struct kernel_pending *pending;  /* kernel/signals.c */
    char name[16];
    int errors_disabled;             /* nesting of client request 0x1801 */
    bool in_generated;               /* generated code or its trampolines run */
    bool exiting; int exit_code;
    _Atomic int parked;              /* stands at a safe point or in a blocking system call */
    sigjmp_buf *recover;             /* ng_read and friends: where a fault in C code goes */
    struct { int sig, code, err; } caught; /* the last such fault; sig is 0 if there was none since it was set so */
    uint64_t stats[RUN_STATS];
    /* vfork child runs on its parent's struct */
    bool vfork_child;
    void *kernel_private;            /* kernel/ */
    struct { guest_addr caller_pc; int redirect; /* heap/: set while a hook runs, for stack traces */
             uint8_t outcome; bool write; guest_addr to; } hook; /* HOOK_*: what it asked for */
};

extern __thread struct ng_thread run_self __attribute__((tls_model("initial-exec")));
extern __thread bool run_is_guest __attribute__((tls_model("initial-exec")));
/* First level of indirect jumps: x86_jump_first(pc) -> code (see x86_64.h). */
extern __thread void *run_jumps[X86_JUMPS] __attribute__((tls_model("initial-exec")));
struct vex_host run_vex_host(void);  /* what the back end must know of this process */

void run_init(void);
void run_strings_init(void);         /* when the tool is loaded, before the first translation */
/* Runs the main thread from the state prepared by the loader; never returns. */
void run_main(guest_addr pc, guest_addr sp) __attribute__((noreturn));
/* The dispatcher: runs until this guest thread exits. */
void run_loop(struct ng_thread *t);
/* Generated code calls a replaced function (struct vex_host.hostcall). */
void *run_hostcall(struct x86_state *s, uint32_t hook);
/* New guest thread (clone with CLONE_VM|CLONE_THREAD): child tid or -errno. */
int run_thread_create(struct ng_thread *parent, uint64_t flags, guest_addr sp, guest_addr parent_tid, guest_addr child_tid, guest_addr tls);
void run_thread_exit(struct ng_thread *t, int code);              /* marks; the dispatcher leaves */
/* Ends the process as the guest asked: stops the world, tool fini, reports, then _exit(code) or kill by signal. */
void run_process_exit(struct ng_thread *t, int code, int signal) __attribute__((noreturn));
void run_attention(struct ng_thread *t, uint64_t event_bits);     /* from any thread, or a signal handler of its own */
/* Blocking system calls park, so that the world can stop meanwhile. */
void run_park(struct ng_thread *t);
void run_unpark(struct ng_thread *t);                             /* waits while the world is stopped */
void run_after_fork(struct ng_thread *t);                         /* in the child: only this thread is left */
/* Guest registers of a thread that is in a helper or was interrupted in generated code -> its state image. */
void run_state_from_fault(struct ng_thread *t, const void *ucontext); /* exact state at a fault in generated code */
/* Calls a guest function with up to 2 arguments on t's stack and returns its rax (libc freeres, ifunc resolvers). */
uint64_t run_call_guest(struct ng_thread *t, guest_addr fn, uint64_t a0, uint64_t a1);
/* The process is ending: libc's clean-up may still run guest code, which must not wait for stopped threads.
 * run_abandon_guest ends such a guest call; its value is the system call's result. */
bool run_is_finishing(void);
int64_t run_abandon_guest(struct ng_thread *t);
