/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_mul: multiplication, division, CRC32.
 *
 * SF ZF AF PF after MUL and all flags after DIV are undefined by the manual;
 * they are described as 0, so that nothing is reported of them.  */
#include "translate.h"

static ir_ref opaque(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref d)
{
    return ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = t, .a = a, .b = b, .c = d });
}

static void flags_overflow(struct x86_ctx *c, ir_ref overflow)
{
    const ir_ref no = x86_const(c, IR_I1, 0);
    x86_flags(c, overflow, no, no, no, no, overflow);
}

/* al * operand -> ax */
static void multiply_byte(struct x86_ctx *c, bool is_signed)
{
    const enum ir_opcode op = is_signed ? IR_SEXT : IR_ZEXT;
    const ir_ref a = ir_convert(c->b, op, IR_I16, IR_I8, x86_get_gpr(c, X86_RAX, 0, IR_I8));
    const ir_ref b = ir_convert(c->b, op, IR_I16, IR_I8, x86_read(c, 0, IR_I8));
    const ir_ref r = x86_op(c, IR_MUL, IR_I16, a, b);
    const ir_ref low = ir_convert(c->b, op, IR_I16, IR_I8, x86_zext(c, IR_I8, IR_I16, r));
    x86_put_gpr(c, X86_RAX, 0, IR_I16, r);
    flags_overflow(c, x86_compare(c, IR_CMPNE, IR_I16, r, low));
}

static ir_ref overflow_of(struct x86_ctx *c, enum ir_type t, ir_ref low, ir_ref high, bool is_signed)
{
    const ir_ref expected = is_signed ? x86_op(c, IR_SAR, t, low, x86_const(c, IR_I8, x86_bits(t) - 1)) : x86_const(c, t, 0);
    return x86_compare(c, IR_CMPNE, t, high, expected);
}

/* rax * operand -> rdx:rax */
bool translate_mul(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const bool is_signed = row->op == IR_MULHS;
    ir_ref a, b, low, high;

    if (t == IR_I8) {
        multiply_byte(c, is_signed);
        return true;
    }
    a = x86_get_gpr(c, X86_RAX, 0, t);
    b = x86_read(c, 0, t);
    low = x86_op(c, IR_MUL, t, a, b);
    high = x86_op(c, row->op, t, a, b);
    x86_put_gpr(c, X86_RAX, 0, t, low);
    x86_put_gpr(c, X86_RDX, 0, t, high);
    flags_overflow(c, overflow_of(c, t, low, high, is_signed));
    return true;
}

bool translate_imul(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const int n = c->zi->operand_count_visible;
    ir_ref a, b, low;

    if (n == 1)
        return translate_mul(c, row);
    a = x86_read(c, n == 2 ? 0 : 1, t);
    b = x86_read(c, n == 2 ? 1 : 2, t);
    low = x86_op(c, IR_MUL, t, a, b);
    x86_write(c, 0, t, low, false);
    flags_overflow(c, overflow_of(c, t, low, x86_op(c, IR_MULHS, t, a, b), true));
    return true;
}

/* rdx * operand 2 -> operand 0 : operand 1; no flags */
bool translate_mulx(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_get_gpr(c, X86_RDX, 0, t), b = x86_read(c, 2, t);
    (void)row;
    x86_write(c, 1, t, x86_op(c, IR_MUL, t, a, b), false); /* first: if both are one register the high half stays */
    x86_write(c, 0, t, x86_op(c, IR_MULHU, t, a, b), false);
    return true;
}

bool translate_div(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref no = c->described ? x86_const(c, IR_I1, 0) : IR_NONE;
    ir_ref divisor, low, high;
    (void)row;
    if (!c->described)
        return false;
    divisor = x86_read(c, 0, t);
    low = x86_get_gpr(c, X86_RAX, 0, t);
    high = x86_get_gpr(c, t == IR_I8 ? X86_RAX : X86_RDX, t == IR_I8, t);
    x86_put_gpr(c, X86_RAX, 0, t, opaque(c, t, low, high, divisor));
    x86_put_gpr(c, t == IR_I8 ? X86_RAX : X86_RDX, t == IR_I8, t, opaque(c, t, low, high, divisor));
    x86_flags(c, no, no, no, no, no, no);
    return true;
}

bool translate_crc32(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    if (!c->described)
        return false;
    x86_write(c, 0, x86_operand_type(c, 0),
              opaque(c, x86_operand_type(c, 0), x86_read(c, 0, IR_I32), x86_read(c, 1, x86_operand_type(c, 1)), IR_NONE), false);
    return true;
}
