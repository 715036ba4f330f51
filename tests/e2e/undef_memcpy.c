/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies carry undefinedness; only the use reports. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
#include <stdlib.h>
#include <string.h>
volatile int sink;
__attribute__((noinline)) static void use(volatile char *p)
{
    if (p[70])                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
int main(void)
{
    char *p = malloc(100), *q = malloc(100), *r = malloc(100);
    memset(p, 0, 70);
    memcpy(q, p, 100);
    memmove(r, q, 100);
    use(r);
    free(p); free(q); free(r);
    return 0;
}
