/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Upper halves of ymm registers that are defined stay so through XSAVE to fresh stack memory and back. */
// build: gcc -O1 -mavx2 -mxsave
#include <immintrin.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static int through(long long seed)
{
    unsigned char area[4096] __attribute__((aligned(64)));
    long long out[4];
    memset(area + 512, 0, 64);
    __asm__ volatile("vmovq %[seed], %%xmm3\n\tvpbroadcastq %%xmm3, %%ymm3\n\t"
                     "mov $7, %%eax\n\txor %%edx, %%edx\n\txsave64 %[area]\n\t"
                     "vpxor %%ymm3, %%ymm3, %%ymm3\n\t"
                     "mov $7, %%eax\n\txor %%edx, %%edx\n\txrstor64 %[area]\n\t"
                     "vmovdqu %%ymm3, %[out]\n\tvzeroupper"
                     : [out] "=m"(out), [area] "+m"(area) : [seed] "r"(seed) : "rax", "rdx", "xmm3", "memory");
    return out[3] == seed && out[2] == seed;
}

int main(void)
{
    printf("%d\n", through(0x1234567));
    return 0;
}
