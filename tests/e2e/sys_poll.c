/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind looks at the events of negative descriptors
/* Waiting for descriptors: by part of the sets. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct pollfd *p = malloc(2 * sizeof *p);
    struct timespec now = { 0, 0 };
    struct timeval at_once = { 0, 0 };
    int pipes[2];
    pipe(pipes);
    p[0].fd = pipes[0];
    p[1].fd = -1;                            /* its events do not matter */
    p[0].events = POLLIN;
    poll(p, 2, 0);
    if (p[0].revents | p[1].revents)         /* written by the kernel */
        return 1;
    p = realloc(p, sizeof *p);
    struct pollfd *q = malloc(sizeof *q);
    q->fd = pipes[0];
    poll(q, 1, 0);                           // expect: Syscall param poll(ufds.events) points to uninitialised byte(s)
    syscall(SYS_ppoll, q, 1, &now, 0, 8);    // expect: Syscall param ppoll(ufds.events) points to uninitialised byte(s)
    q->events = 0;
    fd_set *set = malloc(sizeof *set);
    memset(set, 0, 1);                       /* 8 descriptors are enough */
    FD_SET(pipes[0], set);
    syscall(SYS_select, 8, set, 0, 0, &at_once);
    syscall(SYS_select, 24, 0, set, 0, &at_once);             // expect: Syscall param select(writefds) points to uninitialised byte(s)
    const int ep = epoll_create1(0);
    struct epoll_event *event = malloc(sizeof *event), *none = malloc(1);
    epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], event);           // expect: Syscall param epoll_ctl(event) points to uninitialised byte(s)
    epoll_ctl(ep, EPOLL_CTL_DEL, pipes[0], NULL);
    syscall(SYS_epoll_wait, ep, none, 1, 0); // expect: Syscall param epoll_wait(events) points to unaddressable byte(s)
    free(p), free(q), free(set), free(event), free(none);
    return 0;
}
