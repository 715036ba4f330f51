/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value a signal carries is undefined, and reaches the handler so. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
static int *volatile p;
volatile int sink;
static void handler(int sig, siginfo_t *info, void *context)
{
    if (info->si_pid != getpid())
        sink = 1;
    if (p[1] > 3)                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
}
int main(void)
{
    struct sigaction act = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    p = malloc(8);
    sigaction(SIGALRM, &act, NULL);
    kill(getpid(), SIGALRM);
    free(p);
    return 0;
}
