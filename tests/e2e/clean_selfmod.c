/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code that is written, run, changed and run again; no option, no request. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
int main(void)
{
    unsigned char *p = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long sum = 0;
    for (int i = 0; i < 200; i++) {
        unsigned char code[] = { 0xb8, i, 0, 0, 0, 0xc3 };
        memcpy(p + i % 3 * 100, code, sizeof code);
        sum += ((int (*)(void))(p + i % 3 * 100))();
    }
    printf("%ld\n", sum);
    return 0;
}
