/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gathers: elements have the definedness of what they load; masked ones are not loaded. */
// build: gcc -O1 -mavx2
// native: no
// exit: 0
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#include "valgrind/memcheck.h"

/* 1: the undefined elements of the 4 * n bytes at p are not those of `expected`, a bit each. */
static int wrong(const void *p, int n, unsigned expected)
{
    unsigned v[8], bits = 0;
    VALGRIND_GET_VBITS(p, v, 4 * n);
    for (int i = 0; i < n; i++)
        bits |= (v[i] != 0) << i;
    return bits != expected;
}

int main(void)
{
    int *p = malloc(64 * sizeof *p), bad = 0;
    long long out[4];
    for (int i = 0; i < 64; i++)
        if (i != 7)
            p[i] = 3 * i;
    const __m256i far = _mm256_setr_epi32(0, 5, 7, 9, 1 << 29, 11, 12, 13), on = _mm256_setr_epi32(-1, -1, -1, -1, 0, -1, -1, -1);
    const __m256i quads = _mm256_setr_epi64x(1, 7, 3, 4);
    _mm256_storeu_si256((void *)out, _mm256_mask_i32gather_epi32(_mm256_set1_epi32(77), p, far, on, 4));
    bad |= wrong(out, 8, 1 << 2) || ((int *)out)[4] != 77;
    _mm256_storeu_si256((void *)out, _mm256_i64gather_epi64((long long *)p, _mm256_setr_epi64x(1, 2, 3, 4), 8));
    bad |= wrong(out, 8, 1 << 5);
    _mm_storeu_si128((void *)out, _mm256_i64gather_epi32(p, quads, 4));
    bad |= wrong(out, 4, 1 << 1);
    _mm_storeu_ps((void *)out, _mm256_i64gather_ps((float *)p, quads, 4));
    bad |= wrong(out, 4, 1 << 1);
    _mm_storeu_si128((void *)out, _mm_i64gather_epi32(p, _mm256_castsi256_si128(quads), 4));
    bad |= wrong(out, 4, 1 << 1);
    _mm256_storeu_pd((void *)out, _mm256_i32gather_pd((double *)p, _mm_setr_epi32(0, 1, 2, 3), 8));
    bad |= wrong(out, 8, 1 << 7);
    free(p);
    return bad;
}
