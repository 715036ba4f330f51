/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pool told about through MALLOCLIKE_BLOCK. */
#include <stdlib.h>
#include <sys/mman.h>
#include "valgrind/memcheck.h"
volatile int sink;
int main(void)
{
    char *pool = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VALGRIND_MAKE_MEM_NOACCESS(pool, 65536);
    char *p = pool + 64;
    VALGRIND_MALLOCLIKE_BLOCK(p, 100, 16, 0);
    p[0] = 1;
    p[100] = 1;                            // expect: Invalid write of size 1
    if (p[5])                              // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    VALGRIND_FREELIKE_BLOCK(p, 16);
    sink = p[0];                           // expect: Invalid read of size 1
    return 0;
}
