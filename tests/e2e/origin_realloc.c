// SPDX-License-Identifier: GPL-3.0-or-later
/* Blocks that grow again and again, by realloc's fast way from the second round on: each byte keeps the origin of the call that
 * first made room for it, whatever is written in between. */
// build: gcc -O0
// build: gcc -O2 -fno-builtin
// options: --track-origins=yes
#include <stdlib.h>
#include <string.h>
#define APART __attribute__((noinline, noclone))
volatile int sink;
static void *volatile keep;

APART static char *first(size_t n) { return keep = malloc(n); }
APART static char *second(char *p, size_t n) { return keep = realloc(p, n); }
APART static char *third(char *p, size_t n) { return keep = realloc(p, n); }
APART static int any(const volatile char *p) { return *p & 1; }

/* What is written before the second and before the third call: nothing of it is read. */
APART static char *grow(int from1, int to1, int from2, int to2)
{
    char *p = first(24);
    memset(p + from1, 0, to1 - from1);
    p = second(p, 72);
    memset(p + from2, 0, to2 - from2);
    return third(p, 200);
}

APART static void look(int times)
{
    char *a = 0, *b = 0, *c = 0;
    for (int i = 0; i < times; i++) { /* so that paths are known */
        free(a), free(b), free(c);
        a = grow(0, 8, 32, 40);     /* both are fresh in part */
        b = grow(0, 24, 24, 40);    /* only what the second call added */
        c = grow(0, 4, 24, 72);     /* only what the first one made */
    }
    if (any(a + 16))                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(a + 64))                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ realloc
    if (any(b + 64))                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ realloc
    if (any(c + 20))                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(c + 150))               // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ realloc
    if (any(a + 4) | any(a + 36) | any(b + 30) | any(c + 2) | any(c + 50))
        sink = 1;
    c = second(c, 10);              /* shrunk, then new room where there was some before */
    memset(c, 0, 8);
    c = second(c, 60);
    if (any(c + 9))                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(c + 20))                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                   // aux: Uninitialised value was created by a heap allocation @ realloc
    free(a), free(b), free(c);
}

int main(void)
{
    look(20);
    return 0;
}
