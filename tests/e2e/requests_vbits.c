/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
#include <string.h>
#include "valgrind/memcheck.h"
volatile int sink;
int main(void)
{
    unsigned char *p = malloc(16), v[16];
    memset(p, 0, 16);
    for (int i = 0; i < 16; i++)
        v[i] = i * 15;
    if (VALGRIND_SET_VBITS(p, v, 16) != 1)
        return 1;
    memset(v, 0xee, 16);
    if (VALGRIND_GET_VBITS(p, v, 16) != 1)
        return 2;
    for (int i = 0; i < 16; i++)
        if (v[i] != (unsigned char)(i * 15))
            return 3;
    if (p[1] & 0x30)
        return 4;
    if (p[1] & 0x01)               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    if (VALGRIND_GET_VBITS(p + 10, v, 10) != 3)
        return 5;
    VALGRIND_MAKE_MEM_NOACCESS(p + 8, 2);
    VALGRIND_MAKE_MEM_DEFINED_IF_ADDRESSABLE(p, 16);
    if (p[15])
        sink = 1;
    if (VALGRIND_CHECK_MEM_IS_ADDRESSABLE(p, 16) != (unsigned long)(p + 8)) // expect: Unaddressable byte(s) found during client check request
        return 6;
    VALGRIND_DISABLE_ADDR_ERROR_REPORTING_IN_RANGE(p + 8, 1);
    p[8] = 1;
    p[9] = 1;                      // expect: Invalid write of size 1
    VALGRIND_ENABLE_ADDR_ERROR_REPORTING_IN_RANGE(p + 8, 1);
    p[8] = 1;                      // expect: Invalid write of size 1
    free(p);
    return 0;
}
