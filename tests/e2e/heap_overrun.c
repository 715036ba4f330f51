/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
int main(void)
{
    char *volatile p = malloc(10);
    long *volatile q = malloc(24);
    int *volatile big = malloc(500000);
    p[10] = 0;                 // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes after a block of size 10 alloc'd
    p[-1] = 0;                 // expect: Invalid write of size 1
                               // aux: Address * is 1 bytes before a block of size 10 alloc'd
    q[3] = 0;                  // expect: Invalid write of size 8
                               // aux: Address * is 0 bytes after a block of size 24 alloc'd
    big[125000] = 0;           // expect: Invalid write of size 4
                               // aux: Address * is 0 bytes after a block of size 500,000 alloc'd
    big[-1] = 0;               // expect: Invalid write of size 4
                               // aux: Address * is 4 bytes before a block of size 500,000 alloc'd
    *(int *)(p + 8) = 0;       // expect: Invalid write of size 4
                               // aux: Address * is 8 bytes inside a block of size 10 alloc'd
    free(p);
    free(q);
    free(big);
    return 0;
}
