/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of the tool's half of memory: EFAULT as natively, never the tool's memory. */
// differs: valgrind calls the parts of writev vector[...]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void show(const char *what, long result)
{
    printf("%s %ld %d\n", what, result, result < 0 ? errno : 0);
}

int main(void)
{
    /* unmapped natively as well: far from where the kernel puts things */
    static char *const far[] = { (char *)0x300000000000, (char *)0x100000001000, (char *)0x666600000000, (char *)0x8000000000000000 };
    const int zero = open("/dev/zero", O_RDONLY), full = open("/dev/null", O_WRONLY);
    int pipes[2];
    pipe(pipes);
    for (int i = 0; i < 4; i++) {
        char *p = far[i];
        show("write", write(pipes[1], p, 8));                        // expect: Syscall param write(buf) points to unaddressable byte(s)
        show("read", read(zero, p, 8));                              // expect: Syscall param read(buf) points to unaddressable byte(s)
        show("open", syscall(SYS_open, p, 0));                       // expect: Syscall param open(filename) points to unaddressable byte(s)
        struct iovec v = { p, 8 };
        show("writev", writev(pipes[1], &v, 1));                     // expect: Syscall param writev(vector[
        struct msghdr *m = (struct msghdr *)p;
        show("sendmsg", syscall(SYS_sendmsg, zero, m, 0) < 0);       // expect: Syscall param sendmsg(msg) points to unaddressable byte(s)
        show("gettime", syscall(SYS_clock_gettime, 0, p));           // expect: Syscall param clock_gettime(tp) points to unaddressable byte(s)
    }
    (void)full;
    return 0;
}
