/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: fresh brk memory is zero, not undefined; a stack that grows on fault may be written; valgrind reports protected pages before they fault
/* Mappings as the kernel makes them: 3,000 random mmap, munmap, mprotect, mremap, madvise and mincore calls in one
 * window, each result and errno, and what the memory holds afterwards; then brk, shm, files and growing stacks. */
// build: gcc -O1
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
static char *window;
static uint32_t state = 12345, sum;

static unsigned draw(unsigned n)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

static void note(long v)
{
    sum = (sum ^ (uint32_t)v) * 16777619u;
}

static sigjmp_buf out;
static volatile int code;
static void fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    code = sig * 100 + info->si_code;
    siglongjmp(out, 1);
}

/* Reads and writes one byte of each page, with what happens. */
static void look(void)
{
    for (volatile int i = 0; i < PAGES; i++) {
        volatile char *p = window + i * PAGE + 17;
        code = 0;
        if (!sigsetjmp(out, 1))
            note(*p); // expect: Invalid read of size 1
        note(code);
        code = 0;
        if (!sigsetjmp(out, 1))
            *p = (char)(*p + i); // expect: Invalid read of size 1
        note(code);
    }
}

static long place(void *p)
{
    return p == MAP_FAILED ? -errno : (char *)p - window;
}

static void step(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW, RW | PROT_EXEC };
    const unsigned at = draw(PAGES), n = 1 + draw(PAGES - at < 12 ? PAGES - at : 12), to = draw(PAGES);
    char *a = window + at * PAGE;
    const size_t size = n * PAGE - draw(3) * 5;
    const int prot = prots[draw(6)];
    switch (draw(9)) {
    case 0:
    case 1: note(place(mmap(a, size, prot, ANON | MAP_FIXED, -1, 0))); break;
    case 2: note(place(mmap(a, size, prot, ANON | MAP_FIXED_NOREPLACE, -1, 0))); break;
    case 3: note(munmap(a, size) ? -errno : 0); break;
    case 4:
    case 5: note(mprotect(a, size, prot) ? -errno : 0); break;
    case 6:
        /* of one mapping: what several together do depends on the kernel's version */
        if (to + 12 <= PAGES && mmap(a, n * PAGE, RW, ANON | MAP_FIXED, -1, 0) == a && mprotect(a, n * PAGE, prot) == 0)
            note(place(mremap(a, size, (1 + draw(12)) * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, window + to * PAGE)));
        break;
    case 7: note(madvise(a, size, MADV_DONTNEED) ? -errno : 0); break;
    case 8: {
        unsigned char v[16];
        note(mincore(a, size, v) ? -errno : 0);
        break;
    }
    }
}

static void odd_arguments(void)
{
    char *a = mmap(0, 4 * PAGE, RW, ANON, -1, 0);
    printf("%ld %ld %ld\n", place(mmap(0, 0, RW, ANON, -1, 0)) , place(mmap(a + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0)), place(mmap(0, PAGE, RW, 0, -1, 0)));
    printf("%ld %ld\n", place(mmap(0, PAGE, RW, MAP_PRIVATE, -1, 0)), place(mmap(0, -1ul, RW, ANON, -1, 0)));
    printf("%d %d\n", munmap(a + 1, PAGE) ? errno : 0, munmap(a, 0) ? errno : 0);
    printf("%d %d\n", mprotect(a + 1, PAGE, RW) ? errno : 0, mprotect(a, PAGE, 0x1000) ? errno : 0);
    printf("%ld %ld\n", place(mremap(a + 1, PAGE, PAGE, 0)), place(mremap(a, PAGE, 0, 0)));
    printf("%ld %ld\n", place(mremap(a, PAGE, 2 * PAGE, 0x100)), place(mremap(a, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE)));
    printf("%d %d\n", madvise(a, PAGE, 12345) ? errno : 0, madvise(a + 1, PAGE, MADV_NORMAL) ? errno : 0);
    int fd = open("/dev/null", O_RDONLY);
    printf("%ld\n", place(mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0)));
    close(fd);
    fd = open("/proc/self/exe", O_RDONLY);
    printf("%ld %ld\n", place(mmap(0, PAGE, RW, MAP_SHARED, fd, 0)), place(mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 100)));
    char *f = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    printf("%d %.3s\n", mprotect(f, PAGE, RW) ? errno : 0, f + 1);
    close(fd);
}

static void heap(void)
{
    char *start = sbrk(0);
    printf("%d\n", sbrk(10000) == start);
    memset(start, 1, 10000);
    printf("%d %d\n", brk(start + 10), (char *)sbrk(0) == start + 10);
    sbrk(20000 - 10);
    printf("%d %d\n", start[9], start[9999]);
    brk(start);
}

static void shared(void)
{
    const int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
    char *a = shmat(id, 0, 0), *b = shmat(id, 0, SHM_RDONLY);
    strcpy(a + PAGE, "shared");
    printf("%s\n", b + PAGE);
    printf("%d %d\n", shmdt(a + PAGE) ? errno : 0, shmdt(a));
    printf("%d %d\n", shmdt(a) ? errno : 0, shmdt(b));
    shmctl(id, IPC_RMID, 0);
    printf("%d\n", shmat(id, 0, 0) == (void *)-1 ? errno : 0);
}

static void truncated_file(void)
{
    char name[] = "/tmp/clean_space-XXXXXX";
    const int fd = mkstemp(name);
    unlink(name);
    if (ftruncate(fd, 2 * PAGE))
        return;
    volatile char *p = mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    p[PAGE] = 5;
    if (ftruncate(fd, PAGE))
        return;
    code = 0;
    if (!sigsetjmp(out, 1))
        printf("%d\n", p[PAGE]);
    printf("%d\n", code);
    char *grown = mremap((void *)p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    printf("%d\n", grown[0]);
}

static void growing_stack(void)
{
    char *a = mmap(0, 300 * PAGE, PROT_NONE, ANON, -1, 0), *top = a + 300 * PAGE;
    munmap(a, 300 * PAGE);
    char *p = mmap(top - PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    if (p == MAP_FAILED)
        return;
    code = 0;
    if (!sigsetjmp(out, 1))
        p[-10] = 1, p[-3 * PAGE] = 2;
    printf("%d\n", code);
}

int main(void)
{
    const struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, 0);
    sigaction(SIGBUS, &action, 0);
    window = mmap(0, (PAGES + 1) * PAGE, PROT_NONE, ANON, -1, 0);
    for (int i = 0; i < 3000; i++) {
        step();
        if (i % 100 == 0)
            look();
    }
    look();
    printf("%08x\n", sum);
    odd_arguments();
    heap();
    shared();
    truncated_file();
    growing_stack();
    return 0;
}
