/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 30,000 separate mappings, half of them unmapped again, all used. */
#include <stdio.h>
#include <sys/mman.h>
int main(void)
{
    static char *p[30000];
    long sum = 0;
    for (int i = 0; i < 30000; i++) {
        p[i] = mmap(0, 4096, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p[i] == MAP_FAILED)
            return printf("failed at %d\n", i), 1;
        if (!(i & 1))
            p[i][5] = i;
    }
    for (int i = 0; i < 30000; i += 2)
        sum += p[i][5];
    for (int i = 1; i < 30000; i += 2)
        sum += munmap(p[i], 4096);
    printf("%ld\n", sum);
    return 0;
}
