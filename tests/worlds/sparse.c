/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A 64 GiB mapping of which a few pages are used. */
#include <stdio.h>
#include <sys/mman.h>
int main(void)
{
    unsigned long size = 64ul << 30, sum = 0;
    char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    for (unsigned long i = 0; i < size; i += size / 64)
        p[i] = i >> 30;
    for (unsigned long i = 0; i < size; i += size / 64)
        sum += p[i] + p[i + 4096];
    printf("%lu\n", sum);
    return munmap(p, size);
}
