/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies below the red zone, or was a red zone before its function returned to others. */
// build: gcc -O0
// build: gcc -O2 -fno-optimize-sibling-calls
volatile int sink;
extern long zone_below(void), zone_write_below(void), *zone_dangling(void);
__asm__(".text\n"
    "zone_below: mov -136(%rsp),%rax; ret\n"
    "zone_write_below: movq $1,-136(%rsp); xor %eax,%eax; ret\n"
    "zone_dangling: movq $1,-96(%rsp); lea -96(%rsp),%rax; ret\n");
__attribute__((noinline)) static long *outer(void)
{
    volatile char frame[200];
    frame[3] = 1;
    return zone_dangling();
}
int main(void)
{
    zone_below();                 // expect: Invalid read of size 8
    zone_write_below();           // expect: Invalid write of size 8
    sink = *outer();              // expect: Invalid read of size 8
    return 0;
}
