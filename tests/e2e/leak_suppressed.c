/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --leak-check=full --undef-value-errors=no
// log: definitely lost: 77 bytes in 1 blocks
// log: ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 0 from 0)
#include <stdlib.h>
int main(void)
{
    int *u = malloc(8);
    if (*u)                            /* not reported */
        u[1] = 1;
    free(u);
    void *volatile p = malloc(77);     // expect: 77 bytes in 1 blocks are definitely lost in loss record 1 of 1
    p = 0;
    return 0;
}
