/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only one bit of a byte is undefined: testing the others is fine. */
// build: gcc -O1
#include <stdlib.h>
volatile int sink;
__attribute__((noinline)) static void test(volatile unsigned char *p)
{
    unsigned char c = *p;
    if (c & 2)
        sink = 1;
    if (c & 1)                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
}
int main(void)
{
    unsigned char *p = malloc(1);
    *p = (*p & 1) | 2;
    test(p);
    free(p);
    return 0;
}
