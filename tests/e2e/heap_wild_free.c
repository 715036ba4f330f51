/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
int global[4];
int main(void)
{
    int local[4];
    char *p = malloc(100);
    void *volatile bad[3] = { p + 16, global, local };
    free(bad[0]);              // expect: Invalid free() / delete / delete[] / realloc()
                               // aux: Address * is 16 bytes inside a block of size 100 alloc'd
    free(bad[1]);              // expect: Invalid free() / delete / delete[] / realloc()
                               // aux: Address * is 0 bytes inside data symbol "global"
    free(bad[2]);              // expect: Invalid free() / delete / delete[] / realloc()
                               // aux: Address * is on thread 1's stack
    free(0);
    free(p);
    return 0;
}
