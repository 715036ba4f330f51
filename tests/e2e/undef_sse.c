/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Definedness through vector registers, lane by lane. */
// build: gcc -O1
// build: gcc -O1 -mavx2
#include <stdlib.h>
#include <immintrin.h>
volatile int sink;
__attribute__((noinline)) static void test(volatile int *r)
{
    if (r[0] == 11)
        sink = 1;
    if (r[2] == 13)            // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
}
int main(void)
{
    int *p = aligned_alloc(16, 16);
    int *r = aligned_alloc(16, 16);
    p[0] = 1; p[1] = 2; p[3] = 4;
    __m128i a = _mm_load_si128((__m128i *)p), b = _mm_set1_epi32(10);
    _mm_store_si128((__m128i *)r, _mm_add_epi32(a, b));
    test(r);
    free(p); free(r);
    return 0;
}
