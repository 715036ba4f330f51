/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that the kernel reads or writes: undefined, freed, beyond a block. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* A block that lacks 4 of size bytes for the checker; malloc's rounding keeps the program right natively. */
static char *short_of(size_t size)
{
    return malloc(size - 4);
}

int main(void)
{
    const int fd = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    char *undefined = malloc(64), *freed = malloc(64), *block = malloc(16);
    memset(freed, 0, 64);
    free(freed);
    memset(block, 'x', 16);
    write(fd, undefined, 8);                 // expect: Syscall param write(buf) points to uninitialised byte(s)
    write(fd, block, 16);
    write(fd, block, 17);                    // expect: Syscall param write(buf) points to unaddressable byte(s)
    pwrite(fd, undefined, 3, 0);             // expect: Syscall param pwrite64(buf) points to uninitialised byte(s)
    write(fd, freed, 8);                     // expect: Syscall param write(buf) points to unaddressable byte(s)
    read(zero, short_of(20), 20);            // expect: Syscall param read(buf) points to unaddressable byte(s)
    pread(zero, short_of(20), 20, 0);        // expect: Syscall param pread64(buf) points to unaddressable byte(s)
    syscall(SYS_stat, "/", short_of(144));   // expect: Syscall param stat(buf) points to unaddressable byte(s)
    syscall(SYS_newfstatat, AT_FDCWD, "/", short_of(144), 0);         // expect: Syscall param fstatat(buf) points to unaddressable byte(s)
    uname((struct utsname *)short_of(390));  // expect: Syscall param uname(buf) points to unaddressable byte(s)
    statfs("/", (struct statfs *)short_of(120));                     // expect: Syscall param statfs(buf) points to unaddressable byte(s)
    syscall(SYS_clock_gettime, 0, short_of(16));                     // expect: Syscall param clock_gettime(tp) points to unaddressable byte(s)
    syscall(SYS_getcwd, short_of(100), 100); // expect: Syscall param getcwd(buf) points to unaddressable byte(s)
    free(undefined);
    free(block);
    return 0;
}
