/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_poll: poll and select, whose sets are read and written in parts. */
#include <poll.h>
#include <sys/syscall.h>
#include "kernel/sys.h"

enum { POLL_CHECKED = 1 << 16 }; /* entries looked at; a greater number is beyond any RLIMIT_NOFILE of ours */

static int check_pollfds(struct ng_thread *t, const char *call, guest_addr p, uint64_t n)
{
    const char *fd = sys_what(call, "ufds.fd"), *events = sys_what(call, "ufds.events"), *revents = sys_what(call, "ufds.revents");
    if (!sys_in_strip(p, n * sizeof(struct pollfd)))
        return -EFAULT;
    for (uint64_t i = 0; i < n && i < POLL_CHECKED; i++) {
        const guest_addr e = p + i * sizeof(struct pollfd);
        int32_t number = -1;
        sys_check_read(t, fd, e, 4);
        /* Events of an entry switched off by a negative descriptor are not looked at. */
        if (ng_read(&number, e, 4) == 4 && number >= 0)
            sys_check_read(t, events, e + 4, 2);
        sys_check_write(t, revents, e + 6, 2);
    }
    return 0;
}

/* The kernel writes every revents, also of a call that timed out. */
static int64_t poll_any(struct ng_thread *t, const char *call, const uint64_t a[6])
{
    const uint64_t n = (uint32_t)a[1];
    const int error = check_pollfds(t, call, a[0], n);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    for (uint64_t i = 0; result >= 0 && i < n; i++)
        sys_wrote(t, a[0] + i * sizeof(struct pollfd) + 6, 2);
    return result;
}

int64_t sys_poll(struct ng_thread *t, const uint64_t a[6])
{
    return poll_any(t, "poll", a);
}

int64_t sys_ppoll(struct ng_thread *t, const uint64_t a[6])
{
    return poll_any(t, "ppoll", a);
}

/* ---- select ---- */

/* Only the bytes that hold the n bits count for definedness; the kernel writes whole longs. */
static int64_t select_any(struct ng_thread *t, const char *call, const uint64_t a[6])
{
    static const char *const sets[3] = { "readfds", "writefds", "exceptfds" };
    const uint64_t n = (int32_t)a[0] > 0 ? (uint32_t)a[0] : 0;
    const uint64_t exact = (n + 7) / 8, whole = (n + 63) / 64 * 8;
    for (int i = 0; i < 3; i++) {
        if (a[1 + i] == 0 || n > POLL_CHECKED)
            continue;
        if (!sys_in_strip(a[1 + i], whole) || sys_check_read(t, sys_what(call, "%s", sets[i]), a[1 + i], exact))
            return -EFAULT;
        space_kernel_will_write(a[1 + i], whole);
    }
    const int64_t result = sys_forward(t, a);
    for (int i = 0; result >= 0 && i < 3; i++)
        if (a[1 + i] && n <= POLL_CHECKED)
            sys_wrote(t, a[1 + i], exact);
    return result;
}

int64_t sys_select(struct ng_thread *t, const uint64_t a[6])
{
    return select_any(t, "select", a);
}

/* The last argument names a signal set and its size. */
int64_t sys_pselect6(struct ng_thread *t, const uint64_t a[6])
{
    uint64_t sig[2];
    if (a[5] && ng_read(sig, a[5], sizeof sig) == sizeof sig && sig[0]) {
        const int error = sys_check_read(t, "pselect6(sig->ss)", sig[0], 8);
        if (error)
            return error;
    }
    return select_any(t, "pselect6", a);
}
