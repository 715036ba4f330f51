/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of what is defined in part, through vector and general registers, often enough to be hot: no report by the copy,
 * and afterwards each byte is what it was, with its origin.  Patterns that shadow memory reserves, fresh stack memory and
 * accesses beyond a block's end are among them. */
// build: gcc -O1
// build: gcc -O2
// options: --track-origins=yes
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part { int key, hole; long value; };
struct pair { struct part a, b; };
static volatile unsigned count;
static volatile long total;

#define CHECK(x) do { if (x) count++; } while (0)

/* Two vectors and then some arithmetic, in one block. */
__attribute__((noinline)) static long copy(struct pair *to, const struct pair *from, long n)
{
    __m128i a = _mm_loadu_si128((const void *)&from->a);
    n = n * 3 + 1;
    _mm_storeu_si128((void *)&to->a, a);
    __m128i b = _mm_loadu_si128((const void *)&from->b); // expect: Invalid read of size 16
    _mm_storeu_si128((void *)&to->b, b);
    return n & 7;
}

/* Through general registers, with a call between: what is undefined is saved and restored by the callee. */
__attribute__((noinline)) static void callee(long *p)
{
    long saved[5];
    __asm__ volatile("" : "=r"(saved[0]), "=r"(saved[1]), "=r"(saved[2]) : "0"(p[0]), "1"(p[1]), "2"(p[2]) : "rbx", "rbp", "r12", "r13", "r14", "r15", "memory");
    p[0] = saved[0], p[1] = saved[1], p[2] = saved[2];
}

__attribute__((noinline)) static void around(struct part *to, const struct part *from, long *p)
{
    const long first = *(const volatile long *)&from->key, second = from->value;
    callee(p);
    *(volatile long *)&to->key = first;
    to->value = second;
}

/* Adds up lanes: a late part of hot code uses a vector register, which was undefined before. */
__attribute__((noinline)) static int late(const int *v, int n, int k)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i] * k;
    if (sum < 0)
        return sum;
    const __m128i x = _mm_loadu_si128((const void *)v);
    return sum + _mm_cvtsi128_si32(_mm_add_epi32(x, x));
}

__attribute__((noinline)) static void fresh(struct pair *to, int key)
{
    struct pair p; // padding and b are what the stack holds
    p.a.key = key;
    p.a.value = key;
    __asm__ volatile("" : "+m"(p));
    total += copy(to, &p, key);
}

int main(void)
{
    static const int numbers[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    long saved[3] = { 1, 2, 3 };
    struct pair *p = malloc(sizeof *p), *q = malloc(sizeof *q), stack;
    p->a.key = 1;
    p->a.value = 2;
    p->b.value = 3;
    for (int i = 0; i < 5000; i++) {
        total += copy(q, p, i);
        CHECK(q->a.key == 1 && q->a.value == 2 && q->b.value == 3);
        around(&q->a, &p->a, saved);
        CHECK(q->a.key == 1 && q->a.value == 2);
        total += late(numbers, 8, i & 3);
        fresh(&stack, i);
        CHECK(stack.a.key == i && stack.a.value == i);
    }
    CHECK(q->a.hole == 77);      // expect: Conditional jump or move depends on uninitialised value
    // aux: *created by a heap allocation* @ malloc
    CHECK(q->b.key == 77);       // expect: Conditional jump or move depends on uninitialised value
    // aux: *created by a heap allocation* @ malloc
    CHECK(stack.b.key == 77);    // expect: Conditional jump or move depends on uninitialised value
    // aux: *created by a stack allocation* @ fresh
    uint8_t *from = (uint8_t *)p, *to = (uint8_t *)q;
    memset(from, 0, sizeof *p);
    uint8_t *junk = malloc(2);
    for (int i = 0; i < 5000; i++) {
        from[5] = (uint8_t)(junk[0] & 0xd6); /* bits as undefined as the reserved patterns */
        from[22] = (uint8_t)(junk[1] & 0xd7);
        total += copy((void *)to, (void *)from, i);
        CHECK((to[5] & 0x29) || (to[22] & 0x28));
        total += copy((void *)from, (void *)to, i);
    }
    CHECK(from[5] & 2);          // expect: Conditional jump or move depends on uninitialised value
    CHECK(to[5] & 0x40);         // expect: Conditional jump or move depends on uninitialised value
    CHECK(to[22] & 1);           // expect: Conditional jump or move depends on uninitialised value
    CHECK(from[4] || from[6] || from[21] || from[23]);
    struct part *small = malloc(sizeof *small);
    small->key = 1;
    total += copy(p, (struct pair *)small, 1);
    CHECK(p->b.key == 0);
    CHECK(p->a.hole == 77);      // expect: Conditional jump or move depends on uninitialised value
    free(small), free(junk), free(p), free(q);
    printf("%d\n", count > 5000);
    return 0;
}
