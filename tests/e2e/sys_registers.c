/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Undefined register arguments are reported by the kernel's names, in the width that the kernel looks at. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "nagrind/memcheck.h"

int main(void)
{
    long *undefined = calloc(1, sizeof(long)), *half = calloc(1, sizeof(long));
    VALGRIND_MAKE_MEM_UNDEFINED(undefined, sizeof *undefined);
    VALGRIND_MAKE_MEM_UNDEFINED((char *)half + 4, 4);
    const int fd = open("/dev/null", O_WRONLY);
    /* an int argument: its upper half does not count */
    syscall(SYS_lseek, fd + *half, 0, 0);
    const long bad = *undefined + fd;                      /* undefined for the checker, fd for the kernel */
    syscall(SYS_lseek, bad, 0, 0);                         // expect: Syscall param lseek(fd) contains uninitialised byte(s)
    syscall(SYS_lseek, fd, bad, 0);                        // expect: Syscall param lseek(offset) contains uninitialised byte(s)
    syscall(SYS_fcntl, fd, bad - fd + F_GETFD);            // expect: Syscall param fcntl(cmd) contains uninitialised byte(s)
    syscall(SYS_fcntl, fd, F_SETFD, bad);                  // expect: Syscall param fcntl(arg) contains uninitialised byte(s)
    syscall(SYS_fcntl, fd, F_GETFD, bad);
    syscall(SYS_dup2, fd, bad);                            // expect: Syscall param dup2(newfd) contains uninitialised byte(s)
    syscall(SYS_open, "/dev/null", O_RDONLY, bad);
    syscall(SYS_munmap, 1, bad - fd + 1);                  // expect: Syscall param munmap(length) contains uninitialised byte(s)
    syscall(bad - fd + SYS_getpid);                        // expect: Syscall param (syscallno) contains uninitialised byte(s)
    syscall(SYS_close, bad);                               // expect: Syscall param close(fd) contains uninitialised byte(s)
    free(undefined);
    free(half);
    return 0;
}
