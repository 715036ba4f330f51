/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all
// log: definitely lost: 10 bytes in 1 blocks
// log: indirectly lost: 20 bytes in 1 blocks
// log: possibly lost: 30 bytes in 1 blocks
// log: still reachable: 40 bytes in 1 blocks
// log: suppressed: 0 bytes in 0 blocks
// log: in use at exit: 100 bytes in 4 blocks
#include <stdlib.h>
char *reachable, *inside;
void **start;
int main(void)
{
    reachable = malloc(40);            // expect: 40 bytes in 1 blocks are still reachable in loss record
    inside = malloc(30);               // expect: 30 bytes in 1 blocks are possibly lost in loss record
    inside += 8;
    start = malloc(10);                // expect: 30 (10 direct, 20 indirect) bytes in 1 blocks are definitely lost in loss record
    *start = malloc(20);               // expect: 20 bytes in 1 blocks are indirectly lost in loss record
    start = 0;
    return 0;
}
