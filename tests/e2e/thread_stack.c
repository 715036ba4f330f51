/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Undefined values on a thread's stack, handed to another thread. */
// build: gcc -O0 -pthread
// build: clang -O0 -pthread
// options: --track-origins=yes
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>
volatile int sink;
static sem_t ready, done;
static int *volatile shared;
static void *owner(void *unused)
{
    volatile int local[8];
    local[1] = 3;
    shared = (int *)local;
    sem_post(&ready);
    sem_wait(&done);
    return NULL;
}
int main(void)
{
    pthread_t t;
    sem_init(&ready, 0, 0);
    sem_init(&done, 0, 0);
    pthread_create(&t, NULL, owner, NULL);
    sem_wait(&ready);
    usleep(200000); /* until the owner waits, too: whose frame it is is only known of threads that stand still (docs/memcheck.md) */
    if (shared[1] != 3)
        abort();
    if (shared[2])                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation
    sem_post(&done);
    pthread_join(t, NULL);
    return 0;
}
