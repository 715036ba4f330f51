/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks and shifts of partly defined words. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static void set8(uint8_t *p, int i) { p[i] = i; }
int main(void)
{
    uint64_t *w = malloc(8);
    for (int i = 0; i < 8; i += 2) set8((uint8_t *)w, i);
    uint64_t m = *w & 0x00ff00ff00ff00ffull, o = *w | 0xff00ff00ff00ff00ull;
    uint32_t hi = (uint32_t)((*w >> 32) & 0xff), sw = __builtin_bswap32((uint32_t)*w) >> 24;
    uint64_t r = ((*w << 8) | (*w >> 56)) & 0xff00, e = (*w ^ *w);
    if (m == 0x0006000400020000ull && o != 1 && hi == 4 && sw == 0 && r == 0 && e == 0) puts("ok");
    printf("%lx %lx %x\n", m, o, (unsigned)(uint8_t)*w);
    free(w);
    return 0;
}
