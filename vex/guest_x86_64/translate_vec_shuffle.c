/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec_shuffle: elements move: shuffles, blends, permutations. */
#include "translate.h"

/* One source, imm8 as it is. */
bool translate_vec_unary_imm(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    x86_write(c, 0, s.t, x86_vop_imm(c, row->op, s.t, row->lane, x86_read(c, s.b, s.t), IR_NONE, s.imm), s.vex);
    return true;
}

/* One source, control fixed by the mnemonic: MOVSHDUP, MOVSLDUP. */
bool translate_vec_unary_fixed(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    x86_write(c, 0, s.t, x86_vop_imm(c, row->op, s.t, row->lane, x86_read(c, s.b, s.t), IR_NONE, row->arg), s.vex);
    return true;
}

/* Two sources, imm8 as it is. */
bool translate_vec_binary_imm(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref a = x86_read(c, s.a, s.t), b = x86_read(c, s.b, s.t);
    x86_write(c, 0, s.t, x86_vop_imm(c, row->op, s.t, row->lane, a, b, s.imm), s.vex);
    return true;
}

/* The mask is xmm0, or the fourth operand. */
bool translate_vec_blendv(struct x86_ctx *c, const struct x86_row *row)
{
    const bool vex = x86_is_vex(c);
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, vex ? 1 : 0, t), b = x86_read(c, vex ? 2 : 1, t), mask = x86_read(c, vex ? 3 : 2, t);
    x86_write(c, 0, t, ir_append(c->b, (struct ir_op){ .op = IR_VBLENDV, .type = t, .lane = row->lane, .a = a, .b = b, .c = mask }), vex);
    return true;
}

/* VPERMD, VPERMPS: indices come first, data second. */
bool translate_vpermd(struct x86_ctx *c, const struct x86_row *row)
{
    const ir_ref index = x86_read(c, 1, IR_V256), data = x86_read(c, 2, IR_V256);
    (void)row;
    x86_write(c, 0, IR_V256, x86_vop(c, IR_VPERMD, IR_V256, IR_I32, data, index), true);
    return true;
}

/* Byte controls of VPERMILPS: 4 times the element's number, and 0 1 2 3 above. */
static ir_ref control_ps(struct x86_ctx *c, enum ir_type t, ir_ref control)
{
    const ir_ref number = ir_op2(c->b, IR_VAND, t, control, x86_vsplat(c, t, IR_I32, 3));
    const ir_ref bytes = x86_vop(c, IR_VMULLO, t, IR_I32, number, x86_vsplat(c, t, IR_I32, 0x04040404));
    return x86_vop(c, IR_VADD, t, IR_I32, bytes, x86_vsplat(c, t, IR_I32, 0x03020100));
}

/* Byte controls of VPERMILPD: bit 1 of the element, 8 times. */
static ir_ref control_pd(struct x86_ctx *c, enum ir_type t, ir_ref control)
{
    const ir_ref twice = x86_vop_imm(c, IR_VSHUF32, t, IR_I32, control, IR_NONE, 0xa0);
    const ir_ref bit = ir_op2(c->b, IR_VAND, t, twice, x86_vsplat(c, t, IR_I32, 2));
    const ir_ref bytes = x86_vop(c, IR_VMULLO, t, IR_I32, bit, x86_vsplat(c, t, IR_I32, 0x04040404));
    return x86_vop(c, IR_VADD, t, IR_I32, bytes, x86_vsplat(c, t, IR_I64, 0x0706050403020100));
}

/* VPERMILPx; op: what does it with an immediate. */
bool translate_vpermil(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref data = x86_read(c, 1, s.t);
    ir_ref r;
    if (s.imm >= 0)
        r = x86_vop_imm(c, row->op, s.t, row->lane, data, row->op == IR_VSHUFPD ? data : IR_NONE, s.imm);
    else {
        r = x86_read(c, 2, s.t);
        r = row->lane == IR_I32 ? control_ps(c, s.t, r) : control_pd(c, s.t, r);
        r = x86_vop(c, IR_VSHUFB, s.t, IR_I8, data, r);
    }
    x86_write(c, 0, s.t, r, true);
    return true;
}
