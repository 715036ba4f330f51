/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames that end in pops before a jump to another function (which hot code follows), or with another load between the pops: what
 * was popped is not addressable afterwards, and what the function jumped to pushes is its own. */
// build: gcc -O1
// options: --hot=2
#include <stdio.h>
volatile long sink;
long good = 5;
long *ends_by_jump(long *p), *looks_between(long *p), *pops_again(long *p);
__asm__(".text\n"
    ".macro many what\n .rept 40\n \\what %rbx\n .endr\n.endm\n"
    "ends_by_jump: many push; lea 64(%rsp),%rax; many pop; jmp out\n"
    "out: push %rbx; mov (%rdi),%rcx; pop %rbx; ret\n"
    "looks_between: many push; lea 64(%rsp),%rax; pop %rbx; mov (%rdi),%rcx; .rept 30; pop %rbx; .endr; mov (%rdi),%rcx; .rept 9; pop %rbx; .endr; ret\n"
    "pops_again: many push; lea 64(%rsp),%rax; many pop; jmp again\n"
    "again: push %rcx; push %rcx; movq $3,8(%rsp); pop %rcx; mov (%rdi),%rcx; pop %rcx; add %rcx,(%rdi); ret\n");
/* So often that it is one block with what it calls; the last time the popped place is read. */
#define RUN(f) for (int i = 0; i < 40; i++) { long *p = f(&good); if (i == 39) sink = *p; }
/* Nothing but the function itself looks at its frame. */
static void run_clean(long *(*f)(long *))
{
    for (int i = 0; i < 40; i++)
        if (!f(&good))
            sink = 1;
}
int main(void)
{
    RUN(ends_by_jump)               // expect: Invalid read of size 8
    RUN(looks_between)              // expect: Invalid read of size 8
    RUN(pops_again)                 // expect: Invalid read of size 8
    run_clean(ends_by_jump);
    run_clean(looks_between);
    run_clean(pops_again);
    printf("%ld\n", good);
    return 0;
}
