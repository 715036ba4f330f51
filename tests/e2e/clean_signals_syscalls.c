/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O1 -g -w -pthread
/* Signals and system calls: restart, EINTR, masks, queues; as native. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int count, last_value, order[64], n_order;
static volatile sigset_t in_handler;
static void on(int s) { count++; sigset_t m; sigprocmask(0, 0, &m); in_handler = m; (void)s; }
static void on_info(int s, siginfo_t *i, void *u) { (void)u; (void)s; last_value = i->si_value.sival_int; if (n_order < 64) order[n_order++] = i->si_value.sival_int; }
static void set(int sig, void (*h)(int), int flags) { struct sigaction a = { .sa_handler = h, .sa_flags = flags }; sigaction(sig, &a, NULL); }
static void in_ms(int ms) { struct itimerval t = { { 0, 0 }, { 0, ms * 1000 } }; setitimer(ITIMER_REAL, &t, NULL); }
static void *writer(void *p) { usleep(60000); if (write(*(int *)p, "x", 1) != 1) abort(); return NULL; }
static pthread_t main_thread;
static void *killer(void *p) { usleep(30000); pthread_kill(main_thread, (int)(long)p); return NULL; }
#define SHOW(what, r) do { long r_ = (r); int e_ = errno; printf("%s: %ld %s, handled %d\n", what, r_, r_ < 0 ? strerror(e_) : "", count); count = 0; } while (0)

int main(void)
{
    int p[2]; char c; pthread_t th; sigset_t s, old;
    setvbuf(stdout, NULL, _IONBF, 0);
    main_thread = pthread_self();
    if (pipe(p)) return 1;
    set(SIGALRM, on, SA_RESTART); in_ms(20);
    pthread_create(&th, NULL, writer, &p[1]);
    SHOW("read, SA_RESTART", read(p[0], &c, 1));
    pthread_join(th, NULL);
    set(SIGALRM, on, 0); in_ms(20);
    SHOW("read, no restart", read(p[0], &c, 1));
    set(SIGALRM, on, SA_RESTART); in_ms(20);
    struct timespec ts = { 1, 0 }, rem = { 0, 0 };
    SHOW("nanosleep", nanosleep(&ts, &rem));
    printf("rem %d\n", rem.tv_sec == 0 && rem.tv_nsec > 500000000);
    in_ms(20); SHOW("poll", poll(NULL, 0, 1000));
    in_ms(20); SHOW("pause", pause());
    in_ms(20); struct timeval tv = { 1, 0 }; SHOW("select", select(0, NULL, NULL, NULL, &tv));
    int ep = epoll_create1(0); struct epoll_event ev; in_ms(20); SHOW("epoll_wait", epoll_wait(ep, &ev, 1, 1000));
    /* blocked, then sigsuspend */
    sigemptyset(&s); sigaddset(&s, SIGALRM); sigprocmask(SIG_BLOCK, &s, &old);
    in_ms(10); usleep(30000); printf("blocked: %d\n", count);
    sigset_t pend; sigpending(&pend); printf("pending %d\n", sigismember(&pend, SIGALRM));
    sigemptyset(&s); sigaddset(&s, SIGUSR2); SHOW("sigsuspend", sigsuspend(&s));
    printf("mask in handler: ALRM %d USR2 %d\n", sigismember((sigset_t *)&in_handler, SIGALRM), sigismember((sigset_t *)&in_handler, SIGUSR2));
    sigprocmask(0, NULL, &s); printf("mask after: ALRM %d USR2 %d\n", sigismember(&s, SIGALRM), sigismember(&s, SIGUSR2));
    sigemptyset(&s); sigaddset(&s, SIGUSR1); in_ms(20); SHOW("pselect", pselect(0, NULL, NULL, NULL, &ts, &s));
    printf("mask in handler: ALRM %d USR1 %d\n", sigismember((sigset_t *)&in_handler, SIGALRM), sigismember((sigset_t *)&in_handler, SIGUSR1));
    in_ms(20); SHOW("ppoll", ppoll(NULL, 0, &ts, &s));
    in_ms(20); SHOW("epoll_pwait", epoll_pwait(ep, &ev, 1, 1000, &s));
    /* sigwait family */
    sigemptyset(&s); sigaddset(&s, SIGALRM); in_ms(10); siginfo_t si;
    SHOW("sigwaitinfo", sigwaitinfo(&s, &si)); printf("signo %d code %d\n", si.si_signo, si.si_code);
    ts = (struct timespec){ 0, 10000000 }; SHOW("sigtimedwait", sigtimedwait(&s, &si, &ts));
    int sf = signalfd(-1, &s, 0); in_ms(10); struct signalfd_siginfo fi; SHOW("signalfd", read(sf, &fi, sizeof fi)); printf("ssi %d\n", (int)fi.ssi_signo);
    sigprocmask(SIG_SETMASK, &old, NULL);
    /* queued real-time signals keep order */
    struct sigaction a = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO }; sigaction(SIGRTMIN + 3, &a, NULL); sigaction(SIGRTMIN + 1, &a, NULL);
    sigemptyset(&s); sigaddset(&s, SIGRTMIN + 3); sigaddset(&s, SIGRTMIN + 1); sigprocmask(SIG_BLOCK, &s, NULL);
    for (int i = 0; i < 5; i++) { sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 30 + i }); sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 10 + i }); }
    sigprocmask(SIG_UNBLOCK, &s, NULL);
    printf("order:"); for (int i = 0; i < n_order; i++) printf(" %d", order[i]); printf("\n");
    /* wait4 and SIGCHLD */
    set(SIGCHLD, on, SA_RESTART); pid_t pid = fork(); if (!pid) { usleep(20000); _exit(7); }
    int st; SHOW("waitpid", waitpid(pid, &st, 0) == pid); printf("status %d\n", WEXITSTATUS(st));
    set(SIGCHLD, SIG_IGN, 0); pid = fork(); if (!pid) _exit(7); SHOW("waitpid with SIGCHLD ignored", waitpid(pid, &st, 0));
    set(SIGCHLD, SIG_DFL, 0);
    /* SIGPIPE */
    close(p[0]); set(SIGPIPE, on, 0); SHOW("write to closed pipe", write(p[1], "x", 1));
    set(SIGPIPE, SIG_IGN, 0); SHOW("write, ignored", write(p[1], "x", 1));
    /* RESETHAND, NODEFER */
    set(SIGUSR1, on, SA_RESETHAND | SA_NODEFER); raise(SIGUSR1);
    printf("in handler: USR1 %d\n", sigismember((sigset_t *)&in_handler, SIGUSR1));
    sigaction(SIGUSR1, NULL, &a); SHOW("reset to default", a.sa_handler == SIG_DFL);
    /* futex wait: a thread signals us while we wait for it */
    set(SIGUSR2, on, 0); pthread_create(&th, NULL, killer, (void *)(long)SIGUSR2); SHOW("join", pthread_join(th, NULL));
    /* die by default in a child */
    pid = fork(); if (!pid) { raise(SIGTERM); _exit(0); } waitpid(pid, &st, 0); printf("child: signaled %d by %d\n", WIFSIGNALED(st), WTERMSIG(st));
    pid = fork(); if (!pid) { for (;;) pause(); } kill(pid, SIGUSR1); waitpid(pid, &st, 0); printf("child: signaled %d by %d\n", WIFSIGNALED(st), WTERMSIG(st));
    pid = fork(); if (!pid) { for (;;) pause(); } kill(pid, SIGSTOP); waitpid(pid, &st, WUNTRACED); printf("stopped %d\n", WIFSTOPPED(st)); kill(pid, SIGCONT); waitpid(pid, &st, WCONTINUED); printf("continued %d\n", WIFCONTINUED(st)); kill(pid, SIGKILL); waitpid(pid, &st, 0); printf("killed %d\n", WTERMSIG(st));
    pid = fork(); if (!pid) { raise(SIGTSTP); _exit(5); } waitpid(pid, &st, WUNTRACED); printf("stopped %d\n", WIFSTOPPED(st)); kill(pid, SIGCONT); waitpid(pid, &st, 0); printf("exit %d\n", WEXITSTATUS(st));
    return 0;
}
