/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_socket: sendmsg, recvmsg and their plural forms, socket options.  */
#include <linux/filter.h>
#include <stdio.h>
#include <sys/socket.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

/* A message header as the client keeps it. */
struct header {
    struct msghdr h;
    uint64_t name_room, control_room;
};

/* Control messages that are sent: the padding behind each is nobody's business. */
static int check_control(struct ng_thread *t, const char *what, guest_addr p, uint64_t size)
{
    const guest_addr end = p + size;
    struct cmsghdr c;
    while (end - p >= sizeof c) {
        int error = sys_check_read(t, what, p, sizeof c);
        if (error || ng_read(&c, p, sizeof c) != sizeof c || c.cmsg_len < sizeof c || c.cmsg_len > end - p)
            return error;
        error = sys_check_read(t, what, p + sizeof c, c.cmsg_len - sizeof c);
        if (error || CMSG_ALIGN(c.cmsg_len) > end - p)
            return error;
        p += CMSG_ALIGN(c.cmsg_len);
    }
    return 0;
}

/* The header at p, checked as one that is read (in) or filled: 0 or -EFAULT.  `base` is how reports call it. */
static int check_message(struct ng_thread *t, const char *call, const char *base, guest_addr p, bool in, struct header *out)
{
    struct msghdr *h = &out->h;
    char name[80];
    memset(out, 0, sizeof *out);
    /* msg_flags of a message to be sent is not looked at by the kernel, nor are the 4 bytes of padding. */
    if (sys_check_read(t, sys_what(call, "%s", base), p, 12) ||
        sys_check_read(t, sys_what(call, "%s", base), p + 16, 32))
        return -EFAULT;
    if (ng_read(h, p, sizeof *h) != sizeof *h)
        return 0; /* EFAULT from the kernel */
    out->name_room = h->msg_name ? h->msg_namelen : 0;
    out->control_room = h->msg_control ? h->msg_controllen : 0;
    int error = 0;
    const char *name_what = sys_what(call, "%s.msg_name", base), *control_what = sys_what(call, "%s.msg_control", base);
    if (out->name_room)
        error = in ? sys_check_read(t, name_what, (guest_addr)h->msg_name, out->name_room)
                   : sys_check_write(t, name_what, (guest_addr)h->msg_name, out->name_room);
    snprintf(name, sizeof name, "%s.msg_iov", base);
    if (!error)
        error = sys_check_iov(t, call, name, (guest_addr)h->msg_iov, h->msg_iovlen, in ? ARG_READS : ARG_WRITES);
    if (!error && out->control_room)
        error = !sys_in_strip((guest_addr)h->msg_control, out->control_room) ? -EFAULT
              : in ? check_control(t, control_what, (guest_addr)h->msg_control, out->control_room)
                   : sys_check_write(t, control_what, (guest_addr)h->msg_control, out->control_room);
    if (!error && !in)
        space_kernel_will_write(p, sizeof *h);
    return error;
}

/* What a filled header says. */
static void message_received(struct ng_thread *t, guest_addr p, const struct header *before, uint64_t size)
{
    struct msghdr h;
    if (ng_read(&h, p, sizeof h) != sizeof h)
        return;
    sys_wrote(t, p + offsetof(struct msghdr, msg_namelen), 4);
    sys_wrote(t, p + offsetof(struct msghdr, msg_controllen), 8);
    sys_wrote(t, p + offsetof(struct msghdr, msg_flags), 4);
    sys_wrote(t, (guest_addr)h.msg_name, h.msg_namelen < before->name_room ? h.msg_namelen : before->name_room);
    sys_wrote(t, (guest_addr)h.msg_control, h.msg_controllen < before->control_room ? h.msg_controllen : before->control_room);
    sys_wrote_iov(t, (guest_addr)h.msg_iov, h.msg_iovlen, size);
}

int64_t sys_sendmsg(struct ng_thread *t, const uint64_t a[6])
{
    struct header h;
    const int error = check_message(t, "sendmsg", "msg", a[1], true, &h);
    return error ? error : sys_forward(t, a);
}

int64_t sys_recvmsg(struct ng_thread *t, const uint64_t a[6])
{
    struct header h;
    const int error = check_message(t, "recvmsg", "msg", a[1], false, &h);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if (result >= 0)
        message_received(t, a[1], &h, (uint64_t)result);
    return result;
}

/* ---- several messages at once ---- */

enum { MESSAGES = 1024, MMSG_SIZE = 64, MMSG_LEN = 56 };

static int check_messages(struct ng_thread *t, const char *call, const uint64_t a[6], uint64_t n, bool in, struct header *h)
{
    char base[40];
    for (uint64_t i = 0; i < n; i++) {
        const guest_addr p = a[1] + i * MMSG_SIZE;
        snprintf(base, sizeof base, "mmsg[%d].msg_hdr", (int)i);
        int error = check_message(t, in ? "sendmsg" : "recvmsg", base, p, in, &h[i]);
        if (!error)
            error = sys_check_write(t, sys_what(call, "mmsg[%d].msg_len", (int)i), p + MMSG_LEN, 4);
        if (error)
            return error;
    }
    return 0;
}

static int64_t many(struct ng_thread *t, const char *call, const uint64_t a[6], bool in)
{
    uint64_t n = (uint32_t)a[2];
    n = n > MESSAGES ? MESSAGES : n;
    if (!sys_in_strip(a[1], n * MMSG_SIZE))
        return -EFAULT;
    struct header *h = base_alloc((n + 1) * sizeof *h);
    int64_t result = check_messages(t, call, a, n, in, h);
    if (!result)
        result = sys_forward(t, a);
    for (int64_t i = 0; i < result; i++) {
        const guest_addr p = a[1] + (uint64_t)i * MMSG_SIZE;
        uint32_t length = 0;
        sys_wrote(t, p + MMSG_LEN, 4);
        if (!in && ng_read(&length, p + MMSG_LEN, 4) == 4)
            message_received(t, p, &h[i], length);
    }
    free(h);
    return result;
}

int64_t sys_sendmmsg(struct ng_thread *t, const uint64_t a[6])
{
    return many(t, "sendmmsg", a, true);
}

int64_t sys_recvmmsg(struct ng_thread *t, const uint64_t a[6])
{
    return many(t, "recvmmsg", a, false);
}

/* ---- options ---- */

int64_t sys_setsockopt(struct ng_thread *t, const uint64_t a[6])
{
    struct sock_fprog prog;
    const bool filter = (int)a[1] == SOL_SOCKET && ((int)a[2] == SO_ATTACH_FILTER || (int)a[2] == SO_ATTACH_REUSEPORT_CBPF);
    if (filter && (uint32_t)a[4] == sizeof prog && ng_read(&prog, a[3], sizeof prog) == sizeof prog) {
        const int error = sys_check_read(t, "socketcall.setsockopt(optval)", (guest_addr)prog.filter, prog.len * sizeof *prog.filter);
        if (error)
            return error;
    }
    return sys_forward(t, a);
}

int64_t sys_getsockopt(struct ng_thread *t, const uint64_t a[6])
{
    return sys_forward(t, a);
}
