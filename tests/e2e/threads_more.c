/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O1 -g -w -pthread
/* Threads: storms of signals, cancellation, robust mutexes, exits of all kinds. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xmmintrin.h>

static atomic_int hits; static void on(int s) { (void)s; hits++; }
static volatile int stop; static pthread_mutex_t m; static __thread int tls = 5;
static void *spin(void *p) { long n = 0; while (!stop) n++; tls += (int)(long)p; return (void *)(long)tls; }
static void *sleeper(void *p) { (void)p; for (;;) sleep(100); }
static int cleaned; static void cleanup(void *p) { (void)p; cleaned++; }
static void *cancel_me(void *p) { pthread_cleanup_push(cleanup, p); for (;;) { char c; read(*(int *)p, &c, 1); } pthread_cleanup_pop(1); return NULL; }
static void *die_locked(void *p) { (void)p; pthread_mutex_lock(&m); return NULL; }
static void *noop(void *p) { return p; }
static void *mx(void *p) { (void)p; return (void *)(long)(_mm_getcsr() & 0xe000); }
static atomic_int sum; static void *adder(void *p) { (void)p; for (int i = 0; i < 100000; i++) sum++; return NULL; }
static void *uid_getter(void *p) { (void)p; while (!stop) { getuid(); sched_yield(); } return NULL; }
static void *exiter(void *p) { (void)p; usleep(20000); exit(9); }
static void *late(void *p) { (void)p; usleep(30000); printf("main is gone\n"); return NULL; }
static int child(int (*fn)(void)) { int st; fflush(stdout); pid_t p = fork(); if (!p) { int r = fn(); exit(r); } waitpid(p, &st, 0); return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st); }
static int exit_from_thread(void) { pthread_t t, u; pthread_create(&u, NULL, sleeper, NULL); pthread_create(&t, NULL, exiter, NULL); for (;;) pause(); }
static int main_leaves(void) { pthread_t t; pthread_create(&t, NULL, late, NULL); pthread_exit(NULL); }
static int return_with_threads(void) { pthread_t t; for (int i = 0; i < 3; i++) pthread_create(&t, NULL, i & 1 ? sleeper : spin, (void *)1l); return 4; }
static void *fork_in_thread(void *p) { int st; pid_t c = fork(); if (!c) _exit(tls); waitpid(c, &st, 0); (void)p; return (void *)(long)WEXITSTATUS(st); }
static void *exec_in_thread(void *p) { (void)p; execl("/bin/echo", "echo", "from exec", (char *)NULL); return NULL; }
static int exec_thread(void) { pthread_t t; pthread_create(&t, NULL, exec_in_thread, NULL); for (;;) pause(); }
static int segv_in_thread(void) { pthread_t t; pthread_create(&t, NULL, noop, NULL); pthread_join(t, NULL); *(volatile int *)8 = 1; return 0; } // expect: Invalid write of size 4
static int abort_with_threads(void) { pthread_t t; pthread_create(&t, NULL, sleeper, NULL); abort(); }
int main(void)
{
    pthread_t t[20]; void *r; struct sigaction a = { .sa_handler = on }; sigaction(SIGUSR1, &a, NULL);
    for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, spin, (void *)i);
    for (int k = 0; k < 500; k++) { pthread_kill(t[k % 4], SIGUSR1); if (k % 50 == 0) usleep(1000); }
    stop = 1; for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); printf("tls %ld\n", (long)r); } printf("hit %d\n", hits > 4);
    for (int i = 0; i < 20; i++) pthread_create(&t[i], NULL, adder, NULL); for (int i = 0; i < 20; i++) pthread_join(t[i], NULL); printf("sum %d\n", sum);
    int p[2]; pipe(p); pthread_create(&t[0], NULL, cancel_me, p); usleep(20000); pthread_cancel(t[0]); pthread_join(t[0], &r); printf("cancelled %d cleaned %d\n", r == PTHREAD_CANCELED, cleaned);
    pthread_mutexattr_t ma; pthread_mutexattr_init(&ma); pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST); pthread_mutex_init(&m, &ma);
    pthread_create(&t[0], NULL, die_locked, NULL); pthread_join(t[0], NULL); printf("robust %s\n", strerror(pthread_mutex_lock(&m))); pthread_mutex_consistent(&m); pthread_mutex_unlock(&m);
    for (int i = 0; i < 300; i++) { pthread_create(&t[0], NULL, noop, (void *)(long)i); pthread_join(t[0], &r); if ((long)r != i) abort(); } printf("300 threads\n");
    _mm_setcsr(_mm_getcsr() | 0x6000); pthread_create(&t[0], NULL, mx, NULL); pthread_join(t[0], &r); printf("mxcsr inherited %lx\n", (long)r); _mm_setcsr(_mm_getcsr() & ~0x6000);
    stop = 0; pthread_create(&t[0], NULL, uid_getter, NULL); printf("setuid %d\n", setuid(getuid())); stop = 1; pthread_join(t[0], NULL);
    pthread_create(&t[0], NULL, fork_in_thread, NULL); pthread_join(t[0], &r); printf("forked in thread %ld\n", (long)r);
    printf("tid %d\n", gettid() == getpid());
    stop = 0;
    printf("exit from thread %d\n", child(exit_from_thread));
    printf("main leaves %d\n", child(main_leaves));
    printf("return with threads %d\n", child(return_with_threads));
    printf("exec in thread %d\n", child(exec_thread));
    printf("segv %d\n", child(segv_in_thread));
    printf("abort %d\n", child(abort_with_threads));
    return 0;
}
