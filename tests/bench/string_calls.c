/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench/string_calls: what one call of a string function costs, short and long.
 *
 *     string_calls [CALLS]
 *
 * Calls go through function pointers, so the compiler puts nothing of its own in their place.  */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char a[1 << 16], b[1 << 16];
static volatile uint64_t sink;

static size_t (*volatile p_strlen)(const char *) = strlen;
static void *(*volatile p_memcpy)(void *, const void *, size_t) = memcpy;
static void *(*volatile p_memmove)(void *, const void *, size_t) = memmove;
static void *(*volatile p_memset)(void *, int, size_t) = memset;
static int (*volatile p_memcmp)(const void *, const void *, size_t) = memcmp;
static int (*volatile p_strcmp)(const char *, const char *) = strcmp;
static void *(*volatile p_memchr)(const void *, int, size_t) = memchr;
static char *(*volatile p_strchr)(const char *, int) = strchr;
static char *(*volatile p_strcpy)(char *, const char *) = strcpy;

static uint64_t call_strlen(size_t n) { return p_strlen(a + sizeof a - 1 - n); }
static uint64_t call_memcpy(size_t n) { return (uintptr_t)p_memcpy(b, a, n); }
static uint64_t call_memmove(size_t n) { return (uintptr_t)p_memmove(b + 1, b, n < sizeof b ? n : n - 1); }
static uint64_t call_memset(size_t n) { return (uintptr_t)p_memset(b, 'x', n); }
static uint64_t call_memcmp(size_t n) { return (uint64_t)p_memcmp(a, b, n); }
static uint64_t call_strcmp(size_t n) { return (uint64_t)p_strcmp(a + sizeof a - 1 - n, a + sizeof a - 1 - n); }
static uint64_t call_memchr(size_t n) { return (uintptr_t)p_memchr(a, 'z', n); }
static uint64_t call_strchr(size_t n) { return (uintptr_t)p_strchr(a + sizeof a - 1 - n, 'z'); }
static uint64_t call_strcpy(size_t n) { return (uintptr_t)p_strcpy(b, a + sizeof a - 1 - n); }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; uint64_t (*call)(size_t); } row[] = {
        { "strlen", call_strlen }, { "memcpy", call_memcpy }, { "memmove", call_memmove }, { "memset", call_memset },
        { "memcmp", call_memcmp }, { "strcmp", call_strcmp }, { "memchr", call_memchr }, { "strchr", call_strchr },
        { "strcpy", call_strcpy },
    };
    static const size_t sizes[] = { 5, 40, 400, 20000 };
    const long calls = argc > 1 ? atol(argv[1]) : 1000000;
    memset(a, 'x', sizeof a - 1);
    memset(b, 'x', sizeof b - 1);
    printf("%-8s", "ns");
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        printf("%9zu", sizes[k]);
    printf(" bytes\n");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        printf("%-8s", row[i].name);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            const long n = sizes[k] > 1000 ? calls / 20 + 1 : calls;
            double start = 0;
            for (long c = -(n / 10); c < n; c++) {
                if (c == 0)
                    start = now();
                sink += row[i].call(sizes[k]);
            }
            printf("%9.1f", (now() - start) * 1e9 / (double)n);
        }
        printf("\n");
    }
    return 0;
}
