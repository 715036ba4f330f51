/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/signals: dispositions, masks, and the host handlers.  The rules are in signals.h;
 * delivery is in signals_deliver.c, the system calls in sys_signals.c. */
#include <execinfo.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/signals.h"
#include "base/landing.h"
#include "code/code.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif
enum { HOST_STACK = 256 << 10 };

void kernel_restorer(void) __attribute__((visibility("hidden")));

static struct kernel_actions *process_actions;

/* ---- host masks and dispositions; libc's wrappers hide signals 32 and 33, the guest's libc wants them ---- */

static void host_sigaction(int sig, const struct kernel_sigaction *new, struct kernel_sigaction *old)
{
    syscall(SYS_rt_sigaction, sig, new, old, 8);
}

void kernel_host_mask_set(kernel_sigset m)
{
    m &= ~KERNEL_SYNC_SET;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &m, NULL, 8);
}

kernel_sigset kernel_host_mask_block_all(void)
{
    kernel_sigset all = ~KERNEL_SYNC_SET, old = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
    return old;
}

void kernel_host_mask_restore(kernel_sigset old)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
}

void kernel_mask_set(struct ng_thread *t, kernel_sigset m)
{
    t->sigmask = m & ~KERNEL_UNBLOCKABLE;
    kernel_host_mask_set(t->sigmask);
}

bool kernel_signal_is_default_ignored(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static bool is_default_stop(int sig)
{
    return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU || sig == SIGSTOP;
}

static void host_handler(int sig, siginfo_t *info, void *context);

void kernel_host_action_set(int sig, const struct kernel_sigaction *a)
{
    if (SIGBIT(sig) & KERNEL_UNBLOCKABLE)
        return;
    const bool sync = SIGBIT(sig) & KERNEL_SYNC_SET;
    struct kernel_sigaction host = { .flags = SA_RESTORER | (a->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT)),
                                     .restorer = (uintptr_t)kernel_restorer };
    const bool host_default = a->handler == (uintptr_t)SIG_DFL &&
                              (kernel_signal_is_default_ignored(sig) || is_default_stop(sig));
    if (!sync && (host_default || a->handler == (uintptr_t)SIG_IGN)) {
        host.handler = a->handler;
    } else {
        host.handler = (uintptr_t)host_handler;
        host.flags |= SA_SIGINFO | SA_ONSTACK;
        if (a->handler > (uintptr_t)SIG_IGN)
            host.flags |= a->flags & SA_RESTART; /* the kernel then restarts exactly what it would natively */
        host.mask = ~KERNEL_SYNC_SET;
    }
    host_sigaction(sig, &host, NULL);
}

struct kernel_actions *kernel_actions_new(const struct kernel_actions *copy)
{
    struct kernel_actions *a = base_alloc(sizeof *a);
    if (copy)
        memcpy(a->a, copy->a, sizeof a->a);
    return a;
}

void kernel_signals_init(void)
{
    void *unused[4];
    backtrace(unused, 4); /* loads what a backtrace needs, while that is safe */
    process_actions = kernel_actions_new(NULL);
    for (int sig = 1; sig <= KERNEL_SIGNALS; sig++) {
        struct kernel_sigaction inherited;
        host_sigaction(sig, NULL, &inherited);
        if (inherited.handler == (uintptr_t)SIG_IGN)
            process_actions->a[sig].handler = (uintptr_t)SIG_IGN;
        kernel_host_action_set(sig, &process_actions->a[sig]);
    }
    kernel_frame_init();
}

/* ---- threads ---- */

void kernel_signals_thread_init(struct ng_thread *t)
{
    const struct kernel_pending *parent = t->pending;
    struct kernel_pending *p = base_alloc(sizeof *p);
    p->actions = parent ? parent->actions : process_actions;
    if (!parent)
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &t->sigmask, 8);
    p->host_stack_size = HOST_STACK;
    p->host_stack = mmap(NULL, HOST_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p->host_stack == MAP_FAILED)
        base_out_of_memory(HOST_STACK);
    const stack_t stack = { .ss_sp = p->host_stack, .ss_size = p->host_stack_size };
    sigaltstack(&stack, NULL);
    t->pending = p;
}

void kernel_signals_take_back(const struct ng_thread *t)
{
    enum { SETXID = 33 };
    static _Atomic bool done;
    struct kernel_actions *all = t->pending->actions;
    if (atomic_exchange(&done, true))
        return;
    base_lock(&all->lock);
    kernel_host_action_set(SETXID, &all->a[SETXID]);
    base_unlock(&all->lock);
}

/* All signals are blocked.  What was meant for the process goes to another thread. */
void kernel_signals_thread_exit(struct ng_thread *t)
{
    struct kernel_pending *p = t->pending;
    const stack_t none = { .ss_flags = SS_DISABLE };
    for (int i = 0; i < p->n; i++)
        if (p->queue[i].si_code != SI_TKILL)
            syscall(SYS_rt_sigqueueinfo, getpid(), p->queue[i].si_signo, &p->queue[i]);
    sigaltstack(&none, NULL);
    munmap(p->host_stack, p->host_stack_size);
    t->pending = NULL;
    free(p->shadows);
    free(p);
}

void kernel_signals_after_fork(struct ng_thread *t)
{
    t->pending->n = 0;              /* pending signals are not inherited */
    t->pending->actions->lock = (struct base_lock){ 0 };
    __atomic_and_fetch(&t->state.attention, ~X86_ATT_SIGNAL, __ATOMIC_SEQ_CST);
}

static void exec_each(struct ng_thread *t, bool before)
{
    for (int sig = 1; sig <= KERNEL_SIGNALS; sig++) {
        const struct kernel_sigaction *a = &t->pending->actions->a[sig];
        if (!(SIGBIT(sig) & KERNEL_SYNC_SET) || a->handler != (uintptr_t)SIG_IGN)
            continue;
        const struct kernel_sigaction ignore = { .handler = (uintptr_t)SIG_IGN };
        if (before)
            host_sigaction(sig, &ignore, NULL);
        else
            kernel_host_action_set(sig, a);
    }
}

void kernel_signals_before_exec(struct ng_thread *t)
{
    exec_each(t, true);
    kernel_host_mask_restore(t->sigmask); /* with the synchronous ones, as the guest has them */
}

void kernel_signals_exec_failed(struct ng_thread *t)
{
    kernel_host_mask_set(t->sigmask);
    exec_each(t, false);
}

/* ---- nagrind's own crash ---- */

static void print_line(const char *text)
{
    if (write(2, text, strlen(text)) < 0)
        return;
}

static void own_crash(int sig, const siginfo_t *info, const ucontext_t *uc)
{
    static _Atomic int crashing;
    void *frames[48];
    char line[256];
    if (atomic_fetch_add(&crashing, 1)) {
        if (atomic_load(&crashing) > 2)
            kernel_kill_self(SIGABRT);
        print_line("nagrind: crashed again while it reported\n");
        kernel_kill_self(SIGABRT);
    }
    snprintf(line, sizeof line, "\nnagrind: internal error: signal %d (code %d) at pc %p, address %p\n", sig, info->si_code,
             (void *)uc->uc_mcontext.gregs[REG_RIP], info->si_addr);
    print_line(line);
    snprintf(line, sizeof line, "nagrind: thread %d (tid %d), guest pc 0x%llx, in %s\n", run_self.id, run_self.tid,
             (unsigned long long)run_self.state.rip, run_self.in_generated ? "generated code or a helper" : "C code");
    print_line(line);
    const int n = backtrace(frames, 48);
    backtrace_symbols_fd(frames, n, 2);
    print_line("nagrind: this is a bug in nagrind, not in your program; please report it with the lines above\n");
    kernel_kill_self(SIGABRT);
}

/* ---- host handlers ---- */

static bool in_range(const void *pc, const char *low, const char *high)
{
    return (const char *)pc >= low && (const char *)pc <= high;
}

/* A recovering fault leaves the handler first: only sigreturn gives the guest's x87 and MXCSR back. */
static void recover_landing(void)
{
    sigjmp_buf *to = run_self.recover;
    run_self.recover = NULL;
    siglongjmp(*to, 1);
}

static void go_to_recover(ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    g[REG_RIP] = (greg_t)(uintptr_t)recover_landing;
    g[REG_RSP] = ((g[REG_RSP] - 256) & ~15ll) - 8;
    g[REG_EFL] &= ~0x400ll;
}

/* Was the fault only ours: a page we write-protected, or a stack yet to grow?  Then the access is tried again. */
static bool fault_is_ours(const siginfo_t *info, const ucontext_t *uc, guest_addr sp)
{
    const guest_addr at = (guest_addr)(uintptr_t)info->si_addr;
    if (info->si_signo != SIGSEGV || !ng_in_client(at))
        return false;
    if (info->si_code == SEGV_ACCERR)
        return (uc->uc_mcontext.gregs[REG_ERR] & 2) && space_code_write_fault(at);
    return info->si_code == SEGV_MAPERR && space_grow_stack(at, sp);
}

/* Generated code: back to the dispatcher with the guest's state exact, unless the access can be tried again. */
static void fault_in_generated(struct ng_thread *t, const siginfo_t *info, ucontext_t *uc, const struct translation *x)
{
    greg_t *g = uc->uc_mcontext.gregs;
    struct vex_side side;
    if (!code_side(x, (void *)g[REG_RIP], &side))
        own_crash(info->si_signo, info, uc);
    const guest_addr sp = side.gpr_in_state >> X86_RSP & 1 ? t->state.gpr[X86_RSP] : (guest_addr)g[REG_RSP];
    if (fault_is_ours(info, uc, sp))
        return;
    run_state_from_fault(t, uc);
    kernel_fault_describe(t, info, uc);
    t->state.exit_info = VEX_EXIT_FAULT;
    g[REG_RSP] = (greg_t)t->state.host_rsp;
    g[REG_RIP] = (greg_t)(uintptr_t)code_tramp(VEX_TRAMP_FAULT);
    g[REG_EFL] &= ~0x400ll;
}

/* A page of a plane that the tool has protected? */
static bool fault_is_the_tools(const siginfo_t *info)
{
    return info->si_signo == SIGSEGV && info->si_code == SEGV_ACCERR && tool->plane_fault &&
           tool->plane_fault((uint64_t)(uintptr_t)info->si_addr);
}

/* The translation whose IR_HOOK has called the C code that runs now, or NULL. */
static const struct translation *fast_hook_caller(const struct ng_thread *t)
{
    return run_is_guest && t->in_generated ? code_by_host(((void **)t->state.host_rsp)[-1]) : NULL;
}

/* The fast way of a hook has touched what it may not: it is left, and the dispatcher calls the hook.  General registers are
 * in the state; vectors and flags are a callee's to change. */
static void leave_fast_hook(struct ng_thread *t, ucontext_t *uc, const struct translation *x)
{
    greg_t *g = uc->uc_mcontext.gregs;
    uint32_t exit = 0;
    while (code_exit(x, exit).kind != IR_EXIT_HOSTCALL)
        exit++;
    t->state.exit_info = (uint64_t)x->id << 32 | exit;
    t->state.rflags = (uint64_t)g[REG_EFL];
    kernel_vectors_from_context(uc, t->state.ymm, 0);
    g[REG_RSP] = (greg_t)t->state.host_rsp;
    g[REG_RIP] = (greg_t)(uintptr_t)code_tramp(VEX_TRAMP_FAULT);
    g[REG_EFL] &= ~0x400ll;
}

/* A load of client memory that may fault (base/landing.h). */
static bool fault_has_landing(const siginfo_t *info, ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    const uintptr_t to = landing_of((uintptr_t)g[REG_RIP]);
    if (to && !fault_is_ours(info, uc, run_is_guest ? ng_reg(&run_self, X86_RSP) : 0))
        g[REG_RIP] = (greg_t)to;
    return to != 0;
}

static void host_fault(int sig, const siginfo_t *info, ucontext_t *uc)
{
    struct ng_thread *t = &run_self;
    if (fault_is_the_tools(info) || fault_has_landing(info, uc))
        return;
    const void *pc = (const void *)uc->uc_mcontext.gregs[REG_RIP];
    const struct translation *x = run_is_guest && t->in_generated ? code_by_host(pc) : NULL;
    const struct translation *caller = x ? NULL : fast_hook_caller(t);
    if (x) {
        fault_in_generated(t, info, uc, x);
    } else if (caller) {
        if (!fault_is_ours(info, uc, t->state.gpr[X86_RSP]))
            leave_fast_hook(t, uc, caller);
    } else if (t->recover) {
        if (!fault_is_ours(info, uc, run_is_guest ? ng_reg(t, X86_RSP) : 0)) {
            t->caught.sig = sig;
            t->caught.code = info->si_code;
            t->caught.err = (int)uc->uc_mcontext.gregs[REG_ERR];
            go_to_recover(uc);
        }
    } else {
        own_crash(sig, info, uc);
    }
}

/* nagrind's own write to a closed pipe is not the guest's affair. */
static bool is_own_sigpipe(int sig, const siginfo_t *info, const void *pc)
{
    return sig == SIGPIPE && info->si_code == SI_USER && info->si_pid == getpid() && !run_self.in_generated &&
           !in_range(pc, kernel_blocking_start, kernel_blocking_abort) && !in_range(pc, kernel_direct_start, kernel_direct_end);
}

static void host_async(int sig, const siginfo_t *info, ucontext_t *uc)
{
    struct ng_thread *t = &run_self;
    struct kernel_pending *p = t->pending;
    greg_t *g = uc->uc_mcontext.gregs;
    const void *pc = (const void *)g[REG_RIP];
    if (!run_is_guest || !p || is_own_sigpipe(sig, info, pc))
        return;
    if (p->n < KERNEL_QUEUE)
        p->queue[p->n++] = *info;
    const kernel_sigset all = ~KERNEL_SYNC_SET;
    memcpy(&uc->uc_sigmask, &all, sizeof all); /* nothing more until this one is delivered */
    run_attention(t, X86_ATT_SIGNAL);
    if (in_range(pc, kernel_blocking_start, kernel_blocking_insn))
        g[REG_RIP] = (greg_t)(uintptr_t)kernel_blocking_abort;
}

static void host_handler(int sig, siginfo_t *info, void *context)
{
    const int saved_errno = errno;
    const bool sync = (SIGBIT(sig) & KERNEL_SYNC_SET) && info->si_code > 0 && sig != SIGSYS;
    if (sync)
        host_fault(sig, info, context);
    else
        host_async(sig, info, context);
    errno = saved_errno;
}

/* ---- ends ---- */

void kernel_kill_self(int sig)
{
    const struct rlimit no_core = { 0, 0 };
    const struct kernel_sigaction dfl = { .handler = (uintptr_t)SIG_DFL };
    const kernel_sigset none = 0;
    setrlimit(RLIMIT_CORE, &no_core); /* a core of ours would not show the program */
    host_sigaction(sig, &dfl, NULL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    syscall(SYS_exit_group, 128 + sig);
    __builtin_unreachable();
}
