// SPDX-License-Identifier: GPL-3.0-or-later
/* Runs one program and writes what it cost, as one line of JSON:
 *
 *     launch SECONDS RESULT STDIN STDOUT STDERR PROGRAM [ARGUMENT]...
 *
 * A process takes the peak memory of what it was before its exec with it
 * (exec_mmap keeps the high-water mark); a program started by the Python driver
 * would be charged the driver's.  So this small one stands between.
 * After SECONDS the program's process group is killed.
 * Times are in microseconds, memory in KiB; "signal" is 0 or what ended it.  */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 1, RESULT, STDIN, STDOUT, STDERR, PROGRAM };

static volatile pid_t child;
static volatile sig_atomic_t timed_out;

static void kill_child(int sig)
{
    (void)sig;
    timed_out = 1;
    kill(-child, SIGKILL);
}

static void die(const char *what)
{
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void redirect(const char *path, int fd, int flags)
{
    int from = open(path, flags, 0666);
    if (from < 0 || dup2(from, fd) < 0)
        die(path);
    close(from);
}

static void run_child(char **argv)
{
    setpgid(0, 0);
    redirect(argv[STDIN], 0, O_RDONLY);
    redirect(argv[STDOUT], 1, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(argv[STDERR], 2, O_WRONLY | O_CREAT | O_TRUNC);
    execv(argv[PROGRAM], argv + PROGRAM);
    die(argv[PROGRAM]);
}

static long long microseconds(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage use;
    int status;

    if (argc <= PROGRAM) {
        fprintf(stderr, "usage: launch SECONDS RESULT STDIN STDOUT STDERR PROGRAM [ARGUMENT]...\n");
        return 125;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0)
        run_child(argv);
    setpgid(child, child); /* whoever is first: the alarm must find the group */
    signal(SIGALRM, kill_child);
    alarm((unsigned)atoi(argv[SECONDS]));
    while (wait4(child, &status, 0, &use) < 0)
        if (errno != EINTR)
            die("wait4");
    clock_gettime(CLOCK_MONOTONIC, &end);

    FILE *out = fopen(argv[RESULT], "w");
    if (!out)
        die(argv[RESULT]);
    long long wall = (end.tv_sec - start.tv_sec) * 1000000LL + (end.tv_nsec - start.tv_nsec) / 1000;
    fprintf(out, "{\"wall\": %lld, \"user\": %lld, \"sys\": %lld, \"rss\": %ld, \"exit\": %d, \"signal\": %d, \"timeout\": %d}\n",
            wall, microseconds(use.ru_utime), microseconds(use.ru_stime), use.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0, (int)timed_out);
    return fclose(out) == 0 ? 0 : 125;
}
