/* SPDX-License-Identifier: GPL-3.0-or-later */
// options: --leak-check=full
// log: Reachable blocks (those to which a pointer was found) are not shown.
// log: To see them, rerun with: --leak-check=full --show-leak-kinds=all
// log: ERROR SUMMARY: 2 errors from 2 contexts (suppressed: 0 from 0)
#include <stdlib.h>
#include <string.h>
char *keep;
static void *make(int n) { return memset(malloc(n), 0, n); } // expect: 1,234 bytes in 1 blocks are definitely lost in loss record
static void clear(void) { volatile char stack[4096]; memset((char *)stack, 0, sizeof stack); }
int main(void)
{
    keep = make(7);
    make(1234);
    for (int i = 0; i < 3; i++)
        strdup("three");               // expect: 18 bytes in 3 blocks are definitely lost in loss record
    clear();
    return 0;
}
