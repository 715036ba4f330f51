/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A branch on a stack variable that was never set. */
// build: gcc -O0
// build: clang -O0
#include <stdio.h>
static int decide(volatile int *p)
{
    if (*p)                    // expect: Conditional jump or move depends on uninitialised value(s)
        return 1;
    return 2;
}
int main(void)
{
    volatile int x;
    return decide(&x) > 5;
}
