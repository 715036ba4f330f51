/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two threads in the same blocks at the same time, one with defined and one with undefined
 * data, which change over now and then; and two that write defined and undefined bytes side by
 * side in the same words.  Nothing is used, so nothing is reported; every bit is as it must be. */
// build: gcc -O0 -pthread
// build: gcc -O2 -mavx2 -pthread
// native: no
// exit: 0
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "valgrind/memcheck.h"

enum { N = 96, TURNS = 21, PAIRS = 512 };
static int wrong;
static pthread_barrier_t barrier;

struct sums { uint64_t exclusive, sum, chosen; double real; uint8_t vector[32]; long double extended; };

/* No branch and no address depends on the data. */
__attribute__((noinline, noclone)) static void work(const uint64_t *p, struct sums *s)
{
    uint64_t x = 0, sum = 0, chosen = 0;
    double real = 0;
    long double extended = 0;
    uint8_t vector[32] = { 0 };
    for (int i = 0; i < N; i++) {
        x ^= p[i];
        sum += p[i] >> 8;
        uint64_t one = 0;
        __asm__("bt $3,%1; cmovc %1,%0" : "+r"(one) : "r"(p[i]) : "cc");
        chosen ^= one;
        real += (double)(int64_t)(p[i] & 0xffff);
        for (int k = 0; k < 8; k++)
            vector[(i & 3) * 8 + k] ^= p[i] >> 8 * k;
    }
    for (int i = 0; i < N; i++)
        extended += (long double)(int32_t)p[i];
    *s = (struct sums){ .exclusive = x, .sum = sum, .chosen = chosen, .real = real, .extended = extended };
    memcpy(s->vector, vector, sizeof vector);
}

static void complain(const char *what, int thread, int turn)
{
    printf("%s, thread %d, turn %d\n", what, thread, turn);
    __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
}

static void *thread(void *arg)
{
    const int me = (int)(long)arg;
    uint64_t *p = malloc(N * sizeof *p);
    struct sums right, s, v;
    for (int i = 0; i < N; i++)
        p[i] = i * 0x9e3779b97f4a7c15;
    memset(&right, 0, sizeof right);
    work(p, &right);
    for (int turn = 0; turn < TURNS; turn++) {
        const int undefined = turn % 7 == 6 ? turn & 1 : (turn / 7 + me) & 1; /* mostly one of each */
        if (undefined)
            VALGRIND_MAKE_MEM_UNDEFINED(p + turn, 8 * (N - TURNS));
        pthread_barrier_wait(&barrier);
        memset(&s, 0, sizeof s);
        work(p, &s);
        memset(&v, 0, sizeof v);
        VALGRIND_GET_VBITS(&s.exclusive, &v.exclusive, 8);
        VALGRIND_GET_VBITS(&s.sum, &v.sum, 8);
        VALGRIND_GET_VBITS(&s.chosen, &v.chosen, 8);
        VALGRIND_GET_VBITS(&s.real, &v.real, 8);
        VALGRIND_GET_VBITS(s.vector, v.vector, 32);
        VALGRIND_GET_VBITS(&s.extended, &v.extended, 10);
        const uint64_t all = undefined ? ~0ull : 0;
        uint64_t lanes[4], bits[4];
        memcpy(lanes, v.vector, 32);
        memcpy(bits, (char *)&v.real, 8);
        if (v.exclusive != all || !!v.sum != undefined || !!v.chosen != undefined)
            complain("integers", me, turn);
        if (!!bits[0] != undefined || (*(uint8_t *)&v.extended != 0) != undefined)
            complain("floating point", me, turn);
        for (int k = 0; k < 4; k++)
            if (lanes[k] != all)
                complain("vector", me, turn);
        VALGRIND_MAKE_MEM_DEFINED(&s, sizeof s);
        VALGRIND_MAKE_MEM_DEFINED(p, N * sizeof *p);
        if (s.exclusive != right.exclusive || s.sum != right.sum || s.chosen != right.chosen || s.real != right.real ||
            s.extended != right.extended || memcmp(s.vector, right.vector, 32))
            complain("values", me, turn);
    }
    free(p);
    return NULL;
}

/* Thread 0 writes the even bytes, always defined; thread 1 the odd ones, of every third of them some undefined bits. */
static uint8_t *shared;
__attribute__((noinline, noclone)) static void put(volatile uint8_t *at, uint8_t value) { *at = value; }
static void *neighbour(void *arg)
{
    const int me = (int)(long)arg;
    for (int round = 0; round < 4; round++) {
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < PAIRS; i++) {
            uint8_t x = (uint8_t)i;
            static const uint8_t some = 0x3c;
            if (me && i % 3 == round % 3)
                VALGRIND_SET_VBITS(&x, &some, 1);
            put(shared + 2 * i + me, x);
        }
        pthread_barrier_wait(&barrier);
        if (me)
            continue;
        for (int i = 0; i < 2 * PAIRS; i++) {
            uint8_t v;
            VALGRIND_GET_VBITS(shared + i, &v, 1);
            if (v != (i & 1 && i / 2 % 3 == round % 3 ? 0x3c : 0))
                complain("neighbours", i, round);
        }
    }
    return NULL;
}

static void both(void *(*fn)(void *))
{
    pthread_t t[2];
    for (long i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, fn, (void *)i);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
}

int main(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
    both(thread);
    shared = malloc(2 * PAIRS);
    both(neighbour);
    free(shared);
    printf("%d\n", wrong);
    return wrong != 0;
}
