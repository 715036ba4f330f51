/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <malloc.h>
#include <stdlib.h>
int main(void)
{
    char *volatile p = malloc(0), *volatile q = malloc(0);
    if (!p || !q || p == q || malloc_usable_size(p) != 0)
        return 1;
    p[0] = 1;                  // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes after a block of size 0 alloc'd
    free(p);
    free(q);
    p = malloc(33);
    if (malloc_usable_size(p) != 33)
        return 2;
    free(p);
    return 0;
}
