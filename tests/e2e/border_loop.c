/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One undefined value in the middle of a hot loop, clean before and after: used in
 * each way, it is reported where it is used; unused, nowhere. */
// build: gcc -O0
// build: gcc -O1
// build: gcc -O2
// build: clang -O2 -fno-vectorize -fno-slp-vectorize
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
enum { N = 20000, BAD = 12345 };
static int count;
static volatile long sink;
static const unsigned char table[256] = { 1, 2, 3 };
#define NOINLINE __attribute__((noinline, noclone))
NOINLINE void hit(void) { count++; }
NOINLINE int pass_through(int unused, int x) { __asm__ volatile("" : "+r"(unused)); return x + 1; }

NOINLINE static void branch_on(volatile uint8_t *p)
{
    for (int i = 0; i < N; i++)
        if (p[i] > 3)                          // expect: Conditional jump or move depends on uninitialised value(s)
            hit();
}
NOINLINE static long address_by(volatile uint8_t *p)
{
    long sum = 0;
    for (int i = 0; i < N; i++)
        sum += ((volatile const unsigned char *)table)[p[i]]; // expect: Use of uninitialised value of size 8
    return sum;
}
NOINLINE static void store_by(volatile uint8_t *p)
{
    static volatile unsigned char seen[256];
    for (int i = 0; i < N; i++)
        seen[p[i]] = 1;                        // expect: Use of uninitialised value of size 8
}
/* Carried along and thrown away: nothing. */
NOINLINE static int unused(volatile uint8_t *p)
{
    int n = 0;
    for (int i = 0; i < N; i++) {
        const int x = p[i];
        n = pass_through(x, n);
        sink = x;
        sink = x & 0;
        if (sink)
            n++;
    }
    return n;
}
/* Undefined from the middle on: reported after the loop. */
NOINLINE static unsigned carried(volatile uint8_t *p)
{
    unsigned sum = 0;
    for (int i = 0; i < N; i++)
        sum += p[i];
    return sum;
}
/* Undefined for a few rounds only. */
NOINLINE static unsigned forgotten(volatile uint8_t *p)
{
    unsigned h = 0;
    for (int i = 0; i < N; i++) {
        h = (h << 8) ^ p[i];
        if (i == BAD + 1 && (h & 0xff))
            hit();
    }
    return h;
}
NOINLINE static unsigned low_bit(volatile uint8_t *p)
{
    unsigned n = 0;
    for (int i = 0; i < N; i++)
        for (unsigned x = p[i] & 3; x; x >>= 1) // expect: Conditional jump or move depends on uninitialised value(s)
            n++;
    return n;
}
NOINLINE static void real(volatile double *p)
{
    for (int i = 0; i < N; i++)
        if (p[i] >= 1)                         // expect: Conditional jump or move depends on uninitialised value(s)
            hit();
}
NOINLINE static void x87(volatile long double *p)
{
    for (int i = 0; i < N; i++)
        if (p[i] >= 1)                         // expect: Conditional jump or move depends on uninitialised value(s)
            hit();
}

int main(void)
{
    uint8_t *p = malloc(N);
    double *d = malloc(N * sizeof *d);
    long double *e = malloc(N * sizeof *e);
    for (int i = 0; i < N; i++)
        if (i != BAD) {
            p[i] = i % 7;
            d[i] = i % 3;
            e[i] = i % 3;
        }
    branch_on(p);
    sink = address_by(p);
    store_by(p);
    printf("%d\n", unused(p));
    if (carried(p) == 7)                       // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 3;
    printf("%u\n", forgotten(p));
    sink = low_bit(p);
    real(d);
    x87(e);
    p[BAD] = 1, d[BAD] = 1, e[BAD] = 1;        /* found again: the same code, clean throughout */
    count = 0;
    branch_on(p);
    store_by(p);
    real(d);
    x87(e);
    printf("%d %ld %u %u\n", count, address_by(p), carried(p), low_bit(p));
    free(p), free(d), free(e);
    return 0;
}
