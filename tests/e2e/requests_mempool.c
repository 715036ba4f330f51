/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind 3.19 drops the good part of a chunk that a trim cuts at its end
// native: no
#include <stdlib.h>
#include <sys/mman.h>
#include "valgrind/memcheck.h"
int main(void)
{
    char *m = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VALGRIND_CREATE_MEMPOOL(m, 8, 0);
    if (!VALGRIND_MEMPOOL_EXISTS(m) || VALGRIND_MEMPOOL_EXISTS(m + 1))
        return 1;
    VALGRIND_MAKE_MEM_NOACCESS(m + 1024, 2048);
    VALGRIND_MEMPOOL_ALLOC(m, m + 1024, 100);
    VALGRIND_MEMPOOL_ALLOC(m, m + 1200, 100);
    m[1024 + 100] = 1;             // expect: Invalid write of size 1
                                   // aux: Address * is 0 bytes after a block of size 100 client-defined
    m[1199] = 0;                   // expect: Invalid write of size 1
                                   // aux: Address * is 1 bytes before a block of size 100 client-defined
    VALGRIND_MEMPOOL_FREE(m, m + 1024);
    m[1024] = 2;                   // expect: Invalid write of size 1
                                   // aux: Address * is 0 bytes inside a block of size 100 free'd
    VALGRIND_MEMPOOL_FREE(m, m + 1024); // expect: Invalid free() / delete / delete[] / realloc()
    VALGRIND_MEMPOOL_ALLOC(m + 8, m + 1024, 100); // expect: Illegal memory pool address
    VALGRIND_MEMPOOL_ALLOC(m, m + 1400, 100);
    VALGRIND_MEMPOOL_TRIM(m, m + 1250, 200);
    m[1200] = 1;                   // expect: Invalid write of size 1
    m[1260] = 1;
    m[1440] = 1;
    VALGRIND_MOVE_MEMPOOL(m, m + 64);
    VALGRIND_MEMPOOL_FREE(m + 64, m + 1400);
    m[1440] = 1;                   // expect: Invalid write of size 1
    VALGRIND_DESTROY_MEMPOOL(m + 64);
    m[1260] = 1;                   // expect: Invalid write of size 1
    char *n = m + 3500;
    long handle = VALGRIND_CREATE_BLOCK(n, 100, "my block");
    VALGRIND_MAKE_MEM_NOACCESS(n, 100);
    n[1] = 1;                      // expect: Invalid write of size 1
                                   // aux: Address * is 1 bytes inside a my block of size 100 client-defined
    if (VALGRIND_DISCARD(handle) != 0 || VALGRIND_DISCARD(handle) != 1)
        return 2;
    return 0;
}
