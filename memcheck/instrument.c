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
    }
    return mask;
}
