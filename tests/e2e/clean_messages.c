/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel does not look at may be undefined: padding of control messages, an event's data, times that
 * are "now", the rest of a socket address. */
// differs: valgrind reports the padding and the data
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    int s[2], fd = -1;
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    struct msghdr *m = calloc(1, sizeof *m);
    struct iovec v = { "x", 1 };
    m->msg_iov = &v;
    m->msg_iovlen = 1;
    m->msg_controllen = CMSG_SPACE(sizeof(int));
    m->msg_control = malloc(m->msg_controllen);
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &s[0], sizeof(int));
    printf("%zd\n", sendmsg(s[0], m, 0));
    free(m->msg_control);
    m->msg_control = malloc(m->msg_controllen);
    v.iov_base = malloc(1);
    printf("%zd", recvmsg(s[1], m, 0));
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(m)), sizeof fd);
    printf(" %c %d\n", *(char *)v.iov_base, fd >= 0);
    const int ep = epoll_create1(0);
    struct epoll_event *e = malloc(sizeof *e);
    e->events = EPOLLOUT;
    e->data.fd = 7;
    printf("%d\n", epoll_ctl(ep, EPOLL_CTL_ADD, s[0], e));
    printf("%d %d\n", epoll_wait(ep, e, 1, 0), e->data.fd);
    struct timespec *times = malloc(2 * sizeof *times);
    times[0].tv_nsec = UTIME_NOW;
    times[1].tv_nsec = UTIME_OMIT;
    char name[] = "/tmp/nagrind-XXXXXX";
    close(mkstemp(name));
    printf("%d\n", utimensat(AT_FDCWD, name, times, 0));
    unlink(name);
    struct sockaddr_nl *nl = malloc(sizeof *nl);
    nl->nl_family = AF_NETLINK;
    nl->nl_pid = nl->nl_groups = 0;
    printf("%d\n", bind(socket(AF_NETLINK, SOCK_RAW, 0), (struct sockaddr *)nl, sizeof *nl));
    free(m->msg_control), free(m), free(v.iov_base), free(e), free(times), free(nl);
    return 0;
}
