/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_move: moves, the stack, conditional moves. */
#include "translate.h"

static bool is_segment(const struct x86_ctx *c, int i)
{
    return i < c->zi->operand_count && c->zo[i].type == ZYDIS_OPERAND_TYPE_REGISTER && c->zo[i].reg.value >= ZYDIS_REGISTER_ES &&
           c->zo[i].reg.value <= ZYDIS_REGISTER_GS;
}

bool translate_nothing(struct x86_ctx *c, const struct x86_row *row)
{
    return c->described || !row->arg; /* fences are worth executing */
}

bool translate_mov(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    (void)row;
    if (is_segment(c, 0) || is_segment(c, 1) || t < IR_I8 || t > IR_I64)
        return false;
    x86_write(c, 0, t, x86_read(c, 1, t), false);
    return true;
}

bool translate_movx(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type to = x86_operand_type(c, 0), from = x86_operand_type(c, 1);
    const ir_ref v = x86_read(c, 1, from);
    x86_write(c, 0, to, row->op == IR_ZEXT ? x86_zext(c, to, from, v) : x86_sext(c, to, from, v), false);
    return true;
}

/* NOT, BSWAP of operand 0; MOVBE from operand 1. */
bool translate_unary(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    x86_write(c, 0, t, ir_op1(c->b, row->op, t, x86_read(c, row->arg, t)), false);
    return true;
}

bool translate_xchg(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t);
    (void)row;
    x86_write(c, 0, t, b, false);
    x86_write(c, 1, t, a, false);
    return true;
}

bool translate_lea(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    struct ir_op m = x86_mem(c, 1, IR_I64);
    ir_ref v;
    (void)row;
    m.op = IR_LEA;
    m.aux = IR_SEG_NONE;
    m.flags = 0;
    v = ir_append(c->b, m);
    x86_write(c, 0, t, x86_zext(c, t, IR_I64, v), false);
    return true;
}

bool translate_xlat(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    x86_put_gpr(c, X86_RAX, 0, IR_I8, x86_load(c, x86_mem(c, 0, IR_I8)));
    return true;
}

/* ---- stack ---- */
static ir_ref moved_sp(struct x86_ctx *c, int64_t delta)
{
    return x86_op(c, IR_ADD, IR_I64, x86_get_gpr(c, X86_RSP, 0, IR_I64), x86_const(c, IR_I64, delta));
}

bool translate_push(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 1);
    const enum ir_type t = x86_operand_type(c, m);
    (void)row;
    if (!c->described && is_segment(c, 0))
        return false;
    x86_store(c, x86_mem(c, m, t), x86_read(c, 0, t));
    x86_put(c, IR_I64, X86_RSP, 0, moved_sp(c, -ir_type_bytes(t)));
    return true;
}

bool translate_pop(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 1);
    const enum ir_type t = x86_operand_type(c, m);
    const ir_ref v = is_segment(c, 0) ? IR_NONE : x86_load(c, x86_mem(c, m, t));
    (void)row;
    if (!v)
        return false;
    x86_put(c, IR_I64, X86_RSP, 0, moved_sp(c, ir_type_bytes(t))); /* before: pop rsp keeps the popped value */
    x86_write(c, 0, t, v, false);
    return true;
}

static const uint8_t flag_bit[7] = { 0, 2, 4, 6, 7, 11, 10 }; /* CF PF AF ZF SF OF DF in rflags */

bool translate_pushf(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v = x86_const(c, IR_I64, 2);
    (void)row;
    if (!c->described) /* IF, AC and ID are not ours to know */
        return false;
    for (int i = 0; i < 7; i++) {
        ir_ref f = x86_zext(c, IR_I64, IR_I1, x86_get_flag(c, X86_CF + i));
        if (flag_bit[i])
            f = x86_op(c, IR_SHL, IR_I64, f, x86_const(c, IR_I8, flag_bit[i]));
        v = x86_op(c, IR_OR, IR_I64, v, f);
    }
    x86_store(c, x86_mem(c, x86_memory_operand(c, 0), IR_I64), v);
    x86_put(c, IR_I64, X86_RSP, 0, moved_sp(c, -8));
    return true;
}

bool translate_popf(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    (void)row;
    if (!c->described)
        return false;
    v = x86_load(c, x86_mem(c, x86_memory_operand(c, 0), IR_I64));
    for (int i = 0; i < 7; i++)
        x86_put(c, IR_I1, X86_CF + i, 0, x86_bit(c, IR_I64, v, flag_bit[i]));
    x86_put(c, IR_I64, X86_RSP, 0, moved_sp(c, 8));
    return true;
}

bool translate_enter(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 2);
    (void)row;
    if (x86_imm(c, 1) & 31 || c->zo[m].size != 64)
        return false;
    x86_store(c, x86_mem(c, m, IR_I64), x86_get_gpr(c, X86_RBP, 0, IR_I64));
    x86_put(c, IR_I64, X86_RBP, 0, moved_sp(c, -8));
    x86_put(c, IR_I64, X86_RSP, 0, moved_sp(c, -8 - (int64_t)(x86_imm(c, 0) & 0xffff)));
    return true;
}

bool translate_leave(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0);
    ir_ref v;
    (void)row;
    if (c->zo[m].size != 64)
        return false;
    v = x86_load(c, x86_mem(c, m, IR_I64));
    x86_put(c, IR_I64, X86_RSP, 0, x86_op(c, IR_ADD, IR_I64, x86_get_gpr(c, X86_RBP, 0, IR_I64), x86_const(c, IR_I64, 8)));
    x86_put(c, IR_I64, X86_RBP, 0, v);
    return true;
}

/* ---- sign extension of rax ---- */
bool translate_widen(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type from = row->lane, to = from + 1;
    x86_put_gpr(c, X86_RAX, 0, to, x86_sext(c, to, from, x86_get_gpr(c, X86_RAX, 0, from)));
    return true;
}

bool translate_sign(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    x86_put_gpr(c, X86_RDX, 0, t, x86_op(c, IR_SAR, t, x86_get_gpr(c, X86_RAX, 0, t), x86_const(c, IR_I8, x86_bits(t) - 1)));
    return true;
}

/* ---- conditions ---- */
bool translate_cmov(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref v = x86_read(c, 1, t), old = x86_read(c, 0, t); /* memory is read in any case */
    x86_write(c, 0, t, x86_select(c, t, x86_condition(c, row->arg), v, old), false);
    return true;
}

bool translate_setcc(struct x86_ctx *c, const struct x86_row *row)
{
    x86_write(c, 0, IR_I8, x86_zext(c, IR_I8, IR_I1, x86_condition(c, row->arg)), false);
    return true;
}
