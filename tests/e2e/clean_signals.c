/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -pthread
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
static volatile sig_atomic_t ticks, usr; static double d[100];
static void tick(int s) { double x = ticks; for (int i = 0; i < 50; i++) x = x * 1.5 + s; d[ticks % 100] = x; ticks++; }
static void on_usr(int s, siginfo_t *i, void *u) { usr += i->si_value.sival_int; }
int main(void)
{
    stack_t ss = { .ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ }; sigaltstack(&ss, 0);
    struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_ONSTACK | SA_RESTART }, sb = { .sa_sigaction = on_usr, .sa_flags = SA_SIGINFO };
    sigaction(SIGALRM, &sa, 0); sigaction(SIGRTMIN, &sb, 0);
    struct itimerval it = { { 0, 2000 }, { 0, 2000 } }; setitimer(ITIMER_REAL, &it, 0);
    double x = 1; volatile unsigned long n = 0;
    while (ticks < 40) { x = x * 1.0000001 + 0.5; n++; if (x > 1e9) x = 1; }
    it = (struct itimerval){ 0 }; setitimer(ITIMER_REAL, &it, 0);
    for (int i = 1; i <= 10; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
    int p[2]; pipe(p); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR2); sigprocmask(SIG_BLOCK, &s, 0); kill(getpid(), SIGUSR2); int got; sigwait(&s, &got);
    printf("%d %d %d\n", ticks >= 40, (int)usr, got == SIGUSR2);
    free(ss.ss_sp);
    return 0;
}
