/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind applies RLIMIT_AS to itself and ends
/* Resource limits are the program's own: those it sets are those it sees, and they do not starve the checker. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void)
{
    struct rlimit r = { 64 << 20, 1ul << 40 }, got;
    printf("%d ", setrlimit(RLIMIT_AS, &r));
    printf("%d ", getrlimit(RLIMIT_AS, &got));
    printf("%lu\n", (unsigned long)got.rlim_cur);
    r = (struct rlimit){ 20, 4000 };
    printf("%d\n", setrlimit(RLIMIT_NOFILE, &r));
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    printf("%d %d\n", last, errno == EMFILE);
    for (int i = 3; i <= last; i++)
        close(i);
    printf("%d %d\n", dup2(1, 25), errno == EBADF);
    printf("%d\n", close_range(3, ~0u, 0));
    char *p = malloc(1000000);
    printf("%d\n", p != NULL);
    free(p);
    return 0;
}
