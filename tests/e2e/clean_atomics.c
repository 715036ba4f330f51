/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2
// build: gcc -O0 -mcx16
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    _Atomic int a = 5; _Atomic long *p = calloc(1, 8); _Atomic unsigned char c = 3; int e = 5;
    atomic_fetch_add(&a, 3); atomic_fetch_or(p, 0x100); atomic_exchange(&c, 9); int ok = atomic_compare_exchange_strong(&a, &e, 1); e = 8; ok += atomic_compare_exchange_strong(&a, &e, 77);
    printf("%d %ld %d %d %d\n", a, *p, c, e, ok);
    long r; __asm__("lock xaddq %0, %1" : "=r"(r), "+m"(*p) : "0"(5L)); unsigned char bit; __asm__("lock btsl $3, %1; setc %0" : "=r"(bit), "+m"(a)); printf("%ld %ld %d %d\n", r, *p, bit, a);
    free(p); return 0;
}
