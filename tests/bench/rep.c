/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What repeated string instructions cost: rep  (natively, under nagrind, under valgrind in turn).  Not part of `make bench`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 8 << 20, ROUNDS = 10, CALLS = 1000000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void movsb(void *to, const void *from, size_t n) { __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void movsq(void *to, const void *from, size_t n) { __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void stosq(void *to, size_t n) { __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(0L) : "memory"); }

/* These are not done at once, and must not cost more for it. */
static void pattern(void *to, size_t n) { __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(0xff00ff) : "memory"); }
static void backward(char *to, const char *from, size_t n)
{
    to += 8 * n - 8;
    from += 8 * n - 8;
    __asm__ volatile("std; rep movsq; cld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

#define TIME(what, times, per, statement) \
    do { \
        const double start = now(); \
        for (int i = 0; i < (times); i++) \
            statement; \
        printf("%-24s %7.2f ns\n", what, (now() - start) / (times) / (per) * 1e9); \
    } while (0)

int main(void)
{
    char *a = malloc(BYTES), *b = malloc(BYTES);
    memset(a, 1, BYTES);
    memset(b, 2, BYTES);
    TIME("rep movsb, a byte", ROUNDS, BYTES, movsb(a, b, BYTES));
    TIME("rep movsq, a word", ROUNDS, BYTES / 8, movsq(a, b, BYTES / 8));
    TIME("rep stosq, a word", ROUNDS, BYTES / 8, stosq(a, BYTES / 8));
    TIME("rep stosq of 6, a call", CALLS, 1, stosq(a, 6));
    TIME("rep movsq of 12, a call", CALLS, 1, movsq(a, b, 12));
    TIME("rep movsq of 40, a call", CALLS, 1, movsq(a, b, 40));
    TIME("rep stosl of a pattern", ROUNDS, BYTES / 4, pattern(a, BYTES / 4));
    TIME("backwards, a word", ROUNDS, BYTES / 8, backward(a, b, BYTES / 8));
    free(a);
    free(b);
    return 0;
}
