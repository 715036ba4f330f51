/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench/malloc_pairs: what a malloc and its free cost, below a stack of known depth.
 *
 *     malloc_pairs [PAIRS [SHAPE]]
 *
 * For each shape it prints the nanoseconds of a pair: `single` frees each block at once,
 * `mixed` keeps 512 blocks of changing sizes alive and replaces them in a scattered order.
 * The frames below main are 16 different functions, so that each has its own unwind rule;
 * depth counts main, the caller of malloc and what is between them.  */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LIVE = 512 };

struct job { long pairs; unsigned size; int mixed; int depth; };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static __attribute__((noinline)) void single(const struct job *j)
{
    for (long i = 0; i < j->pairs; i++) {
        char *volatile p = malloc(j->size);
        *p = 1;
        free(p);
    }
}

static __attribute__((noinline)) void mixed(const struct job *j)
{
    char *live[LIVE] = { 0 };
    uint32_t random = 1;
    for (long i = 0; i < j->pairs; i++) {
        random = random * 1664525 + 1013904223;
        char **slot = &live[random >> 16 & (LIVE - 1)];
        free(*slot);
        *slot = malloc(1 + (random >> 8) % j->size);
        **slot = 1;
    }
    for (int i = 0; i < LIVE; i++)
        free(live[i]);
}

static __attribute__((noinline)) void run(const struct job *j)
{
    j->mixed ? mixed(j) : single(j);
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

#define FRAME(n, next)                                                                   \
    static __attribute__((noinline)) void frame_##n(const struct job *j, int more)       \
    {                                                                                    \
        more > 0 ? next(j, more - 1) : run(j);                                           \
        __asm__ volatile("" ::"r"(j) : "memory");                                        \
    }
static void last(const struct job *j, int more) { (void)more; run(j); }
FRAME(15, last) FRAME(14, frame_15) FRAME(13, frame_14) FRAME(12, frame_13) FRAME(11, frame_12)
FRAME(10, frame_11) FRAME(9, frame_10) FRAME(8, frame_9) FRAME(7, frame_8) FRAME(6, frame_7)
FRAME(5, frame_6) FRAME(4, frame_5) FRAME(3, frame_4) FRAME(2, frame_3) FRAME(1, frame_2)

/* main or the thread's start, measure, run, single or mixed: the other frames are between. */
static void *measure(void *arg)
{
    const struct job *j = arg;
    enum { OTHERS = 5 };
    if (j->depth <= OTHERS - 1)
        run(j);
    else
        frame_1(j, j->depth - OTHERS);
    return NULL;
}

static double pair_ns(struct job j, int threads)
{
    pthread_t t[8];
    const double start = now();
    for (int i = 1; i < threads; i++)
        pthread_create(&t[i], NULL, measure, &j);
    measure(&j);
    for (int i = 1; i < threads; i++)
        pthread_join(t[i], NULL);
    return (now() - start) * 1e9 / (double)j.pairs;
}

int main(int argc, char **argv)
{
    static const struct { unsigned size; int mixed, depth, threads; } shapes[] = {
        { 24, 0, 4, 1 },  { 24, 0, 12, 1 },  { 200, 0, 12, 1 },   { 1000, 0, 12, 1 }, { 8000, 0, 12, 1 },
        { 64, 1, 12, 1 }, { 1000, 1, 12, 1 }, { 64, 1, 12, 2 }, { 1000, 1, 12, 2 },
    };
    const long pairs = argc > 1 ? atol(argv[1]) : 1000000;
    const size_t only = argc > 2 ? (size_t)atol(argv[2]) : sizeof shapes / sizeof *shapes;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (argc > 2 && i != only)
            continue;
        const struct job j = { pairs, shapes[i].size, shapes[i].mixed, shapes[i].depth };
        const struct job warm = { pairs / 10 + 1, shapes[i].size, shapes[i].mixed, shapes[i].depth };
        pair_ns(warm, shapes[i].threads);
        printf("%-6s size %4u depth %2d threads %d: %7.1f ns a pair\n", j.mixed ? "mixed" : "single", j.size, j.depth,
               shapes[i].threads, pair_ns(j, shapes[i].threads));
    }
    return 0;
}
