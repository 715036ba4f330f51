/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec: vector operands, moves, and elements in and out. */
#include "translate.h"

/* ---- shared ---- */
struct x86_vec_shape x86_vec_shape(const struct x86_ctx *c)
{
    struct x86_vec_shape s = { .t = x86_operand_type(c, 0), .vex = x86_is_vex(c), .imm = -1 };
    int n = c->zi->operand_count_visible;
    if (c->zo[n - 1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        s.imm = c->zo[--n].imm.value.u & 0xff;
    s.b = n - 1;
    s.a = s.vex ? 1 : 0;
    if (n < 2)
        s.a = s.b = 0;
    return s;
}

ir_ref x86_vop(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b)
{
    return ir_vop(c->b, op, t, lane, a, b, 0);
}

ir_ref x86_vop_imm(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b, int64_t imm)
{
    return ir_vop(c->b, op, t, lane, a, b, imm);
}

ir_ref x86_vzero(struct x86_ctx *c, enum ir_type t)
{
    return ir_vconst(c->b, t, 0);
}

ir_ref x86_vsplat(struct x86_ctx *c, enum ir_type t, enum ir_type lane, int64_t v)
{
    return x86_vop(c, IR_VSPLAT, t, lane, x86_const(c, lane, v), IR_NONE);
}

static int vec_operand(const struct x86_ctx *c, int i)
{
    return x86_vec_number(c->zo[i].reg.value);
}

ir_ref x86_vec_element(struct x86_ctx *c, int i, enum ir_type lane, int index)
{
    return ir_get(c->b, lane, IR_PLANE_GUEST, X86_YMM0 + vec_operand(c, i), index * ir_type_bytes(lane));
}

void x86_vec_write_element(struct x86_ctx *c, const struct x86_vec_shape *s, enum ir_type lane, int index, ir_ref v)
{
    if (s->vex)
        x86_write(c, 0, IR_V128, x86_vop_imm(c, IR_VINSERT, IR_V128, lane, x86_read(c, s->a, IR_V128), v, index), true);
    else
        x86_put(c, lane, X86_YMM0 + vec_operand(c, 0), index * ir_type_bytes(lane), v);
}

bool x86_vec_same(const struct x86_ctx *c, const struct x86_vec_shape *s)
{
    return c->zo[s->b].type == ZYDIS_OPERAND_TYPE_REGISTER && c->zo[s->a].reg.value == c->zo[s->b].reg.value;
}

ir_ref x86_opaque(struct x86_ctx *c, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b, ir_ref d)
{
    return ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = t, .lane = lane, .a = a, .b = b, .c = d });
}

/* ---- MMX ---- */
static bool is_mmx_register(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_REGISTER && o->reg.value >= ZYDIS_REGISTER_MM0 && o->reg.value <= ZYDIS_REGISTER_MM7;
}

bool x86_is_mmx(const struct x86_ctx *c)
{
    return (c->zi->operand_count_visible > 0 && is_mmx_register(&c->zo[0])) ||
           (c->zi->operand_count_visible > 1 && is_mmx_register(&c->zo[1]));
}

bool x86_translate_mmx(struct x86_ctx *c, const struct x86_row *row)
{
    if (!c->described || row->translate != translate_vec_binary || !row->arg ||
        c->zo[1].type != ZYDIS_OPERAND_TYPE_REGISTER || c->zo[0].reg.value != c->zo[1].reg.value)
        return false;
    x86_put(c, IR_I8, X86_X87, c->zo[0].reg.value - ZYDIS_REGISTER_MM0, x86_const(c, IR_I8, 0)); /* pxor mm, mm */
    return true;
}

/* ---- whole moves ---- */
bool translate_vec_move(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    (void)row;
    x86_write(c, 0, t, x86_read(c, 1, t), x86_is_vex(c));
    return true;
}

/* MOVD, MOVQ: between vector and general registers or memory; what comes into a vector is zero-extended. */
bool translate_vec_movd(struct x86_ctx *c, const struct x86_row *row)
{
    const bool to_vector = !x86_is_memory(c, 0) && x86_vec_number(c->zo[0].reg.value) >= 0;
    const ir_ref v = x86_read(c, 1, row->lane);
    if (to_vector)
        x86_write(c, 0, IR_V128, ir_convert(c->b, IR_VZEXT, IR_V128, row->lane, v), x86_is_vex(c));
    else
        x86_write(c, 0, row->lane, v, false);
    return true;
}

/* MOVSS, MOVSD: between registers the low element is replaced, a load zeroes the rest. */
static bool move_scalar(struct x86_ctx *c, enum ir_type lane)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref v = x86_read(c, s.b, lane);
    if (x86_is_memory(c, 0))
        x86_write(c, 0, lane, v, false);
    else if (x86_is_memory(c, s.b))
        x86_write(c, 0, IR_V128, ir_convert(c->b, IR_VZEXT, IR_V128, lane, v), s.vex);
    else
        x86_vec_write_element(c, &s, lane, 0, v);
    return true;
}

bool translate_vec_move_scalar(struct x86_ctx *c, const struct x86_row *row)
{
    return move_scalar(c, row->lane);
}

bool translate_movsd_vector(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    return move_scalar(c, IR_I64);
}

/* MOVLPx, MOVHPx; arg: which half. */
bool translate_vec_move_half(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    if (x86_is_memory(c, 0))
        x86_write(c, 0, IR_I64, x86_vec_element(c, 1, IR_I64, row->arg), false);
    else
        x86_vec_write_element(c, &s, IR_I64, row->arg, x86_read(c, s.b, IR_I64));
    return true;
}

/* MOVLHPS, MOVHLPS; arg: the half of the destination that the other half of the second source replaces. */
bool translate_vec_move_across(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    x86_vec_write_element(c, &s, IR_I64, row->arg, x86_vec_element(c, s.b, IR_I64, !row->arg));
    return true;
}

/* VBROADCASTx, VPBROADCASTx, and MOVDDUP of 128 bits. */
bool translate_vec_broadcast(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    x86_write(c, 0, t, x86_vop(c, IR_VSPLAT, t, row->lane, x86_read(c, 1, row->lane), IR_NONE), x86_is_vex(c));
    return true;
}

bool translate_vec_broadcast_half(struct x86_ctx *c, const struct x86_row *row)
{
    const ir_ref v = x86_read(c, 1, IR_V128);
    (void)row;
    x86_write(c, 0, IR_V256, ir_op2(c->b, IR_VCONCAT, IR_V256, v, v), true);
    return true;
}

bool translate_movddup(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    if (x86_operand_type(c, 0) == IR_V128)
        return translate_vec_broadcast(c, row);
    v = x86_read(c, 1, IR_V256);
    x86_write(c, 0, IR_V256, x86_vop(c, IR_VUNPACKLO, IR_V256, IR_I64, v, v), true);
    return true;
}

/* VZEROUPPER; arg 1: VZEROALL. */
bool translate_vzero(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->arg ? IR_V256 : IR_V128;
    const ir_ref zero = x86_vzero(c, t);
    for (int i = 0; i < 16; i++)
        x86_put(c, t, X86_YMM0 + i, row->arg ? 0 : 16, zero);
    return true;
}

/* ---- elements in and out ---- */
bool translate_pinsr(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const int elements = 16 / ir_type_bytes(row->lane);
    x86_vec_write_element(c, &s, row->lane, s.imm & (elements - 1), x86_read(c, s.b, row->lane));
    return true;
}

bool translate_pextr(struct x86_ctx *c, const struct x86_row *row)
{
    const int elements = 16 / ir_type_bytes(row->lane), index = x86_imm(c, 2) & (elements - 1);
    const enum ir_type t = x86_is_memory(c, 0) ? (enum ir_type)row->lane : x86_operand_type(c, 0);
    x86_write(c, 0, t, x86_zext(c, t, row->lane, x86_vec_element(c, 1, row->lane, index)), false);
    return true;
}

/* imm8: 7-6 source element, 5-4 destination element, 3-0 elements that become 0 */
bool translate_insertps(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref old = x86_read(c, s.a, IR_V128);
    const ir_ref v = x86_is_memory(c, s.b) ? x86_read(c, s.b, IR_I32) : x86_vec_element(c, s.b, IR_I32, s.imm >> 6);
    ir_ref r = x86_vop_imm(c, IR_VINSERT, IR_V128, IR_I32, old, v, s.imm >> 4 & 3);
    uint64_t kept = 0;
    (void)row;
    for (int i = 0; i < 4; i++)
        if (!(s.imm >> i & 1))
            kept |= 0xfull << 4 * i;
    if (kept != 0xffff)
        r = ir_op2(c->b, IR_VAND, IR_V128, r, ir_vconst(c->b, IR_V128, kept));
    x86_write(c, 0, IR_V128, r, s.vex);
    return true;
}

/* VINSERTF128, VINSERTI128 */
bool translate_vinsert_half(struct x86_ctx *c, const struct x86_row *row)
{
    const struct x86_vec_shape s = x86_vec_shape(c);
    const ir_ref v = x86_read(c, s.b, IR_V128);
    ir_ref r;
    (void)row;
    if (s.imm & 1)
        r = ir_op2(c->b, IR_VCONCAT, IR_V256, x86_read(c, s.a, IR_V128), v);
    else
        r = ir_op2(c->b, IR_VCONCAT, IR_V256, v, ir_op1(c->b, IR_VHIGH, IR_V128, x86_read(c, s.a, IR_V256)));
    x86_write(c, 0, IR_V256, r, true);
    return true;
}

/* VEXTRACTF128, VEXTRACTI128 */
bool translate_vextract_half(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    (void)row;
    if (x86_imm(c, 2) & 1)
        v = ir_op1(c->b, IR_VHIGH, IR_V128, x86_read(c, 1, IR_V256));
    else
        v = x86_get_vec(c, vec_operand(c, 1), IR_V128);
    x86_write(c, 0, IR_V128, v, true);
    return true;
}

/* PMOVMSKB, MOVMSKPS, MOVMSKPD */
bool translate_movmsk(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0), vector = x86_operand_type(c, 1);
    const ir_ref v = x86_read(c, 1, vector);
    const ir_ref mask = ir_append(c->b, (struct ir_op){ .op = IR_VMOVMSK, .type = IR_I32, .lane = row->lane, .a = v, .imm = vector });
    x86_write(c, 0, t, x86_zext(c, t, IR_I32, mask), false);
    return true;
}
