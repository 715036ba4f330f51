/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmov with an undefined condition does not report; the use of its result does. */
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static int choose(int c)
{
    int r;
    __asm__("xorl %0, %0\n\tmovl $5, %%ecx\n\ttestl %1, %1\n\tcmovne %%ecx, %0" : "=&r"(r) : "r"(c) : "ecx", "cc");
    return r;
}
int main(void)
{
    int *p = malloc(4);
    int r = choose(*p);
    sink = 0;
    if (r)                     // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    free(p);
    return 0;
}
