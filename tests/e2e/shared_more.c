/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory and values that come from a shared library. */
// needs: shared lib_shared_bugs.c
// build: gcc -O0
// build: clang -O0
// native: no
// exit: 0
// options: --leak-check=full
#include <stdlib.h>
volatile int sink;
void *volatile lost;
void shared_keep(void), shared_drop(void), *shared_lose(void);
int shared_undefined(void);
int main(void)
{
    shared_keep();
    shared_drop();
    shared_drop();                 // expect: Invalid free() / delete / delete[] / realloc()
                                   // aux: Block was alloc'd at
    if (shared_undefined())        // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    lost = shared_lose();          // expect: 33 bytes in 1 blocks are definitely lost in loss record
    lost = NULL;
    return 0;
}
