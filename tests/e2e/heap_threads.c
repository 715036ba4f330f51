/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -pthread
/* Threads that free each other's blocks at the same time. */
// log: total heap usage: 80,0?? allocs, 80,0?? frees, *
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
enum { THREADS = 4, ROUNDS = 20000, SLOTS = 128 };
static _Atomic(int *) slot[SLOTS];
static void *run(void *arg)
{
    unsigned seed = (unsigned)(size_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1103515245 + 12345;
        const int n = seed >> 8 & 255;
        int *p = malloc((n + 1) * sizeof *p);
        p[0] = n;
        p[n] = n;
        p = atomic_exchange(&slot[seed >> 20 & (SLOTS - 1)], p);
        if (p && p[p[0]] != p[0])
            abort();
        free(p);
    }
    return 0;
}
int main(void)
{
    pthread_t t[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&t[i], 0, run, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], 0);
    for (int i = 0; i < SLOTS; i++)
        free(slot[i]);
    puts("done");
    return 0;
}
