/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench/memory_use: programs whose peak memory the checker decides.
 *
 *     memory_use big MIB FRACTION    one block of MIB, of which FRACTION percent is written, from the start
 *     memory_use spread MIB          one block of MIB, one byte in every 64 KiB written
 *     memory_use small COUNT         COUNT blocks of 16 to 32 bytes, all alive together
 *     memory_use churn COUNT         COUNT pairs of malloc and free, 1000 blocks alive
 *     memory_use grow MIB            one block grown by realloc, a MiB at a time, all written
 *     memory_use copy MIB            a written block copied into another by memcpy
 *     memory_use zero MIB            calloc, and all of it read  */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t mib(const char *s) { return (size_t)atol(s) << 20; }

static char *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* Not by memset, which the checker knows. */
static void write_all(char *p, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i += 8)
        *(volatile uint64_t *)(p + i) = i;
}

static void small(long n)
{
    void ***all = (void ***)must(calloc((size_t)n / 1000 + 1, sizeof *all));
    for (long i = 0; i < n; i++) {
        if (i % 1000 == 0)
            all[i / 1000] = (void **)must(malloc(1000 * sizeof **all));
        all[i / 1000][i % 1000] = must(malloc(16 + (size_t)i % 17));
    }
    for (long i = 0; i < n; i++)
        free(all[i / 1000][i % 1000]);
    for (long i = 0; i < n; i += 1000)
        free(all[i / 1000]);
    free(all);
}

static void churn(long n)
{
    char *live[1000] = { 0 };
    for (long i = 0; i < n; i++) {
        free(live[i % 1000]);
        live[i % 1000] = must(malloc(1 + (size_t)(i * 7919) % 2000));
        *live[i % 1000] = 1;
    }
    for (int i = 0; i < 1000; i++)
        free(live[i]);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    if (!strcmp(what, "small")) {
        small(atol(argv[2]));
    } else if (!strcmp(what, "churn")) {
        churn(atol(argv[2]));
    } else if (!strcmp(what, "big")) {
        const size_t n = mib(argv[2]);
        char *p = must(malloc(n));
        write_all(p, n / 100 * (argc > 3 ? (size_t)atol(argv[3]) : 100));
        free(p);
    } else if (!strcmp(what, "spread")) {
        const size_t n = mib(argv[2]);
        volatile char *p = must(malloc(n));
        for (size_t i = 0; i < n; i += 1 << 16)
            p[i] = 1;
        free((void *)p);
    } else if (!strcmp(what, "grow")) {
        char *p = NULL;
        for (size_t n = 1 << 20; n <= mib(argv[2]); n += 1 << 20) {
            p = must(realloc(p, n));
            memset(p + n - (1 << 20), 1, 1 << 20);
        }
        free(p);
    } else if (!strcmp(what, "copy")) {
        const size_t n = mib(argv[2]);
        char *p = must(malloc(n)), *q = must(malloc(n));
        memset(p, 1, n);
        memcpy(q, p, n);
        __asm__ volatile("" ::"r"(q) : "memory");
        free(p);
        free(q);
    } else if (!strcmp(what, "zero")) {
        const size_t n = mib(argv[2]);
        char *p = must(calloc(1, n));
        unsigned long sum = 0;
        for (size_t i = 0; i < n; i += 8)
            sum += (unsigned char)p[i];
        free(p);
        return sum != 0;
    } else {
        fprintf(stderr, "usage: memory_use big|spread|small|churn|grow|copy|zero N [PERCENT]\n");
        return 2;
    }
    return 0;
}
