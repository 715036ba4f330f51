/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -pthread
// build: clang -O0 -pthread
#include <pthread.h>
#include <stdlib.h>
volatile int sink;
static void *work(void *arg)
{
    int *p = arg;
    if (p[2])                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    p[10] = 1;                 // expect: Invalid write of size 4
    return 0;                  // aux: Address * is 0 bytes after a block of size 40 alloc'd
}
int main(void)
{
    pthread_t t;
    int *p = malloc(40);
    pthread_create(&t, 0, work, p);
    pthread_join(t, 0);
    free(p);
    return 0;
}
// log: Thread 2:
