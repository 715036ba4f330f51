/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// log: Rerun with --leak-check=full to see details of leaked memory
// log: definitely lost: 3,000 bytes in 3 blocks
// log: ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)
#include <stdlib.h>
int main(void)
{
    void *volatile p;
    for (int i = 0; i < 3; i++)
        p = malloc(1000);
    p = 0;
    return 0;
}
