/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stores to the frame are not looked at as long as all of a stack above rsp is addressable.  First so; then the program makes a
 * part of its frame inaccessible, or goes on in a heap block and stores behind its end: by rsp, as to the frame. */
// build: gcc -O1 -fno-omit-frame-pointer
// build: clang -O1
// options: --hot=2
// differs: valgrind does not unwind out of a stack that is a heap block
#include <stdio.h>
#include <stdlib.h>
#include "valgrind/memcheck.h"
enum { SIZE = 4096 };
volatile int sink;

__attribute__((noinline)) static void store(void)
{
    char frame[256];
    __asm__ volatile("" : : "r"(frame) : "memory");
    __asm__ volatile("movq $1, 40(%%rsp); movq 40(%%rsp), %%rax" : : : "rax", "memory");
}

__attribute__((noinline)) static void store_to_hole(int make)
{
    char frame[256], *sp;
    __asm__ volatile("mov %%rsp, %0" : "=r"(sp) : "r"(frame));
    if (make)
        VALGRIND_MAKE_MEM_NOACCESS(sp + 40, 8);
    __asm__ volatile("movq $1, 40(%%rsp)" : : : "memory");     // expect: Invalid write of size 8
    VALGRIND_MAKE_MEM_UNDEFINED(sp + 40, 8);
    __asm__ volatile("movl $1, 40(%%rsp)" : : : "memory");
    __asm__ volatile("cmpl $0, 40(%%rsp); jne 1f; nop; 1:" : : : "cc", "memory");
    __asm__ volatile("cmpl $0, 44(%%rsp); jne 1f; nop; 1:" : : : "cc", "memory"); // expect: Conditional jump or move depends on uninitialised value
}

/* On a stack of its own that ends at top: stores to its last word, and behind it. */
#define ABOVE "mov %%rsp, %%rbx; mov %0, %%rsp; jmp 2f; 2: sub $64, %%rsp; movq $1, 56(%%rsp); movq $1, 64(%%rsp); mov %%rbx, %%rsp"
__attribute__((noinline)) static void store_above(char *top, int really)
{
    if (really)
        __asm__ volatile(ABOVE : : "r"(top) : "rbx", "memory"); // expect: Invalid write of size 8
                                                               // aux: Address * is 0 bytes after a block of size 4,096 alloc'd
}

int main(void)
{
    for (int i = 0; i < 50; i++)
        store();
    for (int i = 0; i < 50; i++)
        store_to_hole(i == 49);
    char *stack = malloc(SIZE);
    store_above(stack + SIZE, 0);
    store_above(stack + SIZE, 1);
    free(stack);
    puts("done");
    return 0;
}
