/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A signed bit field below an uninitialised bit: compilers shift it up by adding the word to itself. */
// build: gcc -O2
// build: gcc -O2 -mavx2
#include <stdio.h>
#include <stdlib.h>
struct part { unsigned low : 15; int number : 16; unsigned high : 1; };
__attribute__((noinline)) static int number(const struct part *p) { return p->number; }
__attribute__((noinline)) static int added(const struct part *p)
{
    unsigned w;
    __asm__("mov (%1),%0; add %0,%0; sar $16,%0" : "=r"(w) : "r"(p) : "cc");
    return w;
}
int main(void)
{
    struct part *p = malloc(sizeof *p);
    p->number = -5;
    if (number(p) < 0 && added(p) == -5)
        puts("minus five");
    free(p);
    return 0;
}
