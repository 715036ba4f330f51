/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O1
// build: clang -O1
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static void test(volatile double *p)
{
    double x = p[0] * 2.0 + p[1];
    if (x > 3.0)               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
int main(void)
{
    double *p = malloc(16);
    p[0] = 1.5;
    test(p);
    free(p);
    return 0;
}
