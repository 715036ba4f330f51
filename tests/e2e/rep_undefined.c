/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repeated MOVS and STOS of many elements that are not all in order. */
// build: gcc -O1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void movsq(void *to, const void *from, uint64_t n)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); // expect: Invalid read of size 8
    // aux: Address * is 0 bytes after a block of size 4,096 alloc'd
}

static void stosb(void *to, uint64_t n)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(7) : "memory"); // expect: Invalid write of size 1
    // aux: Address * is 100 bytes inside a block of size 9,000 free'd
}

static void stosw(void *to, uint64_t v, uint64_t n)
{
    __asm__ volatile("rep stosw" : "+D"(to), "+c"(n) : "a"(v) : "memory");
}

int main(void)
{
    uint64_t *p = malloc(4096), *q = malloc(4104);
    uint16_t *w = malloc(1024), *volatile undefined = malloc(2);
    uint8_t *volatile f = malloc(9000);

    for (int i = 0; i < 512; i++)
        if (i != 300)
            p[i] = (uint64_t)i;
    movsq(q, p, 513);
    for (volatile int i = 0; i < 512; i++)
        if (q[i] == 5) // expect: Conditional jump or move depends on uninitialised value(s)
            puts("5"); /* a branch */
    stosw(w, *undefined, 512);
    if (w[511] == 3) // expect: Conditional jump or move depends on uninitialised value(s)
        puts("3?");
    stosw(w, 3, 512);
    if (w[511] == 3)
        puts("3");
    free(f);
    stosb(f + 100, 600);
    free(p);
    free(q);
    free(w);
    free(undefined);
    return 0;
}
