/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: clang -O0
#include <stdlib.h>
int table[256];
int main(void)
{
    unsigned char *p = malloc(4);
    volatile int x = table[p[2]];    // expect: Use of uninitialised value of size 8
    free(p);
    return x;
}
