/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2
// build: gcc -O2 -fno-plt -fPIE -pie
// build: clang -O1
/* Hot code follows calls and jumps through pointers at fixed addresses: here the pointers change under it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long f0(long x) { return x + 1; }
static long f1(long x) { return x * 3 + 1; }
static volatile int sink;
static long f2(long x)
{
    volatile int *p = malloc(sizeof *p);
    if (*p > 0) // expect: Conditional jump or move depends on uninitialised value
        sink++;
    free((void *)p);
    return x + 2;
}
long (*volatile step)(long) = f0;

__attribute__((noinline)) static long tail(long x) { return step(x); }       /* jmp *step */
__attribute__((noinline)) static long call(long x) { return step(x) ^ 5; }   /* call *step */

__attribute__((noinline)) static long loop(int n)
{
    long x = 0;
    for (int i = 0; i < n; i++)
        x = (tail(x) + call(x)) & 0xffffff;
    return x;
}

int main(void)
{
    long (*all[])(long) = { f0, f1, f0, labs };
    for (int i = 0; i < 4; i++) {
        step = all[i];
        printf("%ld\n", loop(30000));
    }
    for (int i = 0; i < 20000; i++)
        step = all[i & 1], all[2] = step, call(tail(i));
    step = f2;
    loop(3);
    return 0;
}
