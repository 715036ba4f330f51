/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flags passed into a function, by a direct call, while other calls go their usual way. */
#include <stdio.h>

long sum3(const long *a, const long *b, long *to);
long quiet(long x);
__asm__(".text\n"
        "quiet:\n"                   /* nobody reads flags around its calls */
        "    cmp $5, %rdi\n"
        "    jg 1f\n"
        "    lea 1(%rdi), %rdi\n"
        "1:  call twice\n"
        "    mov %rax, %rdi\n"
        "    call twice\n"
        "    ret\n"
        "twice:\n"
        "    lea (%rdi,%rdi), %rax\n"
        "    ret\n"
        "sum3:\n"                    /* two words with carry, the second by a call */
        "    mov (%rdi), %rax\n"
        "    add (%rsi), %rax\n"
        "    mov %rax, (%rdx)\n"
        "    mov $1, %ecx\n"
        "    call one\n"
        "    xor %ecx, %ecx\n"      /* the return passes none */
        "    add %rcx, %rax\n"
        "    ret\n"
        "one:\n"
        "    mov (%rdi,%rcx,8), %rax\n"
        "    adc (%rsi,%rcx,8), %rax\n" /* the caller's carry */
        "    mov %rax, (%rdx,%rcx,8)\n"
        "    mov $0, %eax\n"
        "    setc %al\n"
        "    ret\n");

int main(void)
{
    const long a[3] = { -1, -1, 5 }, b[3] = { 3, 4, 6 }, big[3] = { -1, -1, -1 };
    long to[3] = { 0 }, carry = 0, all = 0;
    for (long i = 0; i < 20000; i++)
        all += quiet(i % 11); /* hot before anybody passes flags */
    for (long i = 0; i < 20000; i++) {
        carry += sum3(i & 1 ? a : big, b, to);
        all = all * 3 + (to[0] ^ to[1] ^ to[2]) + quiet(i % 7);
    }
    printf("%ld %ld %ld %ld %ld\n", to[0], to[1], to[2], carry, all);
    return 0;
}
