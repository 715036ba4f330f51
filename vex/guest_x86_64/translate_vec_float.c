/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec_float: floating point, described only.
 *
 * No op computes these: what each element of the result depends on is said by
 * OPAQUE, with elements moved into place before and after.  In PURE form the
 * instruction stays NATIVE.  */
#include "translate.h"

/* ---- packed ---- */
/* Element by element, of both sources. */
bool translate_float_packed(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, b;
    if (!c->described)
        return false;
    a = x86_read(c, s.a, s.t);
    b = x86_read(c, s.b, s.t);
    x86_write(c, 0, s.t, x86_opaque(c, s.t, row->lane, a, b, IR_NONE), s.vex);
    return true;
}

/* Element by element, of one source. */
bool translate_float_unary(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    if (!c->described)
        return false;
    x86_write(c, 0, s.t, x86_opaque(c, s.t, row->lane, x86_read(c, s.b, s.t), IR_NONE, IR_NONE), s.vex);
    return true;
}

/* FMA: of all three operands. */
bool translate_fma(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    ir_ref a, b, d;
    if (!c->described)
        return false;
    a = x86_read(c, 0, t);
    b = x86_read(c, 1, t);
    d = x86_read(c, 2, t);
    x86_write(c, 0, t, x86_opaque(c, t, row->lane, a, b, d), true);
    return true;
}

/* HADDPx, HSUBPx: neighbours side by side, then element by element. */
bool translate_float_horizontal(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, b, even, odd;
    if (!c->described)
        return false;
    a = x86_read(c, s.a, s.t);
    b = x86_read(c, s.b, s.t);
    if (row->lane == IR_I32) {
        even = x86_vop_imm(c, IR_VSHUFPS, s.t, IR_I32, a, b, 0x88);
        odd = x86_vop_imm(c, IR_VSHUFPS, s.t, IR_I32, a, b, 0xdd);
    } else {
        even = x86_vop(c, IR_VUNPACKLO, s.t, IR_I64, a, b);
        odd = x86_vop(c, IR_VUNPACKHI, s.t, IR_I64, a, b);
    }
    x86_write(c, 0, s.t, x86_opaque(c, s.t, row->lane, even, odd, IR_NONE), s.vex);
    return true;
}

/* ---- scalar ---- */
/* The low element of both sources; the rest is the first source's. */
bool translate_float_scalar(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, b;
    if (!c->described)
        return false;
    a = x86_read(c, s.a, row->lane);
    b = x86_read(c, s.b, row->lane);
    x86_vec_write_element(c, &s, row->lane, 0, x86_opaque(c, row->lane, 0, a, b, IR_NONE));
    return true;
}

bool translate_cmpsd_vector(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_row as_scalar = { .mnemonic = row->mnemonic, .lane = IR_I64 };
    return translate_float_scalar(c, &as_scalar);
}

/* The low element is a function of the second source's; arg: type of that, 0: the operand's own. */
bool translate_float_scalar_unary(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const enum ir_type from = row->arg ? (enum ir_type)row->arg : x86_operand_type(c, s.b);
    ir_ref b;
    if (!c->described)
        return false;
    b = x86_read(c, s.b, from);
    x86_vec_write_element(c, &s, row->lane, 0, x86_opaque(c, row->lane, 0, b, IR_NONE, IR_NONE));
    return true;
}

bool translate_fma_scalar(struct x86_ctx *c, const struct x86_row *row)
{
    struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, b, d;
    if (!c->described)
        return false;
    a = x86_read(c, 0, row->lane);
    b = x86_read(c, 1, row->lane);
    d = x86_read(c, 2, row->lane);
    s.a = 0; /* the rest is the destination's own */
    x86_vec_write_element(c, &s, row->lane, 0, x86_opaque(c, row->lane, 0, a, b, d));
    return true;
}

/* CVTxx2SI, CVTTxx2SI: low element to a general register. */
bool translate_float_to_gpr(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    if (!c->described)
        return false;
    x86_write(c, 0, t, x86_opaque(c, t, 0, x86_read(c, 1, row->lane), IR_NONE, IR_NONE), false);
    return true;
}

/* COMISx, UCOMISx: ZF, PF, CF from the two low elements. */
bool translate_float_compare(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref a, f, no;
    if (!c->described)
        return false;
    a = x86_read(c, 0, row->lane);
    f = x86_opaque(c, IR_I1, 0, a, x86_read(c, 1, row->lane), IR_NONE);
    no = x86_const(c, IR_I1, 0);
    x86_flags(c, f, f, no, f, no, no);
    return true;
}

/* ---- conversions that change the element's size ---- */
/* CVTPS2PD, CVTDQ2PD, VCVTPH2PS.  lane: element of the source; arg: of the destination. */
bool translate_float_widen(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    ir_ref v;
    if (!c->described)
        return false;
    v = x86_vec_widen(c, IR_VZEXTLANES, 1, t, row->lane, row->arg);
    x86_write(c, 0, t, x86_opaque(c, t, row->arg, v, IR_NONE, IR_NONE), x86_is_vex(c));
    return true;
}

/* Low and high half of source operand i, after OPAQUE of each element; the high half of an xmm is 0. */
static void opaque_halves(struct x86_ctx *c, int i, enum ir_type lane, ir_ref *low, ir_ref *high)
{
    const enum ir_type t = x86_operand_type(c, i);
    const ir_ref v = x86_opaque(c, t, lane, x86_read(c, i, t), IR_NONE, IR_NONE);
    *low = t == IR_V256 ? ir_convert(c->b, IR_VTRUNC, IR_V128, IR_V256, v) : v;
    *high = t == IR_V256 ? ir_op1(c->b, IR_VHIGH, IR_V128, v) : x86_vzero(c, IR_V128);
}

/* CVTPD2PS, CVTPD2DQ, CVTTPD2DQ: four or two elements of 64 bits to 32 bits; 0 above. */
bool translate_float_narrow(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref low, high;
    (void)row;
    if (!c->described)
        return false;
    opaque_halves(c, 1, IR_I64, &low, &high);
    x86_write(c, 0, IR_V128, x86_vop_imm(c, IR_VSHUFPS, IR_V128, IR_I32, low, high, 0x88), x86_is_vex(c));
    return true;
}

/* VCVTPS2PH, to a register or memory. */
bool translate_cvtps2ph(struct x86_ctx *c, const struct x86_row *row)
{
    const bool half = x86_operand_type(c, 1) == IR_V128;
    ir_ref low, high, v;
    (void)row;
    if (!c->described)
        return false;
    opaque_halves(c, 1, IR_I32, &low, &high);
    v = x86_vop(c, IR_VPACKSS, IR_V128, IR_I32, low, high);
    if (x86_is_memory(c, 0) && half)
        x86_write(c, 0, IR_I64, ir_convert(c->b, IR_VTRUNC, IR_I64, IR_V128, v), true);
    else
        x86_write(c, 0, IR_V128, v, true);
    return true;
}

/* PCLMULQDQ: one qword of each source. */
bool translate_pclmul(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref a, b;
    (void)row;
    if (!c->described || s.t != IR_V128)
        return false;
    a = x86_vec_element(c, s.a, IR_I64, s.imm & 1);
    b = x86_is_memory(c, s.b) ? x86_vop_imm(c, IR_VEXTRACT, IR_I64, IR_V128, x86_read(c, s.b, IR_V128), IR_NONE, s.imm >> 4 & 1)
                              : x86_vec_element(c, s.b, IR_I64, s.imm >> 4 & 1);
    x86_write(c, 0, IR_V128, x86_opaque(c, IR_V128, 0, a, b, IR_NONE), s.vex);
    return true;
}

/* Bytes of the elements whose bits are set. */
static ir_ref elements(struct x86_ctx *c, enum ir_type lane, int bits)
{
    const int n = ir_type_bytes(lane);
    uint64_t bytes = 0;
    for (int i = 0; i < 16 / n; i++)
        if (bits >> i & 1)
            bytes |= ((1ull << n) - 1) << n * i;
    return ir_vconst(c->b, IR_V128, bytes);
}

/* DPPx: elements by imm8's upper half go into the sum, which goes to those of the lower; 0 elsewhere. */
bool translate_dot_product(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    ir_ref used, a, b, sum;
    if (!c->described || s.t != IR_V128)
        return false;
    used = elements(c, row->lane, s.imm >> 4);
    a = ir_op2(c->b, IR_VAND, IR_V128, x86_read(c, s.a, IR_V128), used);
    b = ir_op2(c->b, IR_VAND, IR_V128, x86_read(c, s.b, IR_V128), used);
    sum = x86_opaque(c, IR_V128, 0, a, b, IR_NONE);
    x86_write(c, 0, IR_V128, ir_op2(c->b, IR_VAND, IR_V128, sum, elements(c, row->lane, s.imm & 15)), s.vex);
    return true;
}

/* The smallest word and its number; 0 above. */
bool translate_phminposuw(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    (void)row;
    if (!c->described)
        return false;
    v = x86_opaque(c, IR_I32, 0, x86_read(c, 1, IR_V128), IR_NONE, IR_NONE);
    x86_write(c, 0, IR_V128, ir_convert(c->b, IR_VZEXT, IR_V128, IR_I32, v), x86_is_vex(c));
    return true;
}
