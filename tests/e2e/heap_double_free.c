/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
int main(void)
{
    char *p = malloc(10);
    free(p);
    free(p);                   // expect: Invalid free() / delete / delete[] / realloc()
    return 0;                  // aux: Address * is 0 bytes inside a block of size 10 free'd
}                              // aux: Block was alloc'd at
