/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 128 bytes below rsp: a function's own between its calls, nobody's afterwards. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O1
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
volatile int sink;
extern long zone_spill(long a, long b), zone_all(void), zone_skip(void), zone_prologue(void), zone_popped(void), zone_add(void),
    zone_pipe(int *fds), zone_wait(volatile int *flag), zone_tail(void), zone_flags(long a), zone_bytes(void), zone_vector(void);
extern long zone_stale(void), zone_after_call(void);
__asm__(".text\n"
    "zone_nop: ret\n"
    "zone_spill: mov %rdi,-8(%rsp); mov %rsi,-16(%rsp); mov -8(%rsp),%rax; sub -16(%rsp),%rax; ret\n"
    "zone_all: xor %eax,%eax; mov $-16,%rcx\n"                     /* each of its words, by another register */
    "1: lea (%rsp,%rcx,8),%rdx; mov %rcx,(%rdx); add (%rsp,%rcx,8),%rax; inc %rcx; jnz 1b; ret\n"
    "zone_skip: movq $7,-24(%rsp); sub $128,%rsp; call zone_nop; add $128,%rsp; mov -24(%rsp),%rax; ret\n"
    "zone_prologue: mov %rbx,-8(%rsp); movq $5,-16(%rsp); sub $24,%rsp; mov 8(%rsp),%rax; mov 16(%rsp),%rbx; add $24,%rsp; ret\n"
    "zone_popped: push $9; pop %rax; mov -8(%rsp),%rax; ret\n"
    "zone_add: sub $200,%rsp; movq $3,160(%rsp); add $200,%rsp; lea 1f(%rip),%rdx; jmp *%rdx; nop; 1: mov -40(%rsp),%rax; ret\n"
    "zone_pipe: mov $22,%eax; lea -48(%rsp),%rdi; syscall; mov -48(%rsp),%rax; ret\n"
    "zone_wait: mov %rdi,-128(%rsp); movq $11,-64(%rsp); 1: cmpl $0,(%rdi); je 1b\n"
    "  mov -64(%rsp),%rax; cmp -128(%rsp),%rdi; je 2f; xor %eax,%eax; 2: ret\n"
    "zone_tail: movq $13,-8(%rsp); push %rbx; mov $2,%ebx; pop %rbx; jmp zone_tail_2\n"
    "zone_tail_2: sub $40,%rsp; movq $1,8(%rsp); mov 8(%rsp),%rax; add $40,%rsp; ret\n"
    "zone_flags: cmp $5,%rdi; mov %rdi,-32(%rsp); mov -32(%rsp),%rax; jb 1f; neg %rax; 1: ret\n"
    "zone_bytes: movb $1,-1(%rsp); movw $2,-3(%rsp); movl $3,-7(%rsp); movb $4,-128(%rsp); movzbl -1(%rsp),%eax; movzwl -3(%rsp),%ecx\n"
    "  add %ecx,%eax; add -7(%rsp),%eax; movzbl -128(%rsp),%ecx; add %ecx,%eax; cltq; ret\n"
    "zone_vector: pcmpeqd %xmm0,%xmm0; movups %xmm0,-24(%rsp); movaps %xmm0,-72(%rsp); mov -60(%rsp),%eax; and -12(%rsp),%eax; cltq; ret\n"
    /* errors */
    "zone_stale: movq $1,-40(%rsp); sub $8,%rsp; call zone_reads_stale; add $8,%rsp; ret\n"
    "zone_reads_stale: mov -24(%rsp),%rax; ret\n"
    "zone_after_call: movq $1,-16(%rsp); call zone_nop; mov -16(%rsp),%rax; ret\n");

static volatile int ticks;
static __attribute__((noinline)) int deep(int n) { volatile int x[20]; x[n] = n; return n ? deep(n - 1) + x[n] : x[0]; }
static void handler(int s)
{
    sink = deep(12);
    sink = zone_spill(s, 2) + zone_all();
    ticks = 1;
}

static void interrupted(void)
{
    struct itimerval soon = { .it_value = { .tv_usec = 2000 } };
    ticks = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    printf("%ld\n", zone_wait(&ticks));
}

int main(void)
{
    static stack_t alternate = { .ss_size = 65536 };
    alternate.ss_sp = malloc(65536);
    sigaltstack(&alternate, NULL);
    for (int i = 0; i < 3; i++) {
        signal(SIGALRM, handler);
        interrupted();
        sigaction(SIGALRM, &(struct sigaction){ .sa_handler = handler, .sa_flags = SA_ONSTACK }, NULL);
        interrupted();
        sink = deep(15);
        printf("%ld %ld %ld %ld %ld %ld\n", zone_spill(9, 4), zone_all(), zone_skip(), zone_prologue(), zone_popped(), zone_add());
        printf("%d %ld %ld %ld %ld %ld\n", zone_pipe(NULL) != 0, zone_tail(), zone_flags(3), zone_flags(8), zone_bytes(), zone_vector());
    }
    if (zone_stale() == 7)        // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    if (zone_after_call() == 7)   // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    return 0;
}
