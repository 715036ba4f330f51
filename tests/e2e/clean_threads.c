/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -pthread
// build: clang -O2 -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static _Atomic long counter; static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t cv = PTHREAD_COND_INITIALIZER; static int ready; static __thread int mine;
static void *work(void *arg) { long n = (long)arg; for (int i = 0; i < 20000; i++) { counter++; mine++; if (i % 1000 == 0) { char *p = malloc(n * 100 + 1); memset(p, i, n * 100 + 1); free(p); } } pthread_mutex_lock(&m); ready++; pthread_cond_signal(&cv); pthread_mutex_unlock(&m); return (void *)(long)mine; }
int main(void)
{
    pthread_t t[8]; long s = 0;
    for (long i = 0; i < 8; i++) pthread_create(&t[i], 0, work, (void *)i);
    pthread_mutex_lock(&m); while (ready < 8) pthread_cond_wait(&cv, &m); pthread_mutex_unlock(&m);
    for (int i = 0; i < 8; i++) { void *r; pthread_join(t[i], &r); s += (long)r; }
    printf("%ld %ld\n", counter, s);
    return 0;
}
