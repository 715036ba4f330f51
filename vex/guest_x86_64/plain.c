/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/plain: one instruction that is not control flow.
 *
 *     NATIVE   loads and stores without values, NATIVE, SP
 *     TANDEM   the row's dataflow, or the generic one, NATIVE, PUTs, SP
 *     PURE     the row's ops, PUTs, SP; NATIVE alone where there is no row  */
#include "translate.h"

/* How far rsp moves; false: not known before. */
static bool sp_delta(const struct x86_ctx *c, int64_t *delta)
{
    const ZydisDecodedOperand *o = c->zo;
    const bool to_rsp = o[0].type == ZYDIS_OPERAND_TYPE_REGISTER && o[0].reg.value == ZYDIS_REGISTER_RSP;
    const int bytes = c->zi->operand_width == 16 ? 2 : 8;

    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_PUSH: case ZYDIS_MNEMONIC_PUSHF: case ZYDIS_MNEMONIC_PUSHFQ:
        *delta = -bytes;
        return true;
    case ZYDIS_MNEMONIC_POPF: case ZYDIS_MNEMONIC_POPFQ:
        *delta = bytes;
        return true;
    case ZYDIS_MNEMONIC_POP:
        *delta = bytes;
        return !to_rsp && !(o[0].type == ZYDIS_OPERAND_TYPE_REGISTER && o[0].reg.value == ZYDIS_REGISTER_SP);
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
        *delta = c->zi->mnemonic == ZYDIS_MNEMONIC_ADD ? o[1].imm.value.s : -o[1].imm.value.s;
        return to_rsp && o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    case ZYDIS_MNEMONIC_LEA:
        *delta = o[1].mem.disp.value;
        return to_rsp && o[1].mem.base == ZYDIS_REGISTER_RSP && o[1].mem.index == ZYDIS_REGISTER_NONE;
    case ZYDIS_MNEMONIC_ENTER:
        *delta = -8 - 8 * (int64_t)(o[1].imm.value.u & 31) - (int64_t)o[0].imm.value.u;
        return true;
    default:
        return false;
    }
}

/* IR_OP SP's op for this instruction: IR_NOP if rsp stays.  Takes the old value now where it is needed. */
static struct ir_op sp_op(struct x86_ctx *c)
{
    struct ir_op op = { .op = IR_NOP };
    if (!(c->insn->gpr_write & 1u << X86_RSP))
        return op;
    op.op = IR_SP;
    if (!sp_delta(c, &op.imm)) {
        op.imm = 0;
        op.a = x86_get_gpr(c, X86_RSP, 0, IR_I64);
    }
    return op;
}

static void append_native(struct x86_ctx *c)
{
    ir_append(c->b, (struct ir_op){ .op = IR_NATIVE, .imm = (int64_t)(c->insn - c->b->insns) });
}

static void append_puts(struct x86_ctx *c)
{
    for (int i = 0; i < c->n_puts; i++)
        ir_append(c->b, (struct ir_op){ .op = IR_PUT, .type = c->puts[i].t, .flags = c->described, .aux = c->puts[i].slot,
                                        .imm = c->puts[i].offset, .a = c->puts[i].v });
}

/* An atomic read-modify-write cannot be made of plain ops. */
static bool is_atomic(const struct x86_ctx *c)
{
    return c->zi->attributes & ZYDIS_ATTRIB_HAS_LOCK || (c->zi->mnemonic == ZYDIS_MNEMONIC_XCHG && (x86_is_memory(c, 0) || x86_is_memory(c, 1)));
}

/* The row's ops, as execution or description.  false: there is no row for this. */
static bool apply_row(struct x86_ctx *c)
{
    const struct x86_row *row;
    if (!c->described && !c->by_ops && is_atomic(c))
        return false;
    if (c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
        return false; /* masks and wide registers: as a whole */
    row = x86_row_find(c->zi->mnemonic);
    if (row && x86_is_mmx(c))
        return x86_translate_mmx(c, row);
    return row && row->translate(c, row);
}

void x86_translate_plain(struct x86_ctx *c)
{
    struct ir_op sp;
    bool native = true;

    c->described = c->by_ops || c->form == IR_FORM_PURE ? 0 : IR_DESCRIBED;
    if (c->form == IR_FORM_NATIVE && !c->by_ops)
        x86_describe_memory(c);
    else if (apply_row(c))
        native = c->described;
    else if (c->form == IR_FORM_TANDEM)
        x86_translate_generic(c);
    sp = sp_op(c);
    if (native)
        append_native(c);
    append_puts(c);
    if (sp.op == IR_SP)
        ir_append(c->b, sp);
}
