/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
// options: --track-origins=yes
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static void use(volatile int *p)
{
    if (p[3] == 7)             // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation
}
int main(void)
{
    int *p = malloc(40);
    use(p);
    free(p);
    return 0;
}
