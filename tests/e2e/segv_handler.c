/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A handler that repairs the fault by editing the context. */
// differs: valgrind does not keep rax exact here
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
static int good = 42;
static void handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    if (sig != SIGSEGV || info->si_addr != (void *)0x1000 || u->uc_mcontext.gregs[REG_RAX] != 0x1000)
        _Exit(2);
    u->uc_mcontext.gregs[REG_RAX] = (long)&good;
}
int main(void)
{
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, 0);
    int v;
    __asm__ volatile("movl (%1), %0" : "=r"(v) : "a"(0x1000L));  // expect: Invalid read of size 4
    printf("%d\n", v);
    return 0;
}
