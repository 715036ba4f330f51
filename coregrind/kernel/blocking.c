/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/blocking: system calls that may wait.
 *
 * Host handlers carry SA_RESTART exactly where the guest's do, so the kernel itself
 * decides between restart and EINTR: in the first case it leaves the pc at the
 * system call instruction, which the handler turns into -KERNEL_ERESTART.  Whoever
 * gets that from here returns it, and the dispatcher runs the guest's instruction
 * again after the signal's handler.  */
#include <sys/syscall.h>
#include "kernel/signals.h"

/* Calls that put a signal mask in place while they wait: which argument points to it. */
static bool mask_argument(long number, const uint64_t a[6], guest_addr *at)
{
    switch (number) {
    case SYS_rt_sigsuspend: *at = a[0]; return true;
    case SYS_ppoll: *at = a[3]; return true;
    case SYS_epoll_pwait: case SYS_epoll_pwait2: *at = a[4]; return true;
    case SYS_pselect6: case SYS_io_pgetevents: *at = a[5] ? a[5] : 0; return *at && ng_read(at, a[5], 8) == 8;
    }
    return false;
}

/* libc's clean-up at our request flushes and rewinds streams that a program which left by _exit would not have
 * touched: it is told that it did.  */
static int64_t finishing_call(long number, const uint64_t a[6])
{
    uint64_t iov[2];
    int64_t sum = 0;
    switch (number) {
    case SYS_write:
        return (int64_t)a[2];
    case SYS_writev:
        for (uint64_t i = 0; i < a[2] && ng_read(iov, a[1] + 16 * i, 16) == 16; i++)
            sum += (int64_t)iov[1];
        return sum;
    case SYS_lseek:
        return -ESPIPE;
    }
    return kernel_direct_stub(number, a);
}

/* Would this futex call wait for another thread? */
static bool futex_waits(uint64_t op)
{
    enum { WAIT = 0, LOCK_PI = 6, WAIT_BITSET = 9, WAIT_REQUEUE_PI = 11, LOCK_PI2 = 13, COMMAND = 0x7f };
    const uint64_t command = op & COMMAND;
    return command == WAIT || command == LOCK_PI || command == WAIT_BITSET || command == WAIT_REQUEUE_PI || command == LOCK_PI2;
}

int64_t kernel_blocking(struct ng_thread *t, long number, const uint64_t a[6])
{
    struct kernel_pending *p = t->pending;
    kernel_sigset mask = 0;
    guest_addr at = 0;
    if (run_is_finishing())
        return number == SYS_futex && futex_waits(a[1]) ? run_abandon_guest(t) : finishing_call(number, a);
    p->temp_valid = mask_argument(number, a, &at) && at && ng_read(&mask, at, 8) == 8;
    p->temp_mask = mask & ~KERNEL_UNBLOCKABLE;
    run_park(t);
    const int64_t result = kernel_blocking_stub(number, a, &t->state.attention, X86_ATT_SIGNAL | X86_ATT_EXIT);
    run_unpark(t);
    /* The other mask was in force for a signal taken in the kernel only. */
    if (result == -KERNEL_ERESTART || !kernel_signals_waiting(t))
        p->temp_valid = false;
    return result;
}

int64_t kernel_direct(long number, const uint64_t a[6])
{
    return run_is_finishing() ? finishing_call(number, a) : kernel_direct_stub(number, a);
}
