/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
int main(void)
{
    char *p = malloc(8), *old;
    strcpy(p, "1234567");
    old = p;
    p = realloc(p, 16);
    if (strcmp(p, "1234567") != 0)
        return 1;
    if (p[7])
        return 2;
    if (p[8])                  // expect: Conditional jump or move depends on uninitialised value(s)
        p[9] = 1;
    p = realloc(p, 4);
    p[4] = 1;                  // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes after a block of size 4 alloc'd
    old[0] = 1;                // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes inside a block of size 8 free'd
    void *volatile stale = old;
    if (realloc(stale, 10))    // expect: Invalid free() / delete / delete[] / realloc()
        return 3;
    char *q = realloc(0, 12);
    q[12] = 1;                 // expect: Invalid write of size 1
    free(q);
    free(p);
    return 0;
}
