/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Undefined bits in registers live across everything that may happen meanwhile: calls,
 * replaced functions, setjmp and longjmp, other stacks, signals, threads, system calls,
 * fork.  Each bit is asked for before and after.  Nothing uses them, so nothing is reported. */
// build: gcc -O0 -pthread
// build: gcc -O2 -pthread
// native: no
// exit: 0
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "valgrind/memcheck.h"

/* rax rcx rdx rbx - rbp rsi rdi r8-r15, CF ZF as bytes, ymm: known to the assembler below */
struct regs { uint64_t gpr[16]; uint8_t carry, zero, pad[6]; uint8_t ymm[16][32]; };
struct regs border_in, border_out;
int border_flag;
jmp_buf border_env;
int border_carry(int (*fn)(void));    /* rbx rbp r12-r15 undefined during fn() */
int border_jump(void (*fn)(void));    /* the same during setjmp and a longjmp from fn() */
void border_spin(void);               /* all of them undefined until border_flag is set */
void border_syscall(long number);     /* all of them undefined during a system call without arguments */

__asm__(".text\n"
    "border_carry: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; sub $8,%rsp; mov %rdi,%rcx; call load_saved\n"
    "  call *%rcx; call store_saved; add $8,%rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    "border_jump: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi; call load_saved\n"
    "  lea border_env(%rip),%rdi; call _setjmp; test %eax,%eax; jne 1f; mov (%rsp),%rax; xor %ebx,%ebx; xor %ebp,%ebp; xor %r12d,%r12d\n"
    "  mov $1,%r13d; mov $2,%r14d; mov $3,%r15d; call *%rax; ud2\n"
    "1: call store_saved; pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    "load_saved: lea border_in(%rip),%rax; mov 24(%rax),%rbx; mov 40(%rax),%rbp; mov 96(%rax),%r12; mov 104(%rax),%r13; mov 112(%rax),%r14\n"
    "  mov 120(%rax),%r15; ret\n"
    "store_saved: lea border_out(%rip),%rdx; mov %rbx,24(%rdx); mov %rbp,40(%rdx); mov %r12,96(%rdx); mov %r13,104(%rdx); mov %r14,112(%rdx)\n"
    "  mov %r15,120(%rdx); ret\n"
    "load_all: lea border_in(%rip),%rax; cmpb $1,128(%rax); mov 16(%rax),%rdx; mov 24(%rax),%rbx; mov 40(%rax),%rbp\n"
    "  mov 48(%rax),%rsi; mov 56(%rax),%rdi; mov 64(%rax),%r8; mov 72(%rax),%r9; mov 80(%rax),%r10; mov 88(%rax),%r11\n"
    "  mov 96(%rax),%r12; mov 104(%rax),%r13; mov 112(%rax),%r14; mov 120(%rax),%r15\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n  vmovups 136+32*\\n(%rax),%ymm\\n\n.endr\n"
    "  mov (%rax),%rax; ret\n"
    "store_all: mov %rcx, border_out+8(%rip); lea border_out(%rip),%rcx; mov %rax,(%rcx); mov %rdx,16(%rcx); mov %rbx,24(%rcx); mov %rbp,40(%rcx)\n"
    "  setc 128(%rcx); setz 129(%rcx); mov %rsi,48(%rcx); mov %rdi,56(%rcx); mov %r8,64(%rcx); mov %r9,72(%rcx); mov %r10,80(%rcx); mov %r11,88(%rcx)\n"
    "  mov %r12,96(%rcx); mov %r13,104(%rcx); mov %r14,112(%rcx); mov %r15,120(%rcx)\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n  vmovups %ymm\\n,136+32*\\n(%rcx)\n.endr\n"
    "  vzeroupper; ret\n"
    "border_spin: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; call load_all\n"
    "2: mov border_flag(%rip),%ecx; jrcxz 2b; call store_all\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    "border_syscall: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi; call load_all\n"
    "  pop %rax; mov $100,%ecx; mov %rcx,border_count(%rip); 3: mov %rax,%rcx; mov %rcx,border_number(%rip)\n"
    "  syscall; lea -1(%rax),%rax; mov border_number(%rip),%rax; mov border_count(%rip),%rcx; lea -1(%rcx),%rcx; mov %rcx,border_count(%rip)\n"
    "  jrcxz 4f; jmp 3b; 4: call store_all\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    ".comm border_count,8\n.comm border_number,8\n");

enum { SAVED = 0xf028, ALL = 0xffed, BUT_SYSCALL = ALL & ~0x801, CARRY = 1 << 16, ZERO = 1 << 17, YMM = 1 << 18 };
static int bad;
static struct regs mask;

static void prepare(void)
{
    uint64_t x = 88172645463325252ull;
    memset(&mask, 0, sizeof mask);
    for (int i = 0; i < sizeof mask; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        ((uint8_t *)&mask)[i] = x >> 16 & 3 ? x : 0;
        ((uint8_t *)&border_in)[i] = x >> 24;
    }
    mask.carry = 0xff;
    VALGRIND_MAKE_MEM_DEFINED(&border_in, sizeof border_in);
    VALGRIND_SET_VBITS(&border_in, &mask, sizeof mask);
    memset(&border_out, 0, sizeof border_out);
    border_flag = 0;
}
/* The registers of set are as undefined in border_out as they were in border_in, and their values the same. */
static void compare(const char *what, int set)
{
    struct regs v;
    int wrong = 0;
    VALGRIND_GET_VBITS(&border_out, &v, sizeof v);
    VALGRIND_MAKE_MEM_DEFINED(&border_out, sizeof v);
    VALGRIND_MAKE_MEM_DEFINED(&border_in, sizeof v);
    for (int i = 0; i < 16; i++)
        if (set >> i & 1 && (v.gpr[i] != mask.gpr[i] || border_out.gpr[i] != border_in.gpr[i])) {
            printf("%s: register %d: %llx undefined, expected %llx\n", what, i, (long long)v.gpr[i], (long long)mask.gpr[i]);
            wrong = 1;
        }
    if ((set & CARRY && v.carry != 1) || (set & ZERO && v.zero != 1)) {
        printf("%s: flags: %x %x undefined\n", what, v.carry, v.zero);
        wrong = 1;
    }
    for (int i = 0; set & YMM && i < 16; i++)
        if (memcmp(v.ymm[i], mask.ymm[i], 32) || memcmp(border_out.ymm[i], border_in.ymm[i], 32)) {
            printf("%s: ymm%d\n", what, i);
            wrong = 1;
        }
    bad += wrong;
}
static void carry(const char *what, int (*fn)(void))
{
    prepare();
    border_carry(fn);
    compare(what, SAVED);
}

static __attribute__((noinline)) int sum(int n) { return n ? n + sum(n - 1) : 0; }
static int calls(void) { return sum(50); }
static int heap(void)
{
    char *p = calloc(1, 200), *q;
    memcpy(p, "abcdefghij", 10);
    q = strdup(p);
    p = realloc(p, 4000);
    memmove(p + 1, p, strlen(q));
    const int n = memcmp(p, q, 3) + (int)strlen(p);
    free(p), free(q);
    return n;
}
static int print(void)
{
    char b[100];
    return snprintf(b, sizeof b, "%d %s %g %p", 42, "text", 1.5, (void *)b);
}
static int sort_by(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int sorting(void)
{
    int v[100];
    for (int i = 0; i < 100; i++)
        v[i] = i * 37 % 100;
    qsort(v, 100, sizeof *v, sort_by);
    return v[3];
}
static volatile sig_atomic_t hits;
static void handler(int sig)
{
    (void)sig;
    char *p = malloc(100);
    memset(p, 1, 100);
    __asm__ volatile("xor %%ebx,%%ebx; xor %%r12d,%%r12d; mov $1,%%r15d; vpxor %%ymm7,%%ymm7,%%ymm7; vpcmpeqd %%ymm9,%%ymm9,%%ymm9; fninit; stc"
                     : : : "rbx", "r12", "r15", "xmm7", "xmm9", "cc");
    free(p);
    if (++hits % 16 == 0)
        border_flag = 1;
}
static int raised(void) { return raise(SIGUSR1) + kill(getpid(), SIGUSR1); }
static ucontext_t here, there;
static void on_other_stack(void) { sum(20); swapcontext(&there, &here); sum(3); }
static int contexts(void)
{
    static char stack[65536];
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    there.uc_link = &here;
    makecontext(&there, on_other_stack, 0);
    return swapcontext(&here, &there) + swapcontext(&here, &there);
}
static void *other(void *p)
{
    for (int i = 0; i < 200; i++) {
        sum(10);
        sched_yield();
    }
    return p;
}
static int threads(void)
{
    pthread_t t[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, other, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    return 0;
}
static int sleeping(void)
{
    struct itimerval again = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &again, NULL);
    pause();
    return setitimer(ITIMER_REAL, &never, NULL);
}
static int forked(void)
{
    int status;
    const pid_t child = fork();
    if (!child)
        return 0; /* compares, too */
    waitpid(child, &status, 0);
    bad += status != 0;
    return 1;
}
static void jump(void) { sum(30); longjmp(border_env, 1); }
static void jump_from_handler(int sig) { (void)sig; longjmp(border_env, 2); }
static void fault(void)
{
    signal(SIGFPE, jump_from_handler);
    __asm__ volatile("xor %%eax,%%eax; xor %%ecx,%%ecx; cltd; idiv %%ecx" : : : "rax", "rcx", "rdx", "cc");
}

int main(void)
{
    struct sigaction sa = { .sa_handler = handler };
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    for (int round = 0; round < 3; round++) {
        carry("calls", calls);
        carry("heap", heap);
        carry("print", print);
        carry("sorting", sorting);
        carry("raised", raised);
        carry("contexts", contexts);
        carry("threads", threads);
        carry("sleeping", sleeping);
        const pid_t self = getpid();
        carry("forked", forked);
        if (getpid() != self)
            _exit(bad);
        prepare();
        border_jump(jump);
        compare("longjmp", SAVED);
        prepare();
        border_jump(fault);
        compare("longjmp from a handler", SAVED);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prepare();
        border_syscall(SYS_getpid);
        compare("getpid", (BUT_SYSCALL & ~2) | YMM);
        prepare();
        border_syscall(SYS_sched_yield);
        compare("sched_yield", (BUT_SYSCALL & ~2) | YMM);
        prepare();
        struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
        setitimer(ITIMER_REAL, &often, NULL);
        border_spin();
        setitimer(ITIMER_REAL, &never, NULL);
        compare("timer", ALL | CARRY | ZERO | YMM);
    }
    printf("%d\n", bad);
    return bad;
}
