/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stores over memory of which some bytes, or some bits, are defined and others are not: after each the bytes stored are
 * defined, their neighbours are as before.  Also what stands across two pages, and what is not addressable. */
// build: gcc -O0
// build: gcc -O2 -fno-tree-vectorize -fno-tree-slp-vectorize
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct half { int a, b; };
static volatile unsigned count;

#define CHECK(x) do { if (x) count++; } while (0)

__attribute__((noinline)) static void store8(void *p, uint64_t v) { *(volatile uint64_t *)p = v; }
__attribute__((noinline)) static void store4(void *p, uint32_t v) { *(volatile uint32_t *)p = v; }
__attribute__((noinline)) static void store2(void *p, uint16_t v) { *(volatile uint16_t *)p = v; }
__attribute__((noinline)) static void store1(void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
__attribute__((noinline)) static void store16(void *p) { _mm_storeu_si128(p, _mm_set1_epi8(3)); }

int main(void)
{
    for (int i = 0; i < 3000; i++) { /* hot, too */
        uint8_t *p = malloc(64);
        store4(p, 1);
        store8(p, 2);               /* four defined, four not */
        CHECK(*(volatile uint64_t *)p);
        store1(p + 9, 1);
        store2(p + 8, 5);           /* one not, one defined */
        CHECK(*(volatile uint16_t *)(p + 8));
        store1(p + 14, 1);
        store4(p + 12, 5);
        CHECK(*(volatile uint32_t *)(p + 12));
        store4(p + 18, 1);
        store16(p + 16);
        CHECK(_mm_movemask_epi8(_mm_loadu_si128((void *)(p + 16))));
        for (int bits = 0; bits < 256; bits += 0x2b) { /* bits of one byte, among them the reserved patterns */
            p[40] = (p[40] & (uint8_t)bits) | (uint8_t)~bits;
            p[41] = (p[41] & 0xd6) | 0x29;
            p[42] = (p[42] & 0xd7) | 0x28;
            store8(p + 36, 7);
            CHECK(*(volatile uint64_t *)(p + 36));
        }
        if (i == 2999) {
            CHECK(p[35] == 77);     // expect: Conditional jump or move depends on uninitialised value
            CHECK(p[44] == 77);     // expect: Conditional jump or move depends on uninitialised value
            CHECK(p[10] == 77);     // expect: Conditional jump or move depends on uninitialised value
        }
        free(p);
    }
    uint8_t *two = aligned_alloc(4096, 8192);
    store4(two + 4090, 1);
    store8(two + 4090, 9);
    CHECK(*(volatile uint64_t *)(two + 4090));
    CHECK(two[4098] == 77);         // expect: Conditional jump or move depends on uninitialised value
    free(two);
    uint8_t *end = malloc(12);
    store2(end + 8, 1);
    *(volatile uint64_t *)(end + 8) = 1;  // expect: Invalid write of size 8
    CHECK(*(volatile uint32_t *)(end + 8));
    free(end);
    printf("%u\n", count > 3000);
    return 0;
}
