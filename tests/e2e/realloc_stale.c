/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
int main(void)
{
    int *p = malloc(40), *q;
    p[0] = 1;
    q = realloc(p, 4000);
    int *volatile old = p;
    old[0] = 2;                            // expect: Invalid write of size 4
    int r = q[0];                          // aux: Address * is 0 bytes inside a block of size 40 free'd
    free(q);
    return r - 1;
}
