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

/* One walk for both.  left: behind the first way out, from where on nothing is killed any more. */
uint64_t instrument_block_masks(const struct ir_block *b, uint64_t *kill)
{
    uint64_t mask = 0, of_insn = 0, seen = X86_ATT_GPR(X86_RSP);
    bool left = false;
    *kill = 0;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        const struct ir_op *op = &b->ops[i];
        uint64_t looks = 0, overwrites = 0;
        switch (op->op) {
        case IR_IMARK:
            of_insn = insn_attention(&b->insns[op->imm]);
            mask |= of_insn;
            continue;
        case IR_NATIVE:
            looks = of_insn;
            overwrites = left ? 0 : ir_insn_overwrites(&b->insns[op->imm]);
            break;
        case IR_HOOK: /* if the block is left there, rax is the callee's as well */
            looks = op->aux | X86_ATT_GPR(X86_RAX);
            overwrites = X86_ATT_GPR(X86_RAX);
            break;
        case IR_GET: case IR_PUT:
            looks = op->plane == IR_PLANE_GUEST ? instrument_slot_attention(op->aux) : 0;
            overwrites = op->op == IR_PUT && op->type == IR_I64 && op->aux <= X86_R15 ? looks : 0;
            break;
        case IR_EXIT_CC:
            looks = X86_ATT_FLAGS;
            left = true;
            break;
        case IR_EXIT_RCXZ:
            looks = X86_ATT_GPR(X86_RCX);
            left = true;
            break;
        case IR_EXIT: case IR_EXIT_IF:
            left = true;
            continue;
        default:
            continue;
        }
        if (!left)
            *kill |= overwrites & ~seen;
        seen |= looks;
        mask |= looks;
    }
    return mask;
}

uint64_t instrument_part_vectors(const struct ir_block *b, uint32_t from)
{
    uint64_t mask = 0;
    for (uint32_t i = from; i < b->n_ops && !instrument_is_exit(b->ops[i].op); i++) {
        const struct ir_op *op = &b->ops[i];
        if (op->op == IR_IMARK)
            mask |= insn_attention(&b->insns[op->imm]);
        else if ((op->op == IR_GET || op->op == IR_PUT) && op->plane == IR_PLANE_GUEST)
            mask |= instrument_slot_attention(op->aux);
    }
    return mask & INSTRUMENT_VECTORS;
}

/* ---- marks of the stack ---- */
enum { GROWTH_MAX = 512, SHRINK_MAX = 128, LEAVE_INLINE = 64 };

ir_ref instrument_offset(struct ir_block *b, ir_ref base, int64_t offset)
{
    return offset ? ir_append(b, (struct ir_op){ .op = IR_LEA, .type = IR_I64, .a = base, .imm = offset }) : base;
}

void instrument_store(struct ir_block *b, enum ir_plane plane, enum ir_type t, ir_ref base, int64_t offset, ir_ref v)
{
    ir_append(b, (struct ir_op){ .op = IR_STORE, .type = t, .plane = plane, .a = base, .imm = offset, .c = v });
}

/* The shadow of [base+from, base+to) becomes "not addressable".  Words from general registers: one vector register used
 * with VEX between a program's SSE instructions costs it 100 cycles each time, for the upper half of the registers. */
static void fill_noaccess(struct ir_block *b, ir_ref base, int64_t from, int64_t to)
{
    static const enum ir_type types[] = { IR_I64, IR_I32, IR_I16, IR_I8 };
    /* The pattern is no imm32 of a 64-bit store: up to 16 bytes a register is not worth its spill. */
    for (int s = to - from > 16 ? 0 : 1; s < 4; s++) {
        const int n = ir_type_bytes(types[s]);
        const ir_ref v = to - from >= n ? ir_const(b, types[s], (int64_t)(0x0101010101010101ull * VPAT_NOACCESS)) : IR_NONE;
        for (; to - from >= n; from += n)
            instrument_store(b, IR_PLANE_V, types[s], base, from, v);
    }
}

static void zone(struct ir_block *b, enum ir_opcode op, ir_ref a) { ir_append(b, (struct ir_op){ .op = op, .a = a }); }

void instrument_growth(struct ir_block *b, ir_ref sp, int64_t by)
{
    if (by > GROWTH_MAX)
        ir_call(b, IR_VOID, helper_stack_moved, IR_NONE, instrument_offset(b, sp, by), sp, IR_NONE);
    else
        ir_append(b, (struct ir_op){ .op = IR_ZONE_GROW, .a = sp, .imm = by, .aux = shadow_fresh_pattern() });
}

void instrument_call(struct ir_block *b, ir_ref sp) { zone(b, IR_ZONE_CLEAR, sp); }

void instrument_shrink_begin(struct ir_block *b, ir_ref old) { zone(b, IR_ZONE_USED, old); }

void instrument_shrink(struct ir_block *b, ir_ref sp, int64_t by)
{
    if (by > GROWTH_MAX)
        ir_call(b, IR_VOID, helper_stack_moved, IR_NONE, instrument_offset(b, sp, -by), sp, IR_NONE);
    else /* the red zone before may have been in use */
        fill_noaccess(b, sp, -by - RED_ZONE, -RED_ZONE);
}

bool instrument_shrink_to_return(struct ir_block *b, ir_ref sp, int64_t by, bool clears)
{
    if (by <= (clears ? SHRINK_MAX : GROWTH_MAX)) {
        fill_noaccess(b, sp, -by, 0);
        return false;
    }
    zone(b, IR_ZONE_USED, instrument_offset(b, sp, -by)); /* the return clears it */
    return true;
}

void instrument_leave(struct ir_block *b, ir_ref old, ir_ref sp, ir_ref by)
{
    fill_noaccess(b, sp, -LEAVE_INLINE, 0);
    const ir_ref more = ir_append(b, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I64,
                                                     .a = ir_const(b, IR_I64, LEAVE_INLINE), .b = by });
    zone(b, IR_ZONE_USED, ir_op3(b, IR_SELECT, IR_I64, more, old, ir_const(b, IR_I64, -1)));
}

bool instrument_is_through_rsp(const struct ir_block *b, const struct ir_op *op)
{
    const struct ir_op *g = &b->ops[op->a];
    return op->flags & IR_STACK_REL && !op->b && g->op == IR_GET && g->plane == IR_PLANE_GUEST && g->aux == X86_RSP;
}

/* A jump after at least one pop is to another function, or as good: what was popped has been read, and nobody looks for it
 * or what lay below it under rsp.  (Frames that only an addition takes down are looked into: libffi's, behind a jump.) */
static enum instrument_end end_by_exit(int kind, bool popped)
{
    if (kind == IR_EXIT_RET)
        return INSTRUMENT_RETURNS;
    return popped && (kind == IR_EXIT_JUMP || kind == IR_EXIT_INDIRECT) ? INSTRUMENT_JUMPS : INSTRUMENT_GOES_ON;
}

/* Ops from i on are what follows a comparison: is it a return within the block? */
static enum instrument_end end_by_inner_return(const struct ir_block *b, uint32_t i)
{
    while (++i < b->n_ops && b->ops[i].op != IR_IMARK)
        if (b->ops[i].op == IR_SP && b->ops[i].flags & IR_RET_SP)
            return INSTRUMENT_RETURNS;
    return INSTRUMENT_GOES_ON;
}

/* The frame is gone, and compilers keep other accesses from moving past that; between pops they may stand, though. */
static bool may_be_to_red_zone(const struct ir_block *b, const struct ir_op *op)
{
    const struct ir_op *g = &b->ops[op->a];
    if (op->flags & IR_STACK_REL)
        return false;
    const bool by_register = g->op == IR_GET && g->plane == IR_PLANE_GUEST && g->aux <= X86_R15;
    return op->op != IR_LOAD || !by_register || g->aux == X86_RSP || g->aux == X86_RBP;
}

enum instrument_end instrument_end_of_run(const struct ir_block *b, uint32_t i)
{
    bool popped = false, looked = false;
    uint32_t k = i;
    if (b->ops[i].flags & IR_RET_SP)
        return INSTRUMENT_RETURNS;
    for (; b->ops[k].op != IR_IMARK && k > 1; k--)
        popped |= b->ops[k].op == IR_LOAD && instrument_is_through_rsp(b, &b->ops[k]);
    const struct ir_insn *n = b->ops[k].op == IR_IMARK ? &b->insns[b->ops[k].imm] : NULL;
    while (++i < b->n_ops) {
        const struct ir_op *op = &b->ops[i];
        const bool access = op->op == IR_LOAD || op->op == IR_STORE || op->op == IR_CAS;
        popped |= op->op == IR_LOAD && instrument_is_through_rsp(b, op);
        if (access && may_be_to_red_zone(b, op))
            return INSTRUMENT_GOES_ON;
        looked |= access && !(op->flags & IR_STACK_REL);
        if (op->op == IR_IMARK) {
            const struct ir_insn *next = &b->insns[op->imm];
            if (popped && n && next->pc != n->pc + n->len) /* a jump that the block follows */
                return INSTRUMENT_JUMPS;
            n = next;
        }
        if (!instrument_is_exit(op->op))
            continue;
        const enum instrument_end end = op->op == IR_EXIT ? end_by_exit(b->exits[op->imm].kind, popped) : end_by_inner_return(b, i);
        return end == INSTRUMENT_RETURNS && looked ? INSTRUMENT_JUMPS : end; /* too late to leave the marks to the return */
    }
    return INSTRUMENT_GOES_ON;
}
