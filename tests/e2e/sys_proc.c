/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind misses some of the ways there
/* /proc/self is the program's, whatever path leads there. */
// args: one two
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show_link(const char *path)
{
    char buf[PATH_MAX] = "";
    printf("%zd", readlink(path, buf, sizeof buf - 1));
    printf(" %s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
}

static void show_file(const char *path)
{
    char buf[65536];
    const int fd = open(path, O_RDONLY);
    const ssize_t n = read(fd, buf, sizeof buf - 1);
    for (ssize_t i = 0; i < n; i++)
        if (!buf[i])
            buf[i] = ' ';
    buf[n > 0 ? n : 0] = 0;
    printf("%s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
    close(fd);
}

int main(int argc, char **argv)
{
    char path[100], line[1000];
    struct stat a, b;
    show_link("/proc/self/exe");
    snprintf(path, sizeof path, "/proc/%d/exe", getpid());
    show_link(path);
    show_link("/proc/thread-self/exe");
    show_link("//proc//self/./exe");
    show_file("/proc/self/cmdline");
    stat("/proc/self/exe", &a);
    stat(argv[0], &b);
    printf("same file %d\n", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    /* the list of mappings knows our code, data, stack, and nothing of a checker */
    FILE *maps = fopen("/proc/self/maps", "r");
    int code = 0, stack = 0, tool = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        sscanf(line, "%lx-%lx", &from, &to);
        code |= (unsigned long)main >= from && (unsigned long)main < to && strstr(line, "r-xp");
        stack |= (unsigned long)&argc >= from && (unsigned long)&argc < to && strstr(line, "rw-p");
        tool |= strstr(line, "nagrind") && !strstr(line, "e2e") && strstr(line, ".so");
    }
    printf("maps %d %d %d\n", code, stack, tool);
    /* descriptors: 0, 1, 2, the stream, the listing */
    DIR *d = opendir("/proc/self/fd");
    int n = 0, high = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        n += e->d_name[0] != '.';
        high |= atoi(e->d_name) > 200;
    }
    printf("%d %d\n", n, high);
    chdir("/proc/self");
    show_link("exe");
    show_file("cmdline");
    return 0;
}
