/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -pthread
// native: no
// options: --leak-check=full --show-leak-kinds=definite,reachable --errors-for-leak-kinds=definite
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static volatile int ready;
static void *run(void *arg)
{
    void *volatile mine = malloc(500);   // expect: 500 bytes in 1 blocks are still reachable in loss record
    ready = 1;
    pause();
    return mine;
}
static void *gone(void *arg)
{
    void *volatile mine = malloc(600);   // expect: 600 bytes in 1 blocks are definitely lost in loss record
    mine = 0;
    return 0;
}
int main(void)
{
    pthread_t t, u;
    pthread_create(&t, 0, run, 0);
    pthread_create(&u, 0, gone, 0);
    pthread_join(u, 0);
    while (!ready)
        usleep(1000);
    usleep(20000);
    _exit(0);
}
