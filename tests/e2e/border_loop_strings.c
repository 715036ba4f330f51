/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One undefined value in the middle of hot loops of string instructions and of calls that copy
 * and fill: it goes where it is copied, is found again where it is filled over, and is reported
 * where it decides something.  Each loop is hot and clean before, and clean again after.  */
// build: gcc -O0
// build: gcc -O2
// build: gcc -O2 -mmemcpy-strategy=rep_8byte:-1:noalign -mmemset-strategy=rep_8byte:-1:noalign
// build: clang -O3
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { ROUNDS = 4400, BAD = 4213 };
#define NOINLINE __attribute__((noinline, noclone))
/* An increment that no compiler makes without the branch. */
#define HIT(n) __asm__ volatile("inc %0" : "+r"(n))
#define BARRIER() __asm__ volatile("" : : : "memory")
static volatile long sink;

/* What is in the memory, only the checker shall know. */
NOINLINE static void *hidden(void *p) { __asm__ volatile("" : "+r"(p) : : "memory"); return p; }

static void movsb(void *to, const void *from, long n) { __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void movsq(void *to, const void *from, long n) { __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void stosb(void *to, long n, int with) { __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(with) : "memory"); }
static void stosl(void *to, long n, int with) { __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(with) : "memory"); }
static void movsb_down(void *to, const void *from, long n)
{
    __asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
static void lods_stos(void *to, const void *from, long n)
{
    __asm__ volatile("1: lodsb; stosb; dec %2; jne 1b" : "+D"(to), "+S"(from), "+r"(n) : : "memory", "rax", "cc");
}

/* The records; where one of them is undefined, it is so in its byte 5. */
enum { SIZE = 24, HOLE = 5 };
struct record { uint8_t byte[SIZE]; };

/* Each way of copying: all but the hole is defined afterwards, and the hole is not. */
#define COPY(name, statement) \
    NOINLINE static int name(const struct record *p, struct record *to) \
    { \
        int n = 0; \
        for (int i = 0; i < ROUNDS; i++) { \
            statement; \
            BARRIER(); \
            for (int k = 3; k < 8; k++) \
                if ((i != BAD || k != HOLE) && to->byte[k] == 7) \
                    HIT(n); \
        } \
        return n; \
    } \
    NOINLINE static int name##_bad(const struct record *p, struct record *to) \
    { \
        int n = 0; \
        for (int i = 0; i < ROUNDS; i++) { \
            statement; \
            BARRIER(); \
            if (to->byte[HOLE] == 7) \
                HIT(n); \
        } \
        return n; \
    }
COPY(by_movsb, movsb(to, &p[i], SIZE))                 // expect: Conditional jump or move depends on uninitialised value(s)
COPY(by_movsq, movsq(to, &p[i], SIZE / 8))             // expect: Conditional jump or move depends on uninitialised value(s)
COPY(by_assignment, *to = p[i])                        // expect: Conditional jump or move depends on uninitialised value(s)
COPY(by_memcpy, memcpy(to, &p[i], *(volatile int *)&to[1])) // expect: Conditional jump or move depends on uninitialised value(s)
COPY(by_memmove, memmove(to, &p[i], *(volatile int *)&to[1])) // expect: Conditional jump or move depends on uninitialised value(s)
/* Over itself: one byte lower, and higher again. */
COPY(by_overlap, movsb(to, &p[i], SIZE); movsb(to->byte, to->byte + 1, SIZE - 1); BARRIER(); memmove(to->byte + 1, to->byte, SIZE - 1)) // expect: Conditional jump or move depends on uninitialised value(s)
/* Downwards. */
COPY(by_down, movsb_down(&to->byte[SIZE - 1], &p[i].byte[SIZE - 1], SIZE)) // expect: Conditional jump or move depends on uninitialised value(s)
/* Byte by byte through al. */
COPY(by_lods, lods_stos(to, &p[i], SIZE))              // expect: Conditional jump or move depends on uninitialised value(s)

/* Filled over in each round: found again before anything looks. */
#define FILL(name, statement) \
    NOINLINE static int name(const struct record *p, struct record *to) \
    { \
        int n = 0; \
        for (int i = 0; i < ROUNDS; i++) { \
            movsb(to, &p[i], SIZE); \
            statement; \
            BARRIER(); \
            for (int k = 3; k < 8; k++) \
                if (to->byte[k] == 7) \
                    HIT(n); \
        } \
        return n; \
    }
FILL(fill_stosb, stosb(to->byte + HOLE, 1, 7))
FILL(fill_stosl, stosl(to, 4, 0x07070707))
FILL(fill_memset, memset(to, 7, *(volatile int *)&to[1]))
FILL(fill_memset_constant, memset(to, 7, SIZE))
FILL(fill_memcpy, memcpy(to->byte + 4, &p[i > 0 ? 0 : 1], *(volatile int *)&to[1] - 4))

/* Filled with a value that is undefined once: all that was filled is undefined, its neighbours are not. */
NOINLINE static int fill_undefined(const struct record *p, struct record *to)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        memset(to, 1, SIZE);
        stosb(to->byte + 8, 13, p[i].byte[HOLE]);
        BARRIER();
        if (to->byte[7] == 7 || to->byte[8 + 13] == 7)
            HIT(n);
        if (i != BAD && to->byte[12] == 7)
            HIT(n);
        if (i == BAD && to->byte[20] == 7)             // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    }
    return n;
}
/* Comparing and searching stop before the hole, or reach it. */
NOINLINE static int scan_before(const struct record *p)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const void *at = &p[i];
        long c = SIZE;
        __asm__ volatile("repne scasb" : "+D"(at), "+c"(c) : "a"((i + 3) % 11) : "cc", "memory"); /* byte 3 */
        n += c;
    }
    return n;
}
NOINLINE static int scan(const struct record *p)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const void *at = &p[i];
        long c = SIZE;
        __asm__ volatile("repne scasb" : "+D"(at), "+c"(c) : "a"(77) : "cc", "memory"); // expect: Conditional jump or move depends on uninitialised value(s)
        n += c;
    }
    return n;
}
NOINLINE static int compare(const struct record *p, const struct record *with)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const void *a = &p[i], *b = with;
        long c = SIZE;
        __asm__ volatile("cmp %0,%0; repe cmpsb" : "+S"(a), "+D"(b), "+c"(c) : : "cc", "memory"); // expect: Conditional jump or move depends on uninitialised value(s)
        n += c;
    }
    return n;
}
NOINLINE static int compare_called(const struct record *p, const struct record *with)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++)
        if (memcmp(&p[i].byte[i % 2], &with->byte[i % 2], 20)) // expect: Conditional jump or move depends on uninitialised value(s)
            HIT(n);
    return n;
}

#define EACH_COPY(C) C(by_movsb) C(by_movsq) C(by_assignment) C(by_memcpy) C(by_memmove) C(by_overlap) C(by_down) C(by_lods)
/* What must not be reported whether the hole is there or not; all it prints is defined. */
NOINLINE static void quiet(const struct record *p, struct record *to)
{
#define COUNT(name) printf("%d ", name(p, to));
    EACH_COPY(COUNT)
    COUNT(fill_stosb) COUNT(fill_stosl) COUNT(fill_memset) COUNT(fill_memset_constant) COUNT(fill_memcpy)
    printf("%d\n", scan_before(p));
}
NOINLINE static long loud(const struct record *p, struct record *to)
{
    long n = 0;
#define ADD(name) n = n * 3 + name##_bad(p, to);
    EACH_COPY(ADD)
    n = n * 3 + fill_undefined(p, to);
    n = n * 3 + scan(p);
    n = n * 3 + compare(p, p + 3) + compare(p, p + BAD - 11); /* the first ends before the hole, the second not */
    return n * 3 + compare_called(p, p + BAD - 11);
}

int main(void)
{
    struct record *p = hidden(malloc(ROUNDS * SIZE)), *to = hidden(calloc(2, SIZE));
    const int size = SIZE;
    memcpy(&to[1], &size, sizeof size);
    for (int i = 0; i < ROUNDS; i++)
        for (int k = 0; k < SIZE; k++)
            p[i].byte[k] = (i + k) % 11;
    quiet(p, to);
    printf("%ld\n", loud(p, to));
    uint8_t *undefined = hidden(malloc(1)), old = p[BAD].byte[HOLE];
    p[BAD].byte[HOLE] = *undefined;     /* now lost */
    quiet(p, to);
    sink = loud(p, to);
    p[BAD].byte[HOLE] = old;            /* found again: clean throughout */
    quiet(p, to);
    printf("%ld\n", loud(p, to));
    free(p), free(to), free(undefined);
    return 0;
}
