/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --malloc-fill=a5 --free-fill=3c
#include <stdio.h>
#include <stdlib.h>
#include "valgrind/memcheck.h"
int main(void)
{
    unsigned char *volatile p = malloc(100), *volatile q = calloc(1, 100), c;
    VALGRIND_MAKE_MEM_DEFINED(p, 100);
    for (int i = 0; i < 100; i++)
        if (p[i] != 0xa5 || q[i] != 0)
            return 1;
    free(p);
    free(q);
    c = p[50];                 // expect: Invalid read of size 1
    if (c != 0x3c)
        return 2;
    return 0;
}
