/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_direct: see strings_direct.h.  nagrind runs on processors with AVX2 only. */
#include <immintrin.h>
#include "strings_direct.h"

#define AVX2 __attribute__((target("avx2")))
enum { VECTOR = 32, PAGE = 4096, SHORT = 64 };

static bool in_client(guest_addr a, size_t n) { return ng_in_client(a) && n <= ng_strip_size - a; }
static bool crosses_page(guest_addr a, size_t n) { return (a & (PAGE - 1)) + n > PAGE; }
static bool overlaps(guest_addr a, guest_addr b, size_t n) { return a < b + n && b < a + n; }

static inline uint64_t word(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t half(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline AVX2 __m256i vector(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }

static inline AVX2 bool long_is_zero(const uint8_t *p, size_t n)
{
    const uint8_t *const last = p + n - VECTOR;
    __m256i all = vector(last);
    for (; p + 4 * VECTOR <= last; p += 4 * VECTOR) {
        const __m256i a = _mm256_or_si256(vector(p), vector(p + VECTOR));
        const __m256i b = _mm256_or_si256(vector(p + 2 * VECTOR), vector(p + 3 * VECTOR));
        all = _mm256_or_si256(all, _mm256_or_si256(a, b));
        if (!_mm256_testz_si256(all, all))
            return false;
    }
    for (; p < last; p += VECTOR)
        all = _mm256_or_si256(all, vector(p));
    return _mm256_testz_si256(all, all);
}

/* Are n > 0 bytes at a addressable and defined? */
static inline AVX2 bool is_clean(guest_addr a, size_t n)
{
    const uint8_t *p = ng_v(a);
    if (n >= VECTOR)
        return long_is_zero(p, n);
    if (n >= 16)
        return !(word(p) | word(p + 8) | word(p + n - 16) | word(p + n - 8));
    if (n >= 8)
        return !(word(p) | word(p + n - 8));
    if (n >= 4)
        return !(half(p) | half(p + n - 4));
    return !(p[0] | p[n / 2] | p[n - 1]);
}

/* ---- looking ---- */

static inline AVX2 uint32_t matches(const uint8_t *p, __m256i value, bool nul)
{
    const __m256i v = *(const __m256i *)p;
    __m256i found = _mm256_cmpeq_epi8(v, value);
    if (nul)
        found = _mm256_or_si256(found, _mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
    return (uint32_t)_mm256_movemask_epi8(found);
}

/* By aligned vectors, which lie in one page. */
static inline AVX2 size_t find(const uint8_t *a, size_t max, uint8_t value, bool nul)
{
    const __m256i wanted = _mm256_set1_epi8((char)value);
    const size_t skip = (uintptr_t)a & (VECTOR - 1);
    uint32_t found = matches(a - skip, wanted, nul) >> skip;
    size_t at = 0;
    if (!found)
        for (at = VECTOR - skip; at < max && !(found = matches(a + at, wanted, nul));)
            at += VECTOR;
    at += found ? (size_t)__builtin_ctz(found) : 0;
    return at < max ? at : max;
}

AVX2 bool direct_find(struct x86_state *s, guest_addr a, size_t max, uint8_t value, bool nul, size_t *at)
{
    if (!ng_in_client(a) || max == 0 || !ng_direct_begin(s))
        return false;
    const size_t room = ng_strip_size - a, limit = max < room ? max : room;
    const size_t k = find((const uint8_t *)a, limit, value, nul);
    const bool good = (k < limit || limit == max) && is_clean(a, k < limit ? k + 1 : limit);
    ng_direct_end(s);
    *at = k;
    return good;
}

/* How many bytes are used, up to and with the one that decides. */
static inline AVX2 size_t compare(const uint8_t *p, const uint8_t *q, size_t max, bool nul, int *order)
{
    size_t i = 0;
    *order = 0;
    while (i < max) {
        uint32_t decides, n = VECTOR;
        if (crosses_page((guest_addr)(p + i), VECTOR) || crosses_page((guest_addr)(q + i), VECTOR)) {
            n = 1;
            decides = p[i] != q[i] || (nul && p[i] == 0);
        } else {
            const __m256i v = vector(p + i);
            decides = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, vector(q + i)));
            if (nul)
                decides |= (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
        }
        if (decides) {
            i += (size_t)__builtin_ctz(decides);
            if (i >= max)
                break;
            *order = p[i] - q[i];
            return i + 1;
        }
        i += n;
    }
    return max;
}

AVX2 bool direct_compare(struct x86_state *s, guest_addr a, guest_addr b, size_t max, bool nul, int *order)
{
    const guest_addr later = a > b ? a : b;
    if (!ng_in_client(later) || max == 0 || !ng_direct_begin(s))
        return false;
    const size_t room = ng_strip_size - later, limit = max < room ? max : room;
    const size_t used = compare((const uint8_t *)a, (const uint8_t *)b, limit, nul, order);
    const bool good = (limit == max || used < limit) && is_clean(a, used) && is_clean(b, used);
    ng_direct_end(s);
    return good;
}

/* ---- writing ---- */

/* All is read before anything is written. */
static inline AVX2 void copy_short(uint8_t *to, const uint8_t *from, size_t n)
{
    if (n >= 32) {
        const __m256i a = vector(from), b = vector(from + n - 32);
        _mm256_storeu_si256((__m256i *)to, a);
        _mm256_storeu_si256((__m256i *)(to + n - 32), b);
    } else if (n >= 16) {
        const __m128i a = _mm_loadu_si128((const __m128i *)from), b = _mm_loadu_si128((const __m128i *)(from + n - 16));
        _mm_storeu_si128((__m128i *)to, a);
        _mm_storeu_si128((__m128i *)(to + n - 16), b);
    } else if (n >= 8) {
        const uint64_t a = word(from), b = word(from + n - 8);
        memcpy(to, &a, 8);
        memcpy(to + n - 8, &b, 8);
    } else if (n >= 4) {
        const uint32_t a = half(from), b = half(from + n - 4);
        memcpy(to, &a, 4);
        memcpy(to + n - 4, &b, 4);
    } else {
        const uint8_t a = from[0], b = from[n / 2], c = from[n - 1];
        to[0] = a;
        to[n / 2] = b;
        to[n - 1] = c;
    }
}

AVX2 bool direct_copy(struct x86_state *s, guest_addr to, guest_addr from, size_t n)
{
    if (n == 0 || !in_client(to, n) || !in_client(from, n))
        return false;
    /* A fault in the middle must leave what a second try needs. */
    if (overlaps(to, from, n) && (n > SHORT || crosses_page(to, n)))
        return false;
    if (!ng_direct_begin(s))
        return false;
    const bool good = is_clean(from, n) && is_clean(to, n);
    if (good && n <= SHORT)
        copy_short((uint8_t *)to, (const uint8_t *)from, n);
    else if (good)
        memcpy((void *)to, (const void *)from, n);
    ng_direct_end(s);
    return good;
}

AVX2 bool direct_fill(struct x86_state *s, guest_addr to, size_t n, uint8_t byte)
{
    if (n == 0 || !in_client(to, n) || !ng_direct_begin(s))
        return false;
    const bool good = is_clean(to, n);
    if (good)
        memset((void *)to, byte, n);
    ng_direct_end(s);
    return good;
}
