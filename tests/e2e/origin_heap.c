// SPDX-License-Identifier: GPL-3.0-or-later
/* Origins of heap memory: nothing is written down when a block is made, so they must be found when it is read, and
 * travel with copies. */
// build: gcc -O0
// build: gcc -O2 -fno-builtin
// build: clang -O1
// options: --track-origins=yes
// differs: valgrind has no origins on stacks in heap blocks
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#define APART __attribute__((noinline, noclone))
volatile int sink;
static void *volatile keep;

APART static char *made_small(size_t n) { return keep = malloc(n); }
APART static char *made_other(size_t n) { return keep = memalign(64, n); }
APART static char *grown(char *p, size_t n) { return keep = realloc(p, n); }
APART static int any(const volatile char *p) { return *p & 1; }

APART static void copies(void)
{
    char *p = made_small(100), *q = calloc(300, 1);
    memset(p, 1, 50);
    memcpy(q + 7, p, 100);
    if (any(q + 7 + 80))       // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(q + 7 + 20) + any(q + 200) != 1)
        sink = 1;
    for (int i = 0; i < 100; i++)
        q[i + 150] = p[i];
    if (any(q + 150 + 90))     // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ malloc
    free(p);
    free(q);
}

APART static void reallocs(size_t n)
{
    char *p = made_small(n);
    memset(p, 1, n / 2);
    p = grown(p, n + 100);
    if (any(p + n / 2))        // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(p + n - 1))        // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ malloc
    if (any(p + n + 4))        // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ realloc
    if (any(p + n + 99))       // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ realloc
    if (!any(p + n / 2 - 1))
        sink = 1;
    free(p);
}

/* The same slot again and again: the origin is that of the block that lives there now. */
APART static void reuse(void)
{
    for (int i = 0; i < 100; i++) {
        char *p = made_small(40 << 10);
        ((volatile char *)p)[1] = p[64]; /* somebody has looked at it */
        free(p);
        keep = NULL;
    }
    for (int i = 0; i < 1000; i++)
        free(made_small(40 << 10));
    char *p = made_other(40 << 10);
    if (any(p + 64))           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ memalign
    free(p);
}

/* A stack in a block: what a frame left undefined is the frame's, what no frame has reached yet the block's. */
static ucontext_t main_context, coroutine;
static char *stack;
APART static void on_block(void)
{
    volatile char x[300];
    __asm__ volatile("" ::"r"(x) : "memory");
    if (any(x + 100))          // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a stack allocation @ on_block
    if (any(stack + 4000))     // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a heap allocation @ memalign
    sink = x[100] = 1;
}
APART static void coroutines(void)
{
    enum { SIZE = 64 << 10 };
    stack = made_other(SIZE);
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = SIZE;
    coroutine.uc_link = &main_context;
    makecontext(&coroutine, on_block, 0);
    swapcontext(&main_context, &coroutine);
    free(stack);
}

int main(void)
{
    copies();
    reallocs(60);
    reallocs(10000);
    reallocs(3 << 20);
    reuse();
    coroutines();
    return 0;
}
