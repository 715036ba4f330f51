/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// native: no
#include <stdlib.h>
#include <string.h>
volatile size_t sink;
static char *fresh(void) { return malloc(8); }
int main(void)
{
    char *q = calloc(1, 64);
    sink = strnlen(fresh(), 8);            // expect: Conditional jump or move depends on uninitialised value(s)
    sink = strncmp(fresh(), "abc", 3);     // expect: Conditional jump or move depends on uninitialised value(s)
    sink = memcmp(fresh(), q, 8);          // expect: Conditional jump or move depends on uninitialised value(s)
    sink = (size_t)memchr(fresh(), 'x', 8); // expect: Conditional jump or move depends on uninitialised value(s)
    strncpy(q, fresh(), 8);                // expect: Conditional jump or move depends on uninitialised value(s)
    memcpy(q, fresh(), 8);
    memmove(q + 8, q, 8);
    memset(q, 0, 8);
    if (q[0])
        return 1;
    if (q[9])                              // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    if (memchr("abc", 'b', 3) == 0)
        return 2;
    return 0;
}
