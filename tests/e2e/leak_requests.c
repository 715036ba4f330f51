/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// differs: since valgrind 3.20 the line says `in new loss record`, as here
// options: --leak-check=summary
// log: 10 (+10) bytes in 1 (+1) blocks are definitely lost in *loss record 1 of 1
#include <stdlib.h>
#include "valgrind/memcheck.h"
void *volatile p;
int main(void)
{
    unsigned long leaked, dubious, reachable, suppressed;
    p = malloc(10);                    // expect: 10 (+10) bytes in 1 (+1) blocks are definitely lost in
    p = 0;
    VALGRIND_DO_ADDED_LEAK_CHECK;
    VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed);
    if (leaked != 10 || dubious || reachable || suppressed)
        return 1;
    p = malloc(20);
    VALGRIND_DO_QUICK_LEAK_CHECK;
    VALGRIND_COUNT_LEAK_BLOCKS(leaked, dubious, reachable, suppressed);
    if (leaked != 1 || dubious || reachable != 1 || suppressed)
        return 2;
    free(p);
    return 0;
}
