/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/threads: guest threads as host threads: creation, list, end.
 *
 * A new thread is created with every host signal blocked, prepares itself, tells its
 * creator its tid, and waits until the creator has done what the kernel does before
 * the child runs.  It is in the list, parked, from before anyone knows its tid.  */
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "run/internal.h"
#include "kernel/signals.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "symbols/symbols.h"
#include "tool/load.h"

enum { HOST_STACK = 1 << 20 };

__thread struct ng_thread run_self __attribute__((tls_model("initial-exec")));
__thread bool run_is_guest __attribute__((tls_model("initial-exec")));

static struct { struct base_lock lock; struct ng_thread *first; int n; } list;
static _Atomic int live_threads, next_id = 1;
static int leader_exit_code;              /* of the main thread once it has gone by itself */

/* ---- the list ---- */

void run_thread_list_add(struct ng_thread *t)
{
    base_lock(&list.lock);
    t->next = list.first;
    list.first = t;
    list.n++;
    base_unlock(&list.lock);
}

void run_thread_list_remove(struct ng_thread *t)
{
    base_lock(&list.lock);
    for (struct ng_thread **p = &list.first; *p; p = &(*p)->next) {
        if (*p == t) {
            *p = t->next;
            list.n--;
            break;
        }
    }
    base_unlock(&list.lock);
}

void run_thread_list_each(void (*fn)(struct ng_thread *t, void *arg), void *arg)
{
    base_lock(&list.lock);
    for (struct ng_thread *t = list.first; t; t = t->next)
        fn(t, arg);
    base_unlock(&list.lock);
}

int run_thread_count(void)
{
    return atomic_load(&live_threads);
}

/* With the world stopped nothing is added or removed: the callback may take any lock. */
NG_API void ng_threads_each(void (*fn)(struct ng_thread *t, void *arg), void *arg)
{
    enum { MOST = 4096 };
    struct ng_thread **all = base_alloc(MOST * sizeof *all);
    int n = 0;
    base_lock(&list.lock);
    for (struct ng_thread *t = list.first; t && n < MOST; t = t->next)
        all[n++] = t;
    base_unlock(&list.lock);
    while (n--) /* newest first in the list: oldest thread first here */
        fn(all[n], arg);
    free(all);
}

/* ---- the tool's view ---- */

NG_API struct ng_thread *ng_thread_self(void)
{
    return run_is_guest ? &run_self : NULL;
}

NG_API struct x86_state *ng_thread_state(struct ng_thread *t)
{
    return &t->state;
}

NG_API int ng_thread_id(struct ng_thread *t)
{
    return t->id;
}

NG_API uint64_t ng_reg(struct ng_thread *t, int slot)
{
    const struct x86_state *s = &t->state;
    if (slot == X86_RIP)
        return s->rip;
    ng_assert(slot >= X86_RAX && slot <= X86_R15);
    const bool in_host = t->in_generated && s->in_helper && !(s->call_gpr_in_state >> slot & 1);
    return in_host ? s->host_gpr[slot] : s->gpr[slot];
}

/* ---- birth ---- */

/* What belongs to this host thread rather than to the guest's state. */
static void thread_attach(struct ng_thread *t)
{
    t->tid = (int)syscall(SYS_gettid);
    t->id = atomic_fetch_add(&next_id, 1);
    space_thread_init();
    code_thread_init(&t->state);
    kernel_signals_thread_init(t);
    run_is_guest = true;
    atomic_fetch_add(&live_threads, 1);
    run_thread_list_add(t);
}

struct start {
    const struct ng_thread *parent;
    uint64_t flags;
    guest_addr sp, child_tid, tls;
    struct ng_thread *child;
    _Atomic uint32_t ready, go;           /* futexes; ready is the child's last use of this but go */
};

static void write_tid(struct ng_thread *t, guest_addr at, int tid)
{
    ng_write(at, &tid, sizeof tid);
    if (tool->events.post_mem_write)
        tool->events.post_mem_write(t, at, sizeof tid);
}

/* The child's registers are its parent's but for rax, rsp and fs. */
static void thread_copy(struct ng_thread *t, const struct start *s)
{
    memcpy(&t->state, &s->parent->state, sizeof t->state);
    t->state.attention &= ~X86_ATT_EVENTS;
    t->state.in_helper = 0;
    t->state.gpr[X86_RAX] = 0;
    if (s->sp)
        t->state.gpr[X86_RSP] = s->sp;
    if (s->flags & CLONE_SETTLS)
        t->state.fs_base = s->tls;
    if (s->flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = s->child_tid;
    t->sigmask = s->parent->sigmask;
    t->pending = s->parent->pending;      /* thread_init takes the dispositions from there */
    t->altstack.flags = SS_DISABLE;
    if (ng_stack_bounds(t->state.gpr[X86_RSP] - 1, &t->stack_low, &t->stack_high))
        t->stack_high = t->state.gpr[X86_RSP]; /* above are the thread's own libc data */
}

static void *thread_main(void *arg)
{
    struct start *s = arg;
    struct ng_thread *t = &run_self;
    thread_copy(t, s);
    atomic_store(&t->parked, 1);
    thread_attach(t);
    s->child = t;
    atomic_store(&s->ready, 1);
    run_futex_wake(&s->ready, 1);
    while (!atomic_load(&s->go))
        run_futex_wait(&s->go, 0, 0);
    free(s);
    run_unpark(t);
    kernel_host_mask_set(t->sigmask);
    run_loop(t);
    run_thread_finish(t);
    return NULL;
}

static int spawn(struct start *s)
{
    const struct ng_thread *parent = s->parent;
    pthread_attr_t attr;
    pthread_t id;
    const uint64_t old = kernel_host_mask_block_all();
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    const int error = pthread_create(&id, &attr, thread_main, s);
    pthread_attr_destroy(&attr);
    kernel_signals_take_back(parent);
    while (!error && !atomic_load(&s->ready))
        run_futex_wait(&s->ready, 0, 0);
    kernel_host_mask_restore(old);
    return error ? -EAGAIN : 0;
}

int run_thread_create(struct ng_thread *parent, uint64_t flags, guest_addr sp, guest_addr parent_tid, guest_addr child_tid,
                      guest_addr tls)
{
    struct start *s = base_alloc(sizeof *s);
    *s = (struct start){ .parent = parent, .flags = flags, .sp = sp, .child_tid = child_tid, .tls = tls };
    const int error = spawn(s);
    if (error) {
        free(s);
        return error;
    }
    struct ng_thread *child = s->child;
    const int tid = child->tid;
    if (flags & CLONE_PARENT_SETTID)
        write_tid(parent, parent_tid, tid);
    if (flags & CLONE_CHILD_SETTID)
        write_tid(parent, child_tid, tid);
    if (tool->events.thread_created)
        tool->events.thread_created(parent, child);
    atomic_store(&s->go, 1); /* the child may free s now: only its address is used below */
    run_futex_wake(&s->go, 1);
    return tid;
}

/* ---- death ---- */

/* One robust futex of a dead owner, as kernel/futex handle_futex_death. */
static void robust_release(guest_addr at, int tid, bool pi, bool pending_op)
{
    _Atomic uint32_t *word = (_Atomic uint32_t *)at;
    if (!ng_in_client(at) || at & 3)
        return;
    uint32_t value = atomic_load(word);
    if (pending_op && !pi && !value) {
        syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
        return;
    }
    do {
        if ((value & FUTEX_TID_MASK) != (uint32_t)tid)
            return;
    } while (!atomic_compare_exchange_weak(word, &value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
    if (!pi && (value & FUTEX_WAITERS))
        syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void robust_walk(struct ng_thread *t, guest_addr head)
{
    enum { LIMIT = 2048 };
    struct { uint64_t next, offset, pending; } h;
    if (ng_read(&h, head, sizeof h) != sizeof h)
        return;
    const guest_addr pending = h.pending & ~1ull;
    guest_addr entry = h.next;
    for (int i = 0; (entry & ~1ull) != head && i < LIMIT; i++) {
        const guest_addr node = entry & ~1ull;
        const bool pi = entry & 1;
        if (ng_read(&entry, node, sizeof entry) != sizeof entry)
            entry = head;
        if (node != pending)
            robust_release(node + h.offset, t->tid, pi, false);
    }
    if (pending)
        robust_release(pending + h.offset, t->tid, h.pending & 1, true);
}

/* The kernel has the guest's own list (set_robust_list is passed on), for the ways of dying that we do not
 * see.  Here we walk it first and take it away: the guest may reuse its memory as soon as its tid is cleared,
 * before this host thread has gone. */
static void robust_exit(struct ng_thread *t)
{
    uint64_t head = 0, size = 0;
    sigjmp_buf here;
    if (syscall(SYS_get_robust_list, 0, &head, &size) != 0 || !ng_in_client(head))
        head = t->robust_list;
    if (!head)
        return;
    if (!sigsetjmp(here, 0)) {
        t->recover = &here;
        robust_walk(t, head);
    }
    t->recover = NULL;
    syscall(SYS_set_robust_list, NULL, 24);
}

static void clear_tid(struct ng_thread *t)
{
    const int zero = 0;
    if (!t->clear_child_tid)
        return;
    if (ng_write(t->clear_child_tid, &zero, sizeof zero) == sizeof zero)
        syscall(SYS_futex, t->clear_child_tid, FUTEX_WAKE, 1, NULL, NULL, 0);
    t->clear_child_tid = 0;
}

void run_thread_exit(struct ng_thread *t, int code)
{
    t->exit_code = code;
    t->exiting = true;
}

void run_thread_finish(struct ng_thread *t)
{
    const bool leader = t->tid == getpid();
    if (leader)
        leader_exit_code = t->exit_code;
    if (atomic_fetch_sub(&live_threads, 1) == 1)
        run_process_exit(t, leader_exit_code, 0);
    kernel_host_mask_block_all();
    if (tool->events.thread_exited)
        tool->events.thread_exited(t);
    robust_exit(t);
    clear_tid(t);
    kernel_signals_thread_exit(t);
    code_thread_exit(&t->state);
    run_translator_free();
    symbols_thread_exited();
    run_stats_thread_gone(t);
    run_thread_list_remove(t);
    run_is_guest = false;
}

void run_main(guest_addr pc, guest_addr sp)
{
    struct ng_thread *t = &run_self;
    const uint32_t mxcsr = 0x1f80;
    kernel_signals_init();
    t->state.rip = pc;
    t->state.gpr[X86_RSP] = sp;
    t->state.rflags = 0x202;
    t->altstack.flags = SS_DISABLE;
    run_stats_init();
    thread_attach(t);
    __asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
    kernel_host_mask_set(t->sigmask);
    run_loop(t);
    run_thread_finish(t);
    /* The process lives on in its other threads.  This host thread stays, so that /proc/self does; it takes no signal. */
    for (;;)
        pause();
}

void run_after_fork(struct ng_thread *t)
{
    list.lock = (struct base_lock){ 0 };
    list.first = t;
    list.n = 1;
    t->next = NULL;
    atomic_store(&t->parked, 0);
    atomic_store(&live_threads, 1);
    t->tid = (int)syscall(SYS_gettid);
    run_world_after_fork(t);
    run_checked_after_fork();
}
