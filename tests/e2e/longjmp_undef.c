/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdlib.h>
volatile int sink;
static jmp_buf env;
__attribute__((noinline)) static void deep(int n, int *p)
{
    volatile char pad[1000];
    pad[n] = 1;
    if (n == 0)
        longjmp(env, 1);
    deep(n - 1, p);
}
int main(void)
{
    int *volatile p = malloc(8);
    if (setjmp(env) == 0)
        deep(20, p);
    if (*p)                                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    free(p);
    return 0;
}
