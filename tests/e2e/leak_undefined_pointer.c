/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pointer below the stack pointer, in freed memory or in registers of the past holds nothing. */
// build: gcc -O0
// native: no
// options: --leak-check=full
#include <stdlib.h>
#include <string.h>
static void *volatile sink;
static void __attribute__((noinline)) deep(void)
{
    void *volatile here[20];
    here[10] = malloc(111);            // expect: 111 bytes in 1 blocks are definitely lost in loss record
    void **holder = malloc(8);
    *holder = malloc(222);             // expect: 222 bytes in 1 blocks are definitely lost in loss record
    sink = holder;
    free(holder);
    sink = 0;
}
static void __attribute__((noinline)) clear(void) { volatile char a[2000]; memset((char *)a, 0, sizeof a); }
int main(void)
{
    deep();
    clear();
    return 0;
}
