/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/lock: a futex mutex of three states: 0 free, 1 held, 2 held and somebody waits. */
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/base.h"

enum { MAX_LOCKS = 64, SPINS = 64 };
static struct { struct base_lock *lock; int rank; } registered[MAX_LOCKS];
static int n_registered;

static void lock_slow(struct base_lock *l)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t zero = 0;
        if (atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong(&l->word, &zero, 1))
            return;
        __builtin_ia32_pause();
    }
    while (atomic_exchange(&l->word, 2) != 0)
        syscall(SYS_futex, &l->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void base_lock(struct base_lock *l)
{
    const int saved_errno = errno;
    uint32_t zero = 0;
    if (!atomic_compare_exchange_strong(&l->word, &zero, 1))
        lock_slow(l);
    errno = saved_errno;
}

void base_unlock(struct base_lock *l)
{
    if (atomic_exchange(&l->word, 0) == 2) {
        const int saved_errno = errno;
        syscall(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        errno = saved_errno;
    }
}

void base_locks_before_fork(void)
{
    for (int i = 0; i < n_registered; i++)
        base_lock(registered[i].lock);
}

/* Same in parent and child: the thread that holds them all is the one that lives on. */
void base_locks_after_fork(void)
{
    for (int i = n_registered; i-- > 0;)
        base_unlock(registered[i].lock);
}

void base_lock_register(struct base_lock *l, int rank)
{
    ng_assert(n_registered < MAX_LOCKS);
    if (n_registered == 0)
        pthread_atfork(base_locks_before_fork, base_locks_after_fork, base_locks_after_fork);
    int i = n_registered++;
    for (; i > 0 && registered[i - 1].rank > rank; i--)
        registered[i] = registered[i - 1];
    registered[i].lock = l;
    registered[i].rank = rank;
}
