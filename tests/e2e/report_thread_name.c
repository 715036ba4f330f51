/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -pthread
// log: Thread 2 worker:
// log: Thread 1:
/* Threads are announced when they change, with the name that the program gave them; the process has its own name. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
volatile int sink;
static void *work(void *arg)
{
    pthread_setname_np(pthread_self(), "worker");
    sink = ((char *)arg)[8];         // expect: Invalid read of size 1
    return 0;
}
int main(void)
{
    pthread_t t;
    char name[16], *p = malloc(8);
    pthread_create(&t, 0, work, p);
    pthread_join(t, 0);
    sink = p[9];                     // expect: Invalid read of size 1
    prctl(PR_GET_NAME, name);
    puts(name);
    free(p);
    return 0;
}
