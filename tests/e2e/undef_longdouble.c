/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static void test(long double *p)
{
    if (p[0] > 1.0L)
        sink = 1;
    if (p[1] > 1.0L)           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
}
int main(void)
{
    long double *p = malloc(2 * sizeof *p);
    p[0] = 2;
    test(p);
    free(p);
    return 0;
}
