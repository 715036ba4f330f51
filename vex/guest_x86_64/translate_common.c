/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_common: shorthands and the usual sets of flags.
 *
 * Tools compute definedness from these ops, so each flag is the op that says
 * most about it: equality is a comparison of the operands, not of their
 * difference; carries are unsigned comparisons.  */
#include "translate.h"

ir_ref x86_op(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref b)
{
    return ir_op2(c->b, op, t, a, b);
}

ir_ref x86_compare(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref b)
{
    return ir_append(c->b, (struct ir_op){ .op = op, .type = IR_I1, .lane = t, .a = a, .b = b });
}

static ir_ref extend(struct x86_ctx *c, enum ir_opcode op, enum ir_type to, enum ir_type from, ir_ref v)
{
    if (to == from)
        return v;
    return ir_convert(c->b, to > from ? op : IR_TRUNC, to, from, v);
}

ir_ref x86_zext(struct x86_ctx *c, enum ir_type to, enum ir_type from, ir_ref v)
{
    return extend(c, IR_ZEXT, to, from, v);
}

ir_ref x86_sext(struct x86_ctx *c, enum ir_type to, enum ir_type from, ir_ref v)
{
    return extend(c, IR_SEXT, to, from, v);
}

ir_ref x86_select(struct x86_ctx *c, enum ir_type t, ir_ref condition, ir_ref yes, ir_ref no)
{
    return ir_op3(c->b, IR_SELECT, t, condition, yes, no);
}

int x86_bits(enum ir_type t)
{
    return t == IR_I1 ? 1 : 8 * ir_type_bytes(t);
}

ir_ref x86_bit(struct x86_ctx *c, enum ir_type t, ir_ref a, int n)
{
    if (n)
        a = x86_op(c, IR_SHR, t, a, x86_const(c, IR_I8, n));
    return ir_convert(c->b, IR_TRUNC, IR_I1, t, a);
}

ir_ref x86_top_bit(struct x86_ctx *c, enum ir_type t, ir_ref a)
{
    return x86_bit(c, t, a, x86_bits(t) - 1);
}

ir_ref x86_is_zero(struct x86_ctx *c, enum ir_type t, ir_ref a)
{
    return x86_compare(c, IR_CMPEQ, t, a, x86_const(c, t, 0));
}

ir_ref x86_parity(struct x86_ctx *c, enum ir_type t, ir_ref a)
{
    return ir_op1(c->b, IR_PARITY, IR_I1, x86_zext(c, IR_I8, t, a));
}

/* Carry out of bit 3. */
static ir_ref adjust(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref r)
{
    return x86_bit(c, t, x86_op(c, IR_XOR, t, x86_op(c, IR_XOR, t, a, b), r), 4);
}

void x86_flags_add(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref r, ir_ref cf)
{
    const ir_ref af = adjust(c, t, a, b, r);
    const ir_ref of = x86_top_bit(c, t, x86_op(c, IR_AND, t, x86_op(c, IR_XOR, t, a, r), x86_op(c, IR_XOR, t, b, r)));
    x86_flags(c, cf, x86_parity(c, t, r), af, x86_is_zero(c, t, r), x86_top_bit(c, t, r), of);
}

void x86_flags_sub(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref r, ir_ref cf, ir_ref zf)
{
    const ir_ref af = adjust(c, t, a, b, r);
    const ir_ref of = x86_top_bit(c, t, x86_op(c, IR_AND, t, x86_op(c, IR_XOR, t, a, b), x86_op(c, IR_XOR, t, a, r)));
    x86_flags(c, cf, x86_parity(c, t, r), af, zf, x86_top_bit(c, t, r), of);
}

void x86_flags_logic(struct x86_ctx *c, enum ir_type t, ir_ref r)
{
    const ir_ref no = x86_const(c, IR_I1, 0);
    x86_flags(c, no, x86_parity(c, t, r), no, x86_is_zero(c, t, r), x86_top_bit(c, t, r), no);
    x86_remember_flags(c, X86_LAST_LOGIC, t, r, IR_NONE);
}

void x86_flags_compare(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b)
{
    const ir_ref r = x86_op(c, IR_SUB, t, a, b);
    x86_flags_sub(c, t, a, b, r, x86_compare(c, IR_CMPLTU, t, a, b), x86_compare(c, IR_CMPEQ, t, a, b));
    x86_remember_flags(c, X86_LAST_SUB, t, a, b);
}

int x86_memory_operand(const struct x86_ctx *c, int first)
{
    for (int i = first; i < c->zi->operand_count; i++)
        if (x86_is_memory(c, i))
            return i;
    return -1;
}
