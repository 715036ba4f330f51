/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind shows its own descriptors
/* After a call exactly what the kernel wrote is defined. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int sink;
#define DEFINED(p, n) for (size_t i = 0; i < (n); i++) if (((char *)(p))[i]) sink++

int main(void)
{
    int pipes[2];
    pipe(pipes);
    write(pipes[1], "12345", 5);
    char *buf = malloc(64);
    read(pipes[0], buf, 64);
    DEFINED(buf, 5);
    if (buf[5]) sink++;                      // expect: Conditional jump or move depends on uninitialised value(s)
    free(buf);
    struct stat *st = malloc(sizeof *st);
    stat("/", st);
    DEFINED(st, sizeof *st);
    free(st);
    char *link = malloc(PATH_MAX);
    const ssize_t n = readlink("/proc/self/exe", link, PATH_MAX);
    DEFINED(link, (size_t)n);
    if (link[n]) sink++;                     // expect: Conditional jump or move depends on uninitialised value(s)
    free(link);
    char *cwd = malloc(PATH_MAX);
    getcwd(cwd, PATH_MAX);
    if (strlen(cwd) == 0) sink++;
    free(cwd);
    int *status = malloc(sizeof *status);
    struct rusage *usage = malloc(sizeof *usage);
    if (!fork())
        _exit(3);
    wait4(-1, status, 0, usage);
    DEFINED(usage, sizeof *usage);
    printf("%d\n", WEXITSTATUS(*status));
    free(status), free(usage);
    char *a = malloc(4), *b = malloc(4);
    write(pipes[1], "123456", 6);
    struct iovec v[2] = { { a, 4 }, { b, 4 } };
    readv(pipes[0], v, 2);
    DEFINED(a, 4);
    DEFINED(b, 2);
    if (b[2]) sink++;                        // expect: Conditional jump or move depends on uninitialised value(s)
    free(a), free(b);
    struct sockaddr_storage *name = malloc(sizeof *name);
    socklen_t length = sizeof *name;
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    getsockname(s, (struct sockaddr *)name, &length);
    DEFINED(name, length);
    if (((char *)name)[16]) sink++;          // expect: Conditional jump or move depends on uninitialised value(s)
    free(name);
    long *now = malloc(16);
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now);
    DEFINED(now, 16);
    syscall(SYS_gettimeofday, now, 0);
    DEFINED(now, 16);
    free(now);
    const int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    char *entries = malloc(4096);
    const long size = syscall(SYS_getdents64, dir, entries, 4096);
    for (long i = 0; i < size; i += *(unsigned short *)(entries + i + 16))
        if (entries[i + 19] != '.' && atoi(entries + i + 19) > 100) printf("%s\n", entries + i + 19);
    free(entries);
    struct timespec *req = calloc(1, sizeof *req), *rem = malloc(sizeof *rem);
    nanosleep(req, rem);
    if (rem->tv_sec) sink++;                 // expect: Conditional jump or move depends on uninitialised value(s)
    free(req), free(rem);
    return 0;
}
