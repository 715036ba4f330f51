/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Undefined low half, shifted out: the rest is defined. */
// build: gcc -O1
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static void test(volatile unsigned *p)
{
    unsigned x = *p;
    if ((x >> 16) == 0x1234)
        sink = 1;
    if ((x << 16) == 0x12340000)   // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
}
int main(void)
{
    unsigned short *p = malloc(4);
    p[1] = 0x1234;
    test((unsigned *)p);
    free(p);
    return 0;
}
