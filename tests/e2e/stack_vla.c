/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uninitialised arrays on the stack: fixed, variable, alloca, and a struct's member. */
// build: gcc -O0
// build: clang -O0
// options: --track-origins=yes
#include <alloca.h>
volatile int sink;
struct pair { int first, second; };
__attribute__((noinline)) static struct pair half(void)
{
    struct pair p;
    p.first = 1;
    return p;
}
int main(void)
{
    volatile int n = 40;
    volatile int fixed[4];
    volatile int variable[n];
    volatile int *dynamic = alloca(n * sizeof(int));
    if (fixed[2])                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation
    if (variable[20])              // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;                  // aux: Uninitialised value was created by a stack allocation
    if (dynamic[20])               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 3;                  // aux: Uninitialised value was created by a stack allocation
    struct pair p = half();
    if (p.second == 2)             // expect: Conditional jump or move depends on uninitialised value(s)
        sink = p.first;
    return 0;
}
