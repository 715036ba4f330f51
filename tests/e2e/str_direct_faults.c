// SPDX-License-Identifier: GPL-3.0-or-later
// String functions fault in the middle, and a handler mends it: they must then do all of their work, once.
// build: gcc -O0 -fno-builtin
// build: gcc -O2 -fno-builtin
// options: --track-origins=yes
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static char *area; /* pages: rw, none or read-only until the handler comes, rw */
static volatile int faults, bad_address;

static void mend(int sig, siginfo_t *info, void *uc)
{
    char *at = info->si_addr;
    (void)sig, (void)uc;
    faults++;
    if (at < area + PAGE || at >= area + 2 * PAGE)
        bad_address++;
    mprotect(area + PAGE, PAGE, PROT_READ | PROT_WRITE);
}

static void spoil(int prot) { mprotect(area + PAGE, PAGE, prot); }

static void show(const char *what, long result)
{
    unsigned long sum = 0;
    for (int i = 0; i < 3 * PAGE; i++)
        sum = sum * 31 + (unsigned char)area[i];
    printf("%s %ld, %d faults, %lx\n", what, result, faults, sum);
    faults = 0;
}

static void fill(void)
{
    for (int i = 0; i < 3 * PAGE; i++)
        area[i] = (char)(i % 100 + 1);
    area[3 * PAGE - 1] = 0;
}

/* Code that is written by memcpy, run, and written again. */
static void code(void)
{
    static const unsigned char returns[] = { 0xb8, 0, 0, 0, 0, 0xc3 }; /* mov $n, %eax; ret */
    unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (unsigned char n = 0; n < 20; n++) {
        unsigned char made[sizeof returns];
        memcpy(made, returns, sizeof made);
        made[1] = n;
        memcpy(page + 64 * (n % 2), made, sizeof made);
        sum += ((int (*)(void))(void *)(page + 64 * (n % 2)))();
    }
    printf("code %d\n", sum);
    munmap(page, PAGE);
}

/* Far below the stack pointer's page, which is yet to grow. */
static __attribute__((noinline)) int stack(void)
{
    char big[600000];
    memset(big, 1, sizeof big);
    return big[5] + (int)strnlen(big, sizeof big - 1);
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_NODEFER };
    static char other[3 * PAGE], text[3 * PAGE];
    sigaction(SIGSEGV, &sa, NULL);
    area = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(other, 7, sizeof other);
    memset(text, 3, sizeof text - 1);

    fill(), spoil(PROT_NONE), show("strlen", (long)strlen(area + PAGE - 5));
    fill(), spoil(PROT_NONE), show("memchr", (char *)memchr(area + PAGE - 5, 0, 2 * PAGE + 5) - area);
    fill(), spoil(PROT_NONE), show("strchr", strchr(area + PAGE - 5, 127) == NULL);
    fill(), memcpy(other, area, 3 * PAGE), spoil(PROT_NONE), show("memcmp", memcmp(area, other, 3 * PAGE));
    spoil(PROT_NONE), show("strcmp", strcmp(area + 10, other + 10));
    spoil(PROT_NONE), show("strncmp", strncmp(other + PAGE - 40, area + PAGE - 40, 90));
    for (int n = 1; n < 200; n += 13) {
        fill(), spoil(PROT_READ), show("memcpy", (char *)memcpy(area + PAGE - n / 2, other, (size_t)n) - area);
        fill(), spoil(PROT_NONE), memcpy(other, area + PAGE - n / 2, (size_t)n), show("memcpy from", other[n - 1]);
        fill(), spoil(PROT_READ), memmove(area + PAGE - n, area + PAGE - n + 7, (size_t)n), show("memmove down", n);
        fill(), spoil(PROT_READ), memmove(area + PAGE - n + 7, area + PAGE - n, (size_t)n), show("memmove up", n);
        fill(), spoil(PROT_READ), show("memset", (char *)memset(area + PAGE - n / 2, n, (size_t)n) - area);
        text[n] = 0;
        fill(), spoil(PROT_READ), show("strcpy", strcpy(area + PAGE - n / 2, text) - area);
        text[n] = 3;
    }
    fill(), spoil(PROT_READ), memcpy(area, other, 3 * PAGE), show("all", 0);
    printf("%d bad addresses\n", bad_address);
    code();
    printf("stack %d\n", stack());
    return 0;
}
