/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt/fold: constants and identities, in one forward pass.
 *
 * Integer ops on constants are computed by the reference evaluator (ir/eval_int),
 * so that folding cannot disagree with it.  An op that turns out to be an earlier
 * value is renamed at its users; dead code elimination sweeps up. */
#include <stdlib.h>
#include <string.h>
#include "vex/ir/interp.h"
#include "vex/opt/opt.h"

struct fold {
    struct ir_block *b;
    ir_ref *same;      /* per op: the earlier value that it is, or itself */
};

static const struct ir_op *op_of(const struct fold *f, ir_ref r) { return &f->b->ops[r]; }

static bool is_const(const struct fold *f, ir_ref r, uint64_t *v)
{
    const struct ir_op *op = op_of(f, r);
    if (op->op != IR_CONST || op->flags & IR_HOST_OBJ)
        return false;
    *v = ir_mask(op->type, (uint64_t)op->imm);
    return true;
}

static void to_const(struct ir_op *op, enum ir_type t, uint64_t v)
{
    *op = (struct ir_op){ .op = IR_CONST, .type = t, .imm = (int64_t)v };
}

/* All operands constant: computes.  Only ops without a vector anywhere. */
static bool fold_const(struct fold *f, struct ir_op *op)
{
    union ir_value v[3];
    const ir_ref refs[3] = { op->a, op->b, op->c };
    const int n = opt_args[op->op];
    const bool integer = (op->op >= IR_ADD && op->op < IR_OPAQUE) && !ir_is_vector(op->type);
    if (!integer || !n || n > 3)
        return false;
    memset(v, 0, sizeof v);
    for (int k = 0; k < n; k++)
        if (!is_const(f, refs[k], &v[k].u))
            return false;
    union ir_value out;
    ir_eval_int(op, &v[0], &v[1], &v[2], &out);
    to_const(op, ir_result_type(op), out.u);
    return true;
}

/* Binary op with a constant right operand k: yields the value it is, or IR_NONE. */
static ir_ref identity_const(struct ir_op *op, uint64_t k)
{
    const uint64_t ones = ir_mask(op->type, ~0ull);
    switch (op->op) {
    case IR_ADD: case IR_SUB: case IR_OR: case IR_XOR:
        if (op->op == IR_OR && k == ones) {
            to_const(op, op->type, ones);
            return IR_NONE;
        }
        return k == 0 ? op->a : IR_NONE;
    case IR_AND:
        if (k == 0)
            to_const(op, op->type, 0);
        return k == ones ? op->a : IR_NONE;
    case IR_MUL:
        if (k == 0)
            to_const(op, op->type, 0);
        return k == 1 ? op->a : IR_NONE;
    case IR_SHL: case IR_SHR: case IR_SAR: case IR_ROL: case IR_ROR:
        return k % (unsigned)ir_bits(op->type) == 0 ? op->a : IR_NONE;
    default:
        return IR_NONE;
    }
}

/* x op x */
static ir_ref identity_same(struct ir_op *op)
{
    switch (op->op) {
    case IR_AND: case IR_OR: case IR_VAND: case IR_VOR:
        return op->a;
    case IR_SUB: case IR_XOR:
        to_const(op, op->type, 0);
        return IR_NONE;
    case IR_VXOR: case IR_VANDN:
        *op = (struct ir_op){ .op = IR_VCONST, .type = op->type };
        return IR_NONE;
    case IR_CMPEQ: case IR_CMPLEU: case IR_CMPLES:
        to_const(op, IR_I1, 1);
        return IR_NONE;
    case IR_CMPNE: case IR_CMPLTU: case IR_CMPLTS:
        to_const(op, IR_I1, 0);
        return IR_NONE;
    default:
        return IR_NONE;
    }
}

static bool vector_is(const struct fold *f, ir_ref r, bool ones)
{
    const struct ir_op *op = op_of(f, r);
    const uint64_t all = op->type == IR_V128 ? 0xffff : op->type == IR_V256 ? 0xffffffff : ~0ull;
    return op->op == IR_VCONST && ((uint64_t)op->imm & all) == (ones ? all : 0);
}

static ir_ref identity_vector(const struct fold *f, struct ir_op *op)
{
    const bool a0 = vector_is(f, op->a, false), b0 = vector_is(f, op->b, false);
    switch (op->op) {
    case IR_VOR: case IR_VXOR:
        return a0 ? op->b : b0 ? op->a : IR_NONE;
    case IR_VAND:
        if (vector_is(f, op->a, true))
            return op->b;
        if (vector_is(f, op->b, true))
            return op->a;
        return a0 ? op->a : b0 ? op->b : IR_NONE;
    case IR_VANDN:
        return a0 ? op->b : b0 ? op->b : IR_NONE;
    default:
        return IR_NONE;
    }
}

static ir_ref fold_convert(const struct fold *f, const struct ir_op *op)
{
    const struct ir_op *inner = op_of(f, op->a);
    if (op->op == IR_TRUNC && (inner->op == IR_ZEXT || inner->op == IR_SEXT) && inner->lane == op->type)
        return inner->a;
    if (op->op == IR_VTRUNC && inner->op == IR_VZEXT && inner->lane == op->type)
        return inner->a;
    return IR_NONE;
}

/* An address base that is a sum of a constant: into the displacement. */
static void fold_address(const struct fold *f, struct ir_op *op)
{
    uint64_t k;
    for (int round = 0; round < 4 && op->a; round++) {
        const struct ir_op *sum = op_of(f, op->a);
        if (is_const(f, op->a, &k)) {
            op->a = IR_NONE;
        } else if (sum->op == IR_ADD && is_const(f, sum->b, &k)) {
            op->a = sum->a;
        } else if (sum->op == IR_SUB && is_const(f, sum->b, &k)) {
            op->a = sum->a;
            k = -k;
        } else {
            break;
        }
        op->imm = (int64_t)((uint64_t)op->imm + k);
    }
    if (op->b && is_const(f, op->b, &k)) {
        op->imm = (int64_t)((uint64_t)op->imm + (k << op->scale));
        op->b = IR_NONE;
        op->scale = 0;
    }
}

static ir_ref fold_select(const struct fold *f, const struct ir_op *op)
{
    uint64_t k;
    if (op->b == op->c)
        return op->b;
    return is_const(f, op->a, &k) ? (k ? op->b : op->c) : IR_NONE;
}

/* Conditions that are known. */
static void fold_effect(const struct fold *f, struct ir_op *op)
{
    uint64_t k;
    if (!op->a || !is_const(f, op->a, &k))
        return;
    if (op->op == IR_EXIT_IF && !k)
        *op = (struct ir_op){ .op = IR_NOP };
    else if (op->op == IR_CALL && k && op->flags & IR_LEAVES)
        return; /* it has a guard */
    else if (op->op == IR_CALL && k)
        op->a = IR_NONE;
    else if (op->op == IR_CALL && op->type == IR_VOID)
        *op = (struct ir_op){ .op = IR_NOP };
    else if (op->op == IR_CALL)
        to_const(op, op->type, 0);
}

/* Canonical: a constant is on the right. */
static void swap_const(const struct fold *f, struct ir_op *op)
{
    uint64_t k;
    if (ir_rows[op->op].props & IRP_COMM && is_const(f, op->a, &k) && !is_const(f, op->b, &k)) {
        const ir_ref t = op->a;
        op->a = op->b;
        op->b = t;
    }
}

/* The earlier value that op is, or IR_NONE; op may have become simpler. */
static ir_ref fold_op(struct fold *f, struct ir_op *op)
{
    uint64_t k;
    switch (op->op) {
    case IR_LOAD: case IR_STORE: case IR_LEA: case IR_CHECK: case IR_CHECK_STORE: case IR_CAS:
        fold_address(f, op);
        return op->op == IR_LEA && op->plane == IR_PLANE_GUEST && op->aux == IR_SEG_NONE && !op->b && !op->imm ? op->a : IR_NONE;
    case IR_EXIT_IF: case IR_CALL:
        if (op->flags & IR_ELSE && op->op == IR_CALL && op->a && is_const(f, op->a, &k) && !k) {
            const ir_ref d = op->d;
            *op = (struct ir_op){ .op = IR_NOP };
            return d;
        }
        fold_effect(f, op);
        return IR_NONE;
    case IR_SELECT:
        return fold_select(f, op);
    case IR_TRUNC: case IR_VTRUNC: {
        const ir_ref same = fold_convert(f, op);
        if (same)
            return same;
        break;
    }
    }
    if (!(ir_rows[op->op].props & IRP_PURE) || fold_const(f, op))
        return IR_NONE;
    if (opt_args[op->op] != 2)
        return IR_NONE;
    if (op->a == op->b)
        return identity_same(op);
    if (ir_is_vector(op->type))
        return identity_vector(f, op);
    swap_const(f, op);
    return is_const(f, op->b, &k) ? identity_const(op, k) : IR_NONE;
}

void opt_fold(struct ir_block *b)
{
    ir_ref on_stack[2048];
    struct fold f = { b, b->n_ops <= 2048 ? on_stack : malloc(b->n_ops * sizeof *f.same) };
    if (!f.same)
        return;
    f.same[0] = 0;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        struct ir_op *op = &b->ops[i];
        f.same[i] = i;
        opt_rename(b, op, f.same);
        const ir_ref same = op->op == IR_NOP ? IR_NONE : fold_op(&f, op);
        if (same)
            f.same[i] = same;
    }
    if (f.same != on_stack)
        free(f.same);
}
