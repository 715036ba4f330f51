/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handlers on an alternate stack: each time all of their frame is theirs, though the
 * handler before has left what it had. */
// build: gcc -O1
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
volatile int sink;
static void handler(int sig)
{
    char frame[200];
    for (int i = 0; i < sizeof frame; i++)
        ((volatile char *)frame)[i] = sig;
    /* and the red zone: 128 bytes below rsp are the leaf function's */
    __asm__ volatile("movb $1, -1(%%rsp); movb $1, -8(%%rsp); movb $1, -120(%%rsp); movb $1, -128(%%rsp)" : : : "memory");
    if (((volatile char *)frame)[0] == 3)
        sink = 1;
}
int main(void)
{
    const size_t size = 1 << 16;
    stack_t ss = { .ss_sp = malloc(size), .ss_size = size };
    struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
    sigaltstack(&ss, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    for (int i = 0; i < 10; i++)
        raise(SIGUSR1);
    printf("%d\n", sink);
    return 0;
}
