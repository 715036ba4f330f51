/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/signals_deliver: what happens to a recorded or raised signal at a safe point. */
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/signals.h"
#include "launch/options.h"
#include "report/report.h"
#include "run/internal.h"
#include "tool/load.h"

/* The mask that the interrupted system call had put in place, or the thread's. */
static kernel_sigset mask_in_force(const struct ng_thread *t)
{
    return t->pending->temp_valid ? t->pending->temp_mask : t->sigmask;
}

/* Index of a queued signal that may be delivered, or -1.  Only synchronous ones, sent by kill, can be
 * queued while blocked: the host never blocks those. */
static int deliverable(const struct ng_thread *t)
{
    const struct kernel_pending *p = t->pending;
    const kernel_sigset held = KERNEL_SYNC_SET & mask_in_force(t);
    for (int i = 0; i < p->n; i++)
        if (!(SIGBIT(p->queue[i].si_signo) & held))
            return i;
    return -1;
}

bool kernel_signals_waiting(const struct ng_thread *t)
{
    return atomic_load_explicit(&t->pending->n, memory_order_relaxed) && deliverable(t) >= 0;
}

static void trace(const struct ng_thread *t, const char *what, int sig, int code)
{
    if (options.trace_signals)
        report_debug("thread %d: signal %d (code %d): %s", t->id, sig, code, what);
}

void kernel_die_by_signal(struct ng_thread *t, int sig, int code, guest_addr at)
{
    trace(t, "default action: the process ends", sig, code);
    if (!t->vfork_child)
        report_fatal_signal(t, sig, code, at);
    run_process_exit(t, 0, sig);
}

/* A stop signal whose handler has gone since it was recorded: stop as the default does. */
static void stop_self(struct ng_thread *t, int sig)
{
    const kernel_sigset old = kernel_host_mask_block_all();
    const kernel_sigset only = ~SIGBIT(sig);
    kernel_host_action_set(sig, &(struct kernel_sigaction){ .handler = (uintptr_t)SIG_DFL });
    syscall(SYS_tgkill, getpid(), t->tid, sig);
    run_park(t);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &only, NULL, 8);
    run_unpark(t);
    kernel_host_mask_restore(old);
}

/* Takes a copy of the disposition; SA_RESETHAND resets the entry. */
static struct kernel_sigaction take_action(struct ng_thread *t, int sig)
{
    struct kernel_actions *all = t->pending->actions;
    base_lock(&all->lock);
    const struct kernel_sigaction a = all->a[sig];
    if (a.handler > (uintptr_t)SIG_IGN && (a.flags & SA_RESETHAND)) {
        all->a[sig].handler = (uintptr_t)SIG_DFL;
        kernel_host_action_set(sig, &all->a[sig]);
    }
    base_unlock(&all->lock);
    return a;
}

/* Goes to the guest's handler; t->sigmask is set, the host's mask not yet. */
static void call_handler(struct ng_thread *t, const struct kernel_sigaction *a, const siginfo_t *info, int trapno, int err)
{
    const int sig = info->si_signo;
    const guest_addr cr2 = trapno == 14 ? (guest_addr)(uintptr_t)info->si_addr : 0;
    trace(t, "to the handler", sig, info->si_code);
    if (!kernel_frame_push(t, a, info, t->sigmask, trapno, err, cr2)) {
        t->pending->temp_valid = false;
        if (sig == SIGSEGV) /* no stack for its own handler */
            kernel_die_by_signal(t, SIGSEGV, SI_KERNEL, 0);
        kernel_signal_raise(t, SIGSEGV, SI_KERNEL, 0, trapno, err);
        return;
    }
    kernel_sigset mask = mask_in_force(t) | a->mask;
    if (!(a->flags & SA_NODEFER))
        mask |= SIGBIT(sig);
    t->pending->temp_valid = false;
    t->sigmask = mask & ~KERNEL_UNBLOCKABLE;
    t->stats[RUN_STAT_SIGNALS]++;
}

static void deliver_one(struct ng_thread *t, const siginfo_t *info)
{
    const int sig = info->si_signo;
    const struct kernel_sigaction a = take_action(t, sig);
    if (a.handler > (uintptr_t)SIG_IGN) {
        call_handler(t, &a, info, 0, 0);
    } else if (a.handler == (uintptr_t)SIG_IGN || kernel_signal_is_default_ignored(sig)) {
        trace(t, "ignored", sig, info->si_code);
    } else if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
        trace(t, "default action: stop", sig, info->si_code);
        stop_self(t, sig);
    } else {
        const bool has_address = info->si_code > 0 && (SIGBIT(sig) & KERNEL_SYNC_SET);
        kernel_die_by_signal(t, sig, info->si_code, has_address ? (guest_addr)(uintptr_t)info->si_addr : 0);
    }
}

void kernel_signals_deliver(struct ng_thread *t)
{
    struct kernel_pending *p = t->pending;
    const kernel_sigset everything = ~0ull;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &everything, NULL, 8); /* the queue is ours for a moment */
    const int i = deliverable(t);
    siginfo_t info;
    if (i >= 0) {
        info = p->queue[i];
        memmove(&p->queue[i], &p->queue[i + 1], (size_t)(p->n - i - 1) * sizeof *p->queue);
        p->n--;
    }
    kernel_host_mask_block_all();
    if (i >= 0)
        deliver_one(t, &info);
    p->temp_valid = false;
    if (deliverable(t) >= 0)
        run_attention(t, X86_ATT_SIGNAL);
    else
        kernel_host_mask_set(t->sigmask); /* the next one may arrive right here */
}

/* A signal that this thread's own instruction caused cannot be blocked or ignored: then it kills. */
void kernel_signal_raise(struct ng_thread *t, int sig, int si_code, guest_addr at, int trapno, int err)
{
    if (run_is_finishing()) { /* freeres faulted, in a libc that was never complete: the exit goes on */
        run_abandon_guest(t);
        return;
    }
    siginfo_t info = { 0 };
    info.si_signo = sig;
    info.si_code = si_code;
    if (si_code > 0)
        info.si_addr = (void *)(uintptr_t)at;
    const struct kernel_sigaction a = take_action(t, sig);
    if (a.handler <= (uintptr_t)SIG_IGN || (t->sigmask & SIGBIT(sig)))
        kernel_die_by_signal(t, sig, si_code, at);
    const kernel_sigset old = kernel_host_mask_block_all();
    call_handler(t, &a, &info, trapno, err);
    if (kernel_signals_waiting(t))
        kernel_host_mask_restore(old); /* a recorded one comes first; it keeps everything blocked */
    else
        kernel_host_mask_set(t->sigmask);
}

void kernel_fault_raise(struct ng_thread *t)
{
    const struct kernel_fault f = t->pending->fault;
    if (f.report && tool->events.access_fault)
        tool->events.access_fault(t, t->state.rip, f.tool_at, f.size, f.write);
    kernel_signal_raise(t, f.sig, f.code, f.at, f.trapno, f.err);
}
