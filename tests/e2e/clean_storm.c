/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals, forks, vforks, threads, mappings and changing code, all at once. */
// build: gcc -O1 -w -pthread
// args: 1
// differs: with one thread at a time it may find too little work done
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
static atomic_int hits, nested; static volatile int stop; static atomic_long work;
static void on(int s, siginfo_t *i, void *u) { hits++; if (s == SIGUSR1) raise(SIGUSR2); else nested++; char b[200]; memset(b, s, sizeof b); }
static void *spin(void *p) { unsigned long x = (long)p + 1; double d = 1; while (!stop) { for (int i = 0; i < 1000; i++) { x = x * 6364136223846793005ul + 1; d = d * 1.0000001; } char *q = malloc(x % 1000 + 1); q[0] = 1; free(q); work++; if (d > 1e100) d = 1; } return 0; }
static void *sysc(void *p) { int f[2]; pipe(f); char c = 1; while (!stop) { if (write(f[1], &c, 1) == 1) while (read(f[0], &c, 1) != 1); work++; getppid(); } return 0; }
static void *forker(void *p) { while (!stop) { pid_t c = fork(); if (!c) _exit(3); int st; while (waitpid(c, &st, 0) < 0 && errno == EINTR); if (WEXITSTATUS(st) != 3) abort(); work++; } return 0; }
static void *spawner(void *p) { while (!stop) { int st; pid_t c = vfork(); if (!c) { execl("/bin/true", "true", NULL); _exit(9); } while (waitpid(c, &st, 0) < 0 && errno == EINTR); if (WEXITSTATUS(st)) abort(); } return 0; }
static void *maker(void *p) { while (!stop) { pthread_t t; if (!pthread_create(&t, 0, sysc, 0)) { pthread_detach(t); } usleep(20000); } return 0; }
static void *mapper(void *p) { while (!stop) { char *m = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memcpy(m, "\xb8\x07\0\0\0\xc3", 6); if (((int (*)(void))m)() != 7) abort(); m[1] = 9; if (((int (*)(void))m)() != 9) abort(); mprotect(m, 4096, PROT_READ | PROT_EXEC); if (((int (*)(void))m)() != 9) abort(); munmap(m, 65536); work++; } return 0; }
static volatile int seg; static void onseg(int s, siginfo_t *i, void *u) { seg = i->si_code; }
static void autod(int s) { stack_t o; sigaltstack(0, &o); char x; printf("in handler: flags %x, on alt %d\n", o.ss_flags, o.ss_size == 0 || (&x > (char *)o.ss_sp && &x < (char *)o.ss_sp + o.ss_size)); }
int main(int argc, char **argv)
{
    int secs = argc > 1 ? atoi(argv[1]) : 3; struct sigaction a = { .sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_RESTART }; sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); sigaction(SIGALRM, &a, 0);
    setvbuf(stdout, 0, _IONBF, 0);
    sigset_t s, o; sigemptyset(&s); sigaddset(&s, SIGSEGV); sigprocmask(SIG_BLOCK, &s, 0); a.sa_sigaction = onseg; sigaction(SIGSEGV, &a, 0); kill(getpid(), SIGSEGV); printf("blocked segv: %d ", seg); sigpending(&o); printf("pending %d\n", sigismember(&o, SIGSEGV)); seg = 99; sigprocmask(SIG_UNBLOCK, &s, 0); printf("delivered, code %d\n", seg);
    stack_t ss = { .ss_sp = malloc(65536), .ss_size = 65536, .ss_flags = 1 << 31 }; sigaltstack(&ss, 0); struct sigaction ad = { .sa_handler = autod, .sa_flags = SA_ONSTACK }; sigaction(SIGWINCH, &ad, 0); raise(SIGWINCH); sigaltstack(0, &ss); printf("after: flags %x size %d\n", ss.ss_flags, (int)ss.ss_size);
    pthread_mutex_t *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pthread_mutexattr_t ma; pthread_mutexattr_init(&ma); pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST); pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED); pthread_mutex_init(m, &ma);
    pid_t c = fork(); if (!c) { pthread_mutex_lock(m); kill(getpid(), SIGKILL); } waitpid(c, 0, 0); printf("robust after kill: %s\n", strerror(pthread_mutex_lock(m)));
    c = fork(); if (!c) { pthread_mutex_consistent(m); pthread_mutex_unlock(m); _exit(0); } waitpid(c, 0, 0);
    pthread_t t[12]; void *(*f[12])(void *) = { spin, spin, sysc, sysc, forker, spawner, mapper, mapper, maker, spin, sysc, spin };
    for (long i = 0; i < 12; i++) pthread_create(&t[i], 0, f[i], (void *)i);
    struct itimerval it = { { 0, 3000 }, { 0, 3000 } }; setitimer(ITIMER_REAL, &it, 0);
    struct timeval b, e; gettimeofday(&b, 0); do { for (int i = 0; i < 12; i++) if (i != 5) pthread_kill(t[i], SIGUSR1); usleep(1000); gettimeofday(&e, 0); } while (e.tv_sec - b.tv_sec < secs || ((hits <= 100 || nested <= 100 || work <= 100) && e.tv_sec - b.tv_sec < 20 * secs)); /* longer on a busy machine */
    memset(&it, 0, sizeof it); setitimer(ITIMER_REAL, &it, 0); stop = 1; for (int i = 0; i < 12; i++) pthread_join(t[i], 0); usleep(100000);
    printf("hits %d nested %d work %d\n", hits > 100, nested > 100, work > 100); return 0;
}
