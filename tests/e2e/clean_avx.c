/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -mavx2 -mfma
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    float *f = aligned_alloc(32, 256); int *k = aligned_alloc(32, 256); for (int i = 0; i < 64; i++) { f[i] = i; k[i] = i * 5; }
    __m256 a = _mm256_load_ps(f), b = _mm256_loadu_ps(f + 3), c = _mm256_fmadd_ps(a, b, a); __m256i x = _mm256_load_si256((__m256i *)k), y = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0));
    y = _mm256_add_epi32(_mm256_shuffle_epi8(y, _mm256_set1_epi8(4)), _mm256_i32gather_epi32(k, _mm256_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15), 4)); __m256i m = _mm256_cmpgt_epi32(y, x);
    _mm256_store_ps(f, c); _mm256_store_si256((__m256i *)k, y); printf("%f %f %d %d %x\n", f[3], f[7], k[2], k[7], _mm256_movemask_epi8(m)); _mm256_maskstore_epi32(k + 8, m, y); printf("%d\n", k[9]); free(f); free(k); return 0;
}
