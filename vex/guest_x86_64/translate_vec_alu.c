/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec_alu: vector integers: logic, arithmetic, shifts, tests. */
#include "translate.h"

/* Destination := first op second.  arg: what both being one register gives: 1 zero, 2 ones. */
bool translate_vec_binary(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, r;
    if (row->arg && x86_vec_same(c, &s))
        r = ir_vconst(c->b, s.t, row->arg == 1 ? 0 : ~0ull);
    else {
        a = x86_read(c, s.a, s.t);
        r = x86_vop(c, row->op, s.t, row->lane, a, x86_read(c, s.b, s.t));
    }
    x86_write(c, 0, s.t, r, s.vex);
    return true;
}

/* a with its sign turned where the elements of s are -1 instead of 0.  What is known of the sign makes the result as
 * precise as that of a subtraction, which IR_VABS and IR_VSIGN do not. */
static ir_ref turn_sign(struct x86_ctx *c, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref s)
{
    return x86_vop(c, IR_VSUB, t, lane, ir_op2(c->b, IR_VXOR, t, a, s), s);
}

static ir_ref sign_mask(struct x86_ctx *c, enum ir_type t, enum ir_type lane, ir_ref a)
{
    return x86_vop_imm(c, IR_VSARI, t, lane, a, IR_NONE, 8 * ir_type_bytes(lane) - 1);
}

bool translate_pabs(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref a = x86_read(c, s.b, s.t);
    x86_write(c, 0, s.t, turn_sign(c, s.t, row->lane, a, sign_mask(c, s.t, row->lane, a)), s.vex);
    return true;
}

/* PSIGNx: the first source, its negative, or 0, by the second one's sign. */
bool translate_psign(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref a = x86_read(c, s.a, s.t), b = x86_read(c, s.b, s.t);
    const ir_ref zero = x86_vop(c, IR_VCMPEQ, s.t, row->lane, b, x86_vzero(c, s.t));
    const ir_ref r = turn_sign(c, s.t, row->lane, a, sign_mask(c, s.t, row->lane, b));
    x86_write(c, 0, s.t, ir_op2(c->b, IR_VANDN, s.t, zero, r), s.vex);
    return true;
}

/* op: the one with an immediate count; the one with a register count is IR_VSHLC - IR_VSHLI further. */
bool translate_vec_shift(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, r;
    if (s.imm >= 0) { /* VEX: the destination comes first, then the source */
        a = x86_read(c, s.a, s.t);
        r = x86_vop_imm(c, row->op, s.t, row->lane, a, IR_NONE, s.imm);
    } else {
        a = x86_read(c, s.a, s.t);
        r = x86_vop(c, row->op + (IR_VSHLC - IR_VSHLI), s.t, row->lane, a, x86_read(c, s.b, IR_V128));
    }
    x86_write(c, 0, s.t, r, s.vex);
    return true;
}

/* PSLLDQ, PSRLDQ */
bool translate_vec_shift_bytes(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref a = x86_read(c, s.a, s.t);
    x86_write(c, 0, s.t, x86_vop_imm(c, row->op, s.t, IR_I8, a, IR_NONE, s.imm > 16 ? 16 : s.imm), s.vex);
    return true;
}

/* PMOVZXxx, PMOVSXxx.  lane: element of the source; arg: of the destination. */
ir_ref x86_vec_widen(struct x86_ctx *c, enum ir_opcode op, int i, enum ir_type t, enum ir_type from, enum ir_type to)
{
    const int bytes = ir_type_bytes(t) * ir_type_bytes(from) / ir_type_bytes(to);
    const enum ir_type source = x86_is_memory(c, i) ? x86_type(bytes) : IR_V128;
    ir_ref v = x86_read(c, i, source);
    if (source != IR_V128)
        v = ir_convert(c->b, IR_VZEXT, IR_V128, source, v);
    return ir_append(c->b, (struct ir_op){ .op = op, .type = t, .lane = from, .a = v, .imm = to });
}

bool translate_vec_widen(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    x86_write(c, 0, t, x86_vec_widen(c, row->op, 1, t, row->lane, row->arg), x86_is_vex(c));
    return true;
}

/* PTEST, VTESTPx: ZF = no common bit, CF = no bit of the source beyond the destination's; lane: only sign bits count. */
static ir_ref no_bit(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b)
{
    ir_ref v = ir_op2(c->b, op, t, a, b);
    if (lane)
        v = x86_vop_imm(c, IR_VSHRI, t, lane, v, IR_NONE, 8 * ir_type_bytes(lane) - 1);
    v = ir_append(c->b, (struct ir_op){ .op = IR_VANY, .type = IR_I1, .lane = t, .a = v });
    return ir_op1(c->b, IR_NOT, IR_I1, v);
}

bool translate_ptest(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t), no = x86_const(c, IR_I1, 0);
    const ir_ref zf = no_bit(c, IR_VAND, t, row->lane, a, b), cf = no_bit(c, IR_VANDN, t, row->lane, a, b);
    x86_flags(c, cf, no, no, zf, no, no);
    return true;
}
