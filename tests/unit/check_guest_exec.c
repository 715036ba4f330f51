/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Integer rows against the processor: every instruction of guest_insns.inc runs
 * natively and as PURE IR from the same random state; registers, memory and
 * the flags that the manual defines must come out the same.
 * needs: vex/guest_x86_64 (all), vex/ir (all) */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <Zydis/Zydis.h>
#include "vex/vex.h"

struct regs { uint64_t gpr[16], flags; };
enum { ROUNDS = 60, BUFFER = 512, ARITH = 0x8d5, DF = 0x400 };

static const struct { const char *text, *bytes; int len; } insns[] = {
#include "guest_insns.inc"
};

void (*native_code)(void);
void run_native(struct regs *r);
/* Loads all registers but rsp, calls native_code, stores them. */
__asm__(".text\n.globl run_native\nrun_native:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rdi\n"
        "pushq 128(%rdi)\n popfq\n"
        "mov 0(%rdi),%rax\n mov 8(%rdi),%rcx\n mov 16(%rdi),%rdx\n mov 24(%rdi),%rbx\n mov 40(%rdi),%rbp\n"
        "mov 48(%rdi),%rsi\n mov 64(%rdi),%r8\n mov 72(%rdi),%r9\n mov 80(%rdi),%r10\n mov 88(%rdi),%r11\n"
        "mov 96(%rdi),%r12\n mov 104(%rdi),%r13\n mov 112(%rdi),%r14\n mov 120(%rdi),%r15\n mov 56(%rdi),%rdi\n"
        "call *native_code(%rip)\n"
        "pushfq\n push %rdi\n mov 16(%rsp),%rdi\n"
        "mov %rax,0(%rdi)\n mov %rcx,8(%rdi)\n mov %rdx,16(%rdi)\n mov %rbx,24(%rdi)\n mov %rbp,40(%rdi)\n"
        "mov %rsi,48(%rdi)\n mov %r8,64(%rdi)\n mov %r9,72(%rdi)\n mov %r10,80(%rdi)\n mov %r11,88(%rdi)\n"
        "mov %r12,96(%rdi)\n mov %r13,104(%rdi)\n mov %r14,112(%rdi)\n mov %r15,120(%rdi)\n"
        "pop %rax\n mov %rax,56(%rdi)\n pop %rax\n mov %rax,128(%rdi)\n cld\n"
        "pop %rdi\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static uint64_t seed = 88172645463325252ull;
static uint8_t *code, *buffer;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Values near the edges are worth more than random ones. */
static uint64_t interesting(void)
{
    static const uint64_t edges[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
                                      0x7fffffffffffffff, 0x8000000000000000, ~0ull };
    switch (next_random() % 4) {
    case 0: return edges[next_random() % (sizeof edges / sizeof *edges)];
    case 1: return next_random() & 0xff;
    default: return next_random();
    }
}

static void random_state(struct regs *r)
{
    for (int i = 0; i < 16; i++)
        r->gpr[i] = interesting();
    if (!(next_random() % 3))
        r->gpr[X86_RAX] = r->gpr[X86_RCX];
    r->gpr[X86_RBX] = (uint64_t)(buffer + 128);
    r->gpr[X86_RSI] = (uint64_t)(buffer + 192);
    r->gpr[X86_RDI] = (uint64_t)(buffer + 256 + (next_random() & 1 ? 0 : -64));
    r->gpr[X86_R8] = next_random() % 64;
    r->flags = 0x202 | (next_random() & ARITH);
    for (int i = 0; i < BUFFER; i += 8) {
        const uint64_t v = interesting();
        memcpy(buffer + i, &v, 8);
    }
}

/* ---- the interpreter's environment: this process ---- */
static int load(void *arg, int plane, guest_addr a, void *to, int size)
{
    (void)arg;
    ck_assert_int_eq(plane, 0);
    memcpy(to, (void *)a, size);
    return 0;
}

static int store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    (void)arg;
    ck_assert_int_eq(plane, 0);
    memcpy((void *)a, from, size);
    return 0;
}

static int n_native;

static int native(void *arg, const struct ir_insn *insn)
{
    (void)arg;
    (void)insn;
    n_native++;
    return -1;
}

static const int flag_bits[7] = { 0, 2, 4, 6, 7, 11, 10 };

static void state_from(struct x86_state *s, const struct regs *r)
{
    memcpy(s->gpr, r->gpr, sizeof r->gpr);
    for (int i = 0; i < 7; i++)
        s->flag[i] = r->flags >> flag_bits[i] & 1;
}

static void state_to(const struct x86_state *s, struct regs *r)
{
    memcpy(r->gpr, s->gpr, sizeof r->gpr);
    r->flags = 0;
    for (int i = 0; i < 7; i++)
        r->flags |= (uint64_t)s->flag[i] << flag_bits[i];
}

/* Flags that are compared after the bytes at p: what the last instruction leaves undefined is not. */
static uint64_t compared_flags(const uint8_t *p, int len, const struct regs *before)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction zi;
    ZydisDecodedOperand zo[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t mask = ARITH;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    while (len > 0 && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, p, len, &zi, zo))) {
        if (zi.cpu_flags) {
            mask |= zi.cpu_flags->modified | zi.cpu_flags->set_0 | zi.cpu_flags->set_1;
            mask &= ~(uint64_t)zi.cpu_flags->undefined;
        }
        if (zi.meta.category == ZYDIS_CATEGORY_SHIFT || zi.meta.category == ZYDIS_CATEGORY_ROTATE) {
            const int c = zi.operand_count_visible - 1;
            const int count = zo[c].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? (int)zo[c].imm.value.u : (int)before->gpr[X86_RCX];
            const int n = count & (zi.operand_width == 64 ? 63 : 31);
            if (n == 1)
                mask |= 0x800;
            if (n > zi.operand_width || (n == zi.operand_width && zi.meta.category == ZYDIS_CATEGORY_SHIFT))
                mask &= ~1ull; /* the carry of counts beyond the width */
        }
        p += zi.length;
        len -= zi.length;
    }
    return mask & ARITH;
}

static void run_ir(const struct ir_block *b, struct regs *r)
{
    static struct x86_state s;
    const struct ir_interp_env env = { .state = &s, .load = load, .store = store, .native = native };
    state_from(&s, r);
    ck_assert_int_ge(ir_interp_run(b, &env), n_native ? -1 : 0);
    state_to(&s, r);
}

/* SHLD and SHRD of 16 bits by more than 16: no two processors agree. */
static bool is_undefined(int i, const struct regs *r)
{
    return !strncmp(insns[i].text, "sh", 2) && insns[i].text[3] == 'd' && insns[i].bytes[0] == 0x66 &&
           strstr(insns[i].text, "cl") && (r->gpr[X86_RCX] & 31) > 16;
}

static void check_one(int i, struct ir_block *b)
{
    const int len = insns[i].len;
    uint8_t memory[BUFFER], after[BUFFER];
    struct regs start, real, ir;
    uint64_t mask;

    random_state(&start);
    if (is_undefined(i, &start))
        return;
    memcpy(memory, buffer, BUFFER);
    real = ir = start;
    memcpy(code, insns[i].bytes, len);
    code[len] = 0xc3;
    run_native(&real);
    memcpy(after, buffer, BUFFER);
    memcpy(buffer, memory, BUFFER);
    n_native = 0;
    run_ir(b, &ir);
    if (n_native)
        return;
    mask = compared_flags((const uint8_t *)insns[i].bytes, len, &start);
    real.gpr[X86_RSP] = ir.gpr[X86_RSP];
    for (int k = 0; k < 16; k++)
        ck_assert_msg(real.gpr[k] == ir.gpr[k], "%s: register %d is %#lx, not %#lx (rax %#lx rcx %#lx flags %#lx)", insns[i].text, k,
                      ir.gpr[k], real.gpr[k], start.gpr[0], start.gpr[1], start.flags);
    ck_assert_msg((real.flags & mask) == (ir.flags & mask), "%s: flags are %#lx, not %#lx (rax %#lx rcx %#lx flags %#lx)", insns[i].text,
                  ir.flags & mask, real.flags & mask, start.gpr[0], start.gpr[1], start.flags);
    ck_assert_msg(!memcmp(after, buffer, BUFFER), "%s: memory differs", insns[i].text);
}

/* IR_FLAG_* as bits of rflags. */
static uint64_t flag_mask(int flags)
{
    uint64_t mask = 0;
    for (int i = 0; i < 6; i++)
        if (flags & 1 << i)
            mask |= 1ull << flag_bits[i];
    return mask;
}

/* What the masks do not name, the instruction neither changes nor depends on. */
static void check_masks(int i, const struct ir_insn *n)
{
    uint8_t memory[BUFFER];
    struct regs start, a, b;
    const uint64_t kept = ARITH & ~flag_mask(n->flags_write), unread = ARITH & ~flag_mask(n->flags_read);
    uint64_t compared;

    random_state(&start);
    memcpy(memory, buffer, BUFFER);
    memcpy(code, insns[i].bytes, insns[i].len);
    code[insns[i].len] = 0xc3;
    a = start;
    run_native(&a);
    for (int k = 0; k < 16; k++)
        if (k != X86_RSP && !(n->gpr_write & 1u << k))
            ck_assert_msg(a.gpr[k] == start.gpr[k], "%s: writes register %d", insns[i].text, k);
    ck_assert_msg(!((a.flags ^ start.flags) & kept), "%s: writes more flags", insns[i].text);
    memcpy(buffer, memory, BUFFER);
    for (int k = 0; k < 16; k++)
        if (!(n->gpr_read & 1u << k))
            start.gpr[k] = next_random();
    start.flags ^= next_random() & unread;
    compared = compared_flags((const uint8_t *)insns[i].bytes, insns[i].len, &start);
    b = start;
    run_native(&b);
    for (int k = 0; k < 16; k++)
        if (k != X86_RSP && n->gpr_write & 1u << k)
            ck_assert_msg(a.gpr[k] == b.gpr[k], "%s: register %d depends on more", insns[i].text, k);
    ck_assert_msg(!((a.flags ^ b.flags) & ~kept & compared), "%s: flags depend on more", insns[i].text);
}

static void decode(int i, enum ir_form form, struct ir_block *b)
{
    const struct vex_decode_request r = { .pc = 0x400000, .bytes = (const uint8_t *)insns[i].bytes, .n_bytes = insns[i].len,
                                          .form = form, .max_insns = 50 };
    char error[200];
    guest_x86_64_decode(&r, b);
    ck_assert_msg(!ir_check(b, error, sizeof error), "%s: %s", insns[i].text, error);
    ck_assert_uint_eq(b->guest_bytes, insns[i].len);
}

START_TEST(test_masks)
{
    struct ir_block b;
    ir_block_init(&b);
    decode(_i, IR_FORM_NATIVE, &b);
    if (b.n_insns == 1)
        for (int k = 0; k < 20; k++)
            check_masks(_i, &b.insns[0]);
    ir_block_free(&b);
}
END_TEST

START_TEST(test_row)
{
    struct ir_block b;
    ir_block_init(&b);
    decode(_i, IR_FORM_NATIVE, &b);
    decode(_i, IR_FORM_TANDEM, &b);
    decode(_i, IR_FORM_PURE, &b);
    for (int k = 0; k < ROUNDS; k++)
        check_one(_i, &b);
    ir_block_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest rows");
    TCase *t = tcase_create("rows");
    SRunner *sr;
    int failed;

    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buffer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (code == MAP_FAILED || buffer == MAP_FAILED)
        return 1;
    native_code = (void (*)(void))code;
    buffer += 1024;
    tcase_add_loop_test(t, test_row, 0, sizeof insns / sizeof *insns);
    tcase_add_loop_test(t, test_masks, 0, sizeof insns / sizeof *insns);
    suite_add_tcase(s, t);
    sr = srunner_create(s);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
