/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/generic: dataflow of an instruction without a row.
 *
 * Every written register, flag and memory operand becomes some function (OPAQUE)
 * of all that is read.  Flags that the manual leaves undefined are described as 0,
 * saved register files as defined.  */
#include "translate.h"

/* Everything read so far, as arguments of OPAQUE; folded when four are full. */
struct inputs { ir_ref v[4]; int n; };

static void add_input(struct x86_ctx *c, struct inputs *in, ir_ref v)
{
    if (in->n == 4) {
        in->v[0] = ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = IR_I64, .a = in->v[0], .b = in->v[1],
                                                   .c = in->v[2], .d = in->v[3] });
        in->v[1] = in->v[2] = in->v[3] = IR_NONE;
        in->n = 1;
    }
    in->v[in->n++] = v;
}

static ir_ref result(struct x86_ctx *c, const struct inputs *in, enum ir_type t)
{
    return ir_append(c->b, (struct ir_op){ .op = IR_OPAQUE, .type = t, .a = in->v[0], .b = in->v[1], .c = in->v[2], .d = in->v[3] });
}

static bool reads(const ZydisDecodedOperand *o)
{
    return o->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_CONDWRITE);
}

static bool writes(const ZydisDecodedOperand *o)
{
    return o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}

/* Type as which register r is read or written: its class, narrowed by the operand's size for vectors. */
static enum ir_type register_type(const ZydisDecodedOperand *o)
{
    const ZydisRegister r = o->reg.value;
    enum ir_type t = x86_type(o->size / 8);
    if (x86_gpr_number(r, NULL) >= 0)
        return r >= ZYDIS_REGISTER_RAX ? IR_I64 : r >= ZYDIS_REGISTER_EAX ? IR_I32 : r >= ZYDIS_REGISTER_AX ? IR_I16 : IR_I8;
    if (x86_vec_number(r) >= 0)
        return t == IR_VOID ? (r >= ZYDIS_REGISTER_YMM0 ? IR_V256 : IR_V128) : t;
    return IR_I64;
}

static bool is_tracked(ZydisRegister r)
{
    return x86_gpr_number(r, NULL) >= 0 || x86_vec_number(r) >= 0 || (r >= ZYDIS_REGISTER_ST0 && r <= ZYDIS_REGISTER_ST7) ||
           (r >= ZYDIS_REGISTER_MM0 && r <= ZYDIS_REGISTER_MM7) || (r >= ZYDIS_REGISTER_K0 && r <= ZYDIS_REGISTER_K7);
}

static void read_pieces(struct x86_ctx *c, struct inputs *in, int i)
{
    struct ir_op m = x86_mem(c, i, IR_VOID);
    for (int size = 32, left = c->zo[i].size / 8; left > 0;) {
        if (size > left) {
            size /= 2;
            continue;
        }
        m.type = x86_type(size);
        add_input(c, in, x86_load(c, m));
        m.imm += size;
        left -= size;
    }
}

static void read_elements(struct x86_ctx *c, struct inputs *in, int i)
{
    enum ir_type element;
    const int n = x86_elements(c, i, &element);
    for (int k = 0; k < n; k++) {
        ir_ref on;
        add_input(c, in, x86_load(c, x86_mem_element(c, i, k, &on)));
    }
}

static void read_operand(struct x86_ctx *c, struct inputs *in, int i)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        if (!x86_accesses_memory(c->zi, o))
            return;
        if (x86_is_masked(c, i))
            read_elements(c, in, i);
        else
            read_pieces(c, in, i);
    } else if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && is_tracked(o->reg.value))
        add_input(c, in, x86_read(c, i, register_type(o)));
}

static void read_flags(struct x86_ctx *c, struct inputs *in)
{
    for (int i = 0; i < 6; i++)
        if (x86_flags_from_zydis(c->zi->cpu_flags ? c->zi->cpu_flags->tested : 0) & 1 << i)
            add_input(c, in, x86_get_flag(c, X86_CF + i));
}

/* ---- writes ---- */
static void write_pieces(struct x86_ctx *c, const struct inputs *in, int i)
{
    struct ir_op m = x86_mem(c, i, IR_VOID);
    for (int size = 32, left = c->zo[i].size / 8; left > 0;) {
        if (size > left) {
            size /= 2;
            continue;
        }
        m.type = x86_type(size);
        x86_store(c, m, result(c, in, m.type));
        m.imm += size;
        left -= size;
    }
}

static void write_elements(struct x86_ctx *c, const struct inputs *in, int i)
{
    enum ir_type element;
    const int n = x86_elements(c, i, &element);
    for (int k = 0; k < n; k++) {
        ir_ref on;
        const struct ir_op m = x86_mem_element(c, i, k, &on);
        x86_store(c, m, x86_select(c, element, on, result(c, in, element), x86_const(c, element, 0)));
    }
}

static void write_operand(struct x86_ctx *c, const struct inputs *in, int i)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        if (!x86_accesses_memory(c->zi, o))
            return;
        if (x86_is_masked(c, i))
            write_elements(c, in, i);
        else
            write_pieces(c, in, i);
    } else if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && is_tracked(o->reg.value)) {
        const enum ir_type t = register_type(o);
        x86_write(c, i, t, result(c, in, t), x86_is_vex(c));
    }
}

static void write_flags(struct x86_ctx *c, const struct inputs *in)
{
    const ZydisAccessedFlags *f = c->zi->cpu_flags;
    const uint8_t modified = f ? x86_flags_from_zydis(f->modified) : 0;
    for (int i = 0; i < 6; i++)
        if (modified & 1 << i)
            x86_put(c, IR_I1, X86_CF + i, 0, result(c, in, IR_I1));
        else if (c->insn->flags_write & 1 << i)
            x86_put(c, IR_I1, X86_CF + i, 0, x86_const(c, IR_I1, f && x86_flags_from_zydis(f->set_1) & 1 << i));
}

/* Register files to and from memory. */
static bool whole_state(struct x86_ctx *c)
{
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_XSAVE: case ZYDIS_MNEMONIC_XSAVE64: case ZYDIS_MNEMONIC_XSAVEC: case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XSAVEOPT: case ZYDIS_MNEMONIC_XSAVEOPT64: case ZYDIS_MNEMONIC_FXSAVE: case ZYDIS_MNEMONIC_FXSAVE64:
        x86_describe_memory(c);
        return true;
    case ZYDIS_MNEMONIC_XRSTOR: case ZYDIS_MNEMONIC_XRSTOR64:
    case ZYDIS_MNEMONIC_FXRSTOR: case ZYDIS_MNEMONIC_FXRSTOR64:
        x86_load(c, x86_mem(c, 0, IR_I64)); /* where from: which parts of the image count is known at run time only */
        for (int i = 0; i < 16; i++)
            x86_put(c, IR_V256, X86_YMM0 + i, 0, ir_vconst(c->b, IR_V256, 0));
        x86_put(c, IR_I64, X86_X87, 0, x86_const(c, IR_I64, 0));
        return true;
    default:
        return false;
    }
}

void x86_translate_generic(struct x86_ctx *c)
{
    struct inputs in = { .n = 0 };
    if (whole_state(c))
        return;
    for (int i = 0; i < c->zi->operand_count; i++)
        if (reads(&c->zo[i]))
            read_operand(c, &in, i);
    read_flags(c, &in);
    for (int i = 0; i < c->zi->operand_count; i++)
        if (writes(&c->zo[i]))
            write_operand(c, &in, i);
    write_flags(c, &in);
}
