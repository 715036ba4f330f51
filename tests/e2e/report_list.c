/* SPDX-License-Identifier: GPL-3.0-or-later */
// options: -s --gen-suppressions=all
// log: 1 errors in context 1 of 2:
// log: 3 errors in context 2 of 2:
// log:    Memcheck:Cond
// log:    fun:look
// log:    fun:main
// log: ERROR SUMMARY: 4 errors from 2 contexts (suppressed: 0 from 0)
/* The list at the end: rarest first, described as when it happened. */
#include <stdlib.h>
#include <string.h>
volatile int sink;
__attribute__((noinline)) static void look(const int *p)
{
    if (*p)                    // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
int main(void)
{
    char *q = malloc(10);
    for (int i = 0; i < 3; i++) {
        int *p = malloc(4);
        look(p);
        free(p);
    }
    sink = q[10];              // expect: Invalid read of size 1
    free(q);                   // aux: Address * is 0 bytes after a block of size 10 alloc'd
    return 0;
}
