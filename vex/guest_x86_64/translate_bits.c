/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_bits: bit tests, scans and counts, BMI, flag instructions. */
#include "translate.h"

/* Operand 0 is a register, memory, or with a register count a bit string in memory: then its one byte is read. */
static enum ir_type bit_test_type(const struct x86_ctx *c)
{
    return x86_is_memory(c, 0) && c->zo[1].type == ZYDIS_OPERAND_TYPE_REGISTER ? IR_I8 : x86_operand_type(c, 0);
}

bool translate_bt(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = bit_test_type(c);
    const ir_ref a = x86_read(c, 0, t);
    const ir_ref n = x86_op(c, IR_AND, IR_I8, x86_read(c, 1, IR_I8), x86_const(c, IR_I8, x86_bits(t) - 1));
    const ir_ref bit = ir_convert(c->b, IR_TRUNC, IR_I1, t, x86_op(c, IR_SHR, t, a, n));

    if (row->op != IR_NOP) {
        ir_ref mask = x86_op(c, IR_SHL, t, x86_const(c, t, 1), n);
        if (row->op == IR_AND)
            mask = ir_op1(c->b, IR_NOT, t, mask);
        x86_write(c, 0, t, x86_op(c, row->op, t, a, mask), false);
    }
    x86_put(c, IR_I1, X86_CF, 0, bit); /* the others are undefined, and stay in fact */
    return true;
}

static void only_zero_flag(struct x86_ctx *c, ir_ref zf, ir_ref cf)
{
    const ir_ref no = x86_const(c, IR_I1, 0);
    x86_flags(c, cf ? cf : no, no, no, zf, no, no);
}

/* Position of the highest bit, given the number of zeros above it. */
static ir_ref from_top(struct x86_ctx *c, enum ir_type t, ir_ref zeros)
{
    return x86_op(c, IR_XOR, t, zeros, x86_const(c, t, x86_bits(t) - 1));
}

bool translate_bit_scan(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), none = x86_is_zero(c, t, a);
    ir_ref r = ir_op1(c->b, row->op, t, a);
    if (row->op == IR_CLZ)
        r = from_top(c, t, r);
    if (t == IR_I32) { /* the whole register stays if there is no bit */
        const int hw = x86_gpr_number(c->zo[0].reg.value, NULL);
        x86_put(c, IR_I64, hw, 0, x86_select(c, IR_I64, none, x86_get_gpr(c, hw, 0, IR_I64), x86_zext(c, IR_I64, t, r)));
    } else
        x86_write(c, 0, t, x86_select(c, t, none, x86_read(c, 0, t), r), false);
    only_zero_flag(c, none, IR_NONE);
    return true;
}

bool translate_zero_count(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), r = ir_op1(c->b, row->op, t, a);
    x86_write(c, 0, t, r, false);
    only_zero_flag(c, x86_is_zero(c, t, r), x86_is_zero(c, t, a));
    return true;
}

bool translate_popcnt(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t);
    (void)row;
    x86_write(c, 0, t, ir_op1(c->b, IR_POPCNT, t, a), false);
    only_zero_flag(c, x86_is_zero(c, t, a), IR_NONE);
    return true;
}

/* ---- BMI ---- */
/* AF and PF are undefined after these. */
static void flags_bmi(struct x86_ctx *c, enum ir_type t, ir_ref r, ir_ref cf)
{
    const ir_ref no = x86_const(c, IR_I1, 0);
    x86_flags(c, cf ? cf : no, no, no, x86_is_zero(c, t, r), x86_top_bit(c, t, r), no);
}

bool translate_andn(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref r = x86_op(c, IR_AND, t, ir_op1(c->b, IR_NOT, t, x86_read(c, 1, t)), x86_read(c, 2, t));
    (void)row;
    x86_write(c, 0, t, r, false);
    flags_bmi(c, t, r, IR_NONE);
    return true;
}

/* The low n bits of a; all of them if n (i8) is not below the width. */
static ir_ref low_bits(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref n)
{
    const ir_ref one = x86_const(c, t, 1), bit = x86_op(c, IR_SHL, t, one, n);
    const ir_ref kept = x86_op(c, IR_AND, t, a, x86_op(c, IR_SUB, t, bit, one));
    return x86_select(c, t, x86_compare(c, IR_CMPLTU, IR_I8, n, x86_const(c, IR_I8, x86_bits(t))), kept, a);
}

bool translate_bextr(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), control = x86_read(c, 2, t);
    const ir_ref start = x86_zext(c, IR_I8, t, control);
    const ir_ref length = x86_zext(c, IR_I8, t, x86_op(c, IR_SHR, t, control, x86_const(c, IR_I8, 8)));
    const ir_ref inside = x86_compare(c, IR_CMPLTU, IR_I8, start, x86_const(c, IR_I8, x86_bits(t)));
    const ir_ref shifted = x86_select(c, t, inside, x86_op(c, IR_SHR, t, a, start), x86_const(c, t, 0));
    const ir_ref r = low_bits(c, t, shifted, length), no = x86_const(c, IR_I1, 0);
    (void)row;
    x86_write(c, 0, t, r, false);
    x86_flags(c, no, no, no, x86_is_zero(c, t, r), no, no);
    return true;
}

bool translate_bzhi(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), n = x86_read(c, 2, IR_I8), r = low_bits(c, t, a, n);
    (void)row;
    x86_write(c, 0, t, r, false);
    flags_bmi(c, t, r, x86_compare(c, IR_CMPLEU, IR_I8, x86_const(c, IR_I8, x86_bits(t)), n));
    return true;
}

bool translate_blsi(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), r = x86_op(c, IR_AND, t, a, ir_op1(c->b, IR_NEG, t, a)), no = x86_const(c, IR_I1, 0);
    (void)row;
    x86_write(c, 0, t, r, false);
    x86_flags(c, x86_compare(c, IR_CMPNE, t, a, x86_const(c, t, 0)), no, no, x86_is_zero(c, t, a), x86_top_bit(c, t, r), no);
    return true;
}

/* BLSR a & (a - 1), BLSMSK a ^ (a - 1) */
bool translate_blsr(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), r = x86_op(c, row->op, t, a, x86_op(c, IR_SUB, t, a, x86_const(c, t, 1)));
    x86_write(c, 0, t, r, false);
    flags_bmi(c, t, r, x86_is_zero(c, t, a));
    return true;
}

bool translate_deposit(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), mask = x86_read(c, 2, t);
    x86_write(c, 0, t, x86_op(c, row->op, t, a, mask), false);
    return true;
}

/* ---- flags as data ---- */
static const struct { uint8_t slot, bit; } ah_flags[5] = { { X86_CF, 0 }, { X86_PF, 2 }, { X86_AF, 4 }, { X86_ZF, 6 }, { X86_SF, 7 } };

bool translate_lahf(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v = x86_const(c, IR_I8, 2);
    (void)row;
    for (int i = 0; i < 5; i++) {
        ir_ref f = x86_zext(c, IR_I8, IR_I1, x86_get_flag(c, ah_flags[i].slot));
        if (ah_flags[i].bit)
            f = x86_op(c, IR_SHL, IR_I8, f, x86_const(c, IR_I8, ah_flags[i].bit));
        v = x86_op(c, IR_OR, IR_I8, v, f);
    }
    x86_put_gpr(c, X86_RAX, 1, IR_I8, v);
    return true;
}

bool translate_sahf(struct x86_ctx *c, const struct x86_row *row)
{
    const ir_ref ah = x86_get_gpr(c, X86_RAX, 1, IR_I8);
    (void)row;
    for (int i = 0; i < 5; i++)
        x86_put(c, IR_I1, ah_flags[i].slot, 0, x86_bit(c, IR_I8, ah, ah_flags[i].bit));
    return true;
}

bool translate_set_flag(struct x86_ctx *c, const struct x86_row *row)
{
    const ir_ref v = row->arg >= 0 ? x86_const(c, IR_I1, row->arg) : ir_op1(c->b, IR_NOT, IR_I1, x86_get_flag(c, row->op));
    x86_put(c, IR_I1, row->op, 0, v);
    return true;
}
