/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/operand: reading and writing operands as IR values. */
#include "internal.h"

ir_ref x86_const(struct x86_ctx *c, enum ir_type t, int64_t imm)
{
    switch (t) { /* constants are kept sign-extended */
    case IR_I1: imm &= 1; break;
    case IR_I8: imm = (int8_t)imm; break;
    case IR_I16: imm = (int16_t)imm; break;
    case IR_I32: imm = (int32_t)imm; break;
    default: break;
    }
    return ir_const(c->b, t, imm);
}

int64_t x86_imm(const struct x86_ctx *c, int i)
{
    return c->zo[i].imm.value.s;
}

bool x86_is_vex(const struct x86_ctx *c)
{
    return c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX || c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
           c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP;
}

enum ir_type x86_operand_type(const struct x86_ctx *c, int i)
{
    return x86_type(c->zo[i].size / 8);
}

static int mmx_number(ZydisRegister r)
{
    if (r >= ZYDIS_REGISTER_MM0 && r <= ZYDIS_REGISTER_MM7)
        return r - ZYDIS_REGISTER_MM0;
    return r >= ZYDIS_REGISTER_ST0 && r <= ZYDIS_REGISTER_ST7 ? (int)(r - ZYDIS_REGISTER_ST0) : -1;
}

static bool is_wide(ZydisRegister r)
{
    return x86_vec_number(r) > 15 || (r >= ZYDIS_REGISTER_ZMM0 && r <= ZYDIS_REGISTER_ZMM31) ||
           (r >= ZYDIS_REGISTER_K0 && r <= ZYDIS_REGISTER_K7);
}

static ir_ref opaque(struct x86_ctx *c, enum ir_type t, ir_ref of)
{
    return ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = t, .a = of });
}

/* ---- registers ---- */
/* The GET in *cache if it is of this instruction and reads just this, else a new one. */
static ir_ref get_once(struct x86_ctx *c, ir_ref *cache, enum ir_type t, int slot, int offset)
{
    const struct ir_op *op = &c->b->ops[*cache];
    if (*cache <= c->imark || op->type != t || op->imm != offset)
        *cache = ir_get(c->b, t, IR_PLANE_GUEST, slot, offset);
    return *cache;
}

ir_ref x86_get_gpr(struct x86_ctx *c, int hw, int offset, enum ir_type t)
{
    return get_once(c, t == IR_I64 ? &c->gpr[hw] : &c->part[hw], t, X86_RAX + hw, offset);
}

ir_ref x86_get_vec(struct x86_ctx *c, int number, enum ir_type t)
{
    if (number > 15)
        return opaque(c, t, ir_get(c->b, IR_I64, IR_PLANE_GUEST, X86_WIDE, 0));
    return get_once(c, &c->vec[number], t, X86_YMM0 + number, 0);
}

static ir_ref read_register(struct x86_ctx *c, ZydisRegister r, enum ir_type t)
{
    int offset;
    const int hw = x86_gpr_number(r, &offset), vec = x86_vec_number(r), mmx = mmx_number(r);
    if (hw >= 0)
        return x86_get_gpr(c, hw, offset, t);
    if (is_wide(r))
        return opaque(c, t, ir_get(c->b, IR_I64, IR_PLANE_GUEST, X86_WIDE, 0));
    if (vec >= 0)
        return x86_get_vec(c, vec, t);
    if (mmx >= 0)
        return opaque(c, t, ir_get(c->b, IR_I8, IR_PLANE_GUEST, X86_X87, mmx));
    return x86_const(c, t, 0); /* segment, control and status registers: always defined */
}

ir_ref x86_read(struct x86_ctx *c, int i, enum ir_type t)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    switch (o->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER: return read_register(c, o->reg.value, t);
    case ZYDIS_OPERAND_TYPE_MEMORY: return x86_load(c, x86_mem(c, i, t));
    default: return x86_const(c, t, o->imm.value.s);
    }
}

/* ---- writes ---- */
void x86_put(struct x86_ctx *c, enum ir_type t, int slot, int offset, ir_ref v)
{
    if (c->n_puts == X86_MAX_PUTS)
        return; /* cannot happen: no instruction writes that much */
    c->puts[c->n_puts].t = t;
    c->puts[c->n_puts].slot = slot;
    c->puts[c->n_puts].offset = offset;
    c->puts[c->n_puts].v = v;
    c->n_puts++;
}

void x86_put_gpr(struct x86_ctx *c, int hw, int offset, enum ir_type t, ir_ref v)
{
    if (t == IR_I32)
        x86_put(c, IR_I64, X86_RAX + hw, 0, ir_convert(c->b, IR_ZEXT, IR_I64, IR_I32, v));
    else
        x86_put(c, t, X86_RAX + hw, offset, v);
}

static void write_vector(struct x86_ctx *c, int number, enum ir_type t, ir_ref v, bool vex)
{
    if (vex && t != IR_V256) {
        v = ir_convert(c->b, IR_VZEXT, IR_V256, t, v);
        t = IR_V256;
    }
    x86_put(c, t, X86_YMM0 + number, 0, v);
}

void x86_write(struct x86_ctx *c, int i, enum ir_type t, ir_ref v, bool vex)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    int offset, hw, mmx;

    if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        x86_store(c, x86_mem(c, i, t), v);
        return;
    }
    if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return;
    hw = x86_gpr_number(o->reg.value, &offset);
    mmx = mmx_number(o->reg.value);
    if (hw >= 0)
        x86_put_gpr(c, hw, offset, t, v);
    else if (is_wide(o->reg.value))
        x86_put(c, IR_I64, X86_WIDE, 0, opaque(c, IR_I64, v));
    else if (x86_vec_number(o->reg.value) >= 0)
        write_vector(c, x86_vec_number(o->reg.value), t, v, vex);
    else if (mmx >= 0)
        x86_put(c, IR_I8, X86_X87, mmx, opaque(c, IR_I8, v));
}

void x86_flags(struct x86_ctx *c, ir_ref cf, ir_ref pf, ir_ref af, ir_ref zf, ir_ref sf, ir_ref of)
{
    const ir_ref v[6] = { cf, pf, af, zf, sf, of };
    for (int i = 0; i < 6; i++)
        if (v[i])
            x86_put(c, IR_I1, X86_CF + i, 0, v[i]);
}
