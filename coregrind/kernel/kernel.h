/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel: what the guest asks of the kernel, and what the kernel does to it. */
#pragma once
#include "run/run.h"

/* One guest system call: number and arguments are in t->state; result goes to rax.  Checks and marks through the
 * tool's events; blocking ones park and can be interrupted.  */
void kernel_syscall(struct ng_thread *t);

/* kernel/syscalls.def rows are carried out by this; special ones have functions in kernel/sys_*.c:
 *     int64_t sys_NAME(struct ng_thread *t, const uint64_t a[6]);  result or -errno */
struct kernel_syscall_info { const char *name; };
const char *kernel_syscall_name(int number);
/* Makes the host system call so that a signal interrupts it as native (labelled phases); -EINTR if a signal
 * arrived before or in it; *restart tells whether SA_RESTART applies. */
int64_t kernel_blocking(struct ng_thread *t, long number, const uint64_t a[6]);
int64_t kernel_direct(long number, const uint64_t a[6]);  /* cannot block */

/* signals */
#define KERNEL_ERESTART 512     /* internal result: restart if SA_RESTART or no handler (as the kernel's ERESTARTSYS) */
#define KERNEL_ERESTARTNOHAND 514
void kernel_signals_init(void);
void kernel_signals_thread_init(struct ng_thread *t);  /* host sigaltstack, masks */
void kernel_signals_after_fork(struct ng_thread *t);
/* Delivers what is pending and unblocked: builds frames, or ends the process.  Called by the dispatcher. */
void kernel_signals_deliver(struct ng_thread *t);
/* Raises a synchronous signal for the guest at its current state (fault address, si_code). */
void kernel_signal_raise(struct ng_thread *t, int sig, int si_code, guest_addr at, int trapno, int err);
/* The same for a page fault of the instruction at rip on data at `at`: err gets the direction that it has natively. */
void kernel_signal_raise_data(struct ng_thread *t, int sig, int si_code, guest_addr at, int err);
int64_t sys_rt_sigaction(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_rt_sigprocmask(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_rt_sigreturn(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_rt_sigsuspend(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_rt_sigpending(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_rt_sigtimedwait(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_sigaltstack(struct ng_thread *t, const uint64_t a[6]);
/* processes (kernel/process.c) */
int64_t sys_clone(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_clone3(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_fork(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_vfork(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_execve(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_execveat(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_exit(struct ng_thread *t, const uint64_t a[6]);
int64_t sys_exit_group(struct ng_thread *t, const uint64_t a[6]);
/* CPUID as the guest sees it: on t->state's eax, ecx. */
void kernel_cpuid(struct ng_thread *t);
/* Virtual files of /proc/self (and /proc/PID, /proc/thread-self): fd of a replacement for maps, auxv, cmdline,
 * environ; or -1: not virtual.  link: the client's exe path for readlink. */
int kernel_proc_open(const char *path, int flags);
const char *kernel_proc_link(const char *path);
/* First of all, before any base_fd_hide: chooses where the tool's descriptors live (base_fd_floor), reads the table. */
void kernel_syscalls_init(void);
/* Client identity, set by the loader. */
struct kernel_client { const char *exe_path; char **argv, **envp; guest_addr auxv; size_t auxv_size; };
extern struct kernel_client kernel_client;
