/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a longer translation knows of memory that it has checked or pushed ends where a frame does: each function reads
 * a place, takes its frame down, and reads it again in the same block, by rsp, by rbp, or by a pointer.  (Frames of more than
 * 128 bytes: of the last 128 above a return nothing is said before it.) */
// build: gcc -O1
// options: --hot=2
// differs: valgrind does not make fresh what an addition to rsp and a subtraction right after it give back and take again
#include <stdio.h>
volatile long sink;
long good = 5;
extern long popped_by_rsp(long n), popped_by_rbp(long n), popped_in_callee(long n), regrown(long n),
    regrown_by_pointer(long n), regrown_by_rbp(long n), zone_over_call(long n), zone_after_return(long n), zone_twice(long n),
    zone_in_callee(long n), grown_over(long n);
extern long popped_by_add(long n), popped_by_leave(long n);
extern long kept(long n), kept_rbp(long n), kept_zone(long n), pushed_over(long n);
__asm__(".text\n"
    "popped_by_rsp: sub $256,%rsp; movq $3,8(%rsp); mov 8(%rsp),%rax; add $256,%rsp; mov -248(%rsp),%rax; ret\n"
    "popped_by_rbp: push %rbp; mov %rsp,%rbp; sub $256,%rsp; movq $7,-248(%rbp); mov -248(%rbp),%rax; add $256,%rsp\n"
    "  mov -248(%rbp),%rax; pop %rbp; ret\n"
    "local: push $6; mov %rsp,%rdx; mov (%rdx),%rax; pop %rcx; ret\n"
    "popped_in_callee: sub $8,%rsp; call local; mov (%rdx),%rax; add $8,%rsp; ret\n"
    "regrown: sub $256,%rsp; movq $1,8(%rsp); mov 8(%rsp),%rax; add $256,%rsp; sub $256,%rsp; mov 8(%rsp),%rax; add $256,%rsp; ret\n"
    "regrown_by_pointer: sub $256,%rsp; lea 8(%rsp),%rdx; movq $1,(%rdx); mov (%rdx),%rax; add $256,%rsp; sub $256,%rsp; mov (%rdx),%rax\n"
    "  add $256,%rsp; ret\n"
    "regrown_by_rbp: push %rbp; mov %rsp,%rbp; sub $256,%rsp; movq $1,-248(%rbp); mov -248(%rbp),%rax; add $256,%rsp; sub $256,%rsp\n"
    "  mov -248(%rbp),%rax; leave; ret\n"
    "empty: ret\n"
    "zone_over_call: movq $9,-64(%rsp); lea -64(%rsp),%rdx; mov (%rdx),%rax; call empty; mov (%rdx),%rax; ret\n"
    "zone: movq $9,-64(%rsp); lea -64(%rsp),%rdx; mov (%rdx),%rax; ret\n"
    "zone_after_return: call empty; call zone; mov (%rdx),%rax; ret\n"
    "zone_by_rsp: movq $9,-64(%rsp); mov -64(%rsp),%rax; ret\n"
    "zone_twice: call empty; call zone_by_rsp; call empty; mov -72(%rsp),%rax; ret\n"
    "reader: mov (%rdx),%rax; ret\n"
    "zone_in_callee: movq $9,-64(%rsp); lea -64(%rsp),%rdx; mov (%rdx),%rax; call reader; ret\n"
    /* a stack of the program's own, defined below rsp until it grows there: a new one for n == 0 */
    "grown_over: push %rbp; mov %rsp,%rbp; lea area+4096(%rip),%rax; lea area+8192(%rip),%rcx; test %rdi,%rdi; cmovz %rcx,%rax; mov %rax,%rsp\n"
    "  jmp 1f; 1: lea -200(%rsp),%rdx; mov (%rdx),%rax; sub $256,%rsp; mov (%rdx),%rax; mov %rbp,%rsp; pop %rbp; ret\n"
    /* the pointer is into the frame for n == 0 only */
    "popped_by_add: sub $256,%rsp; movq $3,8(%rsp); lea 8(%rsp),%rdx; test %rdi,%rdi; cmovnz good_at(%rip),%rdx; mov (%rdx),%rax\n"
    "  add $256,%rsp; mov (%rdx),%rax; ret\n"
    "popped_by_leave: .cfi_startproc; push %rbp; .cfi_def_cfa_offset 16; .cfi_offset 6, -16; mov %rsp,%rbp; .cfi_def_cfa_register 6\n"
    "  sub $256,%rsp; movq $3,8(%rsp); lea 8(%rsp),%rdx; test %rdi,%rdi; cmovnz good_at(%rip),%rdx; mov (%rdx),%rax\n"
    "  leave; .cfi_def_cfa 7, 8; mov (%rdx),%rax; ret; .cfi_endproc\n"
    /* no errors */
    "kept: push $4; push $5; sub $8,%rsp; call empty; mov 8(%rsp),%rcx; call empty; add $8,%rsp; pop %rax; pop %rdx\n"
    "  add %rdx,%rax; add %rcx,%rax; ret\n"
    "kept_rbp: push %rbp; mov %rsp,%rbp; push $7; push $8; call empty; mov -8(%rbp),%rax; add -16(%rbp),%rax; pop %rcx\n"
    "  add -8(%rbp),%rax; add %rcx,%rax; leave; ret\n"
    "kept_zone: call empty; movq $2,-40(%rsp); mov -40(%rsp),%rax; push $3; pop %rcx; add %rcx,%rax; ret\n"
    "pushed_over: sub $16,%rsp; movq $1,8(%rsp); mov 8(%rsp),%rax; add $16,%rsp; push $11; mov (%rsp),%rax; pop %rcx; ret\n");
long *good_at = &good;
char area[8192];

/* So often that it is one block with what it calls. */
static void warm(long (*f)(long))
{
    for (long n = 40; n >= 1; n--)
        sink = f(n);                // expect: Invalid read of size 8
}

static long sum(long (*f)(long))
{
    long sum = 0;
    for (long n = 40; n >= 1; n--)
        sum += f(n);
    return sum;
}

int main(void)
{
    warm(popped_by_rsp), warm(popped_by_rbp), warm(popped_in_callee), warm(regrown);
    warm(regrown_by_pointer), warm(regrown_by_rbp), warm(zone_over_call), warm(zone_after_return), warm(zone_twice);
    warm(zone_in_callee), warm(grown_over);
    warm(popped_by_add), warm(popped_by_leave);
    sink = popped_by_rsp(0);        // expect: Invalid read of size 8
    sink = popped_by_rbp(0);        // expect: Invalid read of size 8
    if (popped_in_callee(0) == 1)   // expect: Conditional jump
        puts("1");
    if (regrown(0) == 77)           // expect: Conditional jump
        puts("2");
    if (regrown_by_pointer(0) == 2) // expect: Conditional jump
        puts("3");
    if (regrown_by_rbp(0) == 2)     // expect: Conditional jump
        puts("4");
    if (zone_over_call(0) == 1)     // expect: Conditional jump
        puts("5");
    if (zone_after_return(0) == 1)  // expect: Conditional jump
        puts("6");
    if (zone_twice(0) == 1)         // expect: Conditional jump
        puts("7");
    if (zone_in_callee(0) == 1)     // expect: Conditional jump
        puts("a");
    if (grown_over(0) == 1)         // expect: Conditional jump
        puts("b");
    sink = popped_by_add(0);        // expect: Invalid read of size 8
    sink = popped_by_leave(0);      // expect: Invalid read of size 8
    printf("%ld %ld %ld %ld\n", sum(kept), sum(kept_rbp), sum(kept_zone), sum(pushed_over));
    return 0;
}
