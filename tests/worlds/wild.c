/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes to random addresses all over the 64-bit space that are not the
 * program's own; each must fault as natively, and be survived. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf env;
static volatile unsigned long faults, canonical;

static void handler(int sig, siginfo_t *info, void *context)
{
    faults++;
    canonical += info->si_addr != 0;
    siglongjmp(env, 1);
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER };
    int n = atoi(argv[1]);
    uint64_t x = 88172645463325252ull;
    sigaction(SIGSEGV, &sa, 0);
    sigaction(SIGBUS, &sa, 0);
    for (volatile int i = 0; i < n; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        /* top bits spread over user and kernel halves and non-canonical space; away from where programs live natively or here */
        uint64_t a = i % 3 ? (x & 0x7fffffffffffull) : x;
        if (a >> 40 == 0x7f || a >> 40 == 0x55 || a >> 40 == 0x56 || a >> 40 == 0x7e || a >> 44 == 0)
            a = x | 1ull << 63;
        volatile char *p = (volatile char *)a;
        if (sigsetjmp(env, 1) == 0)
            switch (i & 3) {
            case 0: *p = 1; break;
            case 1: *(volatile long *)p = 1; break;
            case 2: *(volatile int *)p += 1; break;
            case 3: (void)*(volatile short *)p; break;
            }
    }
    printf("%lu faults, %d with an address\n", faults, canonical > 0);
    return 0;
}
