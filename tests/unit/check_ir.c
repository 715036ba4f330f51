/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IR: parse after print is the identity, the checker refuses what is broken,
 * the interpreter computes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vex/vex.h"

static uint64_t seed = 20261121;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Any op with any fields that the text form can carry. */
static struct ir_op random_op(ir_ref at)
{
    struct ir_op op = { .op = next_random() % IR_OPCODES, .type = next_random() % IR_TYPES, .lane = next_random() % IR_TYPES,
                        .flags = next_random() & 63, .a = next_random() % at, .b = next_random() % at,
                        .c = next_random() % at, .d = next_random() % at, .imm = (int64_t)next_random() };
    bool mem = op.op == IR_LOAD || op.op == IR_STORE || op.op == IR_LEA || op.op == IR_CHECK || op.op == IR_CHECK_STORE ||
               op.op == IR_CAS;
    if (mem) {
        op.plane = next_random() % IR_PLANES;
        op.scale = next_random() % 4;
        op.aux = next_random() % 3;
    } else if (op.op == IR_GET || op.op == IR_PUT) {
        op.plane = next_random() % IR_PLANES;
        op.aux = next_random() % X86_SLOTS;
    } else {
        op.aux = next_random() & 0xffff;
    }
    return op;
}

static void fill_random(struct ir_block *b)
{
    ir_block_reset(b);
    b->pc = next_random();
    b->guest_bytes = next_random() & 0xffff;
    b->form = next_random() % 3;
    b->mode = next_random() & 1;
    b->entry_mask = next_random();
    b->entry_kill = next_random();
    for (int i = 0; i < 3; i++) {
        struct ir_insn insn = { .pc = next_random(), .len = 1 + next_random() % 15, .gpr_read = next_random(),
                                .vec_write = next_random(), .disp = (int64_t)next_random(), .mnemonic = next_random() };
        for (int k = 0; k < insn.len; k++)
            insn.bytes[k] = next_random();
        ir_block_add_insn(b, &insn);
        ir_block_add_exit(b, (struct ir_exit){ .pc = next_random(), .kind = next_random() % IR_EXIT_KINDS, .mode = next_random() & 1, .aux = next_random() });
    }
    for (int i = 0; i < 40; i++)
        ir_append(b, random_op(b->n_ops));
}

START_TEST(parse_print_identity)
{
    struct ir_block a, b;
    ir_block_init(&a);
    ir_block_init(&b);
    for (int round = 0; round < 500; round++) {
        fill_random(&a);
        char *text, *again, error[200] = "";
        size_t size;
        ir_print(&a, &text, &size);
        ck_assert_msg(ir_parse(text, &b, error, sizeof error) == 0, "%s\n%s", error, text);
        ck_assert_uint_eq(a.n_ops, b.n_ops);
        ck_assert_mem_eq(a.ops, b.ops, a.n_ops * sizeof *a.ops);
        ck_assert_uint_eq(a.n_insns, b.n_insns);
        ck_assert_mem_eq(a.insns, b.insns, a.n_insns * sizeof *a.insns);
        ck_assert_uint_eq(a.n_exits, b.n_exits);
        for (uint32_t i = 0; i < a.n_exits; i++) /* not the padding */
            ck_assert(a.exits[i].pc == b.exits[i].pc && a.exits[i].kind == b.exits[i].kind && a.exits[i].mode == b.exits[i].mode &&
                      a.exits[i].aux == b.exits[i].aux);
        ck_assert_uint_eq(a.entry_mask, b.entry_mask);
        ck_assert_uint_eq(a.entry_kill, b.entry_kill);
        ir_print(&b, &again, &size);
        ck_assert_str_eq(text, again);
        free(text);
        free(again);
    }
    ir_block_free(&a);
    ir_block_free(&b);
}
END_TEST

static int check_text(const char *text, char error[200])
{
    struct ir_block b;
    ir_block_init(&b);
    int r = ir_parse(text, &b, error, 200);
    ck_assert_msg(r == 0, "%s", error);
    r = ir_check(&b, error, 200);
    ir_block_free(&b);
    return r;
}

START_TEST(checker_refuses)
{
    char error[200];
    const char *good = "exit jump pc=0 mode=0 aux=0\n%1 = get.i64 g rax+0\n%2 = add.i64 %1 %1\nput.i64 g rcx+0 %2\nexit #0\n";
    const char *bad[] = {
        "exit jump pc=0 mode=0 aux=0\n%1 = get.i64 g rax+0\n",                                  /* no end */
        "%1 = get.i64 g rax+0\nexit #0\n",                                                      /* no such exit */
        "exit jump pc=0 mode=0 aux=0\n%1 = get.i32 g rax+0\n%2 = add.i64 %1 %1\nexit #0\n",     /* type */
        "exit jump pc=0 mode=0 aux=0\n%1 = add.i64 %2 %2\nexit #0\n",                           /* forward */
        "exit jump pc=0 mode=0 aux=0\n%1 = get.i64 g rax+1\nexit #0\n",                         /* beyond slot */
        "exit jump pc=0 mode=0 aux=0\nimark #0\nexit #0\n",                                     /* no insn */
        "exit jump pc=0 mode=0 aux=0\n%1 = get.i64 g rax+0\nexit #0\nput.i64 g rax+0 %1\n",     /* after end */
        "exit jump pc=0 mode=0 aux=0\nput.i64 g rax+0\nexit #0\n",                              /* missing value */
    };
    ck_assert_int_eq(check_text(good, error), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(check_text(bad[i], error) != 0, "case %zu is accepted", i);
}
END_TEST

START_TEST(parser_refuses)
{
    struct ir_block b;
    char error[200];
    ir_block_init(&b);
    const char *bad[] = { "nonsense\n", "%1 = add.q64 %1\n", "%7 = const.i64 #1\n", "exit elsewhere pc=0 mode=0 aux=0\n",
                          "insn pc=0 bytes=90 color=0x3\n", "get.i64 g rzz+0\n", "nop {unknown}\n", "%1 = load.i64 g [%1\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(ir_parse(bad[i], &b, error, sizeof error) != 0, "case %zu is accepted", i);
        ck_assert_msg(strncmp(error, "line 1: ", 8) == 0, "%s", error);
    }
    ir_block_free(&b);
}
END_TEST

static uint8_t memory[256];

static int load(void *arg, int plane, guest_addr a, void *to, int size)
{
    (void)arg;
    if (plane != 0 || a + size > sizeof memory)
        return -1;
    memcpy(to, memory + a, size);
    return 0;
}

static int store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    (void)arg;
    if (plane != 0 || a + size > sizeof memory)
        return -1;
    memcpy(memory + a, from, size);
    return 0;
}

static uint64_t call(void *arg, int helper, uint64_t a0, uint64_t a1, uint64_t a2)
{
    (void)arg;
    return helper * 1000 + a0 * 100 + a1 * 10 + a2;
}

static int run(const char *text, struct x86_state *s)
{
    struct ir_block b;
    char error[200];
    struct ir_interp_env env = { .state = s, .load = load, .store = store, .call = call };
    ir_block_init(&b);
    ck_assert_msg(ir_parse(text, &b, error, sizeof error) == 0, "%s", error);
    ck_assert_msg(ir_check(&b, error, sizeof error) == 0, "%s", error);
    int r = ir_interp_run(&b, &env);
    ir_block_free(&b);
    return r;
}

START_TEST(interpreter_runs)
{
    static struct x86_state s;
    s.gpr[X86_RAX] = 5;
    s.gpr[X86_RCX] = 16;
    memory[32] = 7;
    int r = run("block pc=0x10 bytes=1 form=pure mode=0 mask=0 kill=0 entry_mode=0 flags_out=0\n"
                "insn pc=0x10 bytes=90\n"
                "exit jump pc=0x20 mode=0 aux=0\nexit jump pc=0x30 mode=0 aux=0\n"
                "imark #0\n%2 = get.i64 g rax+0\n%3 = get.i64 g rcx+0\n%4 = load.i64 g [%3 + %3<<0 + 0x0]\n"
                "%5 = mul.i64 %2 %4\nstore.i64 g [%3 + _<<0 + 0x8] %5\n%7 = cmpltu:i64 %2 %4\n"
                "%8 = call.i64 aux=3 %7 %2 %4 %2\nput.i64 g rdx+0 %8\nexitif %7 #1\nexit #0\n", &s);
    ck_assert_int_eq(r, 1);
    ck_assert_uint_eq(s.rip, 0x30);
    ck_assert_uint_eq(memory[24], 35);
    ck_assert_uint_eq(s.gpr[X86_RDX], 3000 + 500 + 70 + 5);
}
END_TEST

START_TEST(interpreter_abandons)
{
    static struct x86_state s;
    int r = run("block pc=0x10 bytes=1 form=pure mode=0 mask=0 kill=0 entry_mode=0 flags_out=0\ninsn pc=0x77 bytes=90\n"
                "exit jump pc=0x20 mode=0 aux=0\nimark #0\n%2 = load.i64 g [_ + _<<0 + 0x1000]\nput.i64 g rax+0 %2\nexit #0\n", &s);
    ck_assert_int_eq(r, -1);
    ck_assert_uint_eq(s.rip, 0x77);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ir");
    TCase *t = tcase_create("ir");
    tcase_add_test(t, parse_print_identity);
    tcase_add_test(t, checker_refuses);
    tcase_add_test(t, parser_refuses);
    tcase_add_test(t, interpreter_runs);
    tcase_add_test(t, interpreter_abandons);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
