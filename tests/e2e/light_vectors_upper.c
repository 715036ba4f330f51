/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSE code copies half-filled structures (mode 3 needs vector registers for their shadows) while the program has something in the
 * upper halves of all vector registers, in half of them, or in none; with flags that live over it, and rcx. */
// build: gcc -O1 -mavx2
// build: clang -O1 -mavx2
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct half { long a; char b; long c; int d; };
static unsigned long in[16][4], out[16][4];
extern long copy_all(struct half *to, const struct half *from, long n);
__asm__(".text\n"
    "copy_all:\n"
    "  lea in(%rip),%rax\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqu 32*\\n(%rax),%ymm\\n\n.endr\n"
    "  mov $77,%ecx\n"
    "1: cmp $2,%rdx\n"
    "  movdqu (%rsi),%xmm0; movdqu 16(%rsi),%xmm1; movups %xmm0,(%rdi); movups %xmm1,16(%rdi)\n"
    "  jb 2f; add $32,%rsi; add $32,%rdi; dec %rdx; jmp 1b\n"
    "2: lea out(%rip),%rax\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqu %ymm\\n,32*\\n(%rax)\n.endr\n"
    "  vzeroupper; mov %rcx,%rax; ret\n");
int main(void)
{
    enum { N = 40 };
    struct half *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    long sum = 0;
    for (int i = 0; i < N; i++) {
        x[i].a = i;
        x[i].b = 1;
        x[i].c = 3;
    }
    for (int round = 0; round < 60; round++) {
        memset(in, 0, sizeof in);
        for (int r = 0; r < 16; r++)
            for (int k = 0; k < 4; k++)
                if (k < 2 || round % 3 == 0 || (round % 3 == 1 && r % 2 == k - 2))
                    in[r][k] = 1000 * round + 10 * r + k;
        if (copy_all(y, x, N) != 77)
            puts("rcx");
        for (int r = 2; r < 16; r++)
            if (memcmp(in[r], out[r], 32))
                printf("ymm%d\n", r);
        for (int r = 0; r < 2; r++)
            if (memcmp(in[r] + 2, out[r] + 2, 16))
                printf("upper half of ymm%d\n", r);
        sum += y[N - 1].a + y[N - 1].c;
    }
    printf("%ld\n", sum);
    if (y[3].d)                 // expect: Conditional jump or move depends on uninitialised value
        puts("");
    free(x);
    free(y);
    return 0;
}
