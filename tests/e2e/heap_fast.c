/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks that are made and freed along paths that memcheck knows by then (memcheck/heap_fast.c): what is said of them
 * afterwards is the same as of any. */
// native: no
#include <stdlib.h>
#include <string.h>

enum { WARM = 300 };
static char *volatile last;
static volatile char last_read;

static __attribute__((noinline)) char *make(size_t n)
{
    char *p = malloc(n);
    last = p;
    return p;
}

static __attribute__((noinline)) void drop(char *p)
{
    free(p);                   // expect: Invalid free() / delete / delete[] / realloc()
                               // aux: Address * is 0 bytes inside a block of size 33 free'd @ free
                               // aux: Block was alloc'd at @ malloc
    last = NULL;
}

static __attribute__((noinline)) int *make_zero(size_t n)
{
    int *p = calloc(n, sizeof *p);
    last = (char *)p;
    return p;
}

int main(void)
{
    char *kept = NULL, *grown = malloc(8);
    memset(grown, 'x', 8);
    int *zeros = NULL;
    for (int i = 0; i < WARM; i++) {
        kept = make(33);
        if (i < WARM - 1)
            drop(kept);
        zeros = make_zero(5);
        for (int k = 0; k < 5; k++)
            if (zeros[k])
                return 1;
        memset(zeros, 0xff, 20);
        if (i < WARM - 1)
            free(zeros);
        char *next = realloc(grown, 8 + (i & 63)); /* to and fro */
        if (next == grown || memcmp(next, "xxxxxxxx", 8))
            return 2;
        grown = next;
    }
    kept[33] = 1;              // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes after a block of size 33 alloc'd @ malloc
    if (kept[3] == 7)          // expect: Conditional jump or move depends on uninitialised value(s)
        return 3;
    drop(kept);
    last_read = *kept;         // expect: Invalid read of size 1
                               // aux: Address * is 0 bytes inside a block of size 33 free'd @ free
    drop(kept);
    zeros[5] = 1;              // expect: Invalid write of size 4
                               // aux: Address * is 0 bytes after a block of size 20 alloc'd @ calloc
    free(zeros);
    free(grown);
    return 0;
}
