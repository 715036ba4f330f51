/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_shift: shifts and rotates.
 *
 * The count is taken modulo 32, or 64 for 64-bit operands; where it is then 0
 * no flag changes.  8- and 16-bit shifts may have counts beyond their width,
 * so they are done in 32 bits.  AF, and OF for counts other than 1, are undefined
 * by the manual: AF is described as 0, OF as for a count of 1.  */
#include "translate.h"

struct count {
    bool is_constant;
    int value;     /* if it is constant, masked */
    ir_ref v;      /* i8, masked */
    ir_ref nonzero;/* i1, if it is not constant */
};

static int count_mask(enum ir_type t)
{
    return t == IR_I64 ? 63 : 31;
}

static struct count read_count(struct x86_ctx *c, int i, enum ir_type t)
{
    struct count n = { .is_constant = true, .value = 1 };
    if (i >= c->zi->operand_count_visible) /* the forms that shift by 1 */
        n.v = x86_const(c, IR_I8, 1);
    else if (c->zo[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        n.value = c->zo[i].imm.value.u & count_mask(t);
        n.v = x86_const(c, IR_I8, n.value);
    } else {
        n.is_constant = false;
        n.v = x86_op(c, IR_AND, IR_I8, x86_read(c, i, IR_I8), x86_const(c, IR_I8, count_mask(t)));
        n.nonzero = x86_compare(c, IR_CMPNE, IR_I8, n.v, x86_const(c, IR_I8, 0));
    }
    return n;
}

/* Flag f, or the old value of slot where the count is 0. */
static ir_ref if_counted(struct x86_ctx *c, const struct count *n, int slot, ir_ref f)
{
    return n->is_constant || !f ? f : x86_select(c, IR_I1, n->nonzero, f, x86_get_flag(c, slot));
}

static void flags_counted(struct x86_ctx *c, const struct count *n, ir_ref cf, ir_ref pf, ir_ref af, ir_ref zf, ir_ref sf, ir_ref of)
{
    if (n->is_constant && !n->value)
        return;
    x86_flags(c, if_counted(c, n, X86_CF, cf), if_counted(c, n, X86_PF, pf), if_counted(c, n, X86_AF, af),
              if_counted(c, n, X86_ZF, zf), if_counted(c, n, X86_SF, sf), if_counted(c, n, X86_OF, of));
}

static ir_ref count_plus(struct x86_ctx *c, const struct count *n, int d)
{
    if (n->is_constant)
        return x86_const(c, IR_I8, n->value + d);
    return x86_op(c, IR_ADD, IR_I8, n->v, x86_const(c, IR_I8, d));
}

/* width - count */
static ir_ref count_from(struct x86_ctx *c, const struct count *n, int width)
{
    if (n->is_constant)
        return x86_const(c, IR_I8, width - n->value);
    return x86_op(c, IR_SUB, IR_I8, x86_const(c, IR_I8, width), n->v);
}

static ir_ref low_bit(struct x86_ctx *c, enum ir_type t, ir_ref v)
{
    return ir_convert(c->b, IR_TRUNC, IR_I1, t, v);
}

bool translate_shift(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0), wide = t < IR_I32 ? IR_I32 : t;
    const struct count n = read_count(c, 1, t);
    const int width = x86_bits(t);
    const ir_ref a = x86_read(c, 0, t);
    const ir_ref w = row->op == IR_SAR ? x86_sext(c, wide, t, a) : x86_zext(c, wide, t, a);
    const ir_ref shifted = x86_op(c, row->op, wide, w, n.v), r = x86_zext(c, t, wide, shifted);
    ir_ref cf, of;

    if (row->op == IR_SHL) {
        cf = wide == t ? low_bit(c, t, x86_op(c, IR_SHR, t, a, count_from(c, &n, width))) : x86_bit(c, wide, shifted, width);
        of = x86_op(c, IR_XOR, IR_I1, x86_top_bit(c, t, r), cf);
    } else {
        cf = low_bit(c, wide, x86_op(c, row->op, wide, w, count_plus(c, &n, -1)));
        of = row->op == IR_SAR ? x86_const(c, IR_I1, 0) : x86_top_bit(c, t, a);
    }
    x86_write(c, 0, t, r, false);
    flags_counted(c, &n, cf, x86_parity(c, t, r), x86_const(c, IR_I1, 0), x86_is_zero(c, t, r), x86_top_bit(c, t, r), of);
    return true;
}

bool translate_rotate(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const struct count n = read_count(c, 1, t);
    const ir_ref r = x86_op(c, row->op, t, x86_read(c, 0, t), n.v);
    const ir_ref top = x86_top_bit(c, t, r);
    const ir_ref cf = row->op == IR_ROL ? low_bit(c, t, r) : top;
    const ir_ref other = row->op == IR_ROL ? cf : x86_bit(c, t, r, x86_bits(t) - 2);
    x86_write(c, 0, t, r, false);
    flags_counted(c, &n, cf, IR_NONE, IR_NONE, IR_NONE, IR_NONE, x86_op(c, IR_XOR, IR_I1, top, other));
    return true;
}

/* a rotated by n (1 to width) through the carry, to the left or right. */
static ir_ref rotate_carry(struct x86_ctx *c, bool left, enum ir_type t, ir_ref a, ir_ref cf, int n)
{
    const int width = x86_bits(t);
    ir_ref r = x86_zext(c, t, IR_I1, cf);
    const int carry_at = left ? n - 1 : width - n;
    if (carry_at)
        r = x86_op(c, IR_SHL, t, r, x86_const(c, IR_I8, carry_at));
    if (n < width)
        r = x86_op(c, IR_OR, t, r, x86_op(c, left ? IR_SHL : IR_SHR, t, a, x86_const(c, IR_I8, n)));
    if (n > 1)
        r = x86_op(c, IR_OR, t, r, x86_op(c, left ? IR_SHR : IR_SHL, t, a, x86_const(c, IR_I8, width + 1 - n)));
    return r;
}

/* A count in cl: some function of all that goes in. */
static bool rotate_carry_by_cl(struct x86_ctx *c, enum ir_type t, const struct count *n)
{
    const ir_ref a = x86_read(c, 0, t), cf = x86_get_flag(c, X86_CF);
    const ir_ref r = ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = t, .a = a, .b = cf, .c = n->v });
    const ir_ref out = ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = IR_I1, .a = a, .b = cf, .c = n->v });
    x86_write(c, 0, t, r, false);
    flags_counted(c, n, out, IR_NONE, IR_NONE, IR_NONE, IR_NONE, out);
    return true;
}

bool translate_rotate_carry(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const bool left = row->op == IR_SHL, by_cl = c->zi->operand_count_visible > 1 && c->zo[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    const int width = x86_bits(t);
    struct count n;
    ir_ref a, r, cf, top;

    if (by_cl && !c->described)
        return false;
    n = read_count(c, 1, t);
    if (by_cl)
        return rotate_carry_by_cl(c, t, &n);
    n.value %= width + 1;
    a = x86_read(c, 0, t);
    if (!n.value) {
        x86_write(c, 0, t, a, false);
        return true;
    }
    r = rotate_carry(c, left, t, a, x86_get_flag(c, X86_CF), n.value);
    cf = x86_bit(c, t, a, left ? width - n.value : n.value - 1);
    top = x86_top_bit(c, t, r);
    x86_write(c, 0, t, r, false);
    x86_flags(c, cf, IR_NONE, IR_NONE, IR_NONE, IR_NONE,
              x86_op(c, IR_XOR, IR_I1, top, left ? cf : x86_bit(c, t, r, width - 2)));
    return true;
}

/* SHLD and SHRD of 16 bits: both operands in one rotating 32-bit value.  (Counts over 16 are undefined.) */
static ir_ref double_word(struct x86_ctx *c, bool left, ir_ref a, ir_ref b, const struct count *n, ir_ref *cf)
{
    const ir_ref high = x86_zext(c, IR_I32, IR_I16, left ? a : b), low = x86_zext(c, IR_I32, IR_I16, left ? b : a);
    const ir_ref pair = x86_op(c, IR_OR, IR_I32, x86_op(c, IR_SHL, IR_I32, high, x86_const(c, IR_I8, 16)), low);
    const ir_ref r = x86_op(c, left ? IR_ROL : IR_ROR, IR_I32, pair, n->v);
    *cf = left ? low_bit(c, IR_I32, r) : x86_top_bit(c, IR_I32, r);
    return x86_zext(c, IR_I16, IR_I32, left ? x86_op(c, IR_SHR, IR_I32, r, x86_const(c, IR_I8, 16)) : r);
}

static ir_ref double_wide(struct x86_ctx *c, bool left, enum ir_type t, ir_ref a, ir_ref b, const struct count *n, ir_ref *cf)
{
    const ir_ref back = count_from(c, n, x86_bits(t));
    const ir_ref in = x86_op(c, left ? IR_SHR : IR_SHL, t, b, back);
    const ir_ref r = x86_op(c, IR_OR, t, x86_op(c, left ? IR_SHL : IR_SHR, t, a, n->v), in);
    *cf = low_bit(c, t, x86_op(c, IR_SHR, t, a, left ? back : count_plus(c, n, -1)));
    return n->is_constant ? r : x86_select(c, t, n->nonzero, r, a); /* a count of 0 would shift by the width */
}

bool translate_shift_double(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const bool left = row->op == IR_SHL;
    const struct count n = read_count(c, 2, t);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t);
    ir_ref r, cf, sf;

    if (n.is_constant && !n.value) {
        x86_write(c, 0, t, a, false);
        return true;
    }
    r = t == IR_I16 ? double_word(c, left, a, b, &n, &cf) : double_wide(c, left, t, a, b, &n, &cf);
    sf = x86_top_bit(c, t, r);
    x86_write(c, 0, t, r, false);
    flags_counted(c, &n, cf, x86_parity(c, t, r), x86_const(c, IR_I1, 0), x86_is_zero(c, t, r), sf,
                  x86_op(c, IR_XOR, IR_I1, sf, x86_top_bit(c, t, a)));
    return true;
}

/* RORX SARX SHLX SHRX: no flags. */
bool translate_shift_plain(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 1, t), n = x86_read(c, 2, IR_I8);
    x86_write(c, 0, t, x86_op(c, row->op, t, a, n), false);
    return true;
}
