/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread frees, another frees again and reads. */
// build: gcc -O0 -pthread
// build: clang -O0 -pthread
// native: no
// exit: 0
#include <pthread.h>
#include <stdlib.h>
volatile int sink;
static void *releaser(void *p)
{
    free(p);
    return NULL;
}
static void *reader(void *p)
{
    sink = ((int *)p)[2];          // expect: Invalid read of size 4
                                   // aux: Address 0x* is 8 bytes inside a block of size 24 free'd
    free(p);                       // expect: Invalid free() / delete / delete[] / realloc()
    return NULL;                   // aux: Block was alloc'd at
}
int main(void)
{
    pthread_t t;
    void *p = malloc(24);
    pthread_create(&t, NULL, releaser, p);
    pthread_join(t, NULL);
    pthread_create(&t, NULL, reader, p);
    pthread_join(t, NULL);
    return 0;
}
// log: Thread [23]:
