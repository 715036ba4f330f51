/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/process: clone in all its forms, fork, vfork, exit.
 *
 * A guest thread becomes a host thread, a guest process a host process.  A child that
 * shares its parent's memory while the parent sleeps (vfork, posix_spawn) does so here
 * too: it runs on the parent's struct ng_thread and a host stack of its own, and the
 * parent puts its registers back when it wakes.  */
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/signals.h"
#include "code/code.h"
#include "report/report.h"
#include "tool/load.h"

enum { VFORK_STACK = 1 << 20 };
#define SETTERS (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_DETACHED | CLONE_IO | SETTERS)

struct request { uint64_t flags, exit_signal; guest_addr sp, parent_tid, child_tid, tls, pidfd; };

static int64_t refuse(const struct request *r, const char *why)
{
    static _Atomic bool told;
    if (!atomic_exchange(&told, true))
        ng_msg("Warning: clone with flags 0x%llx is refused: %s", (unsigned long long)r->flags, why);
    return -EINVAL;
}

static void write_tid(struct ng_thread *t, guest_addr at, int tid)
{
    if (ng_write(at, &tid, sizeof tid) == sizeof tid && tool->events.post_mem_write)
        tool->events.post_mem_write(t, at, sizeof tid);
}

/* ---- fork ---- */

/* What clone asked for, done in the child. */
static void child_setup(struct ng_thread *t, const struct request *r)
{
    t->clear_child_tid = r->flags & CLONE_CHILD_CLEARTID ? r->child_tid : 0;
    t->robust_list = 0;
    if (r->sp)
        t->state.gpr[X86_RSP] = r->sp;
    if (r->flags & CLONE_SETTLS)
        t->state.fs_base = r->tls;
    if (r->flags & CLONE_CHILD_SETTID)
        write_tid(t, r->child_tid, t->tid);
}

static void after_fork_in_child(struct ng_thread *t, const struct request *r)
{
    run_after_fork(t);
    kernel_signals_after_fork(t);
    report_after_fork(r->flags & CLONE_FILES);
    child_setup(t, r);
    if (tool->events.forked)
        tool->events.forked();
}

/* The plain case through libc, which keeps its own house in order; unusual flags straight. */
static int64_t fork_host(const struct request *r)
{
    const uint64_t flags = r->flags & ~(uint64_t)SETTERS;
    if (!flags && r->exit_signal == SIGCHLD) {
        const pid_t pid = fork();
        return pid < 0 ? -errno : pid;
    }
    const uint64_t a[6] = { flags | r->exit_signal, 0, r->flags & CLONE_PIDFD ? r->pidfd : 0, 0, 0, 0 };
    base_locks_before_fork();
    const int64_t pid = kernel_direct(SYS_clone, a);
    base_locks_after_fork();
    return pid;
}

/* All other threads stand still meanwhile: none of them is inside a lock that the child would find held. */
static int64_t do_fork(struct ng_thread *t, const struct request *r)
{
    const kernel_sigset old = kernel_host_mask_block_all();
    if (kernel_signals_waiting(t)) {
        kernel_host_mask_restore(old);
        return -KERNEL_ERESTART;
    }
    ng_world_stop();
    code_before_fork();
    const int64_t pid = fork_host(r);
    code_after_fork(pid == 0);
    if (pid == 0)
        after_fork_in_child(t, r);
    ng_world_resume();
    if (pid > 0 && (r->flags & CLONE_PARENT_SETTID))
        write_tid(t, r->parent_tid, (int)pid);
    kernel_host_mask_restore(old);
    return pid;
}

/* ---- vfork ---- */

struct vfork_child { struct ng_thread *t; const struct request *r; kernel_sigset mask; };

static int vfork_child_main(void *arg)
{
    const struct vfork_child *c = arg;
    struct ng_thread *t = c->t;
    t->vfork_child = true;
    t->tid = (int)syscall(SYS_gettid);
    if (!(c->r->flags & CLONE_SIGHAND))
        t->pending->actions = kernel_actions_new(t->pending->actions);
    child_setup(t, c->r);
    t->state.gpr[X86_RAX] = 0;
    kernel_host_mask_restore(c->mask);
    run_loop(t);
    syscall(SYS_exit_group, t->exit_code);
    return 0;
}

/* Everything of the parent's that the child used, but for what other threads may have changed meanwhile. */
static void vfork_restore(struct ng_thread *t, struct ng_thread *saved, struct kernel_actions *actions)
{
    const uint64_t events = __atomic_load_n(&t->state.attention, __ATOMIC_SEQ_CST) & X86_ATT_EVENTS;
    saved->state.attention = (saved->state.attention & ~X86_ATT_EVENTS) | (events & ~X86_ATT_SIGNAL);
    memcpy(&t->state, &saved->state, sizeof t->state);
    t->tid = saved->tid;
    t->stack_low = saved->stack_low;
    t->stack_high = saved->stack_high;
    t->clear_child_tid = saved->clear_child_tid;
    t->robust_list = saved->robust_list;
    t->robust_list_size = saved->robust_list_size;
    t->sigmask = saved->sigmask;
    t->altstack = saved->altstack;
    memcpy(t->name, saved->name, sizeof t->name);
    t->errors_disabled = saved->errors_disabled;
    t->in_generated = saved->in_generated;
    t->exiting = saved->exiting;
    t->exit_code = saved->exit_code;
    t->recover = saved->recover;
    t->vfork_child = saved->vfork_child;
    memcpy(&t->hook, &saved->hook, sizeof t->hook);
    t->pending->n = 0;
    t->pending->temp_valid = false;
    if (t->pending->actions != actions) {
        free(t->pending->actions);
        t->pending->actions = actions;
    }
}

static int64_t do_vfork(struct ng_thread *t, const struct request *r)
{
    struct kernel_actions *actions = t->pending->actions;
    const int n_shadows = t->pending->n_shadows;
    struct vfork_child c = { .t = t, .r = r, .mask = kernel_host_mask_block_all() };
    if (kernel_signals_waiting(t)) {
        kernel_host_mask_restore(c.mask);
        return -KERNEL_ERESTART;
    }
    struct ng_thread *saved = aligned_alloc(64, ROUND_UP(sizeof *saved, 64));
    char *stack = mmap(NULL, VFORK_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (!saved || stack == MAP_FAILED)
        base_out_of_memory(VFORK_STACK);
    memcpy(saved, t, sizeof *saved);
    const int flags = (int)((r->flags & ~(uint64_t)SETTERS) | r->exit_signal);
    const int pid = clone(vfork_child_main, stack + VFORK_STACK, flags, &c, (void *)r->pidfd, NULL, NULL);
    const int64_t result = pid < 0 ? -errno : pid;
    vfork_restore(t, saved, actions);
    t->pending->n_shadows = n_shadows < t->pending->n_shadows ? n_shadows : t->pending->n_shadows;
    munmap(stack, VFORK_STACK);
    free(saved);
    atomic_store(&t->parked, 1); /* the child may have died parked, or while the world is stopped */
    run_unpark(t);
    if (pid > 0 && (r->flags & CLONE_PARENT_SETTID))
        write_tid(t, r->parent_tid, pid);
    kernel_host_mask_restore(c.mask);
    return result;
}

/* ---- the forms of clone ---- */

static int64_t clone_any(struct ng_thread *t, const struct request *r)
{
    if (r->flags & CLONE_THREAD) {
        if (!(r->flags & CLONE_SIGHAND) || !(r->flags & CLONE_VM))
            return -EINVAL;
        if (r->flags & ~(uint64_t)THREAD_FLAGS)
            return refuse(r, "threads with these flags are not supported");
        if (t->vfork_child)
            return refuse(r, "no threads in a child that shares its parent's memory");
        return run_thread_create(t, r->flags, r->sp, r->parent_tid, r->child_tid, r->tls);
    }
    if ((r->flags & CLONE_VM) && (r->flags & CLONE_VFORK) && !t->vfork_child)
        return do_vfork(t, r);
    if ((r->flags & CLONE_VM) && !(r->flags & CLONE_VFORK))
        return refuse(r, "processes that share memory are supported with CLONE_THREAD or CLONE_VFORK only");
    struct request without_vm = *r; /* vfork in a vfork child: a fork serves as well */
    without_vm.flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK | CLONE_SIGHAND);
    return do_fork(t, &without_vm);
}

int64_t sys_clone(struct ng_thread *t, const uint64_t a[6])
{
    const struct request r = { .flags = (uint32_t)a[0] & ~(uint64_t)CSIGNAL, .exit_signal = a[0] & CSIGNAL, .sp = a[1],
                               .parent_tid = a[2], .child_tid = a[3], .tls = a[4], .pidfd = a[2] };
    return clone_any(t, &r);
}

int64_t sys_clone3(struct ng_thread *t, const uint64_t a[6])
{
    struct clone_args c = { 0 };
    if (a[1] < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (a[1] > NG_PAGE)
        return -E2BIG;
    const size_t n = a[1] < sizeof c ? a[1] : sizeof c;
    if (ng_read(&c, a[0], n) != n)
        return -EFAULT;
    const struct request r = { .flags = c.flags, .exit_signal = c.exit_signal, .sp = c.stack ? c.stack + c.stack_size : 0,
                               .parent_tid = c.parent_tid, .child_tid = c.child_tid, .tls = c.tls, .pidfd = c.pidfd };
    if (c.exit_signal & ~(uint64_t)CSIGNAL || (c.flags & CSIGNAL) || (!c.stack != !c.stack_size))
        return -EINVAL;
    if (c.set_tid_size || (c.flags & (CLONE_INTO_CGROUP | CLONE_CLEAR_SIGHAND)))
        return refuse(&r, "set_tid, cgroup and CLONE_CLEAR_SIGHAND are not supported");
    return clone_any(t, &r);
}

int64_t sys_fork(struct ng_thread *t, const uint64_t a[6])
{
    const struct request r = { .exit_signal = SIGCHLD };
    (void)a;
    return clone_any(t, &r);
}

int64_t sys_vfork(struct ng_thread *t, const uint64_t a[6])
{
    const struct request r = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };
    (void)a;
    return clone_any(t, &r);
}

int64_t sys_exit(struct ng_thread *t, const uint64_t a[6])
{
    if (t->vfork_child)
        run_process_exit(t, (int)(a[0] & 0xff), 0);
    run_thread_exit(t, (int)(a[0] & 0xff));
    return 0;
}

int64_t sys_exit_group(struct ng_thread *t, const uint64_t a[6])
{
    run_process_exit(t, (int)(a[0] & 0xff), 0);
}
