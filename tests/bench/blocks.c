// SPDX-License-Identifier: GPL-3.0-or-later
/* memset, memcpy, memmove, memcmp, calloc and realloc, of sizes from a few
 * bytes to megabytes.  Argument: rounds.  */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIG = 4 << 20 };

static uint32_t next(uint32_t *r) { return *r = *r * 1664525 + 1013904223; }

/* Mostly small sizes, a few of each larger power.  */
static size_t size(uint32_t *r)
{
    uint32_t x = next(r);
    return (x >> 8) % ((size_t)16 << __builtin_ctz(x >> 16 | 0x1000)) + 1;
}

static uint64_t small_ones(unsigned char *to, unsigned char *from, uint32_t *r)
{
    uint64_t sum = 0;
    for (int i = 0; i < 20000; i++) {
        size_t n = size(r), at = next(r) % (BIG - (1 << 17));
        memcpy(to + at, from + (at ^ 64), n);
        memset(to + at + n, (int)n, n / 2);
        memmove(to + at + 3, to + at, n);
        sum += memcmp(to + at, from + at, n) != 0;
        sum += to[at + n - 1];
    }
    return sum;
}

static uint64_t large_ones(unsigned char *to, unsigned char *from, uint32_t *r)
{
    unsigned char *fresh = calloc(BIG, 1);
    memcpy(to, from, BIG);
    memset(from, (int)next(r), BIG / 2);
    memcpy(fresh, to, BIG / 4);
    fresh = realloc(fresh, BIG * 2);
    memmove(fresh + 1000, fresh, BIG);
    uint64_t sum = fresh[1001] + fresh[BIG - 1] + (unsigned)(memcmp(to, from, BIG) != 0);
    free(fresh);
    return sum;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    unsigned char *a = malloc(BIG), *b = malloc(BIG);
    uint32_t r = 1;
    uint64_t sum = 0;

    for (int i = 0; i < BIG; i++) {
        a[i] = (unsigned char)(i * 7);
        b[i] = (unsigned char)(i >> 3);
    }
    for (int i = 0; i < rounds; i++)
        sum += small_ones(a, b, &r) + large_ones(b, a, &r);
    printf("%llu\n", (unsigned long long)sum);
    free(a);
    free(b);
    return 0;
}
