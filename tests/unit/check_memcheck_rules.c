/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/rules.c vex/ir (libvex.a) */
/* Definedness rules by brute force: every value that the undefined input bits
 * may take is tried; an output bit that changes must be marked undefined.  Rules
 * that claim to be exact for independent bits must mark no other.  */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "memcheck/rules.h"
#include "vex/ir/interp.h"
#include "vex/vex.h"

static uint64_t seed = 88172645463325252ull;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Values of three kinds: anything, few bits, nearly all ones: so that edges are met. */
static uint64_t random_word(void)
{
    switch (next_random() % 4) {
    case 0: return next_random();
    case 1: return next_random() & next_random() & next_random() & next_random();
    case 2: return ~(next_random() & next_random() & next_random() & next_random());
    default: return next_random() % 17;
    }
}

struct subject {
    struct ir_op op;
    enum ir_type args[3]; /* VOID: none */
    bool exact;
    bool same; /* b is a, read a second time */
};

enum { SLOT_RESULT = X86_YMM0 + 8, MAX_UNDEFINED = 6 };

static int no_native(void *arg, const struct ir_insn *insn)
{
    (void)arg, (void)insn;
    return -1;
}

/* With shadows: the rule's output in v of SLOT_RESULT.  Without: the op's value in SLOT_RESULT. */
static void build(struct ir_block *b, const struct subject *s, unsigned undefined_args)
{
    struct rules r = { .out = b };
    ir_ref args[3] = { 0 }, v[4] = { 0 };
    ir_block_init(b);
    b->form = IR_FORM_PURE;
    for (int i = 0; i < 3; i++) {
        if (s->args[i] == IR_VOID)
            continue;
        const int slot = X86_YMM0 + (s->same ? 0 : i);
        args[i] = ir_get(b, s->args[i], IR_PLANE_GUEST, slot, 0);
        if (undefined_args >> i & 1)
            v[i] = ir_get(b, s->args[i], IR_PLANE_V, slot, 0);
    }
    struct ir_op op = s->op;
    op.a = args[0];
    op.b = args[1];
    op.c = args[2];
    ir_ref value = ir_append(b, op);
    enum ir_type t = rules_result_type(&op);
    ir_ref shadow = rules_apply(&r, &op, value, v);
    ir_put(b, t, IR_PLANE_GUEST, SLOT_RESULT, 0, value);
    ir_put(b, t, IR_PLANE_V, SLOT_RESULT, 0, shadow ? shadow : rules_zero(&r, t));
    ir_append(b, (struct ir_op){ .op = IR_EXIT, .imm = ir_block_add_exit(b, (struct ir_exit){ .kind = IR_EXIT_JUMP }) });
}

static void run(const struct ir_block *b, struct x86_state *s)
{
    struct ir_interp_env env = { .state = s, .native = no_native };
    ck_assert_int_eq(ir_interp_run(b, &env), 0);
}

static void fill_random(struct x86_state *s, const struct subject *u, unsigned undefined_args)
{
    int left = MAX_UNDEFINED;
    memset(s->v.ymm, 0, sizeof s->v.ymm);
    for (int i = 0; i < 3; i++) {
        if (u->args[i] == IR_VOID)
            continue;
        for (int q = 0; q < 4; q++) {
            uint64_t w = random_word();
            memcpy(s->ymm[i] + 8 * q, &w, 8);
        }
        if (u->args[i] == IR_I1)
            s->ymm[i][0] &= 1;
        if (next_random() % 3 == 0 && i) /* equal operands are a case of their own */
            memcpy(s->ymm[i], s->ymm[0], u->args[0] == u->args[i] ? 32 : 0);
        const int bits = ir_bits(u->args[i]);
        for (int n = undefined_args >> i & 1 && !(u->same && i) ? 1 + (int)(next_random() % 4) : 0; n > 0 && left > 0; n--, left--) {
            const int bit = (int)(next_random() % (unsigned)bits);
            s->v.ymm[i][bit / 8] |= 1 << bit % 8;
        }
    }
}

/* All values of the undefined bits; varies[] collects the output bits that change. */
static void brute(const struct ir_block *b, struct x86_state *s, uint8_t varies[32])
{
    struct { uint8_t *byte; uint8_t mask; } bits[3 * MAX_UNDEFINED];
    uint8_t first[32];
    int n = 0;
    for (int i = 0; i < 3; i++)
        for (int bit = 0; bit < 256; bit++)
            if (s->v.ymm[i][bit / 8] >> bit % 8 & 1) {
                bits[n].byte = &s->ymm[i][bit / 8];
                bits[n++].mask = 1 << bit % 8;
            }
    struct x86_planes_v keep = s->v;
    memset(varies, 0, 32);
    for (unsigned try = 0; try < 1u << n; try++) {
        for (int k = 0; k < n; k++)
            *bits[k].byte = try >> k & 1 ? *bits[k].byte | bits[k].mask : *bits[k].byte & ~bits[k].mask;
        memset(s->ymm[8], 0, 32);
        run(b, s);
        s->v = keep;
        if (!try)
            memcpy(first, s->ymm[8], 32);
        for (int i = 0; i < 32; i++)
            varies[i] |= first[i] ^ s->ymm[8][i];
    }
}

static void complain(const struct subject *u, const struct x86_state *s, const uint8_t *varies, const uint8_t *v, const char *how)
{
    printf("%s.%s lane %s imm %ld: %s\n", ir_opcode_name(u->op.op), ir_type_name(u->op.type), ir_type_name(u->op.lane),
           (long)u->op.imm, how);
    for (int i = 0; i < 3; i++) {
        printf("  arg %d ", i);
        for (int k = 15; k >= 0; k--)
            printf("%02x", s->ymm[i][k]);
        printf("  v ");
        for (int k = 15; k >= 0; k--)
            printf("%02x", s->v.ymm[i][k]);
        printf("\n");
    }
    printf("  varies ");
    for (int k = 31; k >= 0; k--)
        printf("%02x", varies[k]);
    printf("\n  marked ");
    for (int k = 31; k >= 0; k--)
        printf("%02x", v[k]);
    printf("\n");
}

static void check_subject(const struct subject *u, int rounds)
{
    static struct x86_state s;
    struct ir_block b;
    char error[256];
    const unsigned present = (u->args[0] ? 1u : 0) | (u->args[1] ? 2u : 0) | (u->args[2] ? 4u : 0);
    for (unsigned undefined = 1; undefined < 8; undefined++) {
        if (undefined & ~present || (u->same && undefined != 3))
            continue;
        build(&b, u, undefined);
        ck_assert_msg(!ir_check(&b, error, sizeof error), "%s: %s", ir_opcode_name(u->op.op), error);
        for (int i = 0; i < rounds; i++) {
            uint8_t varies[32], v[32];
            fill_random(&s, u, undefined);
            run(&b, &s);
            memcpy(v, s.v.ymm[8], 32);
            memset(s.v.ymm[8], 0, 32);
            brute(&b, &s, varies);
            for (int k = 0; k < 32; k++)
                if (varies[k] & ~v[k]) {
                    complain(u, &s, varies, v, "a bit that varies is not marked");
                    ck_abort_msg("unsound rule");
                }
            if (u->exact && memcmp(varies, v, 32)) {
                complain(u, &s, varies, v, "marked more than varies");
                ck_abort_msg("rule is not exact");
            }
        }
        ir_block_free(&b);
    }
}

enum { ROUNDS = 40 };

static void check_op(int op, enum ir_type t, enum ir_type lane, enum ir_type a, enum ir_type b, enum ir_type c, int64_t imm, bool exact)
{
    struct subject u = { { .op = op, .type = t, .lane = lane, .imm = imm }, { a, b, c }, exact };
    check_subject(&u, ROUNDS);
}

static const enum ir_type ints[] = { IR_I8, IR_I16, IR_I32, IR_I64 };

START_TEST(integers)
{
    for (int i = 0; i < 4; i++) {
        const enum ir_type t = ints[i];
        static const int two[] = { IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR };
        for (size_t k = 0; k < sizeof two / sizeof *two; k++)
            check_op(two[k], t, 0, t, t, 0, 0, two[k] != IR_MUL && two[k] != IR_ADD && two[k] != IR_SUB);
        static const int shifts[] = { IR_SHL, IR_SHR, IR_SAR, IR_ROL, IR_ROR };
        for (size_t k = 0; k < sizeof shifts / sizeof *shifts; k++)
            check_op(shifts[k], t, 0, t, IR_I8, 0, 0, false);
        static const int compares[] = { IR_CMPEQ, IR_CMPNE, IR_CMPLTU, IR_CMPLEU, IR_CMPLTS, IR_CMPLES };
        for (size_t k = 0; k < sizeof compares / sizeof *compares; k++)
            check_op(compares[k], IR_I1, t, t, t, 0, 0, true);
        static const int one[] = { IR_NOT, IR_NEG, IR_CLZ, IR_CTZ, IR_POPCNT };
        for (size_t k = 0; k < sizeof one / sizeof *one; k++)
            check_op(one[k], t, 0, t, 0, 0, 0, one[k] == IR_NOT);
        check_op(IR_SELECT, t, 0, IR_I1, t, t, 0, true);
        if (t >= IR_I16) {
            check_op(IR_MULHU, t, 0, t, t, 0, 0, false);
            check_op(IR_MULHS, t, 0, t, t, 0, 0, false);
            check_op(IR_BSWAP, t, 0, t, 0, 0, 0, true);
        }
        if (t >= IR_I32) {
            check_op(IR_PDEP, t, 0, t, t, 0, 0, false);
            check_op(IR_PEXT, t, 0, t, t, 0, 0, false);
        }
        for (int k = 0; k < i; k++) {
            check_op(IR_ZEXT, t, ints[k], ints[k], 0, 0, 0, true);
            check_op(IR_SEXT, t, ints[k], ints[k], 0, 0, 0, true);
            check_op(IR_TRUNC, ints[k], t, t, 0, 0, 0, true);
        }
        check_op(IR_ZEXT, t, IR_I1, IR_I1, 0, 0, 0, true);
        check_op(IR_SEXT, t, IR_I1, IR_I1, 0, 0, 0, true);
        check_op(IR_TRUNC, IR_I1, t, t, 0, 0, 0, true);
    }
    static const int bits[] = { IR_AND, IR_OR, IR_XOR };
    for (size_t k = 0; k < 3; k++)
        check_op(bits[k], IR_I1, 0, IR_I1, IR_I1, 0, 0, true);
    check_op(IR_NOT, IR_I1, 0, IR_I1, 0, 0, 0, true);
    check_op(IR_SELECT, IR_I1, 0, IR_I1, IR_I1, IR_I1, 0, true);
    check_op(IR_PARITY, IR_I1, 0, IR_I8, 0, 0, 0, true);
}
END_TEST

/* i1 vector and word widths of a row of element types */
static void lanes_of(int op, const enum ir_type *lanes, int n, bool two, bool exact)
{
    for (enum ir_type t = IR_V128; t <= IR_V256; t++)
        for (int i = 0; i < n; i++)
            check_op(op, t, lanes[i], t, two ? t : IR_VOID, 0, 0, exact);
}

START_TEST(vector_lanes)
{
    static const struct { int op, from, n; bool two; } rows[] = {
        { IR_VADD, 0, 4, true }, { IR_VSUB, 0, 4, true }, { IR_VADDSS, 0, 2, true }, { IR_VADDUS, 0, 2, true },
        { IR_VSUBSS, 0, 2, true }, { IR_VSUBUS, 0, 2, true }, { IR_VMULLO, 1, 2, true }, { IR_VMULHS, 1, 1, true },
        { IR_VMULHU, 1, 1, true }, { IR_VMULHRS, 1, 1, true }, { IR_VMULEVENU, 3, 1, true }, { IR_VMULEVENS, 3, 1, true },
        { IR_VMADDWD, 2, 1, true }, { IR_VMADDUBSW, 1, 1, true }, { IR_VSADBW, 3, 1, true }, { IR_VAVGU, 0, 2, true },
        { IR_VMINU, 0, 3, true }, { IR_VMINS, 0, 3, true }, { IR_VMAXU, 0, 3, true }, { IR_VMAXS, 0, 3, true },
        { IR_VABS, 0, 3, false }, { IR_VSIGN, 0, 3, true }, { IR_VHADD, 1, 2, true }, { IR_VHSUB, 1, 2, true },
        { IR_VHADDSS, 1, 1, true }, { IR_VHSUBSS, 1, 1, true }, { IR_VCMPEQ, 0, 4, true }, { IR_VCMPGT, 0, 4, true },
        { IR_VPACKSS, 1, 2, true }, { IR_VPACKUS, 1, 2, true }, { IR_VUNPACKLO, 0, 4, true }, { IR_VUNPACKHI, 0, 4, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        lanes_of(rows[i].op, ints + rows[i].from, rows[i].n, rows[i].two,
                 rows[i].op == IR_VCMPEQ || rows[i].op == IR_VCMPGT || rows[i].op == IR_VUNPACKLO || rows[i].op == IR_VUNPACKHI);
}
END_TEST

START_TEST(vector_bits)
{
    for (enum ir_type t = IR_V128; t <= IR_V256; t++) {
        static const int two[] = { IR_VAND, IR_VOR, IR_VXOR, IR_VANDN };
        for (size_t k = 0; k < 4; k++)
            check_op(two[k], t, 0, t, t, 0, 0, true);
        check_op(IR_VANY, IR_I1, t, t, 0, 0, 0, true);
        check_op(IR_HASBYTE, IR_I1, t, t, 0, 0, 0xd6, false);
        for (int i = 1; i < 4; i++) {
            const enum ir_type e = ints[i];
            for (int imm = 0; imm < 70; imm += 7) {
                check_op(IR_VSHLI, t, e, t, 0, 0, imm, true);
                check_op(IR_VSHRI, t, e, t, 0, 0, imm, true);
                if (e != IR_I64)
                    check_op(IR_VSARI, t, e, t, 0, 0, imm, true);
            }
            check_op(IR_VSHLC, t, e, t, IR_V128, 0, 0, false);
            check_op(IR_VSHRC, t, e, t, IR_V128, 0, 0, false);
            if (e != IR_I64)
                check_op(IR_VSARC, t, e, t, IR_V128, 0, 0, false);
            if (e >= IR_I32) {
                check_op(IR_VSHLV, t, e, t, t, 0, 0, false);
                check_op(IR_VSHRV, t, e, t, t, 0, 0, false);
            }
        }
        check_op(IR_VSARV, t, IR_I32, t, t, 0, 0, false);
    }
}
END_TEST

START_TEST(vector_moves)
{
    for (enum ir_type t = IR_V128; t <= IR_V256; t++) {
        for (int imm = 0; imm < 256; imm += 37) {
            check_op(IR_VBYTESHL, t, 0, t, 0, 0, imm % 18, true);
            check_op(IR_VBYTESHR, t, 0, t, 0, 0, imm % 18, true);
            check_op(IR_VSHUF32, t, IR_I32, t, 0, 0, imm, true);
            check_op(IR_VSHUFLO16, t, IR_I16, t, 0, 0, imm, true);
            check_op(IR_VSHUFHI16, t, IR_I16, t, 0, 0, imm, true);
            check_op(IR_VSHUFPS, t, IR_I32, t, t, 0, imm, true);
            check_op(IR_VSHUFPD, t, IR_I64, t, t, 0, imm, true);
            check_op(IR_VALIGNR, t, 0, t, t, 0, imm % 34, true);
            for (int i = 1; i < 4; i++)
                check_op(IR_VBLENDI, t, ints[i], t, t, 0, imm, true);
        }
        check_op(IR_VSHUFB, t, IR_I8, t, t, 0, 0, false);
        check_op(IR_VBLENDV, t, IR_I8, t, t, t, 0, true);
        check_op(IR_VBLENDV, t, IR_I32, t, t, t, 0, true);
        check_op(IR_VBLENDV, t, IR_I64, t, t, t, 0, true);
        for (int i = 0; i < 4; i++) {
            const int n = ir_type_bytes(t) / ir_type_bytes(ints[i]);
            check_op(IR_VINSERT, t, ints[i], t, ints[i], 0, n - 1, true);
            check_op(IR_VEXTRACT, ints[i], t, t, 0, 0, n / 2, true);
            check_op(IR_VSPLAT, t, ints[i], ints[i], 0, 0, 0, true);
            check_op(IR_VZEXT, t, ints[i], ints[i], 0, 0, 0, true);
            check_op(IR_VTRUNC, ints[i], t, t, 0, 0, 0, true);
            for (int k = i + 1; k < 4; k++) {
                check_op(IR_VZEXTLANES, t, ints[i], IR_V128, 0, 0, ints[k], true);
                check_op(IR_VSEXTLANES, t, ints[i], IR_V128, 0, 0, ints[k], true);
            }
        }
        check_op(IR_VMOVMSK, IR_I32, IR_I8, t, 0, 0, t, true);
        check_op(IR_VMOVMSK, IR_I32, IR_I32, t, 0, 0, t, true);
        check_op(IR_VMOVMSK, IR_I32, IR_I64, t, 0, 0, t, true);
    }
    check_op(IR_VPERMD, IR_V256, IR_I32, IR_V256, IR_V256, 0, 0, false);
    check_op(IR_VPERMQI, IR_V256, IR_I64, IR_V256, 0, 0, 0x1b, true);
    check_op(IR_VPERM128, IR_V256, 0, IR_V256, IR_V256, 0, 0x21, true);
    check_op(IR_VPERM128, IR_V256, 0, IR_V256, IR_V256, 0, 0x83, true);
    check_op(IR_VZEXT, IR_V256, IR_V128, IR_V128, 0, 0, 0, true);
    check_op(IR_VTRUNC, IR_V128, IR_V256, IR_V256, 0, 0, 0, true);
    check_op(IR_VHIGH, IR_V128, 0, IR_V256, 0, 0, 0, true);
    check_op(IR_VCONCAT, IR_V256, 0, IR_V128, IR_V128, 0, 0, true);
}
END_TEST

/* Addition and subtraction are exact for one operand with undefined bits and a constant of one bit. */
START_TEST(addresses)
{
    for (int scale = 0; scale < 4; scale++) {
        struct subject u = { { .op = IR_LEA, .type = IR_I64, .scale = scale, .imm = 0x1234 }, { IR_I64, IR_I64, 0 }, false };
        check_subject(&u, ROUNDS);
        u.op.imm = 0;
        u.args[1] = IR_VOID;
        u.op.scale = 0;
        check_subject(&u, ROUNDS);
    }
}
END_TEST

START_TEST(same_operand_twice)
{
    static const int ops[] = { IR_ADD, IR_SUB, IR_XOR, IR_AND, IR_OR, IR_CMPEQ, IR_CMPNE, IR_CMPLTU, IR_CMPLES,
                               IR_VADD, IR_VSUB, IR_VXOR, IR_VCMPEQ, IR_VCMPGT };
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
        for (int i = 0; i < 4; i++) {
            const bool compares = ops[k] >= IR_CMPEQ && ops[k] <= IR_CMPLES, vector = ops[k] >= IR_VAND;
            const enum ir_type t = vector ? IR_V128 : ints[i];
            const struct subject u = { { .op = ops[k], .type = compares ? IR_I1 : t, .lane = ints[i] }, { t, t, 0 }, true, true };
            check_subject(&u, ROUNDS);
        }
    const struct subject lea = { { .op = IR_LEA, .type = IR_I64 }, { IR_I64, IR_I64, 0 }, true, true };
    check_subject(&lea, ROUNDS);
}
END_TEST

START_TEST(every_value_op_has_a_rule)
{
    static const int without[] = { IR_CONST, IR_VCONST, IR_GET, IR_LOAD, IR_LOAD_TAG, IR_CAS, IR_CALL };
    for (int op = 1; op < IR_OPCODES; op++) {
        const struct ir_op o = { .op = op, .type = IR_I64 };
        bool exempt = rules_result_type(&o) == IR_VOID;
        for (size_t i = 0; i < sizeof without / sizeof *without; i++)
            exempt |= op == without[i];
        ck_assert_msg(exempt || rules_has_row(op), "%s has no rule", ir_opcode_name(op));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memcheck rules");
    TCase *t = tcase_create("rules");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, integers);
    tcase_add_test(t, vector_lanes);
    tcase_add_test(t, vector_bits);
    tcase_add_test(t, vector_moves);
    tcase_add_test(t, addresses);
    tcase_add_test(t, same_operand_twice);
    tcase_add_test(t, every_value_op_has_a_rule);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
