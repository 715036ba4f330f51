// SPDX-License-Identifier: GPL-3.0-or-later
/* Tiny functions that are not inlined, and recursion, wide and deep.
 * Argument: rounds.  */
#include <stdio.h>
#include <stdlib.h>

#define TINY __attribute__((noinline, noclone, noipa))

TINY static unsigned add(unsigned a, unsigned b) { return a + b; }
TINY static unsigned mix(unsigned a) { return a ^ (a >> 7); }
TINY static unsigned pick(const unsigned *p, unsigned i) { return p[i & 63]; }
TINY static unsigned twice(unsigned (*f)(unsigned), unsigned a) { return f(f(a)); }

TINY static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

TINY static unsigned deep(unsigned n, unsigned *sum)
{
    unsigned here[4] = { n, n + 1, n + 2, *sum };
    if (n == 0)
        return here[3];
    *sum += here[n & 3];
    return deep(n - 1, sum) + here[2];
}

int main(int argc, char **argv)
{
    unsigned table[64], s = 1, rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    for (unsigned i = 0; i < 64; i++)
        table[i] = i * 2654435761u;
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned i = 0; i < 100000; i++)
            s = add(twice(mix, s), pick(table, i + s));
        s += fib(20) + deep(20000, &s);
    }
    printf("%u\n", s);
    return 0;
}
