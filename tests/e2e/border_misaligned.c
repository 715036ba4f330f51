/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An operand that must be aligned and is not: SIGSEGV without an address, at the instruction,
 * in clean and in dirty blocks. */
// build: gcc -O1
// not under: interp: the interpreter's loads have no alignment
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>
#include "valgrind/memcheck.h"

static sigjmp_buf env;
static char memory[256] __attribute__((aligned(64)));
static void handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    printf("signal %d code %d address %p trap %d error %d rcx %llx ", sig, info->si_code, info->si_addr,
           (int)u->uc_mcontext.gregs[REG_TRAPNO], (int)u->uc_mcontext.gregs[REG_ERR], (long long)u->uc_mcontext.gregs[REG_RCX]);
    siglongjmp(env, 1);
}
#define CASE(text) \
    for (int dirty = 0; dirty < 2; dirty++) { \
        long x = 7; \
        if (dirty) \
            VALGRIND_MAKE_MEM_UNDEFINED(&x, sizeof x); \
        if (!sigsetjmp(env, 1)) { \
            __asm__ volatile("mov $5,%%ecx; add $2,%%ecx; mov %1,%%rdx; add %%rdx,%%rdx; " text "; mov $9,%%ecx" \
                             : : "r"(memory + 4), "r"(x) : "rcx", "rdx", "xmm1", "memory", "cc"); \
            printf("no fault "); \
        } \
        puts(text); \
    }
int main(void)
{
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
    CASE("movaps (%0),%%xmm1")
    CASE("movaps %%xmm1,(%0)")
    CASE("paddd 8(%0),%%xmm1")
    CASE("movntdq %%xmm1,(%0)")
    CASE("vmovdqa (%0),%%ymm1")
    CASE("vpaddd (%0),%%ymm1,%%ymm1")
    CASE("movups (%0),%%xmm1")
    CASE("fxsave (%0)")
    CASE("lock cmpxchg16b 4(%0)")
    return 0;
}
