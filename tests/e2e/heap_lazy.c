// SPDX-License-Identifier: GPL-3.0-or-later
// Large blocks: their shadow is filled when it is looked at, and forgotten when all of it has been written.
// build: gcc -O0 -pthread
// build: gcc -O2 -fno-builtin -pthread
// options: --track-origins=yes
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, SIZE = 12 * MIB, THREADS = 4 };

static volatile int sink;

__attribute__((noinline)) static void look(const volatile char *p)
{
    if (*p) // expect: Conditional jump or move depends on uninitialised value(s)
        sink++; // aux: *Uninitialised value was created by a heap allocation
}

__attribute__((noinline)) static void look_clean(const volatile char *p)
{
    if (*p)
        sink++;
}

/* Each thread writes its own bytes of every page, so all share all pages of shadow. */
static char *shared;
static void *write_share(void *arg)
{
    const long me = (long)arg;
    for (long at = 0; at < SIZE; at += 4096)
        for (long i = me; i < 4096; i += THREADS)
            if (at + i != 9345678)
                shared[at + i] = (char)i;
    return NULL;
}

static void threads(void)
{
    pthread_t t[THREADS];
    shared = malloc(SIZE);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, write_share, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (long i = 0; i < SIZE; i++)
        if (i != 9345678)
            look_clean(shared + i);
    look(shared + 9345678);
    free(shared);
}

/* Written downward, in the middle first, and by bits. */
static void orders(void)
{
    char *p = malloc(SIZE);
    for (long i = SIZE / 2; i < SIZE; i++)
        p[i] = 1;
    for (long i = SIZE / 2; i-- > 100;)
        p[i] = 2;
    for (long i = 100; i < SIZE; i += 977)
        look_clean(p + i);
    look(p + 99);
    p[99] |= 0x80; /* one bit is defined now */
    if (p[99] & 0x80)
        sink++;
    look(p + 99);
    free(p);
}

/* The child's shadow is its own. */
static void forks(void)
{
    char *p = malloc(SIZE);
    memset(p, 1, SIZE / 4);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        memset(p, 1, SIZE - 1);
        look_clean(p + SIZE - 2);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    look_clean(p + SIZE / 4 - 1);
    look(p + SIZE / 4);
    printf("child %d\n", status);
    free(p);
}

static void moves(void)
{
    char *p = malloc(SIZE), *q = malloc(SIZE);
    memset(p, 3, SIZE);
    memcpy(q, p, SIZE);
    for (long i = 0; i < SIZE; i += 1000)
        look_clean(q + i);
    free(p);
    p = malloc(SIZE); /* of undefined bytes */
    memcpy(q + MIB, p, MIB);
    look_clean(q + MIB - 1);
    look(q + MIB);
    look(q + 2 * MIB - 1);
    look_clean(q + 2 * MIB);
    memmove(q + 1, q, SIZE - 1);
    look_clean(q + MIB);
    look(q + MIB + 1);
    look(q + 2 * MIB);
    look_clean(q + 2 * MIB + 1);
    free(q);
    memset(p, 0, SIZE / 2);
    p = realloc(p, 2 * SIZE);
    look_clean(p + SIZE / 2 - 1);
    look(p + SIZE / 2);
    look(p + SIZE);
    memset(p + SIZE / 2, 0, SIZE);
    look_clean(p + SIZE);
    p = realloc(p, SIZE);
    for (long i = 0; i < SIZE; i += 1000)
        look_clean(p + i);
    free(p);
    p = calloc(SIZE, 1);
    for (long i = 0; i < SIZE; i += 1000)
        look_clean(p + i);
    p[SIZE] = 0; // expect: Invalid write of size 1
    free(p);
}

int main(void)
{
    threads();
    orders();
    forks();
    moves();
    return 0;
}
