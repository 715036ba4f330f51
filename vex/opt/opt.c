/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt: the order of the passes, and dead code elimination. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vex/opt/opt.h"

const uint8_t opt_args[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) sizeof(args) - 1,
#include "nagrind/ir_ops.def"
#undef IR_OP
};

void opt_uses(const struct ir_block *b, const struct ir_op *op, ir_ref use[4])
{
    use[0] = use[1] = use[2] = use[3] = IR_NONE;
    switch (op->op) {
    case IR_STORE:
        use[2] = op->c; /* fall through */
    case IR_LOAD: case IR_LEA: case IR_CHECK: case IR_CHECK_STORE:
        use[0] = op->a;
        use[1] = op->b;
        return;
    case IR_CAS: case IR_CALL: case IR_OPAQUE:
        use[0] = op->a;
        use[1] = op->b;
        use[2] = op->c;
        use[3] = op->d;
        return;
    case IR_EXIT: {
        const int kind = b->exits[op->imm].kind;
        if (kind == IR_EXIT_INDIRECT || kind == IR_EXIT_ICALL || kind == IR_EXIT_RET)
            use[0] = op->a;
        return;
    }
    default:
        switch (opt_args[op->op]) {
        case 4: use[3] = op->d; /* fall through */
        case 3: use[2] = op->c; /* fall through */
        case 2: use[1] = op->b; /* fall through */
        case 1: use[0] = op->a; /* fall through */
        }
    }
}

void opt_rename(const struct ir_block *b, struct ir_op *op, const ir_ref *same)
{
    ir_ref use[4];
    opt_uses(b, op, use);
    if (use[0])
        op->a = same[op->a];
    if (use[1])
        op->b = same[op->b];
    if (use[2])
        op->c = same[op->c];
    if (use[3])
        op->d = same[op->d];
}

/* Is the op needed though nobody wants its value?  What is DESCRIBED happens elsewhere. */
static bool is_root(const struct ir_op *op)
{
    if (op->op == IR_LOAD || op->op == IR_CAS || op->op == IR_STORE || op->op == IR_PUT)
        return !(op->flags & IR_DESCRIBED);
    return ir_rows[op->op].props & IRP_ROOT;
}

void opt_dead(struct ir_block *b)
{
    uint8_t on_stack[2048];
    uint8_t *used = b->n_ops <= sizeof on_stack ? on_stack : malloc(b->n_ops);
    if (!used)
        return; /* nothing is lost but speed */
    memset(used, 0, b->n_ops);
    for (uint32_t i = b->n_ops - 1; i >= 1; i--) {
        struct ir_op *op = &b->ops[i];
        if (op->op == IR_EXIT_CC && b->form != IR_FORM_PURE)
            op->a = IR_NONE; /* the condition is in the guest's own flags */
        if (!used[i] && !is_root(op)) {
            *op = (struct ir_op){ .op = IR_NOP };
            continue;
        }
        ir_ref use[4];
        opt_uses(b, op, use);
        for (int k = 0; k < 4; k++)
            used[use[k]] = 1;
    }
    if (used != on_stack)
        free(used);
}

/* Native code: most of its blocks have nothing to compute.  What they read are guest registers, which costs nothing, what
 * they add is a constant to rsp, or to an address, and what nobody wants is not emitted anyway.  Yields the passes that can be of use. */
static unsigned of_use(const struct ir_block *b)
{
    unsigned computed = 0, read = 0;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        const struct ir_op *op = &b->ops[i];
        switch (op->op) {
        case IR_NOP: case IR_IMARK: case IR_NATIVE: case IR_SP: case IR_CONST: case IR_PUT: case IR_LOAD: case IR_STORE: case IR_CHECK:
        case IR_CHECK_STORE: case IR_ZONE_USED: case IR_ZONE_CLEAR: case IR_ZONE_GROW: case IR_EXIT: case IR_EXIT_CC: case IR_EXIT_RCXZ:
        case IR_HOOK: case IR_LEA: case IR_ADD: case IR_SUB:
            break;
        case IR_GET:
            read += op->plane != IR_PLANE_GUEST || op->aux > X86_R15;
            break;
        default:
            computed++;
        }
    }
    return computed + read > 1 ? OPT_ALL : computed ? OPT_FOLD | OPT_DEAD : 0;
}

void opt_run(struct ir_block *b, unsigned passes)
{
    if (b->form == IR_FORM_NATIVE && passes == OPT_ALL)
        passes = of_use(b);
    if (passes & OPT_FOLD)
        opt_fold(b);
    if (passes & OPT_CSE)
        opt_cse(b);
    if (passes & OPT_DEAD)
        opt_dead(b);
}
