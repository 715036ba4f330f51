/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An error inside a signal handler. */
#include <signal.h>
#include <stdlib.h>
volatile int sink;
static int *p;
static void handler(int sig)
{
    if (p[1])                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = sig;
}
int main(void)
{
    p = malloc(8);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    free(p);
    return 0;
}
