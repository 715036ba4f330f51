// SPDX-License-Identifier: GPL-3.0-or-later
// Hot code whose later part alone uses vector registers that a copy left undefined: the first part runs on in clean code,
// the later one must still see what is undefined, be it overwritten, copied on, or used.
// build: gcc -O1
#include <emmintrin.h>
#include <stdio.h>

struct pair { char a; long b; };
static struct pair to[4];
static long seen; /* depends on what is undefined: not printed */

__attribute__((noinline)) static void copy(struct pair *d, const struct pair *s)
{
    _mm_storeu_si128((__m128i *)d, _mm_loadu_si128((const __m128i *)s));
}

/* Past the branch: xmm0 is overwritten. */
__attribute__((noinline)) static long late_overwrite(long i, const long *v)
{
    if (i & 7)
        return i;
    __m128i x = _mm_loadu_si128((const __m128i *)v);
    return _mm_cvtsi128_si64(x) + 1;
}

/* Past the branch: xmm0, as the copy left it, decides.  Seven of eight times it is looked at, so hot code has it. */
__attribute__((noinline)) static void late_use(long i)
{
    __asm__ volatile("test $7, %b0\n\t" // expect: Conditional jump or move depends on uninitialised value
                     "je 1f\n\t"
                     "movq %%xmm0, %%rax\n\t"
                     "shr $8, %%rax\n\t"
                     "je 1f\n\t"
                     "incq %1\n"
                     "1:" : : "q"(i), "m"(seen) : "rax", "cc", "memory");
}

int main(void)
{
    static const long v[2] = { 41, 0 };
    static const struct pair whole = { 1, 2 };
    long sum = 0;
    struct pair l;
    l.a = 1;
    l.b = 2;
    for (long i = 0; i < 30000; i++) {
        copy(&to[i & 3], &l);
        sum += late_overwrite(i, v);
        copy(&to[i & 3], i < 29000 ? &whole : &l); /* when late_use has long been hot */
        late_use(i);
    }
    printf("%ld %ld\n", sum, to[3].b);
    return 0;
}
