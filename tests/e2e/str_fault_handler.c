/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program repairs the fault of a library function and goes on. */
// build: gcc -O0 -fno-builtin
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
static char *page;
static int faults;
static void handler(int sig, siginfo_t *info, void *context)
{
    faults++;
    if ((char *)info->si_addr < page || (char *)info->si_addr >= page + 8192)
        _Exit(3);
    mprotect((char *)((unsigned long)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}
int main(void)
{
    struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &a, 0);
    page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 'x', 8191);
    mprotect(page, 8192, PROT_NONE);
    printf("%zu %d\n", strlen(page + 10), faults);
    mprotect(page, 8192, PROT_READ);
    memcpy(page + 100, page + 5000, 3000);
    memset(page + 4090, 'y', 10);
    printf("%d %c%c%c\n", faults, page[4089], page[4090], page[4099]);
    return 0;
}
