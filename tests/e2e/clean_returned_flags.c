/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assembly that hands its result over in flags: the carry and others survive pops, loads, returns and indirect jumps, in
 * code that is hot, too. */
#include <stdio.h>

long helper(long x, long *p);
long dispatch(long n, long *p);
__asm__(".text\n"
        "carry_if_odd:\n"            /* rdi odd: CF; loads after the flags are made */
        "    push %rbx\n"
        "    push %rbp\n"
        "    mov %rsi, %rbx\n"
        "    bt $0, %rdi\n"
        "    mov (%rbx), %rax\n"
        "    jmp 1f\n"
        "1:  pop %rbp\n"
        "    pop %rbx\n"
        "    ret\n"
        "signs:\n"                   /* cmp's flags */
        "    cmp $10, %rdi\n"
        "    mov (%rsi), %rax\n"
        "    ret\n"
        "helper:\n"
        "    push %r12\n"
        "    xor %r12d, %r12d\n"
        "    call carry_if_odd\n"
        "    adc $100, %r12\n"       /* reads the carry at once */
        "    call carry_if_odd\n"
        "    mov %rax, %rdx\n"
        "    jc 1f\n"
        "    add $1000, %r12\n"
        "1:  call signs\n"
        "    jg 2f\n"
        "    add $10000, %r12\n"
        "2:  lea (%r12,%rdx), %rax\n"
        "    pop %r12\n"
        "    ret\n"
        "dispatch:\n"               /* an interpreter whose flags survive its indirect jumps */
        "    lea 1f(%rip), %rdx\n"
        "    xor %eax, %eax\n"
        "2:  cmp $5000, %rdi\n"     /* carry: below */
        "    mov (%rsi), %rcx\n"
        "    jmp *%rdx\n"
        "1:  adc %rcx, %rax\n"      /* reads it */
        "    dec %rdi\n"
        "    jnz 2b\n"
        "    ret\n");

int main(void)
{
    long v = 7, sum = 0;
    for (long i = 0; i < 20000; i++)
        sum = sum * 3 + helper(i % 23, &v);
    printf("%ld %ld %ld %ld\n", helper(4, &v), helper(5, &v), helper(12, &v), sum);
    printf("%ld\n", dispatch(12000, &v));
    return 0;
}
