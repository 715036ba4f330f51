/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A value becomes undefined in the middle of a hot loop. */
// build: gcc -O1
// build: gcc -O2
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static int walk(volatile int *p, int n)
{
    int hits = 0;
    extern void hit(void);
    for (int i = 0; i < n; i++)
        if (p[i] == 3)                     // expect: Conditional jump or move depends on uninitialised value(s)
            hit();
    return hits;
}
int count;
__attribute__((noinline)) void hit(void)
{
    count++;
}
int main(void)
{
    int *p = malloc(400000);
    for (int i = 0; i < 100000; i++)
        if (i != 50000)
            p[i] = i & 7;
    sink = walk(p, 100000);
    free(p);
    return 0;
}
