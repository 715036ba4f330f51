/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_mem: system calls that change the address space go to space/, its sole owner. */
#include <sys/mman.h>
#include "kernel/sys.h"

int64_t sys_mmap(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    if (!(a[3] & MAP_ANONYMOUS) && sys_fd_hidden((int)a[4]))
        return -EBADF;
    return space_mmap(a[0], a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
}

int64_t sys_munmap(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_munmap(a[0], a[1]);
}

int64_t sys_mprotect(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_mprotect(a[0], a[1], (int)a[2]);
}

int64_t sys_mremap(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_mremap(a[0], a[1], a[2], (int)a[3], a[4]);
}

int64_t sys_brk(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_brk(a[0]);
}

int64_t sys_madvise(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_madvise(a[0], a[1], (int)a[2]);
}

int64_t sys_shmat(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_shmat((int)a[0], a[1], (int)a[2]);
}

int64_t sys_shmdt(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return space_shmdt(a[0]);
}

int64_t sys_range_first(struct ng_thread *t, const uint64_t a[6])
{
    return sys_in_strip(a[0], a[1]) ? sys_forward(t, a) : -ENOMEM;
}

int64_t sys_get_mempolicy(struct ng_thread *t, const uint64_t a[6])
{
    return sys_in_strip(a[3], 0) ? sys_forward(t, a) : -EFAULT;
}

/* Locking everything would populate the shadow planes, terabytes of them: the request is
 * granted without effect, which no program can tell from locked memory but by time. */
int64_t sys_mlockall(struct ng_thread *t, const uint64_t a[6])
{
    enum { MUNLOCKALL = 152 };
    if (sys_number(t) != MUNLOCKALL && (!(a[0] & 7) || (a[0] & ~7ull) || a[0] == MCL_ONFAULT))
        return -EINVAL;
    return 0;
}

/* Protection keys: a CPU without them, since shadow checks would run under the client's rights. */
int64_t sys_pkey_mprotect(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return (int)a[3] == -1 ? space_mprotect(a[0], a[1], (int)a[2]) : -EINVAL;
}

int64_t sys_pkey_alloc(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return a[0] || a[1] > 3 ? -EINVAL : -ENOSPC;
}

int64_t sys_pkey_free(struct ng_thread *t, const uint64_t a[6])
{
    (void)t, (void)a;
    return -EINVAL;
}
