/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/world: stopping all guest threads but one, and the tool's lock.
 *
 * A thread is out of the way while its `parked` count is above 0: it waits here,
 * in a blocking system call, or for the tool lock.  Parking is announced before the
 * stopper's flag is read, and the stopper raises the flag before it reads the
 * counts, so one of the two always sees the other.  A stopper must hold none of
 * the locks that others take between safe points.  */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "run/internal.h"

static struct {
    _Atomic(struct ng_thread *) owner;   /* who stopped it, or &outsider */
    int depth;                           /* owner's nesting */
    _Atomic uint32_t stopped;            /* futex: 1 while others must wait */
    _Atomic uint32_t parks;              /* futex: changes whenever a thread parks */
} world;
static struct ng_thread outsider;        /* stands for a host thread that is no guest */

void run_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
    const struct timespec ts = { .tv_sec = (time_t)(timeout_ns / 1000000000), .tv_nsec = (long)(timeout_ns % 1000000000) };
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns ? &ts : NULL, NULL, 0);
}

void run_futex_wake(_Atomic uint32_t *word, int n)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static struct ng_thread *me(void)
{
    return run_is_guest ? &run_self : &outsider;
}

void run_attention(struct ng_thread *t, uint64_t event_bits)
{
    __atomic_or_fetch(&t->state.attention, event_bits, __ATOMIC_SEQ_CST);
}

void run_park(struct ng_thread *t)
{
    atomic_fetch_add(&t->parked, 1);
    if (atomic_load(&world.stopped)) {
        atomic_fetch_add(&world.parks, 1);
        run_futex_wake(&world.parks, INT32_MAX);
    }
}

void run_unpark(struct ng_thread *t)
{
    while (atomic_fetch_sub(&t->parked, 1) == 1 && atomic_load(&world.stopped) && atomic_load(&world.owner) != t) {
        run_park(t);
        run_futex_wait(&world.stopped, 1, 0);
    }
}

void run_stop_here(struct ng_thread *t)
{
    run_park(t);
    run_unpark(t);
}

static void count_running(struct ng_thread *t, void *arg)
{
    if (t == atomic_load(&world.owner) || atomic_load(&t->parked))
        return;
    run_attention(t, X86_ATT_STOP); /* again each time: the thread's own updates of the word are not atomic */
    ++*(int *)arg;
}

static void become_owner(struct ng_thread *self)
{
    for (;;) {
        struct ng_thread *expected = NULL;
        if (atomic_compare_exchange_strong(&world.owner, &expected, self))
            return;
        if (self != &outsider)
            run_park(self);
        run_futex_wait(&world.stopped, 1, 1000000);
        if (self != &outsider)
            run_unpark(self);
    }
}

NG_API void ng_world_stop(void)
{
    struct ng_thread *self = me();
    if (atomic_load(&world.owner) == self) {
        world.depth++;
        return;
    }
    become_owner(self);
    world.depth = 1;
    atomic_store(&world.stopped, 1);
    for (;;) {
        const uint32_t seen = atomic_load(&world.parks);
        int running = 0;
        run_thread_list_each(count_running, &running);
        if (!running)
            return;
        run_futex_wait(&world.parks, seen, 1000000);
    }
}

NG_API void ng_world_resume(void)
{
    ng_assert(atomic_load(&world.owner) == me());
    if (--world.depth)
        return;
    atomic_store(&world.stopped, 0); /* before owner: the next owner raises it again */
    atomic_store(&world.owner, NULL);
    run_futex_wake(&world.stopped, INT32_MAX);
}

/* ---- the tool's lock: recursive; who waits for it is parked ---- */

static struct { _Atomic uint32_t word; _Atomic(struct ng_thread *) owner; int depth; } tool_lock; /* word: 0 free, 1 held, 2 waited for */

static bool tool_lock_try(struct ng_thread *self)
{
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong(&tool_lock.word, &expected, 1))
        return false;
    atomic_store(&tool_lock.owner, self);
    tool_lock.depth = 1;
    return true;
}

/* Taken only while unparked: whoever stopped the world may want it, and must not find it held by a stopped thread. */
NG_API void ng_tool_lock(void)
{
    struct ng_thread *self = me();
    if (atomic_load(&tool_lock.owner) == self) {
        tool_lock.depth++;
        return;
    }
    while (!tool_lock_try(self)) {
        if (self != &outsider)
            run_park(self);
        uint32_t held = 1;
        if (atomic_compare_exchange_strong(&tool_lock.word, &held, 2) || held == 2)
            run_futex_wait(&tool_lock.word, 2, 0);
        if (self != &outsider)
            run_unpark(self);
    }
}

NG_API void ng_tool_unlock(void)
{
    ng_assert(atomic_load(&tool_lock.owner) == me());
    if (--tool_lock.depth)
        return;
    atomic_store(&tool_lock.owner, NULL);
    if (atomic_exchange(&tool_lock.word, 0) == 2)
        run_futex_wake(&tool_lock.word, INT32_MAX);
}

void run_world_after_fork(struct ng_thread *t)
{
    if (atomic_load(&tool_lock.owner) != t) {
        atomic_store(&tool_lock.owner, NULL);
        atomic_store(&tool_lock.word, 0);
    }
    if (atomic_load(&world.owner) != t) {
        atomic_store(&world.owner, NULL);
        atomic_store(&world.stopped, 0);
    }
}
