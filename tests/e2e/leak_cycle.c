/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --leak-check=full
// log: definitely lost: 64 bytes in 1 blocks
// log: indirectly lost: 192 bytes in 3 blocks
#include <stdlib.h>
struct ring { struct ring *next; char pad[56]; };
int main(void)
{
    struct ring *r[4];
    for (int i = 0; i < 4; i++)
        r[i] = calloc(1, sizeof *r[i]);     // expect: 256 (64 direct, 192 indirect) bytes in 1 blocks are definitely lost in loss record
    for (int i = 0; i < 4; i++)
        r[i]->next = r[(i + 1) % 4];
    for (int i = 0; i < 4; i++)
        r[i] = 0;
    return 0;
}
