/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System calls with wild pointers: EFAULT, and nothing is written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    uint64_t wild[] = { 0x100000000000, 0x180000000000, 0x280000000000, 0x300000001000, 0x3fffffffe000, 0x480000000000,
                        0x500000001000, 0x600000000000, 0x6fff00000000, 0x8000000000000000, 0xffffffffff600000, 0x800000000000, 16 };
    int bad = 0, z = open("/dev/zero", O_RDONLY), n = open("/dev/null", O_WRONLY), p[2];
    pipe(p);
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
        void *w = (void *)wild[i];
        struct iovec v = { w, 8 };
        bad += syscall(SYS_read, z, w, 64) != -1 || errno != EFAULT;
        bad += syscall(SYS_write, p[1], w, 64) != -1 || errno != EFAULT;
        bad += syscall(SYS_open, w, O_RDONLY) != -1 || errno != EFAULT;
        bad += syscall(SYS_stat, w, w) != -1 || errno != EFAULT;
        bad += syscall(SYS_fstat, z, w) != -1 || errno != EFAULT;
        bad += syscall(SYS_readv, z, &v, 1) != -1 || errno != EFAULT;
        bad += syscall(SYS_nanosleep, w, 0) != -1 || errno != EFAULT;
        bad += syscall(SYS_clock_gettime, CLOCK_REALTIME, w) != -1 || errno != EFAULT;
        bad += syscall(SYS_getrandom, w, 16, 0) != -1 || errno != EFAULT;
        bad += syscall(SYS_uname, w) != -1 || errno != EFAULT;
        bad += syscall(SYS_pipe, w) != -1 || errno != EFAULT;
    }
    printf("%d bad\n", bad);
    return 0;
}
