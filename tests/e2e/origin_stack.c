/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where an undefined value on the stack comes from: the function whose frame it was in when it was first seen,
 * by each way it may get from there to where it is used. */
// build: gcc -O0
// build: clang -O0
// build: gcc -O1 -fno-omit-frame-pointer
// build: gcc -O1
// options: --track-origins=yes
#include <alloca.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#define APART __attribute__((noinline, noclone))
volatile int sink;
struct pair { char first; int second; };

APART static void own(void)
{
    volatile int x[40];
    x[1] = 1;
    if (x[3])                                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = x[1];                         // aux: Uninitialised value was created by a stack allocation @ own
}
APART static void leaf(void)
{
    volatile int x[6];
    if (x[2])                                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                            // aux: Uninitialised value was created by a stack allocation @ leaf
}
APART static void look(volatile int *p, int depth)
{
    if (depth > 0)
        look(p, depth - 1);
    else if (p[1])                           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;                            // aux: Uninitialised value was created by a stack allocation @ lender
    sink = depth;
}
APART static void lender(void)
{
    volatile int x[20];
    x[0] = 3;
    look(x, 5);
}
/* Its variables get tags; they must not be seen through those of a later frame in the same place. */
APART static int earlier(void)
{
    volatile int x[24], sum = 0;
    for (int i = 0; i < 24; i++)
        sum += x[i];
    return sum;
}
APART static void later(void)
{
    volatile int x[24];
    if (x[12])                               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 4;                            // aux: Uninitialised value was created by a stack allocation @ later
}
APART static struct pair *heaped(void)
{
    volatile struct pair local[30];
    struct pair *p = malloc(sizeof local);
    local[7].first = 1;
    memcpy(p, (void *)local, sizeof local);
    return p;
}
APART static struct pair returned(void)
{
    struct pair p;
    __asm__ volatile("" : "=m"(p.second)); /* a value for the optimiser, none for us */
    p.first = 1;
    return p;
}
APART static void grown(int n)
{
    volatile char *a = alloca((size_t)n);
    volatile int v[n];
    v[0] = a[1] = 2;
    if (v[n / 2] == 77)                      // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 5;                            // aux: Uninitialised value was created by a stack allocation @ grown
    if (a[n - 1] == 77)                      // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 6;                            // aux: Uninitialised value was created by a stack allocation @ grown
}
static jmp_buf env;
APART static void jumper(void)
{
    volatile int x[100];
    x[99] = earlier();
    longjmp(env, 1);
}
APART static void after_jump(void)
{
    volatile int x[100];
    if (x[50])                               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 7;                            // aux: Uninitialised value was created by a stack allocation @ after_jump
}
APART static void large(void)
{
    volatile char x[300000];
    x[0] = 1;
    if (x[150000])                           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = x[0];                         // aux: Uninitialised value was created by a stack allocation @ large
}

int main(void)
{
    own();
    leaf();
    lender();
    sink = earlier();
    later();
    struct pair *p = heaped();
    if (p[8].second)                         // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 8;                            // aux: Uninitialised value was created by a stack allocation @ heaped
    free(p);
    struct pair r = returned();
    if (r.second)                            // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 9;                            // aux: Uninitialised value was created by a stack allocation @ returned
    grown(50);
    if (!setjmp(env))
        jumper();
    after_jump();
    large();
    sink = earlier();
    return 0;
}
