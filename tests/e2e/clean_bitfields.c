/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit fields: each set on its own; neighbours stay undefined and unused. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
#include <stdio.h>
#include <stdlib.h>
struct flags { unsigned a : 3, b : 5, c : 1, d : 7, e : 16; };
__attribute__((noinline)) static void fill(struct flags *f, int i) { f->a = i; f->c = i & 1; f->e = i * 7; }
int main(void)
{
    unsigned sum = 0;
    struct flags *f = malloc(10 * sizeof *f);
    for (int i = 0; i < 10; i++) {
        fill(&f[i], i);
        if (f[i].a > 3) sum += f[i].e;
        if (f[i].c) sum++;
    }
    printf("%u\n", sum);
    free(f);
    return 0;
}
