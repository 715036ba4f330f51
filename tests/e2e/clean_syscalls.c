/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    int p[2], s[2], n; char buf[100]; struct stat st; struct timespec ts; struct utsname u; struct rusage ru; struct iovec v[2] = { { buf, 5 }, { buf + 50, 5 } };
    pipe2(p, O_CLOEXEC); write(p[1], "hello there", 11); ioctl(p[0], FIONREAD, &n); printf("%d\n", n); readv(p[0], v, 2); printf("%.5s %.5s\n", buf, buf + 50);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s); struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 }; char cb[CMSG_SPACE(4)]; m.msg_control = cb; m.msg_controllen = sizeof cb; memset(cb, 0, sizeof cb); struct cmsghdr *c = CMSG_FIRSTHDR(&m); c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(4); memcpy(CMSG_DATA(c), &p[0], 4);
    sendmsg(s[0], &m, 0); memset(buf, 0, 100); n = recvmsg(s[1], &m, 0); printf("%d %.5s\n", n, buf); struct pollfd pf = { p[0], POLLIN, 0 }; printf("%d\n", poll(&pf, 1, 0));
    int ep = epoll_create1(0); struct epoll_event ev = { .events = EPOLLOUT, .data.u64 = 77 }, out[4]; epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &ev); n = epoll_wait(ep, out, 4, 0); printf("%d %lu\n", n, (unsigned long)out[0].data.u64);
    fstat(0, &st); stat("/etc/passwd", &st); printf("%d\n", S_ISREG(st.st_mode)); clock_gettime(CLOCK_MONOTONIC, &ts); uname(&u); getrusage(RUSAGE_SELF, &ru); printf("%s %d\n", u.sysname, ts.tv_sec > 0 && ru.ru_utime.tv_usec >= 0);
    printf("%zd %d\n", readlink("/proc/self/exe", buf, 100) > 0 ? (ssize_t)1 : -1, access("/nonexistent", F_OK) == -1 && errno == ENOENT); return 0;
}
