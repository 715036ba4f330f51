/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mapped memory: defined at first, its description, part of it gone before a system call. */
// build: gcc -O0
// build: clang -O2
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
volatile int sink;
int main(void)
{
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/dev/zero", O_RDWR), *volatile q = malloc(4);
    if (p[100])
        sink = 1;
    *(volatile int *)(p + 8) = *q;
    if (*(volatile int *)(p + 8))  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
    munmap(p + 4096, 4096);
    sink = read(fd, p + 4000, 200); // expect: Syscall param read(buf) points to unaddressable byte(s)
                                   // aux: Address 0x* is not stack'd, malloc'd or (recently) free'd
    p = mremap(p, 4096, 2 * 4096, MREMAP_MAYMOVE);
    if (*(volatile int *)(p + 8))  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 3;
    close(fd);
    free(q);
    return 0;
}
