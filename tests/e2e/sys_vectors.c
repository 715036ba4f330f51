/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that is described by other memory: vectors and messages. */
// differs: valgrind calls the parts of writev and readv vector[...]
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    const int fd = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    char *good = calloc(1, 16), *undefined = malloc(16);
    struct iovec v[2] = { { good, 16 }, { undefined, 4 } };
    writev(fd, v, 2);                        // expect: Syscall param writev(vector[1]) points to uninitialised byte(s)
    pwritev(fd, v, 2, 0);                    // expect: Syscall param pwritev(vector[1]) points to uninitialised byte(s)
    v[1] = (struct iovec){ malloc(16), 17 };
    readv(zero, v, 2);                       // expect: Syscall param readv(vector[1]) points to unaddressable byte(s)
    v[1] = (struct iovec){ malloc(16), 17 };
    preadv(zero, v, 2, 0);                   // expect: Syscall param preadv(vector[1]) points to unaddressable byte(s)
    struct iovec *w = malloc(sizeof *w);
    w->iov_base = good;
    writev(fd, w, 1) < 0;                    // expect: Syscall param writev(vector) points to uninitialised byte(s)
    int s[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    struct iovec one = { undefined, 4 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1 };
    sendmsg(s[0], &m, 0);                    // expect: Syscall param sendmsg(msg.msg_iov[0]) points to uninitialised byte(s)
    one.iov_base = malloc(16);
    one.iov_len = 17;
    recvmsg(s[1], &m, 0);                    // expect: Syscall param recvmsg(msg.msg_iov[0]) points to unaddressable byte(s)
    one = (struct iovec){ good, 16 };
    m.msg_control = undefined;
    m.msg_controllen = 16;                   /* its header is not even begun */
    sendmsg(s[0], &m, MSG_DONTWAIT);         // expect: Syscall param sendmsg(msg.msg_control) points to uninitialised byte(s)
    free(good);
    free(undefined);
    free(w);
    return 0;
}
