/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/prune: TANDEM blocks without what no one can see.
 *
 * Nearly every instruction describes six flags, and the next one describes them
 * again.  Tools do several ops' work for each op here, so the description of a
 * flag that is written again in the same block before it is read goes, and all
 * pure ops that only it used.  What is left moves up.  The last description of
 * each flag before a way out stays.  */
#include <stdlib.h>
#include <string.h>
#include "internal.h"

enum { IRP_PURE = 1, IRP_COMM = 2, IRP_MEM = 4, IRP_ROOT = 8, IRP_END = 16 };

static const uint8_t props[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) props,
#include "nagrind/ir_ops.def"
#undef IR_OP
};

static bool is_flag_op(const struct ir_op *op, enum ir_opcode which)
{
    return op->op == which && op->plane == IR_PLANE_GUEST && op->aux >= X86_CF && op->aux <= X86_DF;
}

static bool leaves(const struct ir_op *op)
{
    return op->op == IR_EXIT || op->op == IR_EXIT_CC || op->op == IR_EXIT_IF || op->op == IR_EXIT_RCXZ;
}

/* Backwards: used[i] says whether op i stays. */
static void find_used(const struct ir_block *b, ir_ref *used)
{
    unsigned live = ~0u; /* flags whose description may be read */
    for (uint32_t i = b->n_ops - 1; i >= 1; i--) {
        const struct ir_op *op = &b->ops[i];
        if (leaves(op))
            live = ~0u;
        if (is_flag_op(op, IR_PUT) && op->flags & IR_DESCRIBED) {
            const unsigned bit = 1u << (op->aux - X86_CF);
            used[i] = (live & bit) != 0;
            live &= ~bit;
        } else if (!(props[op->op] & IRP_PURE))
            used[i] = 1;
        if (!used[i])
            continue;
        if (is_flag_op(op, IR_GET))
            live |= 1u << (op->aux - X86_CF);
        used[op->a] = used[op->b] = used[op->c] = used[op->d] = 1;
    }
}

/* Moves the ops that stay up; used becomes their new places. */
static void compact(struct ir_block *b, ir_ref *used)
{
    uint32_t to = 1;
    used[0] = 0;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        struct ir_op op = b->ops[i];
        if (!used[i])
            continue;
        op.a = used[op.a];
        op.b = used[op.b];
        op.c = used[op.c];
        op.d = used[op.d];
        used[i] = to;
        b->ops[to++] = op;
    }
    b->n_ops = to;
}

void x86_prune(struct ir_block *b)
{
    ir_ref on_stack[1024];
    ir_ref *used = b->n_ops <= 1024 ? on_stack : malloc(b->n_ops * sizeof *used);
    if (!used)
        return; /* nothing is lost but speed */
    memset(used, 0, b->n_ops * sizeof *used);
    find_used(b, used);
    compact(b, used);
    if (used != on_stack)
        free(used);
}
