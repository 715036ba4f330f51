/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O1 -g -w -pthread
// differs: valgrind gives up at the clone that shares memory
/* Processes: vfork, posix_spawn, system, popen, clone, exec errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static volatile int shared; static int caught; static void on(int s) { caught = s; }
static int clone_fn(void *p) { shared += *(int *)p; _exit(3); }
static char stack[65536] __attribute__((aligned(16)));
int main(int argc, char **argv)
{
    int st; pid_t pid; char *none[] = { "x", NULL };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) { sigset_t s; sigprocmask(0, NULL, &s); struct sigaction a; sigaction(SIGUSR1, NULL, &a); struct sigaction b; sigaction(SIGUSR2, NULL, &b); printf("child: argv0 %s, USR1 blocked %d, USR1 default %d, USR2 ignored %d, env %s\n", argv[0], sigismember(&s, SIGUSR1), a.sa_handler == SIG_DFL, b.sa_handler == SIG_IGN, getenv("TESTENV")); return 11; }
    signal(SIGUSR1, on); signal(SIGUSR2, SIG_IGN);
    pid = vfork(); if (!pid) { shared = 7; _exit(2); } waitpid(pid, &st, 0); printf("vfork: shared %d status %d\n", shared, WEXITSTATUS(st));
    pid = vfork(); if (!pid) { execl("/bin/true", "true", NULL); _exit(99); } waitpid(pid, &st, 0); printf("vfork+exec %d\n", WEXITSTATUS(st));
    pid = vfork(); if (!pid) { execl("/nonexistent", "true", NULL); _exit(errno == ENOENT ? 44 : 45); } waitpid(pid, &st, 0); printf("vfork+bad exec %d\n", WEXITSTATUS(st));
    pid = vfork(); if (!pid) { signal(SIGUSR1, SIG_DFL); raise(SIGUSR1); _exit(0); } waitpid(pid, &st, 0); printf("vfork+signal %d\n", WTERMSIG(st)); raise(SIGUSR1); printf("parent's handler %d\n", caught);
    setenv("TESTENV", "yes", 1); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); sigprocmask(SIG_BLOCK, &s, NULL);
    char *args[] = { "funny name", "child", NULL }; posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args, environ); waitpid(pid, &st, 0); printf("posix_spawn %d\n", WEXITSTATUS(st));
    printf("posix_spawn error %d\n", posix_spawn(&pid, "/nonexistent", NULL, NULL, args, environ) == ENOENT);
    fflush(stdout); printf("system %d\n", WEXITSTATUS(system("echo from shell; exit 6")));
    FILE *f = popen("echo popen works; cat /proc/self/comm", "r"); char line[100]; while (fgets(line, sizeof line, f)) fputs(line, stdout); printf("pclose %d\n", pclose(f));
    int add = 5; pid = clone(clone_fn, stack + sizeof stack, SIGCHLD, &add); waitpid(pid, &st, 0); printf("clone: shared %d status %d\n", shared, WEXITSTATUS(st));
    pid = clone(clone_fn, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &add); waitpid(pid, &st, 0); printf("clone VM: shared %d status %d\n", shared, WEXITSTATUS(st));
    pid = clone(clone_fn, stack + sizeof stack, CLONE_FILES | CLONE_FS, &add); waitpid(pid, &st, __WCLONE); printf("clone no signal: shared %d status %d\n", shared, WEXITSTATUS(st));
    printf("exec: %s\n", (execv("/nonexistent", none), strerror(errno)));
    printf("exec: %s\n", (execv("/etc/passwd", none), strerror(errno)));
    printf("exec: %s\n", (execv("/tmp", none), strerror(errno)));
    printf("exec: %s\n", (execve((char *)8, none, environ), strerror(errno)));
    char script[64]; sprintf(script, "/tmp/ng_script_%d", getpid()); int fd = open(script, O_CREAT | O_WRONLY | O_TRUNC, 0755); write(fd, "#!/bin/sh\necho script $1\n", 25); close(fd);
    pid = fork(); if (!pid) { execl(script, "z", "arg", NULL); _exit(1); } waitpid(pid, &st, 0); printf("script %d\n", WEXITSTATUS(st)); unlink(script);
    fd = open("/bin/echo", O_RDONLY | O_CLOEXEC); pid = fork(); if (!pid) { char *e[] = { "echo", "fexecve", NULL }; fexecve(fd, e, environ); _exit(1); } waitpid(pid, &st, 0); printf("fexecve %d\n", WEXITSTATUS(st));
    for (int i = 0; i < 50; i++) { pid = fork(); if (!pid) _exit(i); waitpid(pid, &st, 0); if (WEXITSTATUS(st) != i) abort(); } printf("50 forks\n");
    pid = fork(); if (!pid) { pid = fork(); if (!pid) _exit(1); waitpid(pid, &st, 0); _exit(WEXITSTATUS(st) + 1); } waitpid(pid, &st, 0); printf("nested %d\n", WEXITSTATUS(st));
    execl("/proc/self/exe", "again", "child", NULL);
    return 1;
}
