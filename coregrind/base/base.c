/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: allocation that never returns NULL, hashes, time, descriptors. */
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "base/base.h"

void *base_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        base_out_of_memory(size);
    return p;
}

void *base_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (!q)
        base_out_of_memory(size);
    return q;
}

char *base_strdup(const char *s)
{
    const size_t n = strlen(s) + 1;
    return memcpy(base_alloc(n), s, n);
}

/* The finaliser of splitmix64: every input bit reaches every output bit. */
uint64_t base_hash64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

uint64_t base_hash_bytes(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t h = 0x9e3779b97f4a7c15ull ^ n, word;
    for (; n >= 8; n -= 8, b += 8) {
        memcpy(&word, b, 8);
        h = base_hash64(h ^ word);
    }
    word = 0;
    memcpy(&word, b, n);
    return base_hash64(h ^ word);
}

uint64_t base_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int base_fd_floor = 256;

/* The soft limit is the client's, and lies below our numbers: lifted for this one call. */
static int duplicate_high(int fd)
{
    struct rlimit limit, lifted;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, base_fd_floor);
    if (high >= 0 || errno != EINVAL || getrlimit(RLIMIT_NOFILE, &limit))
        return high;
    lifted = limit;
    lifted.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lifted);
    high = fcntl(fd, F_DUPFD_CLOEXEC, base_fd_floor);
    const int error = errno;
    setrlimit(RLIMIT_NOFILE, &limit);
    errno = error;
    return high;
}

int base_fd_hide(int fd)
{
    const int high = duplicate_high(fd);
    if (high < 0) {
        const int error = errno;
        /* No room above: the number stays, hidden from exec at least. */
        return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -error;
    }
    close(fd);
    return high;
}
