/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers hammer a hot loop that keeps something in every register, in flags across
 * instructions, in vectors, x87, on the stack and in memory; the handlers edit the context.
 * What the loop computes is what it computes without timers, and each edit has taken effect once. */
// not under: valgrind: its handlers never see a pc in the loop
// build: gcc -O1 -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

/* rax rcx rdx rbx rsi rdi r8-r15 after the loop; then xmm0 and xmm15, st(0), flags */
struct result { uint64_t gpr[14]; uint8_t xmm0[16], xmm15[16], ymm4[32]; double x87; uint64_t flags; };
void border_loop(struct result *out, long rounds);
__asm__(".text\nborder_loop: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi; push %rsi\n"
    "  mov $1,%eax; mov $3,%ecx; mov $5,%edx; mov $7,%ebx; mov $11,%esi; mov $13,%edi; mov $17,%r8d; mov $19,%r9d; mov $23,%r10d; mov $29,%r11d\n"
    "  xor %r12d,%r12d; mov $31,%r13d; mov $37,%r14d; mov $41,%r15d; fld1; fldz; pxor %xmm15,%xmm15; pcmpeqd %xmm0,%xmm0; movq %rdx,%xmm1\n"
    "  vpbroadcastq %xmm1,%ymm4; vpaddq %ymm4,%ymm4,%ymm5; cmp %eax,%eax; stc\n"
    "1: border_begin: adc %rax,%rbx; adc %rcx,%r8; adc %rdx,%r9; lea 1(%rbx,%r8,2),%rax; rcl $3,%rcx; push %r9; rcr $1,%rdx; pop %r10\n"
    "  xor %r10,%rsi; bt $3,%rsi; adc %rsi,%rdi; push %rdi; push %rsi; pop %r11; pop %r14; mov %r14,-8(%rsp); rol $5,%r14; adc -8(%rsp),%r15\n"
    "  paddq %xmm1,%xmm0; pshufd $0x39,%xmm0,%xmm0; vpaddq %ymm4,%ymm5,%ymm4; vpsrlq $1,%ymm4,%ymm4; vpxor %ymm5,%ymm4,%ymm5; fadd %st(1),%st\n"
    "  call 2f; lea -1(%rbp),%rbp; mov (%rsp),%rbp; lea -1(%rbp),%rbp; mov %rbp,(%rsp); inc %r13; test %rbp,%rbp; jne 1b\n"
    "  jmp 3f; 2: sbb %r13,%r15; setc -16(%rsp); movzbl -16(%rsp),%r13d; ret\n"
    "3: border_end: pop %rsi; pushf; pop %rbp; xchg %rdi,(%rsp); mov %rax,%r14; mov %rdi,%rax; pop %rdi; mov %r14,(%rax); mov %rcx,8(%rax); mov %rdx,16(%rax)\n"
    "  mov %rbx,24(%rax); mov %rsi,32(%rax); mov %rdi,40(%rax); mov %r8,48(%rax); mov %r9,56(%rax); mov %r10,64(%rax); mov %r11,72(%rax)\n"
    "  mov %r12,80(%rax); mov %r13,88(%rax); mov %r15,104(%rax); movups %xmm0,112(%rax); movups %xmm15,128(%rax); vmovups %ymm4,144(%rax)\n"
    "  fstpl 176(%rax); fstp %st(0); mov %rbp,184(%rax); vzeroupper\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

extern char border_begin[], border_end[], border_out[];
static volatile uint64_t hits, all;
static volatile int stop;
/* In the loop r12 and xmm15 are the handler's; all other registers it uses up itself. */
static void handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const uint64_t rip = u->uc_mcontext.gregs[REG_RIP];
    all++;
    if (rip >= (uint64_t)border_begin && rip < (uint64_t)border_end) {
        hits++;
        u->uc_mcontext.gregs[REG_R12]++;
        *(uint64_t *)((char *)u->uc_mcontext.fpregs + 160 + 16 * 15) += 3;
    }
    char used[300];
    memset(used, 7, all % sizeof used);
    __asm__ volatile("fninit; fldpi; vpcmpeqd %%ymm4,%%ymm4,%%ymm4; vpxor %%xmm0,%%xmm0,%%xmm0; fstp %%st(0); stc; std; cld" : : : "xmm0", "xmm4", "cc");
}

/* Endless loops that only a handler ends: by rip, by a register, by memory. */
static volatile int way;
static void end_loop(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    static int wait;
    if (++wait % 3)
        return;
    if (way == 1)
        u->uc_mcontext.gregs[REG_RIP] = (greg_t)border_out;
    else if (way == 2)
        u->uc_mcontext.gregs[REG_RAX] = 1;
    else if (way == 3)
        u->uc_mcontext.gregs[REG_EFL] |= 1;
    else if (way == 4)
        ((uint32_t *)((char *)u->uc_mcontext.fpregs + 160 + 16 * 7))[0] = 5;
    else if (way == 5)
        way = 0;
}
__attribute__((noipa)) static void endless(void)
{
#pragma GCC unroll 1
    for (int round = 0; round < 5; round++) {
        way = 1;
        __asm__ volatile("1: jmp 1b; border_out:" : : : "memory");
        way = 2;
        __asm__ volatile("xor %%eax,%%eax; 1: test %%eax,%%eax; je 1b" : : : "rax", "cc", "memory");
        way = 3;
        __asm__ volatile("clc; 1: jnc 1b" : : : "cc", "memory");
        way = 4;
        __asm__ volatile("pxor %%xmm7,%%xmm7; 1: movd %%xmm7,%%ecx; jrcxz 1b" : : : "rcx", "xmm7", "memory");
        way = 5;
        while (way)
            ;
    }
}

static void *shooter(void *main_thread)
{
    while (!stop) {
        pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
        usleep(3000);
    }
    return NULL;
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
    const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct result quiet, r;
    enum { ROUNDS = 3000, ENOUGH = 100 };
    pthread_t self = pthread_self(), t;
    sigset_t set;
    int bad = 0;
    memset(&quiet, 0, sizeof quiet);
    border_loop(&quiet, ROUNDS);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGUSR1);
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&t, NULL, shooter, &self);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (uint64_t edited = 0; edited < ENOUGH; edited += hits) {
        uint64_t lane;
        memset(&r, 0, sizeof r);
        hits = 0;
        border_loop(&r, ROUNDS);
        memcpy(&lane, r.xmm15, 8);
        if (r.gpr[10] != hits || lane != 3 * hits)
            printf("%d hits, r12 %d, xmm15 %d\n", (int)hits, (int)r.gpr[10], (int)lane), bad++;
        r.gpr[10] = 0;
        memset(r.xmm15, 0, 8);
        if (memcmp(&r, &quiet, sizeof r))
            printf("another result\n"), bad++;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    stop = 1;
    pthread_join(t, NULL);
    sa.sa_sigaction = end_loop;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    endless();
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%d\n", bad);
    return bad;
}
