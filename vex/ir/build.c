/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/build: blocks and the shorthands that append to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nagrind/ir.h"

static void *grow(void *array, uint32_t *cap, size_t element)
{
    *cap = *cap ? 2 * *cap : 64;
    array = realloc(array, *cap * element);
    if (!array) {
        fputs("nagrind: out of memory in translation\n", stderr);
        abort();
    }
    return array;
}

void ir_block_init(struct ir_block *b)
{
    *b = (struct ir_block){ 0 };
    ir_block_reset(b);
}

void ir_block_reset(struct ir_block *b)
{
    struct ir_block keep = *b;
    *b = (struct ir_block){ .ops = keep.ops, .cap_ops = keep.cap_ops, .insns = keep.insns, .cap_insns = keep.cap_insns,
                            .exits = keep.exits, .cap_exits = keep.cap_exits,
                            .extents = keep.extents, .cap_extents = keep.cap_extents };
    ir_append(b, (struct ir_op){ .op = IR_NOP });
}

void ir_block_free(struct ir_block *b)
{
    free(b->ops);
    free(b->insns);
    free(b->exits);
    free(b->extents);
    *b = (struct ir_block){ 0 };
}

void ir_block_grow_ops(struct ir_block *b)
{
    b->ops = grow(b->ops, &b->cap_ops, sizeof *b->ops);
}

uint32_t ir_block_add_exit(struct ir_block *b, struct ir_exit exit)
{
    if (b->n_exits == b->cap_exits)
        b->exits = grow(b->exits, &b->cap_exits, sizeof *b->exits);
    b->exits[b->n_exits] = exit;
    return b->n_exits++;
}

void ir_block_add_extent(struct ir_block *b, struct ir_extent extent)
{
    if (b->n_extents == b->cap_extents)
        b->extents = grow(b->extents, &b->cap_extents, sizeof *b->extents);
    b->extents[b->n_extents++] = extent;
}

uint32_t ir_block_new_insn(struct ir_block *b)
{
    if (b->n_insns == b->cap_insns)
        b->insns = grow(b->insns, &b->cap_insns, sizeof *b->insns);
    return b->n_insns++;
}

uint32_t ir_block_add_insn(struct ir_block *b, const struct ir_insn *insn)
{
    const uint32_t i = ir_block_new_insn(b);
    b->insns[i] = *insn;
    return i;
}

void ir_block_add_insns(struct ir_block *b, const struct ir_insn *insns, uint32_t n)
{
    while (b->cap_insns - b->n_insns < n)
        b->insns = grow(b->insns, &b->cap_insns, sizeof *b->insns);
    if (n)
        memcpy(b->insns + b->n_insns, insns, n * sizeof *insns);
    b->n_insns += n;
}

ir_ref ir_const(struct ir_block *b, enum ir_type t, int64_t imm)
{
    return ir_append(b, (struct ir_op){ .op = IR_CONST, .type = t, .imm = imm });
}

ir_ref ir_vconst(struct ir_block *b, enum ir_type t, uint64_t mask)
{
    return ir_append(b, (struct ir_op){ .op = IR_VCONST, .type = t, .imm = (int64_t)mask });
}

ir_ref ir_get(struct ir_block *b, enum ir_type t, enum ir_plane p, int slot, int byte_offset)
{
    return ir_append(b, (struct ir_op){ .op = IR_GET, .type = t, .plane = p, .aux = slot, .imm = byte_offset });
}

void ir_put(struct ir_block *b, enum ir_type t, enum ir_plane p, int slot, int byte_offset, ir_ref v)
{
    ir_append(b, (struct ir_op){ .op = IR_PUT, .type = t, .plane = p, .aux = slot, .imm = byte_offset, .a = v });
}

ir_ref ir_op1(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = t, .a = a });
}

ir_ref ir_op2(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref c)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = t, .a = a, .b = c });
}

ir_ref ir_op3(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref c, ir_ref d)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = t, .a = a, .b = c, .c = d });
}

ir_ref ir_vop(struct ir_block *b, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref c, int64_t imm)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = t, .lane = lane, .a = a, .b = c, .imm = imm });
}

ir_ref ir_convert(struct ir_block *b, enum ir_opcode op, enum ir_type to, enum ir_type from, ir_ref a)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = to, .lane = from, .a = a });
}

ir_ref ir_mem(struct ir_block *b, enum ir_opcode op, enum ir_type t, enum ir_plane p, const struct ir_op *like)
{
    return ir_append(b, (struct ir_op){ .op = op, .type = t, .plane = p, .scale = like->scale, .aux = like->aux,
                                        .a = like->a, .b = like->b, .imm = like->imm });
}

ir_ref ir_call(struct ir_block *b, enum ir_type t, int helper, ir_ref guard, ir_ref a0, ir_ref a1, ir_ref a2)
{
    return ir_append(b, (struct ir_op){ .op = IR_CALL, .type = t, .aux = helper, .a = guard, .b = a0, .c = a1, .d = a2 });
}

int ir_type_bytes(enum ir_type t)
{
    static const uint8_t bytes[IR_TYPES] = { 0, 1, 1, 2, 4, 8, 16, 32, 64 };
    return bytes[t];
}

const char *ir_type_name(enum ir_type t)
{
    static const char *const names[IR_TYPES] = { "void", "i1", "i8", "i16", "i32", "i64", "v128", "v256", "v512" };
    return t < IR_TYPES ? names[t] : "?";
}

const char *ir_opcode_name(enum ir_opcode op)
{
    static const char *const names[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) text,
#include "nagrind/ir_ops.def"
#undef IR_OP
    };
    return op < IR_OPCODES ? names[op] : "?";
}
