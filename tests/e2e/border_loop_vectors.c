/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One undefined element in the middle of hot vector loops, by SSE2 and AVX2 instructions and
 * by the compiler's own vectors: reported where it decides something, and nowhere else.
 * Each loop is hot and clean before it, and clean after it again, with the same code.  */
// build: gcc -O0
// build: gcc -O2
// build: gcc -O3
// build: gcc -O3 -mavx2
// build: clang -O3
// build: clang -O3 -mavx2
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
enum { N = 24000, BAD = 17321, HOT = 6 }; /* elements; how often the loops of 32 bytes run before */
#define NOINLINE __attribute__((noinline, noclone))
#define AVX2 __attribute__((target("avx2")))
static volatile long sink;

/* An increment that no compiler makes without the branch. */
#define HIT(n) __asm__ volatile("inc %0" : "+r"(n))
/* What is in the memory, only the checker shall know. */
NOINLINE static void *hidden(void *p) { __asm__ volatile("" : "+r"(p) : : "memory"); return p; }

/* --- The compiler's vectors: each element of the result depends on its own. --- */
NOINLINE static void scale_int(int *to, const int *from)
{
    for (int i = 0; i < N; i++)
        to[i] = (from[i] ^ 5) + 3;
}
NOINLINE static void scale_double(double *to, const double *from)
{
    for (int i = 0; i < N; i++)
        to[i] = from[i] * 2.5 + 1;
}
NOINLINE static void widen(int *to, const uint8_t *from)
{
    for (int i = 0; i < N; i++)
        to[i] = from[i] << 3;
}
NOINLINE static void narrow(uint8_t *to, const int *from)
{
    for (int i = 0; i < N; i++)
        to[i] = from[i] >> 2;
}
/* Undefined bits that a mask takes away are found again. */
NOINLINE static void mask(int *to, const int *from, const int *mask)
{
    for (int i = 0; i < N; i++)
        to[i] = from[i] & mask[i];
}
/* Reductions: the whole result depends on the one element. */
NOINLINE static unsigned sum(const int *from)
{
    unsigned s = 0;
    for (int i = 0; i < N; i++)
        s += from[i];
    return s;
}
NOINLINE static int equal_to(const uint8_t *from, uint8_t x)
{
    int n = 0;
    for (int i = 0; i < N; i++)
        n += from[i] == x;
    return n;
}
/* Every result but number BAD decides something here: no report. */
#define LOOK(type) \
    NOINLINE static int look_##type(const type *p) { int n = 0; for (int i = 0; i < N; i++) if (i != BAD && p[i] > 9) n++; return n; }
LOOK(int) LOOK(double) LOOK(uint8_t)

/* --- SSE2 --- */
/* A branch by a comparison's mask, as strlen and memchr have them. */
NOINLINE static int find_sse2(const uint8_t *p, char c)
{
    int n = 0;
    for (int i = 0; i + 16 <= N; i += 16) {
        const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + i)), _mm_set1_epi8(c)));
        if (bits)                        // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    }
    return n;
}
/* The undefined byte travels up in a register that lives across all rounds, and drops out:
 * the lanes around it stay defined all the while. */
NOINLINE static int through_lanes_sse2(const uint8_t *p)
{
    __m128i v = _mm_setzero_si128();
    int n = 0;
    for (int i = 0; i < N; i++) {
        v = _mm_or_si128(_mm_slli_si128(v, 1), _mm_cvtsi32_si128(p[i]));
        const int low = _mm_cvtsi128_si32(v);
        const int fourth = _mm_extract_epi16(v, 3);
        if (i != BAD && (low & 0xff) == 1) /* its own round: it is in the lowest byte */
            HIT(n);
        if ((i < BAD + 6 || i > BAD + 7) && fourth == 0x101) /* bytes 6 and 7 */
            HIT(n);
    }
    return n;
}
NOINLINE static int at_lane_sse2(const uint8_t *p)
{
    __m128i v = _mm_setzero_si128();
    int n = 0;
    for (int i = 0; i < N; i++) {
        v = _mm_or_si128(_mm_slli_si128(v, 1), _mm_cvtsi32_si128(p[i]));
        if (i == BAD + 15 && _mm_cvtsi128_si32(_mm_srli_si128(v, 15)) == 1) // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
        if (i == BAD + 16 && _mm_movemask_epi8(v) == 1)
            HIT(n);
    }
    return n;
}
/* Each idiom that makes all bits defined, whatever was there. */
NOINLINE static int cleared_sse2(const int *p)
{
    int n = 0;
    for (int i = 0; i + 4 <= N; i += 4) {
        __m128i a = _mm_loadu_si128((const void *)(p + i)), b = a, c = a;
        __asm__ volatile("pxor %0,%0" : "+x"(a));
        __asm__ volatile("pcmpeqd %0,%0" : "+x"(b));
        c = _mm_andnot_si128(_mm_set1_epi32(-1), c);
        if (_mm_movemask_epi8(_mm_or_si128(a, c)) || _mm_cvtsi128_si32(b) != -1)
            HIT(n);
    }
    return n;
}
/* A double in the upper half: the lower one decides, then the upper one. */
NOINLINE static int halves_sse2(const double *p)
{
    int n = 0;
    for (int i = 0; i < N - 1; i++) {
        const __m128d v = _mm_add_pd(_mm_loadu_pd(p + i), _mm_set1_pd(1));
        if (i != BAD && _mm_comigt_sd(v, _mm_set1_pd(2)))
            HIT(n);
        if (i == BAD - 1 && _mm_comigt_sd(_mm_unpackhi_pd(v, v), _mm_set1_pd(2))) // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    }
    return n;
}
/* Through memory: stored as one vector, loaded again by other widths. */
NOINLINE static int through_memory_sse2(const int *p)
{
    volatile struct { int32_t lane[4]; } m;
    int n = 0;
    for (int i = 0; i + 4 <= N; i += 4) {
        _mm_storeu_si128((__m128i *)&m, _mm_loadu_si128((const void *)(p + i)));
        for (int k = 0; k < 4; k++)
            if (i + k != BAD && m.lane[k] == 7)
                HIT(n);
        m.lane[BAD % 4] = 7;             /* found again by a store over a part of it */
        if (_mm_movemask_epi8(_mm_cmpeq_epi32(_mm_loadu_si128((__m128i *)&m), _mm_set1_epi32(7))))
            HIT(n);
    }
    return n;
}

/* --- AVX2 --- */
AVX2 NOINLINE static int find_avx2(const uint8_t *p, char c)
{
    int n = 0;
    for (int i = 0; i + 32 <= N; i += 32) {
        const __m256i same = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(p + i)), _mm256_set1_epi8(c));
        if (!_mm256_testz_si256(same, same)) // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    }
    return n;
}
/* The undefined element is in one half of the register: the other half decides. */
AVX2 NOINLINE static int halves_avx2(const int *p)
{
    int n = 0;
    for (int i = 0; i + 8 <= N; i += 8) {
        const __m256i v = _mm256_add_epi32(_mm256_loadu_si256((const void *)(p + i)), _mm256_set1_epi32(1));
        const __m128i high = _mm256_extracti128_si256(v, 1), low = _mm256_castsi256_si128(v);
        const int bad = i <= BAD && BAD < i + 8;
        if ((!bad || BAD - i >= 4) && _mm_movemask_epi8(_mm_cmpeq_epi32(low, _mm_set1_epi32(3))))
            HIT(n);
        if ((!bad || BAD - i < 4) && _mm_movemask_epi8(_mm_cmpeq_epi32(high, _mm_set1_epi32(3))))
            HIT(n);
    }
    return n;
}
/* Carried in the upper half of one register over all later rounds, and over calls; then zeroed. */
AVX2 NOINLINE static int carried_avx2(const int *p)
{
    __m256i v = _mm256_setzero_si256();
    int n = 0;
    for (int i = 0; i < N; i++) {
        v = _mm256_xor_si256(v, _mm256_inserti128_si256(_mm256_setzero_si256(), _mm_cvtsi32_si128(p[i]), 1));
        if (i == BAD + 5000 && _mm_cvtsi128_si32(_mm256_extracti128_si256(v, 1)) == 77) // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
        if (i == BAD + 6000)
            v = _mm256_zextsi128_si256(_mm256_castsi256_si128(v));
        if (_mm_cvtsi128_si32(_mm256_castsi256_si128(v)))
            HIT(n);
    }
    if (_mm_cvtsi128_si32(_mm256_extracti128_si256(v, 1)) == 1)
        n++;
    return n;
}
/* Masked loads and stores leave the undefined element out. */
AVX2 NOINLINE static int masked_avx2(const int *p)
{
    int n = 0, out[8] __attribute__((aligned(32)));
    const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int i = 0; i + 8 <= N; i += 8) {
        const __m256i take = _mm256_xor_si256(_mm256_cmpeq_epi32(_mm256_add_epi32(steps, _mm256_set1_epi32(i)), _mm256_set1_epi32(BAD)), _mm256_set1_epi32(-1));
        _mm256_store_si256((__m256i *)out, _mm256_setzero_si256());
        _mm256_maskstore_epi32(out, take, _mm256_maskload_epi32(p + i, take));
        for (int k = 0; k < 8; k++)
            if (out[k] == 3)
                HIT(n);
    }
    return n;
}
/* Shuffled across the halves: it decides where it arrives, and only there. */
AVX2 NOINLINE static int shuffled_avx2(const int *p)
{
    int n = 0;
    const __m256i turn = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    for (int i = 0; i + 8 <= N; i += 8) {
        const __m256i v = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const void *)(p + i)), turn);
        const unsigned bits = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(v, _mm256_set1_epi32(2))));
        const int bad = i <= BAD && BAD < i + 8;
        if (bits & (bad ? 0xff & ~(1u << (7 - BAD % 8)) : 0xff))
            HIT(n);
        if (bad && bits & 1u << (7 - BAD % 8))  // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    }
    return n;
}

struct data { int *in, *mask, *out; uint8_t *bytes, *out_bytes; double *reals, *out_reals; };

/* What must not be reported whether in[BAD] is defined or not; all it prints is defined. */
NOINLINE static void quiet(const struct data *d)
{
    scale_int(d->out, d->in), printf("%d", look_int(d->out));
    widen(d->out, d->bytes), printf(" %d", look_int(d->out));
    narrow(d->out_bytes, d->in), printf(" %d", look_uint8_t(d->out_bytes));
    scale_double(d->out_reals, d->reals), printf(" %d", look_double(d->out_reals));
    mask(d->out, d->in, d->mask);
    printf(" %d %d", look_int(d->out), d->out[BAD]);
    printf(" %d %d %d", through_lanes_sse2(d->bytes), cleared_sse2(d->in), through_memory_sse2(d->in));
    printf(" %d %d\n", halves_avx2(d->in), masked_avx2(d->in));
}
NOINLINE static int loud(const struct data *d)
{
    return find_sse2(d->bytes, 99) + at_lane_sse2(d->bytes) + halves_sse2(d->reals) + find_avx2(d->bytes, 98) + carried_avx2(d->in)
           + shuffled_avx2(d->in);
}

int main(void)
{
    struct data d = { hidden(malloc(N * 4)), hidden(malloc(N * 4)), hidden(malloc(N * 4)), hidden(malloc(N)), hidden(malloc(N)),
                      hidden(malloc(N * 8)), hidden(malloc(N * 8)) };
    for (int i = 0; i < N; i++) {
        d.mask[i] = i == BAD ? 0 : -1;
        d.in[i] = i % 11, d.bytes[i] = i % 7, d.reals[i] = i % 3;
    }
    quiet(&d);
    for (int i = 0; i < HOT; i++)
        sink = find_sse2(d.bytes, 99) + find_avx2(d.bytes, 98) + equal_to(d.bytes, 3) + sum(d.in);
    printf("%d\n", loud(&d));
    double *undefined = hidden(malloc(sizeof *undefined)); /* now lost */
    d.in[BAD] = *(int *)undefined, d.bytes[BAD] = *(uint8_t *)undefined, d.reals[BAD] = *undefined;
    quiet(&d);
    sink = loud(&d);
    if (sum(d.in) == 77)                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    if (equal_to(d.bytes, 3) == 77)      // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
    scale_int(d.out, d.in);
    if (d.out[BAD] == 77)                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 3;
    scale_double(d.out_reals, d.reals);
    if (d.out_reals[BAD] > 7)            // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 4;
    widen(d.out, d.bytes);
    if (d.out[BAD] & 8)                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 5;
    if (d.out[BAD] & 7)                  /* the shift has made these bits */
        sink = 6;
    narrow(d.out_bytes, d.in);
    if (d.out_bytes[BAD] == 7)           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 7;
    d.in[BAD] = 4, d.bytes[BAD] = 4, d.reals[BAD] = 1; /* found again: clean throughout */
    quiet(&d);
    printf("%d %u %d\n", loud(&d), sum(d.in), equal_to(d.bytes, 3));
    scale_int(d.out, d.in), scale_double(d.out_reals, d.reals), narrow(d.out_bytes, d.in);
    printf("%d %g %d\n", d.out[BAD], d.out_reals[BAD], d.out_bytes[BAD]);
    free(d.in), free(d.mask), free(d.out), free(d.bytes), free(d.out_bytes), free(d.reals), free(d.out_reals), free(undefined);
    return 0;
}
