/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exact state at faults.  Each case runs a few instructions in one block, one of which
 * faults; the handler prints what differs from the state before, edits registers and goes
 * on elsewhere; what arrives there is printed too.  A native run says what is right.
 * Each case runs clean, hot, and in blocks that are dirty because of a register that
 * has nothing to do with it: what is printed of the first round holds for all.
 * An argument prints the dirty rounds, too.  */
// build: gcc -O1
// differs: the frame of valgrind has no AVX state
// options: --max-stackframe=100000
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "valgrind/memcheck.h"

/* Pages: one to read and write, one beyond its file's end (SIGBUS), one to read only (SIGSEGV). */
#define GOOD 0x60000000ull
#define BAD 0x60001000ull
#define READ_ONLY 0x60002000ull

struct regs { uint64_t gpr[16], flags; uint8_t ymm[16][32]; }; /* x86 order; known to the assembler below */
struct regs border_in, border_out;
uint64_t border_rsp;

__asm__(".text\n"
    "border_set_all:\n"                     /* everything but rsp from border_in; flags last */
    "  lea border_in(%rip), %rax; mov 8(%rax),%rcx; mov 16(%rax),%rdx; mov 24(%rax),%rbx; mov 40(%rax),%rbp\n"
    "  mov 48(%rax),%rsi; mov 56(%rax),%rdi; mov 64(%rax),%r8; mov 72(%rax),%r9; mov 80(%rax),%r10; mov 88(%rax),%r11\n"
    "  mov 96(%rax),%r12; mov 104(%rax),%r13; mov 112(%rax),%r14; mov 120(%rax),%r15\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n  vmovups 136+32*\\n(%rax),%ymm\\n\n.endr\n"
    "  push 128(%rax); mov (%rax),%rax; popf; ret\n"
    "border_resume:\n"                   /* everything into border_out; back to run_case's caller */
    "  mov %rsp, border_out+32(%rip); mov border_rsp(%rip),%rsp; mov %rax, border_out(%rip); pushf; lea border_out(%rip),%rax; pop 128(%rax)\n"
    "  mov %rcx,8(%rax); mov %rdx,16(%rax); mov %rbx,24(%rax); mov %rbp,40(%rax); mov %rsi,48(%rax); mov %rdi,56(%rax)\n"
    "  mov %r8,64(%rax); mov %r9,72(%rax); mov %r10,80(%rax); mov %r11,88(%rax); mov %r12,96(%rax); mov %r13,104(%rax)\n"
    "  mov %r14,112(%rax); mov %r15,120(%rax)\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n  vmovups %ymm\\n,136+32*\\n(%rax)\n.endr\n"
    "  vzeroupper; cld; fninit; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");
extern char border_resume[];

enum { CF = 1, ALL = 0xcd5 };      /* the flags that the case asks for: others are dead, and the CPU's alone */
#define CASES(C) \
    C(load, 0, "add $1,%r8; mov (%rbx),%rax; add $1,%r9") \
    C(load_flags, ALL, "cmp %r9,%r8; mov (%rbx),%rax; jc 1f; nop; 1:") \
    C(load_flags_store, ALL, "mov %r8,(%rsi); cmp %r9,%r8; mov 8(%rsi),%r10; mov (%rbx),%rax; mov %rax,8(%rsi); jo 1f; nop; 1:") \
    C(load_after_inc, ALL, "stc; inc %r8; mov 16(%rbx,%rdx,2),%r13d; jc 1f; nop; 1:") \
    C(load_byte, ALL, "xor %r8d,%r8d; movsbl 3(%rbx),%ecx") \
    C(cross, ALL, "mov 0xffd(%rsi),%rax") \
    C(cross_store, ALL, "mov %rax,0xffb(%rsi)") \
    C(alu, CF, "stc; adc (%rbx),%rax") \
    C(alu_store, ALL, "add %r8,%r9; adc %rax,(%rbx)") \
    C(store, ALL, "inc %r10; mov %rax,(%rbx); dec %r10") \
    C(store_read_only, ALL, "sub %r9,%r8; mov %r9d,(%rbp)") \
    C(rmw_read_only, 0, "lea 1(%r9),%r9; sub %r8,4(%rbp)") \
    C(cmp_mem, 0, "add %r9,%r8; cmpb $3,1(%rbx); je 1f; nop; 1:") \
    C(cmov_mem, ALL, "clc; cmovc (%rbx),%rax") \
    C(setcc_mem, ALL, "cmp %r9,%r8; setc (%rbx)") \
    C(bts_far, ALL, "mov $32771,%ecx; stc; bts %rcx,(%rsi)") \
    C(shld_mem, ALL, "or %r8,%r9; shld %cl,%r10,(%rbx)") \
    C(mul_mem, 0, "mulq (%rbx)") \
    C(xlat, ALL, "xlat") \
    C(pushes, 0, "mov $0x60001010,%esp; push %rax; push %rcx; add $16,%rsp; sub $16,%rsp; push %rdx") \
    C(push_bad, ALL, "lea 0x10(%rbx),%rsp; add $1,%rax; push %rax") \
    C(push_read_only, ALL, "lea 0x10(%rbp),%rsp; push $7") \
    C(push_mem, ALL, "push (%rbx)") \
    C(push_second, ALL, "lea 8(%rbp),%rsp; stc; pop %rax; push %r8") \
    C(pop_bad, ALL, "mov %rbx,%rsp; stc; pop %rax") \
    C(pop_second, ALL, "lea -8(%rbx),%rsp; pop %rax; pop %rcx; pop %rdx") \
    C(pop_mem, ALL, "lea 8(%rsi),%rsp; popq (%rbx)") \
    C(pop_mem_rsp, ALL, "lea -8(%rbx),%rsp; popq (%rsp)") \
    C(pop_rsp, ALL, "mov %rbx,%rsp; pop %rsp") \
    C(call_bad, ALL, "lea 8(%rbx),%rsp; add %r8,%r8; call 1f; 1: nop") \
    C(call_read_only, ALL, "lea 8(%rbp),%rsp; call *%rax") \
    C(call_mem, ALL, "call *8(%rbx)") \
    C(jump_mem, ALL, "inc %r8; jmp *(%rbx,%rdx)") \
    C(ret_bad, ALL, "mov %rbx,%rsp; dec %r8; ret") \
    C(ret_n_bad, ALL, "mov %rbx,%rsp; ret $8") \
    C(leave_bad, ALL, "mov %rbx,%rbp; leave") \
    C(enter_bad, ALL, "lea 8(%rbx),%rsp; enter $32,$0") \
    C(pushf_bad, ALL, "lea 8(%rbx),%rsp; stc; pushf") \
    C(popf_bad, 0, "mov %rbx,%rsp; popf") \
    C(movs, ALL, "lea 0xff0(%rsi),%rsi; mov $40,%ecx; lea -0x800(%rbx),%rdi; rep movsb") \
    C(movs_quads, ALL, "lea 0xfe3(%rsi),%rsi; mov $40,%ecx; lea -0x800(%rbx),%rdi; stc; rep movsq") \
    C(movs_to, ALL, "mov %rsi,%r8; lea -24(%rbx),%rdi; mov $40,%ecx; rep movsl") \
    C(movs_down, ALL, "std; lea 4(%rsi),%rdi; mov %rbp,%rsi; mov $40,%ecx; rep movsb; cld") \
    C(movs_once, ALL, "mov %rbx,%rsi; lea -64(%rbx),%rdi; movsq") \
    C(stos, ALL, "lea -100(%rbx),%rdi; mov $40,%ecx; rep stosq") \
    C(stos_read_only, ALL, "mov %rbp,%rdi; mov $3,%ecx; cmp %r8,%r9; rep stosb") \
    C(lods, ALL, "mov %rbx,%rsi; lodsl") \
    C(cmps, ALL, "lea -9(%rbx),%rdi; mov %rdi,%rsi; mov $40,%ecx; repe cmpsb") \
    C(cmps_both, ALL, "mov %rsi,%rdi; lea 0xff8(%rsi),%rsi; mov $40,%ecx; cmp %eax,%eax; repne cmpsl") \
    C(scas, ALL, "lea -7(%rbx),%rdi; mov $0x77,%al; mov $40,%ecx; repne scasb") \
    C(scas_once, 0, "mov %rbx,%rdi; stc; scasb") \
    C(fs_lods, ALL, "mov %fs:0,%rsi; neg %rsi; add %rbx,%rsi; fs lodsb") \
    C(fs_load, ALL, "mov %fs:0,%rsi; neg %rsi; add %rbx,%rsi; mov %fs:(%rsi),%rcx") \
    C(movaps, ALL, "addps %xmm1,%xmm2; movaps (%rbx),%xmm2") \
    C(movups_cross, ALL, "pxor %xmm4,%xmm4; movups -8(%rbx),%xmm4") \
    C(movups_store, ALL, "paddd %xmm1,%xmm0; movups %xmm0,-8(%rbx)") \
    C(movnt, ALL, "movntdq %xmm1,(%rbx)") \
    C(addsd, ALL, "addsd %xmm1,%xmm2; addsd (%rbx),%xmm2") \
    C(ymm_load, ALL, "vaddps %ymm1,%ymm2,%ymm3; vaddps (%rbx),%ymm3,%ymm3") \
    C(ymm_store, ALL, "vpxor %ymm1,%ymm1,%ymm1; vmovups %ymm1,-16(%rbx)") \
    C(ymm_flags, 0, "cmp %r9,%r8; vptest (%rbx),%ymm2; jc 1f; nop; 1:") \
    C(upper, ALL, "vzeroupper; vmovups (%rbx),%ymm1") \
    C(maskmov, ALL, "vpcmpeqd %ymm1,%ymm1,%ymm1; vmaskmovps %ymm2,%ymm1,(%rbx)") \
    C(movd, ALL, "movd (%rbx),%xmm7") \
    C(pinsrq, ALL, "pinsrq $1,(%rbx),%xmm7") \
    C(cvt, ALL, "cvtsi2sdq (%rbx),%xmm7") \
    C(fld, ALL, "fld1; fldpi; fldl (%rbx)") \
    C(fst, ALL, "fld1; fldpi; fstpl (%rbx)") \
    C(fist, ALL, "fld1; fistpll (%rbp)") \
    C(fadd, ALL, "fld1; fadds (%rbx); fld1") \
    C(fbstp, ALL, "fld1; fldpi; fbstp (%rbx)") \
    C(fnstenv, ALL, "fld1; fnstenv (%rbx)") \
    C(fldcw, ALL, "fldcw (%rbx)") \
    C(fnstsw, ALL, "fld1; fnstsw (%rbx)") \
    C(fxsave, ALL, "fxsave (%rbx)") \
    C(ldmxcsr, ALL, "ldmxcsr (%rbx)") \
    C(mmx, ALL, "movq 8(%rsi),%mm3; paddb (%rbx),%mm3") \
    C(xchg, ALL, "xchg %rax,(%rbx)") \
    C(xadd, 0, "lock xadd %r8,(%rbx)") \
    C(cmpxchg, 0, "lock cmpxchg %r8,(%rbx)") \
    C(cmpxchg_read_only, 0, "lock cmpxchg %r8,(%rbp)") \
    C(cmpxchg16b, ALL, "lock cmpxchg16b (%rbp)") \
    C(lock_inc, CF, "stc; lock incl (%rbx)") \
    C(lock_or, 0, "lock orb $1,(%rbp)") \
    C(mulx, ALL, "mulx (%rbx),%r8,%r9") \
    C(popcnt, 0, "popcnt (%rbx),%r8") \
    C(pext, ALL, "pext (%rbx),%rax,%r8") \
    C(movbe, ALL, "movbe (%rbx),%r8") \
    C(div_zero, 0, "inc %r8; xor %ecx,%ecx; div %rcx; inc %r8") \
    C(div_mem, 0, "divq (%rbx)") \
    C(idiv_overflow, 0, "mov $0x80000000,%eax; cltd; mov $-1,%ecx; idiv %ecx") \
    C(ud2, ALL, "cmp %r9,%r8; ud2") \
    C(int3, ALL, "add $5,%r8; int3; add $6,%r8") \
    C(hlt, ALL, "sub $5,%r8; hlt") \
    C(simd_exception, ALL, "movl $0x1d80,8(%rsi); ldmxcsr 8(%rsi); pxor %xmm5,%xmm5; divps %xmm5,%xmm2") \
    C(long_block, ALL, "add %r8,%r9; mov (%rsi),%r10; adc %r9,%r10; lea (%r8,%r9,4),%r11; mov %r11,(%rsi); sbb %r11,%r12; xor 8(%rsi),%r13; " \
                  "mov %r13,16(%rsi); rol $7,%r13; imul %r8,%rax; shl $3,%rcx; mov (%rsi),%rdx; neg %rdx; mov 8(%rbx),%rdi; adc $0,%rdi")

#define TEXT(name, flags, text) __asm__(".text\ncase_" #name ":\n push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n" \
    " mov %rsp,border_rsp(%rip); call border_set_all\n 0: " text "\n jmp border_resume\n"); extern void case_##name(void);
CASES(TEXT)
#define ROW(name, flags, text) { #name, flags, case_##name },
static const struct { const char *name; uint64_t flags; void (*run)(void); } cases[] = { CASES(ROW) };

enum { ROUNDS = 7 };
static uint8_t pattern[4096];
static int current, loud;
static struct regs start;        /* what border_in holds at the start of a case, defined */
static uint64_t faults, sum;
static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "flags" };
static const int greg[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15 };

static char text[65536], *put = text;
#define SAY(...) (put += loud ? sprintf(put, __VA_ARGS__) : 0)
static void say_value(const char *what, uint64_t v)
{
    uint64_t fs;
    __asm__("mov %%fs:0,%0" : "=r"(fs));
    if (v - border_rsp + 4096 < 8192)
        SAY(" %s=sp%+d", what, (int)(v - border_rsp));
    else if (v + fs - BAD < 4096)
        SAY(" %s=bad-fs+%d", what, (int)(v + fs - BAD));
    else
        SAY(" %s=%llx", what, (unsigned long long)v);
    if (v != border_rsp && v + fs - BAD >= 4096)
        sum = sum * 31 + v;
}
/* What of r is not as it was at the start. */
static void say_changes(const struct regs *r)
{
    for (int i = 0; i < 17; i++)
        if ((&r->gpr[0])[i] != (&start.gpr[0])[i] || i == 4)
            say_value(i == 16 ? "flags" : names[i], (&r->gpr[0])[i]);
    for (int i = 0; i < 16; i++)
        if (memcmp(r->ymm[i], start.ymm[i], 32)) {
            uint64_t q[4];
            memcpy(q, r->ymm[i], 32);
            SAY(" ymm%d=%llx:%llx:%llx:%llx", i, (long long)q[3], (long long)q[2], (long long)q[1], (long long)q[0]);
            sum = sum * 31 + q[0] + q[1] * 3 + q[2] * 5 + q[3] * 7;
        }
}

static void handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint8_t *fp = (uint8_t *)u->uc_mcontext.fpregs;
    struct regs r;
    const uint64_t rip = u->uc_mcontext.gregs[REG_RIP], entry = (uint64_t)(uintptr_t)cases[current].run;
    faults++;
    for (int i = 0; i < 16; i++)
        r.gpr[i] = u->uc_mcontext.gregs[greg[i]];
    r.flags = u->uc_mcontext.gregs[REG_EFL] & cases[current].flags;
    for (int i = 0; i < 16; i++) {
        memcpy(r.ymm[i], fp + 160 + 16 * i, 16);
        memset(r.ymm[i] + 16, 0, 16);
        if (fp[512] & 4)
            memcpy(r.ymm[i] + 16, fp + 576 + 16 * i, 16);
    }
    VALGRIND_MAKE_MEM_DEFINED(&r, sizeof r);
    sum = ((sum * 31 + sig) * 31 + info->si_code) * 31 + u->uc_mcontext.gregs[REG_TRAPNO] * 64 + u->uc_mcontext.gregs[REG_ERR] + rip - entry;
    SAY("%s: signal %d code %d at %llx trap %d error %d, rip ", cases[current].name, sig, info->si_code,
        sig == SIGFPE || sig == SIGILL ? info->si_addr == (void *)rip : (long long)(uintptr_t)info->si_addr,
        (int)u->uc_mcontext.gregs[REG_TRAPNO], (int)u->uc_mcontext.gregs[REG_ERR]);
    if (rip - entry < 300)
        SAY("+%d", (int)(rip - entry));
    else
        SAY("%llx", (long long)rip);
    uint16_t control, status;
    memcpy(&control, fp, 2), memcpy(&status, fp + 2, 2);
    sum = sum * 31 + status + fp[4];
    SAY(" fpu %x %x %x", control, status, fp[4]);
    say_changes(&r);
    SAY("\n");
    /* edits: some registers, flags, a vector; go on elsewhere */
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)border_resume;
    u->uc_mcontext.gregs[REG_RAX] = 0x123456789a;
    u->uc_mcontext.gregs[REG_R12] ^= 0xff00;
    u->uc_mcontext.gregs[REG_RBX] += 1;
    u->uc_mcontext.gregs[REG_EFL] = (u->uc_mcontext.gregs[REG_EFL] & ~0x400) ^ 0x81;
    fp[160 + 16 * 3] ^= 0x5a;
    fp[512] |= 2;
}

static void make_start(void)
{
    for (int i = 0; i < 17; i++)
        start.gpr[i] = 0x0101010101010101ull * i + 0x7000000000000000;
    for (int i = 0; i < 16 * 32; i++)
        start.ymm[i / 32][i % 32] = i / 32 * 16 + i % 32 / 4;
    start.gpr[1] = 5;
    start.gpr[2] = 8;
    start.gpr[3] = BAD;
    start.gpr[5] = READ_ONLY;
    start.gpr[6] = GOOD;
    start.gpr[7] = GOOD + 64;
    start.gpr[8] = ~0ull >> 1;
}

/* Runs a case; dirty: a register that has nothing to do with it is undefined. */
static void run(int k, int dirty)
{
    current = k;
    border_in = start;
    if (dirty == 1)
        VALGRIND_MAKE_MEM_UNDEFINED(&border_in.gpr[14], 8);
    if (dirty == 2)
        VALGRIND_MAKE_MEM_UNDEFINED(border_in.ymm[13], 32);
    memcpy((void *)GOOD, pattern, 4096);
    *(volatile uint8_t *)GOOD = *(volatile uint8_t *)READ_ONLY; /* its page is present */
    cases[k].run();
    VALGRIND_MAKE_MEM_DEFINED(&border_in, sizeof border_in);
    VALGRIND_MAKE_MEM_DEFINED(&border_out, sizeof border_out);
    border_out.flags &= cases[current].flags;
    SAY("  after:");
    say_changes(&border_out);
    uint64_t h = 0;
    VALGRIND_MAKE_MEM_DEFINED((void *)GOOD, 4096);
    for (int i = 0; i < 4096; i += 128)
        if (memcmp((void *)(GOOD + i), pattern + i, 128))
            for (int j = i; j < i + 128; j += 8)
                h = h * 31 + *(uint64_t *)(GOOD + j);
    SAY(" memory %llx\n", (long long)h);
    sum = sum * 31 + h;
}

/* Flags count as dead at indirect jumps and calls of hot code, and a fault there finds any, unless the program has been
 * seen to pass them through such a jump.  This one is seen to: so those of call_mem and jump_mem are exact even where
 * code is hot at once. */
__attribute__((noinline)) static void pass_flags_through_jump(void)
{
    __asm__ volatile("lea 1f(%%rip),%%rax; stc; jmp *%%rax; 1: setc %%al" : : : "rax", "cc");
}

int main(int argc, char **argv)
{
    uint64_t sums[ROUNDS];
    pass_flags_through_jump();
    make_start();
    for (int i = 0; i < sizeof pattern; i++)
        pattern[i] = i;
    char path[] = "/tmp/border_faultsXXXXXX";
    const int fd = mkstemp(path);
    unlink(path);
    mmap((void *)GOOD, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mmap((void *)BAD, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    mmap((void *)READ_ONLY, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    stack_t ss = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
    sigaltstack(&ss, NULL);
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (int i = 0; i < 5; i++)
        sigaction(signals[i], &sa, NULL);
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        faults = 0;
        for (int round = 0; round < ROUNDS; round++) {
            loud = round == 0 || (argc > 1 && round >= ROUNDS - 2);
            put = text, *put = 0, sum = 0;
            run(k, round < ROUNDS - 2 ? 0 : round - (ROUNDS - 3));
            fputs(text, stdout);
            sums[round] = sum;
            if (sum != sums[0])
                printf("%s: differs in round %d\n", cases[k].name, round);
        }
        printf("%s: %llu faults\n", cases[k].name, (long long)faults);
    }
    return 0;
}
