/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same through Debian's own header. */
// build: gcc -O2
// native: no
#include <stdlib.h>
#include "/usr/include/valgrind/memcheck.h"
volatile int sink;
int main(void)
{
    char *p = malloc(32);
    if (RUNNING_ON_VALGRIND != 1)
        return 9;
    VALGRIND_MAKE_MEM_DEFINED(p, 32);
    if (p[3])
        sink = 1;
    VALGRIND_MAKE_MEM_NOACCESS(p + 16, 4);
    ((volatile char *)p)[17] = 1;                             // expect: Invalid write of size 1
    VALGRIND_PRINTF("hello %d %s\n", 5, "there");
    free(p);
    return 0;
}
// log: ?*hello 5 there
