/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// log: total heap usage: 3 allocs, 4 frees, 84 bytes allocated
#include <stdlib.h>
#include <sys/mman.h>
#include "valgrind/memcheck.h"
volatile int sink;
int main(void)
{
    char *m = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VALGRIND_MALLOCLIKE_BLOCK(m + 64, 32, 16, 0);
    VALGRIND_MALLOCLIKE_BLOCK(m + 256, 32, 16, 1);
    if (m[64])                     // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    if (m[256])
        sink = 1;
    m[63] = 1;                     // expect: Invalid write of size 1
                                   // aux: Address * is 1 bytes before a block of size 32 alloc'd
    m[96] = 1;                     // expect: Invalid write of size 1
                                   // aux: Address * is 0 bytes after a block of size 32 alloc'd
    VALGRIND_RESIZEINPLACE_BLOCK(m + 64, 32, 48, 16);
    m[111] = 1;
    m[112] = 1;                    // expect: Invalid write of size 1
                                   // aux: Address * is 0 bytes after a block of size 48 alloc'd
    VALGRIND_RESIZEINPLACE_BLOCK(m + 64, 48, 16, 16);
    m[81] = 1;                     // expect: Invalid write of size 1
                                   // aux: Address * is 1 bytes after a block of size 16 alloc'd
    VALGRIND_FREELIKE_BLOCK(m + 64, 16);
    m[65] = 1;                     // expect: Invalid write of size 1
                                   // aux: Address * is 1 bytes inside a block of size 16 free'd
    VALGRIND_FREELIKE_BLOCK(m + 64, 16); // expect: Invalid free() / delete / delete[] / realloc()
    free(m + 256);                 // expect: Mismatched free() / delete / delete []
    char *q = malloc(20);
    VALGRIND_FREELIKE_BLOCK(q, 0); // expect: Mismatched free() / delete / delete []
    return 0;
}
