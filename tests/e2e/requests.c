/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client requests, through our own headers. */
// build: gcc -O0
// native: no
#include <stdlib.h>
#include "valgrind/memcheck.h"
volatile int sink;
int main(void)
{
    char *p = malloc(32);
    if (!RUNNING_ON_VALGRIND)
        return 9;
    VALGRIND_MAKE_MEM_DEFINED(p, 32);
    if (p[3])
        sink = 1;
    VALGRIND_MAKE_MEM_UNDEFINED(p + 8, 8);
    if (VALGRIND_CHECK_MEM_IS_DEFINED(p, 32) != (unsigned long)(p + 8))  // expect: Uninitialised byte(s) found during client check request
        return 8;
    VALGRIND_MAKE_MEM_NOACCESS(p + 16, 4);
    if (VALGRIND_CHECK_MEM_IS_ADDRESSABLE(p, 32) != (unsigned long)(p + 16)) // expect: Unaddressable byte(s) found during client check request
        return 7;
    p[17] = 1;                             // expect: Invalid write of size 1
    VALGRIND_MAKE_MEM_DEFINED(p, 32);
    if (VALGRIND_COUNT_ERRORS != 3)
        return 6;
    free(p);
    return 0;
}
