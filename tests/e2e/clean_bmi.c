/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -march=haswell
// build: clang -O2 -march=haswell
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <immintrin.h>
int main(void)
{
    uint64_t *p = malloc(32); uint64_t x = 0x123456789abcdef0ull, s = 0;
    for (int i = 0; i < 4; i++) { p[i] = x; x = x * 6364136223846793005ull + 1442695040888963407ull; s += _pext_u64(p[i], 0xf0f0f0f0ull) ^ _pdep_u64(p[i], 0x0ff0ull) ^ _bzhi_u64(p[i], i * 13) ^ _blsr_u64(p[i]) ^ _blsi_u64(p[i]) ^ _andn_u64(p[i], s) ^ _tzcnt_u64(p[i]) ^ _lzcnt_u64(p[i] >> i) ^ _mm_popcnt_u64(p[i]); unsigned long long h; s += _mulx_u64(p[i], s, &h); s ^= h; }
    printf("%lx\n", s); free(p); return 0;
}
