/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instrument: what both translation modes share. */
#include <stdlib.h>
#include "instrument.h"

ir_ref *instrument_refs(int which, uint32_t n)
{
    static __thread struct { ir_ref *refs; uint32_t cap; } arrays[4];
    if (arrays[which].cap < n) {
        free(arrays[which].refs);
        arrays[which].cap = 2 * n + 256;
        arrays[which].refs = malloc(arrays[which].cap * sizeof(ir_ref));
        if (!arrays[which].refs)
            ng_fatal("out of memory in translation");
    }
    memset(arrays[which].refs, 0, n * sizeof(ir_ref));
    return arrays[which].refs;
}

uint64_t instrument_slot_attention(int slot)
{
    if (slot <= X86_R15)
        return X86_ATT_GPR(slot);
    if (slot <= X86_DF)
        return X86_ATT_FLAGS;
    if (slot < X86_X87)
        return X86_ATT_YMM(slot - X86_YMM0);
    return slot == X86_X87 ? X86_ATT_X87 : slot == X86_WIDE ? X86_ATT_WIDE : 0;
}

static uint64_t insn_attention(const struct ir_insn *n)
{
    const uint32_t vec = n->vec_read | n->vec_write;
    uint64_t mask = (uint16_t)(n->gpr_read | n->gpr_write) | (uint64_t)(vec & 0xffff) << 32;
    if (n->flags_read | n->flags_write)
        mask |= X86_ATT_FLAGS;
    if (n->attrs & IR_INSN_X87)
        mask |= X86_ATT_X87;
    if (n->attrs & IR_INSN_EVEX || vec >> 16)
        mask |= X86_ATT_WIDE;
    return mask;
}

uint64_t instrument_block_mask(const struct ir_block *b)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < b->n_insns; i++)
        mask |= insn_attention(&b->insns[i]);
    for (uint32_t i = 1; i < b->n_ops; i++) {
        const struct ir_op *op = &b->ops[i];
        if ((op->op == IR_GET || op->op == IR_PUT) && op->plane == IR_PLANE_GUEST)
            mask |= instrument_slot_attention(op->aux);
        else if (op->op == IR_EXIT_CC)
            mask |= X86_ATT_FLAGS;
        else if (op->op == IR_EXIT_RCXZ)
            mask |= X86_ATT_GPR(X86_RCX);
        else if (op->op == IR_HOOK)
            mask |= op->aux | X86_ATT_GPR(X86_RAX);
    }
    return mask;
}

uint64_t instrument_block_kill(const struct ir_block *b)
{
    uint64_t seen = X86_ATT_GPR(X86_RSP), kill = 0;
    for (uint32_t i = 1; i < b->n_ops && !instrument_is_exit(b->ops[i].op); i++) {
        const struct ir_op *op = &b->ops[i];
        if (op->op == IR_HOOK) { /* if the block is left there, rax is the callee's as well */
            kill |= X86_ATT_GPR(X86_RAX);
            seen |= op->aux | X86_ATT_GPR(X86_RAX);
        } else if (op->op == IR_NATIVE) {
            const struct ir_insn *n = &b->insns[op->imm];
            kill |= ir_insn_overwrites(n) & ~seen;
            seen |= insn_attention(n);
        } else if (op->op == IR_PUT && op->type == IR_I64 && op->aux <= X86_R15 && op->plane == IR_PLANE_GUEST) {
            kill |= X86_ATT_GPR(op->aux) & ~seen;
            seen |= X86_ATT_GPR(op->aux);
        } else if ((op->op == IR_GET || op->op == IR_PUT) && op->plane == IR_PLANE_GUEST) {
            seen |= instrument_slot_attention(op->aux);
        }
    }
    return kill;
}

/* ---- marks of the stack ---- */
enum { INLINE_MAX = 512 };

ir_ref instrument_offset(struct ir_block *b, ir_ref base, int64_t offset)
{
    return offset ? ir_append(b, (struct ir_op){ .op = IR_LEA, .type = IR_I64, .a = base, .imm = offset }) : base;
}

void instrument_store(struct ir_block *b, enum ir_plane plane, enum ir_type t, ir_ref base, int64_t offset, ir_ref v)
{
    ir_append(b, (struct ir_op){ .op = IR_STORE, .type = t, .plane = plane, .a = base, .imm = offset, .c = v });
}

/* Fills the shadow of [base+from, base+to) with byte.  Words from general registers: one vector register used with VEX
 * between a program's SSE instructions costs it 100 cycles each time, for the upper half of the registers. */
static void fill(struct ir_block *b, ir_ref base, int64_t from, int64_t to, uint8_t byte)
{
    static const enum ir_type types[] = { IR_I64, IR_I32, IR_I16, IR_I8 };
    /* The pattern may be no imm32 of a 64-bit store: up to 16 bytes a register is not worth its spill. */
    const bool imm32 = byte == VPAT_DEFINED || byte == VPAT_UNDEFINED;
    for (int s = to - from > 16 || imm32 ? 0 : 1; s < 4; s++) {
        const int n = ir_type_bytes(types[s]);
        const ir_ref v = to - from >= n ? ir_const(b, types[s], (int64_t)(0x0101010101010101ull * byte)) : IR_NONE;
        for (; to - from >= n; from += n)
            instrument_store(b, IR_PLANE_V, types[s], base, from, v);
    }
}

void instrument_growth(struct ir_block *b, ir_ref base, int64_t now, int64_t old)
{
    if (old - now > INLINE_MAX) {
        ir_call(b, IR_VOID, helper_stack_moved, IR_NONE, instrument_offset(b, base, old), instrument_offset(b, base, now), IR_NONE);
        return;
    }
    fill(b, base, now - RED_ZONE, old - RED_ZONE, shadow_fresh_pattern());
}

void instrument_call(struct ir_block *b)
{
    const ir_ref rsp = ir_get(b, IR_I64, IR_PLANE_GUEST, X86_RSP, 0);
    if (!mc_options.undef_value_errors)
        return;
    fill(b, rsp, -RED_ZONE, 0, shadow_fresh_pattern());
}

void instrument_shrink(struct ir_block *b, ir_ref base, int64_t old)
{
    if (-old > INLINE_MAX)
        ir_call(b, IR_VOID, helper_stack_moved, IR_NONE, instrument_offset(b, base, old), base, IR_NONE);
    else
        fill(b, base, old - RED_ZONE, -RED_ZONE, VPAT_NOACCESS);
}
