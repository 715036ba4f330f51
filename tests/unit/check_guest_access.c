/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What NATIVE form says of an instruction, against the processor: the described
 * accesses cover exactly the bytes that it touches (a guard page is put at their end), and
 * it neither reads nor writes a vector or general register that its masks leave out.
 * needs: vex/guest_x86_64 (all), vex/ir (all) */
#include <check.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vex/vex.h"

struct regs { uint64_t gpr[16]; uint8_t ymm[16][32]; };
enum { PAGE = 4096 };

static const struct { const char *text, *bytes; int len; } insns[] = {
#include "guest_insns_vec.inc"
};

void (*guest_access_code)(void);
void guest_access_run(struct regs *r);
#define EACH_YMM(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_YMM(n) "vmovdqu 128+32*" #n "(%rdi),%ymm" #n "\n"
#define STORE_YMM(n) "vmovdqu %ymm" #n ",128+32*" #n "(%rdi)\n"
__asm__(".text\n.globl guest_access_run\nguest_access_run:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rdi\n" EACH_YMM(LOAD_YMM)
        "mov 0(%rdi),%rax\n mov 8(%rdi),%rcx\n mov 16(%rdi),%rdx\n mov 24(%rdi),%rbx\n mov 40(%rdi),%rbp\n"
        "mov 48(%rdi),%rsi\n mov 64(%rdi),%r8\n mov 72(%rdi),%r9\n mov 80(%rdi),%r10\n mov 88(%rdi),%r11\n"
        "mov 96(%rdi),%r12\n mov 104(%rdi),%r13\n mov 112(%rdi),%r14\n mov 120(%rdi),%r15\n mov 56(%rdi),%rdi\n"
        "call *guest_access_code(%rip)\n"
        "push %rdi\n mov 8(%rsp),%rdi\n" EACH_YMM(STORE_YMM)
        "mov %rax,0(%rdi)\n mov %rcx,8(%rdi)\n mov %rdx,16(%rdi)\n mov %rbx,24(%rdi)\n mov %rbp,40(%rdi)\n"
        "mov %rsi,48(%rdi)\n mov %r8,64(%rdi)\n mov %r9,72(%rdi)\n mov %r10,80(%rdi)\n mov %r11,88(%rdi)\n"
        "mov %r12,96(%rdi)\n mov %r13,104(%rdi)\n mov %r14,112(%rdi)\n mov %r15,120(%rdi)\n"
        "pop %rax\n mov %rax,56(%rdi)\n cld\n vzeroupper\n"
        "pop %rdi\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static uint8_t *code, *page; /* page: one page between two that are not there */
static sigjmp_buf back;
static uint64_t seed = 1234567;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void on_fault(int signal)
{
    __asm__ volatile("fninit\n cld");
    siglongjmp(back, signal);
}

/* The signal that the instruction raises on *r, or 0. */
static int run(int i, struct regs *r)
{
    const int signal = sigsetjmp(back, 1);
    if (signal)
        return signal;
    memcpy(code, insns[i].bytes, insns[i].len);
    memcpy(code + insns[i].len, "\x9b\xc3", 2); /* fwait; ret */
    guest_access_run(r);
    __asm__ volatile("fninit");
    return 0;
}

static void decode(int i, struct ir_block *b)
{
    const struct vex_decode_request r = { .pc = 0x400000, .bytes = (const uint8_t *)insns[i].bytes, .n_bytes = insns[i].len, .max_insns = 1 };
    char error[200];
    guest_x86_64_decode(&r, b);
    ck_assert_msg(!ir_check(b, error, sizeof error), "%s: %s", insns[i].text, error);
    ck_assert_uint_eq(b->guest_bytes, insns[i].len);
}

/* Bytes described from rbx on; false if there is no such access or it is not plain. */
static bool extent(const struct ir_block *b, int64_t *low, int64_t *high)
{
    *low = INT64_MAX;
    *high = INT64_MIN;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        const struct ir_op *op = &b->ops[i];
        if ((op->op != IR_LOAD && op->op != IR_STORE) || op->b || op->flags & IR_STACK_REL)
            continue;
        if (b->ops[op->a].op != IR_GET || b->ops[op->a].aux != X86_RBX)
            return false;
        *low = op->imm < *low ? op->imm : *low;
        *high = op->imm + ir_type_bytes(op->type) > *high ? op->imm + ir_type_bytes(op->type) : *high;
    }
    return *low < *high;
}

static void random_regs(struct regs *r)
{
    for (int k = 0; k < 16; k++)
        r->gpr[k] = next_random();
    for (size_t k = 0; k < sizeof r->ymm; k++)
        r->ymm[k / 32][k % 32] = next_random();
    r->gpr[X86_RBX] = r->gpr[X86_RSI] = r->gpr[X86_RDI] = (uint64_t)page + 1024;
    r->gpr[X86_RDX] = 0;
}

/* Saves describe only what programs look at, restores nothing; a divisor of 0 has its own signal. */
static bool is_special(const char *text)
{
    static const char *const special[] = { "fxsave", "fxrstor", "fldenv", "frstor", "div", "enter", "push", "xlat", "gather", "maskmov", "ldmxcsr", "fldcw", "lss" };
    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        if (strstr(text, special[k]))
            return true;
    return false;
}

START_TEST(test_extent)
{
    struct ir_block b;
    struct regs r;
    int64_t low, high;
    int signal;

    ir_block_init(&b);
    decode(_i, &b);
    if (extent(&b, &low, &high) && !is_special(insns[_i].text)) {
        memset(page, 0, PAGE);
        random_regs(&r);
        r.gpr[X86_RBX] = (uint64_t)page + PAGE - high;
        signal = run(_i, &r);
        ck_assert_msg(signal != SIGSEGV, "%s: reaches beyond %d bytes", insns[_i].text, (int)high);
        random_regs(&r);
        r.gpr[X86_RBX] = (uint64_t)page + PAGE - high + 1;
        signal = run(_i, &r);
        ck_assert_msg(signal == SIGSEGV || signal == SIGILL, "%s: does not reach %d bytes", insns[_i].text, (int)high);
        random_regs(&r);
        r.gpr[X86_RBX] = (uint64_t)page - low;
        signal = run(_i, &r);
        ck_assert_msg(signal != SIGSEGV, "%s: begins before %d", insns[_i].text, (int)low);
    }
    ir_block_free(&b);
}
END_TEST

static bool is_random(const char *text)
{
    return strstr(text, "rdrand") || strstr(text, "rdseed") || strstr(text, "rdtsc") || strstr(text, "gather") || strstr(text, "maskmov") ||
           strstr(text, "push") || strstr(text, "smsw") || strstr(text, "enter") || strstr(text, "xlat");
}

START_TEST(test_masks)
{
    struct ir_block b;
    struct regs start, one, two;

    ir_block_init(&b);
    decode(_i, &b);
    for (int round = 0; round < 8 && !is_random(insns[_i].text); round++) {
        const struct ir_insn *n = &b.insns[0];
        memset(page, 0, PAGE);
        random_regs(&start);
        one = start;
        if (run(_i, &one))
            break;
        for (int k = 0; k < 16; k++) {
            ck_assert_msg(k == X86_RSP || n->gpr_write >> k & 1 || one.gpr[k] == start.gpr[k], "%s: writes register %d", insns[_i].text, k);
            ck_assert_msg(n->vec_write >> k & 1 || !memcmp(one.ymm[k], start.ymm[k], 32), "%s: writes vector %d", insns[_i].text, k);
        }
        memset(page, 0, PAGE);
        for (int k = 0; k < 16; k++) {
            if (!(n->gpr_read >> k & 1))
                start.gpr[k] = next_random();
            if (!(n->vec_read >> k & 1))
                memset(start.ymm[k], (int)next_random(), 32);
        }
        two = start;
        ck_assert_int_eq(run(_i, &two), 0);
        for (int k = 0; k < 16; k++) {
            ck_assert_msg(!(n->gpr_write >> k & 1) || k == X86_RSP || one.gpr[k] == two.gpr[k], "%s: register %d depends on more", insns[_i].text, k);
            ck_assert_msg(!(n->vec_write >> k & 1) || !memcmp(one.ymm[k], two.ymm[k], 32), "%s: vector %d depends on more", insns[_i].text, k);
        }
    }
    ir_block_free(&b);
}
END_TEST

/* The described forms of them all are well-formed. */
START_TEST(test_forms)
{
    struct ir_block b;
    char error[200];
    ir_block_init(&b);
    for (int form = IR_FORM_NATIVE; form <= IR_FORM_PURE; form++) {
        const struct vex_decode_request r = { .pc = 0x400000, .bytes = (const uint8_t *)insns[_i].bytes, .n_bytes = insns[_i].len,
                                              .max_insns = 1, .form = form };
        guest_x86_64_decode(&r, &b);
        ck_assert_msg(!ir_check(&b, error, sizeof error), "%s: %s", insns[_i].text, error);
    }
    ir_block_free(&b);
}
END_TEST

int main(void)
{
    const int n = sizeof insns / sizeof *insns;
    struct sigaction on = { .sa_handler = on_fault };
    Suite *s = suite_create("guest accesses");
    TCase *t = tcase_create("instructions");
    SRunner *sr;
    int failed;

    if (!__builtin_cpu_supports("avx2"))
        return 0;
    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED || page == MAP_FAILED)
        return 1;
    page += PAGE;
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    guest_access_code = (void (*)(void))code;
    sigaction(SIGSEGV, &on, NULL);
    sigaction(SIGBUS, &on, NULL);
    sigaction(SIGILL, &on, NULL);
    sigaction(SIGFPE, &on, NULL);
    tcase_add_loop_test(t, test_forms, 0, n);
    tcase_add_loop_test(t, test_extent, 0, n);
    tcase_add_loop_test(t, test_masks, 0, n);
    suite_add_tcase(s, t);
    sr = srunner_create(s);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
