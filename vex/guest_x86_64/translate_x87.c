/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_x87: the register stack's definedness, described only.
 *
 * Slot X86_X87 is a stack of bytes: byte i is st(i), a push shifts up, a pop
 * shifts down.
 *
 *     byte    7         6      ...   1      0
 *            last     st(6)        st(1)  st(0)
 *            comparison
 *
 * Byte 7 is what the last comparison into the status word depended on, for
 * FNSTSW; pushes and pops leave it.  So an eighth value on the stack is not
 * tracked: it shares that byte.  An MMX register i is byte i too.
 * Registers that are empty, constants, and the control word are defined.  */
#include "translate.h"

enum { REGISTERS = 7, COMPARED = 7 };

static ir_ref st(struct x86_ctx *c, int i)
{
    return ir_get(c->b, IR_I8, IR_PLANE_GUEST, X86_X87, i);
}

static void put_st(struct x86_ctx *c, int i, ir_ref v)
{
    x86_put(c, IR_I8, X86_X87, i, v);
}

static ir_ref some(struct x86_ctx *c, ir_ref a, ir_ref b)
{
    return x86_opaque(c, IR_I8, 0, a, b, IR_NONE);
}

static ir_ref defined(struct x86_ctx *c)
{
    return x86_const(c, IR_I8, 0);
}

/* Registers from st(from) on are st(to) on from now; those that fall out at the end are gone. */
static void move_registers(struct x86_ctx *c, int to, int from)
{
    int n = REGISTERS - (to > from ? to : from);
    for (int size = 4; n; ) {
        if (size > n) {
            size /= 2;
            continue;
        }
        x86_put(c, x86_type(size), X86_X87, to, ir_get(c->b, x86_type(size), IR_PLANE_GUEST, X86_X87, from));
        to += size;
        from += size;
        n -= size;
    }
}

/* v, an i8, becomes st(0). */
static void push(struct x86_ctx *c, ir_ref v)
{
    move_registers(c, 1, 0);
    put_st(c, 0, v);
}

/* n registers go; the places they leave free are defined. */
static void pop(struct x86_ctx *c, int n)
{
    if (!n)
        return;
    move_registers(c, 0, n);
    for (int i = REGISTERS - n; i < REGISTERS; i++)
        put_st(c, i, defined(c));
}

/* Number of st(i) that is operand o; -1: it is none. */
static int st_number(const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_REGISTER || o->reg.value < ZYDIS_REGISTER_ST0 || o->reg.value > ZYDIS_REGISTER_ST7)
        return -1;
    return o->reg.value - ZYDIS_REGISTER_ST0;
}

/* The explicit st(i) other than st(0), or st(0). */
static int other_register(const struct x86_ctx *c)
{
    for (int i = 0; i < c->zi->operand_count; i++)
        if (st_number(&c->zo[i]) > 0)
            return st_number(&c->zo[i]);
    return 0;
}

/* All of memory operand i, as one byte. */
static ir_ref loaded(struct x86_ctx *c, int i)
{
    struct ir_op m = x86_mem(c, i, IR_VOID);
    int bytes = c->zo[i].size / 8;
    ir_ref v = IR_NONE;
    for (int size = 8; bytes; ) {
        if (size > bytes) {
            size /= 2;
            continue;
        }
        m.type = x86_type(size);
        v = some(c, x86_load(c, m), v);
        m.imm += size;
        bytes -= size;
    }
    return v;
}

/* `bytes` at m, all depending on v; m moves on. */
static void store(struct x86_ctx *c, struct ir_op *m, int bytes, ir_ref v)
{
    for (int size = 8; bytes; ) {
        if (size > bytes) {
            size /= 2;
            continue;
        }
        m->type = x86_type(size);
        x86_store(c, *m, v ? x86_opaque(c, m->type, 0, v, IR_NONE, IR_NONE) : x86_const(c, m->type, 0));
        m->imm += size;
        bytes -= size;
    }
}

/* ---- loads and stores ---- */
/* FLD, FILD, FBLD */
bool translate_x87_load(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    if (!c->described)
        return false;
    push(c, x86_is_memory(c, 0) ? loaded(c, 0) : some(c, st(c, st_number(&c->zo[0])), IR_NONE));
    return true;
}

/* FLDZ, FLD1, FLDPI ... */
bool translate_x87_constant(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    if (!c->described)
        return false;
    push(c, defined(c));
    return true;
}

/* FST, FIST and their popping forms; arg: pops. */
bool translate_x87_store(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0), i = m < 0 ? st_number(&c->zo[0]) : -1;
    const ir_ref v = c->described ? st(c, 0) : IR_NONE;
    struct ir_op to;
    if (!c->described)
        return false;
    pop(c, row->arg);
    if (m >= 0) {
        to = x86_mem(c, m, IR_VOID);
        store(c, &to, c->zo[m].size / 8, v);
    } else if (i >= row->arg)
        put_st(c, i - row->arg, v);
    return true;
}

/* ---- arithmetic ---- */
/* FADD and the like: operand 0, or st(0) if that is memory, and the other; arg: pops. */
bool translate_x87_arith(struct x86_ctx *c, const struct x86_row *row)
{
    const bool memory = x86_is_memory(c, 0);
    const int to = memory ? 0 : st_number(&c->zo[0]);
    ir_ref r;
    if (!c->described || to < 0)
        return false;
    r = memory ? some(c, st(c, 0), loaded(c, 0)) : some(c, st(c, 0), st(c, other_register(c)));
    pop(c, row->arg);
    if (to >= row->arg)
        put_st(c, to - row->arg, r);
    return true;
}

/* FABS, FCHS, FSQRT, FSIN ...: as defined as before. */
bool translate_x87_unary(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    return c->described;
}

/* Of st(0) and st(1): FPREM, FSCALE to st(0); with arg, FPATAN, FYL2X to st(1), which a pop makes st(0). */
bool translate_x87_pair(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref r;
    if (!c->described)
        return false;
    r = some(c, st(c, 0), st(c, 1));
    pop(c, row->arg);
    put_st(c, 0, r);
    return true;
}

/* FSINCOS, FXTRACT: two of one; arg 1: FPTAN, which pushes 1.0. */
bool translate_x87_split(struct x86_ctx *c, const struct x86_row *row)
{
    if (!c->described)
        return false;
    push(c, row->arg ? defined(c) : some(c, st(c, 0), IR_NONE));
    return true;
}

bool translate_fxch(struct x86_ctx *c, const struct x86_row *row)
{
    const int i = other_register(c);
    ir_ref a, b;
    (void)row;
    if (!c->described)
        return false;
    a = st(c, 0);
    b = st(c, i);
    put_st(c, 0, b);
    put_st(c, i, a);
    return true;
}

/* arg: condition code */
bool translate_fcmov(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref condition, either;
    if (!c->described)
        return false;
    condition = x86_condition(c, row->arg);
    either = x86_select(c, IR_I8, condition, st(c, other_register(c)), st(c, 0));
    put_st(c, 0, some(c, condition, either));
    return true;
}

/* ---- comparisons ---- */
static ir_ref compared(struct x86_ctx *c)
{
    const int m = x86_memory_operand(c, 0);
    return m >= 0 ? some(c, st(c, 0), loaded(c, m)) : some(c, st(c, 0), st(c, other_register(c)));
}

/* FCOM, FUCOM, FICOM and FTST, FXAM, into the status word; arg: pops. */
bool translate_x87_compare(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    if (!c->described)
        return false;
    v = compared(c);
    pop(c, row->arg);
    put_st(c, COMPARED, v);
    return true;
}

/* FCOMI, FUCOMI: into the flags. */
bool translate_fcomi(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref f, no;
    if (!c->described)
        return false;
    f = x86_opaque(c, IR_I1, 0, st(c, 0), st(c, other_register(c)), IR_NONE);
    no = x86_const(c, IR_I1, 0);
    pop(c, row->arg);
    x86_flags(c, f, f, no, f, no, no);
    return true;
}

/* Condition bits (8-14) of the status word are those of the last comparison; the exception flags are defined. */
bool translate_fnstsw(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref v;
    (void)row;
    if (!c->described)
        return false;
    v = x86_op(c, IR_SHR, IR_I8, some(c, st(c, COMPARED), IR_NONE), x86_const(c, IR_I8, 1));
    v = x86_op(c, IR_SHL, IR_I16, x86_zext(c, IR_I16, IR_I8, v), x86_const(c, IR_I8, 8));
    x86_write(c, 0, IR_I16, v, false);
    return true;
}

/* ---- the whole stack ---- */
/* FNINIT, EMMS, FEMMS */
bool translate_x87_clear(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    if (!c->described)
        return false;
    x86_put(c, IR_I64, X86_X87, 0, x86_const(c, IR_I64, 0));
    return true;
}

/* FFREE: an empty register is defined; arg: pops (FFREEP). */
bool translate_ffree(struct x86_ctx *c, const struct x86_row *row)
{
    const int i = st_number(&c->zo[0]);
    if (!c->described || i < 0)
        return false;
    pop(c, row->arg);
    if (i >= row->arg)
        put_st(c, i - row->arg, defined(c));
    return true;
}

/* FINCSTP, FDECSTP (arg 1): the stack turns; what goes out at one end comes in at the other. */
bool translate_x87_turn(struct x86_ctx *c, const struct x86_row *row)
{
    ir_ref end;
    if (!c->described)
        return false;
    end = st(c, row->arg ? REGISTERS - 1 : 0);
    move_registers(c, row->arg, !row->arg);
    put_st(c, row->arg ? 0 : REGISTERS - 1, end);
    return true;
}

/* FNSTENV and FNSTCW store what is always defined; FNSAVE the registers too, and clears them. */
static int environment_bytes(const struct x86_ctx *c, int m)
{
    return c->zo[m].size / 8 == 94 ? 14 : 28;
}

bool translate_x87_store_control(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0);
    struct ir_op to;
    (void)row;
    if (!c->described || m < 0)
        return false;
    to = x86_mem(c, m, IR_VOID);
    store(c, &to, c->zo[m].size / 8, IR_NONE);
    return true;
}

bool translate_fnsave(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0);
    struct ir_op to;
    if (!c->described || m < 0)
        return false;
    to = x86_mem(c, m, IR_VOID);
    store(c, &to, environment_bytes(c, m), IR_NONE);
    for (int i = 0; i < 8; i++)
        store(c, &to, 10, i < REGISTERS ? st(c, i) : IR_NONE);
    return translate_x87_clear(c, row);
}

/* FLDCW, FLDENV: read, and of no consequence for the registers.  FRSTOR: registers follow. */
bool translate_x87_load_control(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0);
    (void)row;
    if (!c->described || m < 0)
        return false;
    x86_mem_pieces(c, x86_mem(c, m, IR_VOID), c->zo[m].size / 8, IR_LOAD);
    return true;
}

bool translate_frstor(struct x86_ctx *c, const struct x86_row *row)
{
    const int m = x86_memory_operand(c, 0);
    struct ir_op from;
    (void)row;
    if (!c->described || m < 0)
        return false;
    from = x86_mem(c, m, IR_VOID);
    x86_mem_pieces(c, from, environment_bytes(c, m), IR_LOAD);
    from.imm += environment_bytes(c, m);
    for (int i = 0; i < 8; i++, from.imm += 10) {
        struct ir_op high = from;
        ir_ref v;
        from.type = IR_I64;
        high.type = IR_I16;
        high.imm += 8;
        v = x86_load(c, from);
        put_st(c, i, i == COMPARED ? defined(c) : some(c, v, x86_load(c, high)));
    }
    return true;
}

/* FNCLEX, FNOP, FWAIT */
bool translate_x87_nothing(struct x86_ctx *c, const struct x86_row *row)
{
    (void)row;
    return c->described;
}
