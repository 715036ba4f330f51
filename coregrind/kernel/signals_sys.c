/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/signals_sys: the guest's system calls about signals.
 *
 * Those that change mask or disposition first see to it that no recorded signal is on
 * its way: with one waiting they yield -KERNEL_ERESTART, it is delivered, and the guest's
 * instruction runs again, as if the signal had come just before the call.  */
#include <sys/syscall.h>
#include "kernel/signals.h"

/* Signal flags that the kernel keeps (UAPI_SA_FLAGS and SA_RESTORER). */
#define KEPT_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | 0x800 | 0x04000000)
#define ALT_AUTODISARM (1u << 31)

/* Blocks all host signals; false (and nothing done) if one must be delivered first. */
static bool begin(struct ng_thread *t, kernel_sigset *old)
{
    *old = kernel_host_mask_block_all();
    if (!kernel_signals_waiting(t))
        return true;
    kernel_host_mask_restore(*old);
    return false;
}

int64_t sys_rt_sigaction(struct ng_thread *t, const uint64_t a[6])
{
    struct kernel_actions *all = t->pending->actions;
    struct kernel_sigaction new, old;
    const int sig = (int)a[0];
    kernel_sigset mask;
    if (a[3] != sizeof(kernel_sigset))
        return -EINVAL;
    if (a[1] && ng_read(&new, a[1], sizeof new) != sizeof new)
        return -EFAULT;
    if (sig < 1 || sig > KERNEL_SIGNALS || (a[1] && (SIGBIT(sig) & KERNEL_UNBLOCKABLE)))
        return -EINVAL;
    if (!begin(t, &mask))
        return -KERNEL_ERESTART;
    base_lock(&all->lock);
    old = all->a[sig];
    if (a[1]) {
        new.flags &= (uint64_t)(uint32_t)KEPT_FLAGS;
        new.mask &= ~KERNEL_UNBLOCKABLE;
        all->a[sig] = new;
        kernel_host_action_set(sig, &new);
    }
    base_unlock(&all->lock);
    kernel_host_mask_restore(mask);
    return a[2] && ng_write(a[2], &old, sizeof old) != sizeof old ? -EFAULT : 0;
}

int64_t sys_rt_sigprocmask(struct ng_thread *t, const uint64_t a[6])
{
    kernel_sigset set = 0, host;
    const kernel_sigset old = t->sigmask;
    if (a[3] != sizeof set)
        return -EINVAL;
    if (a[1] && ng_read(&set, a[1], sizeof set) != sizeof set)
        return -EFAULT;
    if (a[1] && a[0] != SIG_BLOCK && a[0] != SIG_UNBLOCK && a[0] != SIG_SETMASK)
        return -EINVAL;
    if (!begin(t, &host))
        return -KERNEL_ERESTART;
    if (a[1])
        kernel_mask_set(t, a[0] == SIG_BLOCK ? old | set : a[0] == SIG_UNBLOCK ? old & ~set : set);
    else
        kernel_host_mask_restore(host);
    return a[2] && ng_write(a[2], &old, sizeof old) != sizeof old ? -EFAULT : 0;
}

int64_t sys_rt_sigreturn(struct ng_thread *t, const uint64_t a[6])
{
    kernel_sigset mask, host;
    (void)a;
    if (!begin(t, &host)) { /* it is delivered on top; the frame below is popped after */
        t->state.rip -= 2;
        return 15;
    }
    if (kernel_frame_pop(t, &mask))
        kernel_mask_set(t, mask);
    else
        kernel_signal_raise(t, SIGSEGV, SI_KERNEL, 0, 0, 0);
    return (int64_t)t->state.gpr[X86_RAX];
}

int64_t sys_rt_sigsuspend(struct ng_thread *t, const uint64_t a[6])
{
    kernel_sigset set;
    if (a[1] != sizeof set)
        return -EINVAL;
    if (ng_read(&set, a[0], sizeof set) != sizeof set)
        return -EFAULT;
    for (int i = 0; i < t->pending->n; i++) { /* a synchronous one sent by kill, held back until now */
        if (!(set & SIGBIT(t->pending->queue[i].si_signo))) {
            t->pending->temp_mask = set;
            t->pending->temp_valid = true;
            run_attention(t, X86_ATT_SIGNAL);
            return -EINTR;
        }
    }
    return kernel_blocking(t, SYS_rt_sigsuspend, a);
}

static kernel_sigset held_set(const struct ng_thread *t)
{
    kernel_sigset held = 0;
    for (int i = 0; i < t->pending->n; i++)
        held |= SIGBIT(t->pending->queue[i].si_signo);
    return held;
}

int64_t sys_rt_sigpending(struct ng_thread *t, const uint64_t a[6])
{
    kernel_sigset set;
    const int64_t r = kernel_direct(SYS_rt_sigpending, a);
    const kernel_sigset held = held_set(t) & t->sigmask;
    if (r == 0 && held && a[1] == sizeof set && ng_read(&set, a[0], sizeof set) == sizeof set) {
        set |= held;
        ng_write(a[0], &set, sizeof set);
    }
    return r;
}

/* Takes a held-back synchronous signal of set; its number or 0. */
static int take_held(struct ng_thread *t, kernel_sigset set, siginfo_t *info)
{
    struct kernel_pending *p = t->pending;
    for (int i = 0; i < p->n; i++) {
        if (!(set & KERNEL_SYNC_SET & SIGBIT(p->queue[i].si_signo)))
            continue;
        *info = p->queue[i];
        memmove(&p->queue[i], &p->queue[i + 1], (size_t)(p->n - i - 1) * sizeof *p->queue);
        p->n--;
        return info->si_signo;
    }
    return 0;
}

int64_t sys_rt_sigtimedwait(struct ng_thread *t, const uint64_t a[6])
{
    kernel_sigset set, host;
    siginfo_t info;
    if (a[3] == sizeof set && t->pending->n && ng_read(&set, a[0], sizeof set) == sizeof set) {
        if (!begin(t, &host))
            return -KERNEL_ERESTART;
        const int sig = take_held(t, set, &info);
        kernel_host_mask_restore(host);
        if (sig)
            return a[1] && ng_write(a[1], &info, sizeof info) != sizeof info ? -EFAULT : sig;
    }
    return kernel_blocking(t, SYS_rt_sigtimedwait, a);
}

int64_t sys_sigaltstack(struct ng_thread *t, const uint64_t a[6])
{
    struct { uint64_t sp; int32_t flags, pad; uint64_t size; } new, old = { 0 };
    struct kernel_sigaltstack *s = &t->altstack;
    const guest_addr sp = t->state.gpr[X86_RSP];
    if (a[0] && ng_read(&new, a[0], sizeof new) != sizeof new)
        return -EFAULT;
    old.sp = s->sp;
    old.size = s->size;
    old.flags = kernel_altstack_flags(t, sp) | (int32_t)(s->size ? (uint32_t)s->flags & ALT_AUTODISARM : 0);
    if (a[0]) {
        const uint32_t mode = (uint32_t)new.flags & ~ALT_AUTODISARM;
        if (kernel_altstack_flags(t, sp) == SS_ONSTACK)
            return -EPERM;
        if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
            return -EINVAL;
        if (mode == SS_DISABLE)
            *s = (struct kernel_sigaltstack){ .flags = SS_DISABLE };
        else if (new.size < 2048)
            return -ENOMEM;
        else
            *s = (struct kernel_sigaltstack){ .sp = new.sp, .flags = new.flags, .size = new.size };
    }
    return a[1] && ng_write(a[1], &old, sizeof old) != sizeof old ? -EFAULT : 0;
}
