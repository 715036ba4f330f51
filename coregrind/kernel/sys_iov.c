/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_iov: memory that is described by other memory: iovec arrays, socket addresses, poll sets.
 *
 * What the kernel will follow is read here first; a pointer in it that leaves the
 * client strip refuses the whole call.  (A client that changes it from another
 * thread meanwhile races with itself, as natively.)  */
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

enum { IOV_LIMIT = 1024 }; /* UIO_MAXIOV: the kernel refuses more */

int sys_check_iov(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t n, int dir)
{
    struct iovec v;
    if (n > IOV_LIMIT)
        return sys_in_strip(p, 0) ? 0 : -EFAULT;
    int error = sys_check_read(t, sys_what(prefix, "%s", base), p, n * sizeof v);
    for (uint64_t i = 0; i < n && !error; i++) {
        if (ng_read(&v, p + i * sizeof v, sizeof v) != sizeof v)
            return 0; /* EFAULT from the kernel */
        if (dir == 0 || v.iov_len == 0)
            continue;
        const char *what = sys_what(prefix, "%s[%d]", base, (int)i);
        error = dir & ARG_READS ? sys_check_read(t, what, (guest_addr)v.iov_base, v.iov_len)
                                : sys_check_write(t, what, (guest_addr)v.iov_base, v.iov_len);
    }
    return error;
}

void sys_wrote_iov(struct ng_thread *t, guest_addr p, uint64_t n, uint64_t size)
{
    struct iovec v;
    for (uint64_t i = 0; i < n && i < IOV_LIMIT && size; i++) {
        if (ng_read(&v, p + i * sizeof v, sizeof v) != sizeof v)
            return;
        const uint64_t part = v.iov_len < size ? v.iov_len : size;
        sys_wrote(t, (guest_addr)v.iov_base, part);
        size -= part;
    }
}

/* ---- socket addresses ---- */

struct address_field { const char *name; uint32_t offset, size; };

static int check_fields(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t size,
                        const struct address_field *f, int n)
{
    int error = 0;
    for (int i = 0; i < n && !error; i++)
        if (f[i].offset + f[i].size <= size)
            error = sys_check_read(t, sys_what(prefix, "%s.%s", base, f[i].name), p + f[i].offset, f[i].size);
    return error;
}

static int check_unix(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t size)
{
    const char *what = sys_what(prefix, "%s.sun_path", base);
    char first = 0;
    if (size <= 2 || ng_read(&first, p + 2, 1) != 1)
        return 0;
    if (first == 0) /* abstract: all of it counts */
        return sys_check_read(t, what, p + 2, size - 2);
    char path[109];
    const ssize_t length = ng_read_string(path, p + 2, size - 2 < 108 ? size - 1 : 109);
    const uint64_t used = length < 0 ? size - 2 : (uint64_t)length + 1;
    return sys_check_read(t, what, p + 2, used < size - 2 ? used : size - 2);
}

int sys_check_sockaddr(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t size)
{
    static const struct address_field in4[] = { { "sin_port", 2, 2 }, { "sin_addr", 4, 4 } };
    static const struct address_field netlink[] = { { "nl_pid", 4, 4 }, { "nl_groups", 8, 4 } };
    static const struct address_field packet[] = { { "sll_protocol", 2, 2 }, { "sll_ifindex", 4, 4 } };
    static const struct address_field in6[] = {
        { "sin6_port", 2, 2 }, { "sin6_flowinfo", 4, 4 }, { "sin6_addr", 8, 16 }, { "sin6_scope_id", 24, 4 } };
    uint16_t family;
    if (!sys_in_strip(p, size))
        return -EFAULT;
    if (size < 2 || p == 0)
        return 0;
    if (sys_check_read(t, sys_what(prefix, "%s.sa_family", base), p, 2) || ng_read(&family, p, 2) != 2)
        return 0;
    switch (family) {
    case AF_UNSPEC: /* connect: dissolves the association, nothing else is read */
        return 0;
    case AF_UNIX:
        return check_unix(t, prefix, base, p, size);
    case AF_INET:
        return check_fields(t, prefix, base, p, size, in4, 2);
    case AF_INET6:
        return check_fields(t, prefix, base, p, size, in6, 4);
    case AF_NETLINK:
        return check_fields(t, prefix, base, p, size, netlink, 2);
    case AF_PACKET:
        return check_fields(t, prefix, base, p, size, packet, 2);
    }
    return size > 2 ? sys_check_read(t, sys_what(prefix, "%s.sa_data", base), p + 2, size - 2) : 0;
}
