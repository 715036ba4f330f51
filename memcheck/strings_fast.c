/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_fast: see strings_fast.h.  nagrind runs on processors with AVX2 only. */
#include <immintrin.h>
#include "strings_fast.h"

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define INLINE static inline AVX2 __attribute__((always_inline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
enum { VECTOR = 32, PAGE = 4096, SHORT = 64, UNDEFINED_MAX = 4096 /* larger shadow is for the hook, which may give it back */ };

INLINE struct ng_fast done(uint64_t value) { return (struct ng_fast){ value, 1 }; }
INLINE struct ng_fast decline(void) { return (struct ng_fast){ 0, 0 }; }

INLINE bool in_client(guest_addr a, size_t n) { return ng_in_client(a) && n <= ng_strip_size - a; }
INLINE bool crosses_page(guest_addr a, size_t n) { return (a & (PAGE - 1)) + n > PAGE; }
INLINE bool overlaps(guest_addr a, guest_addr b, size_t n) { return a - b < n || b - a < n; }

INLINE uint64_t word(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE uint32_t half(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void put_word(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }
INLINE void put_half(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
INLINE __m256i vector(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE __m128i xmm(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

/* Bits of bytes that are not zero. */
INLINE uint32_t nonzero(__m256i v)
{
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
}

/* ---- shadows of known lengths ---- */

/* Are n >= VECTOR bytes of shadow zero?  If not, the first that is not is at *at or behind it. */
INLINE bool long_is_zero(const uint8_t *p, size_t n, size_t *at)
{
    const uint8_t *const first = p, *const last = p + n - VECTOR;
    for (; p + 4 * VECTOR <= last; p += 4 * VECTOR) {
        const __m256i a = _mm256_or_si256(vector(p), vector(p + VECTOR));
        const __m256i b = _mm256_or_si256(vector(p + 2 * VECTOR), vector(p + 3 * VECTOR));
        const __m256i all = _mm256_or_si256(a, b);
        if (!_mm256_testz_si256(all, all)) {
            *at = (size_t)(p - first);
            return false;
        }
    }
    *at = (size_t)(p - first);
    __m256i all = vector(last);
    for (; p < last; p += VECTOR)
        all = _mm256_or_si256(all, vector(p));
    return _mm256_testz_si256(all, all);
}

/* The same of any n. */
INLINE bool is_zero(const uint8_t *p, size_t n, size_t *at)
{
    if (n >= VECTOR)
        return long_is_zero(p, n, at);
    *at = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Not all of the bytes from a + *at to a + *end that are about to be overwritten are defined: true if all are addressable.
 * (A genuine V byte that equals the pattern is for the hook, which knows of the side table.)  *at to
 * *end becomes what will have to be made defined.  Many are so only where the shadow stays in memory anyway: the hook may give it back. */
static AVX2 __attribute__((noinline)) bool may_overwrite(guest_addr a, size_t *at, size_t *end)
{
    const uint8_t *const p = ng_v(a);
    for (; *end - *at > VECTOR && !nonzero(vector(p + *end - VECTOR)); *end -= VECTOR)
        ;
    if (memchr(p + *at, VPAT_NOACCESS, *end - *at))
        return false;
    return *end - *at <= UNDEFINED_MAX || (heap_keeps_shadow(a + *at) && heap_keeps_shadow(a + *end - 1));
}

/* ---- the ends of up to SHORT bytes ----
 *
 * Any number of bytes from N to 2N is its first N and its last N.  The whole of a short copy or fill is done in the branch
 * for its size: programs' sizes are hard to predict, so one decision is better than one for each shadow and one for the data. */

struct ends { uint64_t low, high; };
INLINE struct ends ends8(const uint8_t *p, size_t n) { return (struct ends){ word(p), word(p + n - 8) }; }
INLINE struct ends ends4(const uint8_t *p, size_t n) { return (struct ends){ half(p), half(p + n - 4) }; }
INLINE bool zero_ends(struct ends e) { return (e.low | e.high) == 0; }
INLINE bool both_zero(struct ends e, struct ends f) { return (e.low | e.high | f.low | f.high) == 0; }

INLINE __m128i xmm_ends(const uint8_t *p, size_t n) { return _mm_or_si128(xmm(p), xmm(p + n - 16)); }
INLINE __m256i vector_ends(const uint8_t *p, size_t n) { return _mm256_or_si256(vector(p), vector(p + n - VECTOR)); }
INLINE bool xmm_is_zero(__m128i v) { return _mm_testz_si128(v, v); }
INLINE bool vector_is_zero(__m256i v) { return _mm256_testz_si256(v, v); }

/* Copies n <= SHORT bytes, all read before anything is written, if both sides are defined; else does nothing. */
INLINE bool copy_short(guest_addr to_addr, guest_addr from_addr, size_t n)
{
    uint8_t *const to = (uint8_t *)to_addr;
    const uint8_t *const from = (const uint8_t *)from_addr, *const vt = ng_v(to_addr), *const vf = ng_v(from_addr);
    if (n >= 16) {
        if (n >= 32) {
            if (!vector_is_zero(_mm256_or_si256(vector_ends(vf, n), vector_ends(vt, n))))
                return false;
            const __m256i a = vector(from), b = vector(from + n - 32);
            _mm256_storeu_si256((__m256i *)to, a);
            _mm256_storeu_si256((__m256i *)(to + n - 32), b);
            return true;
        }
        if (!xmm_is_zero(_mm_or_si128(xmm_ends(vf, n), xmm_ends(vt, n))))
            return false;
        const __m128i a = xmm(from), b = xmm(from + n - 16);
        _mm_storeu_si128((__m128i *)to, a);
        _mm_storeu_si128((__m128i *)(to + n - 16), b);
        return true;
    }
    if (n >= 8) {
        if (!both_zero(ends8(vf, n), ends8(vt, n)))
            return false;
        const struct ends a = ends8(from, n);
        put_word(to, a.low);
        put_word(to + n - 8, a.high);
        return true;
    }
    if (n >= 4) {
        if (!both_zero(ends4(vf, n), ends4(vt, n)))
            return false;
        const struct ends a = ends4(from, n);
        put_half(to, (uint32_t)a.low);
        put_half(to + n - 4, (uint32_t)a.high);
        return true;
    }
    if (n == 0)
        return true;
    if (vf[0] | vf[n / 2] | vf[n - 1] | vt[0] | vt[n / 2] | vt[n - 1])
        return false;
    const uint8_t a = from[0], b = from[n / 2], c = from[n - 1];
    to[0] = a;
    to[n / 2] = b;
    to[n - 1] = c;
    return true;
}

/* Fills n <= SHORT bytes if all are defined; else does nothing. */
INLINE bool fill_short(guest_addr a, size_t n, uint8_t byte)
{
    uint8_t *const to = (uint8_t *)a;
    const uint8_t *const vt = ng_v(a);
    const uint64_t w = byte * 0x0101010101010101ull;
    if (n >= 16) {
        if (n >= 32) {
            const __m256i v = _mm256_set1_epi8((char)byte);
            if (!vector_is_zero(vector_ends(vt, n)))
                return false;
            _mm256_storeu_si256((__m256i *)to, v);
            _mm256_storeu_si256((__m256i *)(to + n - 32), v);
            return true;
        }
        const __m128i v = _mm_set1_epi8((char)byte);
        if (!xmm_is_zero(xmm_ends(vt, n)))
            return false;
        _mm_storeu_si128((__m128i *)to, v);
        _mm_storeu_si128((__m128i *)(to + n - 16), v);
        return true;
    }
    if (n >= 8) {
        if (!zero_ends(ends8(vt, n)))
            return false;
        put_word(to, w);
        put_word(to + n - 8, w);
        return true;
    }
    if (n >= 4) {
        if (!zero_ends(ends4(vt, n)))
            return false;
        put_half(to, (uint32_t)w);
        put_half(to + n - 4, (uint32_t)w);
        return true;
    }
    if (n == 0)
        return true;
    if (vt[0] | vt[n / 2] | vt[n - 1])
        return false;
    to[0] = to[n / 2] = to[n - 1] = byte;
    return true;
}

/* ---- copies ---- */

/* Touches all pages, so that what follows does not fault in the middle: a copy that overlaps cannot be begun again. */
static __attribute__((noinline)) void reach(guest_addr to, guest_addr from, size_t n)
{
    for (guest_addr a = from; a < from + n; a = (a | (PAGE - 1)) + 1)
        (void)*(const volatile uint8_t *)a;
    for (guest_addr a = to; a < to + n; a = (a | (PAGE - 1)) + 1)
        __atomic_fetch_or((uint8_t *)a, 0, __ATOMIC_RELAXED);
}

/* A copy of more than SHORT bytes, or one whose destination is not defined, or that overlaps and may fault. */
static AVX2 __attribute__((noinline)) struct ng_fast copy_long(guest_addr to, guest_addr from, size_t n, uint64_t result)
{
    const bool overlap = overlaps(to, from, n);
    const size_t first = overlap && to >= from ? n - (to - from) : 0; /* of those that are not among the source's */
    size_t at, end = overlap && to < from ? from - to : n;
    if (UNLIKELY(!is_zero(ng_v(from), n, &at)))
        return decline();
    const bool defined = is_zero(ng_v(to) + first, end - first, &at);
    at += first;
    if (!defined && !may_overwrite(to, &at, &end))
        return decline();
    if (UNLIKELY(overlap))
        reach(to, from, n);
    memmove((void *)to, (const void *)from, n);
    if (!defined)
        memset(ng_v(to) + at, 0, end - at);
    return done(result);
}

/* Copies n bytes that are defined, or declines. */
INLINE struct ng_fast copy(guest_addr to, guest_addr from, size_t n, bool may_overlap, uint64_t result)
{
    if (UNLIKELY(!in_client(to, n) || !in_client(from, n)))
        return n == 0 ? done(result) : decline();
    const bool overlap = overlaps(to, from, n);
    if (UNLIKELY(overlap && !may_overlap))
        return decline();
    if (n <= SHORT && !UNLIKELY(overlap && crosses_page(to, n)) && copy_short(to, from, n))
        return done(result);
    return copy_long(to, from, n, result);
}

AVX2 FAST(memcpy)
{
    (void)a3;
    return copy(a0, a1, a2, false, a0);
}

AVX2 FAST(memmove)
{
    (void)a3;
    return copy(a0, a1, a2, true, a0);
}

AVX2 FAST(mempcpy)
{
    (void)a3;
    return copy(a0, a1, a2, false, a0 + a2);
}

AVX2 FAST(memcpy_chk) { return a3 >= a2 ? fast_memcpy(a0, a1, a2, 0) : decline(); }
AVX2 FAST(memmove_chk) { return a3 >= a2 ? fast_memmove(a0, a1, a2, 0) : decline(); }
AVX2 FAST(mempcpy_chk) { return a3 >= a2 ? fast_mempcpy(a0, a1, a2, 0) : decline(); }

/* More than SHORT bytes, or not all are defined. */
static AVX2 __attribute__((noinline)) struct ng_fast fill_long(guest_addr to, size_t n, uint8_t byte)
{
    size_t at, end = n;
    const bool defined = is_zero(ng_v(to), n, &at);
    if (!defined && !may_overwrite(to, &at, &end))
        return decline();
    memset((void *)to, byte, n);
    if (!defined)
        memset(ng_v(to) + at, 0, end - at);
    return done(to);
}

AVX2 FAST(memset)
{
    (void)a3;
    if (UNLIKELY(!in_client(a0, a2)))
        return a2 == 0 ? done(a0) : decline();
    if (a2 <= SHORT && fill_short(a0, a2, (uint8_t)a1))
        return done(a0);
    return fill_long(a0, a2, (uint8_t)a1);
}

AVX2 FAST(memset_chk) { return a3 >= a2 ? fast_memset(a0, a1, a2, 0) : decline(); }

/* ---- looking ---- */

/* 32 aligned bytes, which lie in one page, and their shadow: bits of those that are looked for, and of the undefined. */
struct seen { uint32_t found, undefined; };

INLINE struct seen look(guest_addr a, __m256i value, bool nul)
{
    const __m256i v = *(const __m256i *)a;
    __m256i found = _mm256_cmpeq_epi8(v, value);
    if (nul)
        found = _mm256_or_si256(found, _mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
    return (struct seen){ (uint32_t)_mm256_movemask_epi8(found), nonzero(vector(ng_v(a))) };
}

/* Bits up to and with the lowest of x; all if there is none. */
INLINE uint32_t up_to_lowest(uint32_t x) { return x ^ (x - 1); }

/* Position of the first byte equal to value, or with nul to zero, among max; max if there is none.  False: declines. */
INLINE bool find(guest_addr a, size_t max, uint8_t value, bool nul, size_t *at)
{
    const __m256i wanted = _mm256_set1_epi8((char)value);
    const unsigned skip = a & (VECTOR - 1);
    if (UNLIKELY(!ng_in_client(a)))
        return false;
    if (UNLIKELY(max == 0)) {
        *at = 0;
        return true;
    }
    guest_addr p = a - skip;
    struct seen s = look(p, wanted, nul);
    s.found &= ~0u << skip;
    s.undefined &= ~0u << skip;
    for (;;) {
        const size_t left = max - (p - a); /* from p on; p may be before a */
        if (max != SIZE_MAX && left < VECTOR) {
            s.found &= ~(~0u << left);
            s.undefined &= ~(~0u << left);
        }
        if (UNLIKELY(s.undefined & up_to_lowest(s.found)))
            return false;
        if (s.found) {
            *at = p - a + (unsigned)__builtin_ctz(s.found);
            return true;
        }
        if (max != SIZE_MAX && left <= VECTOR) {
            *at = max;
            return true;
        }
        p += VECTOR;
        s = look(p, wanted, nul);
    }
}

AVX2 FAST(memchr)
{
    size_t at;
    (void)a3;
    if (UNLIKELY(a2 > ng_strip_size) || !find(a0, a2, (uint8_t)a1, false, &at))
        return decline();
    return done(at < a2 ? a0 + at : 0);
}

AVX2 FAST(rawmemchr)
{
    size_t at;
    (void)a2, (void)a3;
    return find(a0, SIZE_MAX, (uint8_t)a1, false, &at) ? done(a0 + at) : decline();
}

AVX2 FAST(strlen)
{
    size_t at;
    (void)a1, (void)a2, (void)a3;
    return find(a0, SIZE_MAX, 0, false, &at) ? done(at) : decline();
}

AVX2 FAST(strnlen)
{
    size_t at;
    (void)a2, (void)a3;
    return a1 <= ng_strip_size && find(a0, a1, 0, false, &at) ? done(at) : decline();
}

AVX2 FAST(strchr)
{
    size_t at;
    (void)a2, (void)a3;
    if (!find(a0, SIZE_MAX, (uint8_t)a1, true, &at))
        return decline();
    return done(*(const uint8_t *)(a0 + at) == (uint8_t)a1 ? a0 + at : 0);
}

AVX2 FAST(strchrnul)
{
    size_t at;
    (void)a2, (void)a3;
    return find(a0, SIZE_MAX, (uint8_t)a1, true, &at) ? done(a0 + at) : decline();
}

AVX2 FAST(strrchr)
{
    const __m256i wanted = _mm256_set1_epi8((char)a1);
    guest_addr last = 0;
    (void)a2, (void)a3;
    if (UNLIKELY(!ng_in_client(a0)))
        return decline();
    uint32_t valid = ~0u << (a0 & (VECTOR - 1));
    for (guest_addr p = a0 & -(guest_addr)VECTOR;; p += VECTOR, valid = ~0u) {
        const struct seen end = look(p, _mm256_setzero_si256(), false), s = look(p, wanted, false);
        valid &= up_to_lowest(end.found & valid);
        if (UNLIKELY(end.undefined & valid))
            return decline();
        if (s.found & valid)
            last = p + 31 - (unsigned)__builtin_clz(s.found & valid);
        if (end.found & valid)
            return done(last);
    }
}

/* ---- comparing ---- */

/* 32 bytes of each: what decides, and is not defined. */
INLINE struct seen look_at_both(guest_addr a, guest_addr b, bool nul)
{
    const __m256i v = vector((const uint8_t *)a);
    uint32_t decides = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, vector((const uint8_t *)b)));
    if (nul)
        decides |= ~nonzero(v);
    return (struct seen){ decides, nonzero(_mm256_or_si256(vector(ng_v(a)), vector(ng_v(b)))) };
}

/* Where that would reach into the next page: `left` bytes of each.  By the vectors that end there, if those do not begin in
 * the page before; else one byte. */
INLINE struct seen look_at_end(guest_addr a, guest_addr b, size_t *left, bool nul)
{
    const size_t back = VECTOR - *left;
    if (UNLIKELY((a & (PAGE - 1)) < back || (b & (PAGE - 1)) < back)) {
        const uint8_t p = *(const uint8_t *)a, q = *(const uint8_t *)b;
        *left = 1;
        return (struct seen){ p != q || (nul && p == 0), (*ng_v(a) | *ng_v(b)) != 0 };
    }
    const struct seen s = look_at_both(a - back, b - back, nul);
    return (struct seen){ s.found >> back, s.undefined >> back };
}

/* Do the 32 bytes of both agree, without a zero if nul, and all defined? */
INLINE bool agree(guest_addr a, guest_addr b, bool nul)
{
    const __m256i v = vector((const uint8_t *)a), zero = _mm256_setzero_si256();
    __m256i good = _mm256_cmpeq_epi8(v, vector((const uint8_t *)b));
    if (nul)
        good = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, zero), good);
    good = _mm256_and_si256(good, _mm256_cmpeq_epi8(_mm256_or_si256(vector(ng_v(a)), vector(ng_v(b))), zero));
    return _mm256_movemask_epi8(good) == -1;
}

INLINE size_t left_in_page(guest_addr a) { return PAGE - (a & (PAGE - 1)); }
INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

INLINE struct ng_fast difference(guest_addr a, guest_addr b)
{
    return done((uint64_t)((int64_t)*(const uint8_t *)a - *(const uint8_t *)b));
}

/* From byte i on. */
INLINE struct ng_fast compare_on(guest_addr a, guest_addr b, size_t i, size_t max, bool nul)
{
    while (i < max) {
        size_t left = smaller(left_in_page(a + i), left_in_page(b + i));
        for (; left >= 2 * VECTOR && max - i > VECTOR && agree(a + i, b + i, nul); left -= VECTOR)
            i += VECTOR;
        struct seen s;
        if (left >= VECTOR) {
            left = VECTOR;
            s = look_at_both(a + i, b + i, nul);
        } else {
            s = look_at_end(a + i, b + i, &left, nul);
        }
        const uint32_t inside = ~0u >> (VECTOR - smaller(max - i, left));
        s.found &= inside;
        if (UNLIKELY(s.undefined & inside & up_to_lowest(s.found)))
            return decline();
        if (s.found)
            return difference(a + i + (unsigned)__builtin_ctz(s.found), b + i + (unsigned)__builtin_ctz(s.found));
        i += left;
    }
    return done(0);
}

static AVX2 __attribute__((noinline)) struct ng_fast compare_bytes(guest_addr a, guest_addr b, size_t i, size_t max)
{
    return compare_on(a, b, i, max, false);
}

static AVX2 __attribute__((noinline)) struct ng_fast compare_text(guest_addr a, guest_addr b, size_t i, size_t max)
{
    return compare_on(a, b, i, max, true);
}

/* Up to the first difference or, with nul, common end; what decides counts as read. */
INLINE struct ng_fast compare(guest_addr a, guest_addr b, size_t max, bool nul)
{
    size_t i = 0;
    if (UNLIKELY(!ng_in_client(a) || !ng_in_client(b)))
        return decline();
    if (max == 0)
        return done(0);
    if (!UNLIKELY(crosses_page(a, VECTOR) || crosses_page(b, VECTOR))) { /* mostly that decides */
        struct seen s = look_at_both(a, b, nul);
        const uint32_t inside = ~0u >> (VECTOR - smaller(max, VECTOR));
        s.found &= inside;
        if (UNLIKELY(s.undefined & inside & up_to_lowest(s.found)))
            return decline();
        if (s.found)
            return difference(a + (unsigned)__builtin_ctz(s.found), b + (unsigned)__builtin_ctz(s.found));
        if (max <= VECTOR)
            return done(0);
        i = VECTOR;
    }
    return nul ? compare_text(a, b, i, max) : compare_bytes(a, b, i, max);
}

AVX2 FAST(memcmp)
{
    (void)a3;
    return UNLIKELY(a2 > ng_strip_size) ? decline() : compare(a0, a1, a2, false);
}

AVX2 FAST(strcmp)
{
    (void)a2, (void)a3;
    return compare(a0, a1, SIZE_MAX, true);
}

AVX2 FAST(strncmp)
{
    (void)a3;
    return compare(a0, a1, a2, true);
}

/* ---- copying text ---- */

INLINE struct ng_fast copy_text(guest_addr to, guest_addr from, bool returns_end)
{
    size_t n;
    if (!find(from, SIZE_MAX, 0, false, &n))
        return decline();
    return copy(to, from, n + 1, false, returns_end ? to + n : to);
}

AVX2 FAST(strcpy)
{
    (void)a2, (void)a3;
    return copy_text(a0, a1, false);
}

AVX2 FAST(stpcpy)
{
    (void)a2, (void)a3;
    return copy_text(a0, a1, true);
}
