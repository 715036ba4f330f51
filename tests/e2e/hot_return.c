/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O1
// build: clang -O1
/* Hot code guesses where a return leads that it has no call of.  Here the returns lead to two places in turn, and are a
 * block's first instruction, too. */
#include <stdio.h>

__asm__(".text\n"
        "plain: lea 1(%rdi), %rax\n\tret\n"
        "alone: lea 2(%rdi), %rax\n\tjmp 1f\n\t.p2align 4\n1:\tret\n"
        "pops: push %rbx\n\tlea 3(%rdi), %rbx\n\tmov %rbx, %rax\n\tpop %rbx\n\tret $0\n");
long plain(long), alone(long), pops(long);

__attribute__((noinline)) static long first(long (*f)(long), long x) { return f(x) + 5; }
__attribute__((noinline)) static long second(long (*f)(long), long x) { return f(x) ^ 9; }

int main(void)
{
    long (*all[])(long) = { plain, alone, pops };
    for (int k = 0; k < 3; k++) {
        long a = 0, b = 0;
        for (long i = 0; i < 40000; i++) {
            a = (a + first(all[k], i)) & 0xffffff;
            b = (b + (i % 3 ? second(all[k], i) : first(all[k], i))) & 0xffffff;
        }
        printf("%ld %ld\n", a, b);
    }
    return 0;
}
