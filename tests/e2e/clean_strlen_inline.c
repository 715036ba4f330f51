/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Word-at-a-time and vector strlen beyond the terminator. */
// build: gcc -O1
// build: gcc -O2
// build: clang -O2
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
__attribute__((noinline, no_sanitize("all"))) static size_t word_len(const char *s)
{
    const uint64_t *w = (const uint64_t *)s;
    for (;; w++) {
        uint64_t x = *w, t = (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
        if (t) return (const char *)w - s + (__builtin_ctzll(t) >> 3);
    }
}
__attribute__((noinline)) static size_t sse_len(const char *s)
{
    for (size_t i = 0;; i += 16) {
        int m = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128((const __m128i *)(s + i)), _mm_setzero_si128()));
        if (m) return i + __builtin_ctz(m);
    }
}
int main(void)
{
    for (int n = 0; n < 40; n++) {
        char *p = aligned_alloc(16, (n + 1 + 15) / 16 * 16);
        memset(p, 'x', n); p[n] = 0;
        printf("%zu %zu %zu\n", word_len(p), sse_len(p), strlen(p));
        free(p);
    }
    return 0;
}
