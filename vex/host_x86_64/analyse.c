/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/analyse: the backward pass: which ops are needed at all, where
 * values are used last, and where guest flags are live. */
#include "vex/host_x86_64/emit.h"
#include "vex/ir/table.h"

static const uint8_t arg_count[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) sizeof(args) - 1,
#include "nagrind/ir_ops.def"
#undef IR_OP
};

static bool exit_is_indirect(int kind)
{
    return kind == IR_EXIT_INDIRECT || kind == IR_EXIT_ICALL || kind == IR_EXIT_RET;
}

void emit_op_uses(const struct emitter *e, const struct ir_op *op, ir_ref use[4])
{
    use[0] = use[1] = use[2] = use[3] = IR_NONE;
    const bool described = op->flags & IR_DESCRIBED;
    switch (op->op) {
    case IR_SP:
        return;
    case IR_PUT:
        use[0] = described ? IR_NONE : op->a;
        return;
    case IR_STORE:
        if (described)
            return;
        use[2] = op->c; /* fall through */
    case IR_LOAD: case IR_LEA: case IR_CHECK: case IR_CHECK_STORE:
        use[0] = op->a;
        use[1] = op->b;
        return;
    case IR_CAS:
        use[0] = op->a;
        use[1] = op->b;
        use[2] = described ? IR_NONE : op->c;
        use[3] = described ? IR_NONE : op->d;
        return;
    case IR_EXIT:
        use[0] = exit_is_indirect(e->b->exits[op->imm].kind) ? op->a : IR_NONE;
        return;
    case IR_EXIT_CC:
        use[0] = e->identity ? IR_NONE : op->a;
        return;
    default:
        switch (arg_count[op->op]) {
        case 4: use[3] = op->d; /* fall through */
        case 3: use[2] = op->c; /* fall through */
        case 2: use[1] = op->b; /* fall through */
        case 1: use[0] = op->a; /* fall through */
        }
    }
}

uint16_t insn_gprs(const struct ir_insn *n)
{
    uint16_t m = n->gpr_read | n->gpr_write;
    if (n->mem_base < 16)
        m |= 1u << n->mem_base;
    if (n->mem_index < 16 && !(n->attrs & IR_INSN_VSIB))
        m |= 1u << n->mem_index;
    return m;
}

static uint8_t exit_flags(const struct emitter *e, const struct ir_exit *x, uint32_t insn, bool final)
{
    const bool last = insn + 1 >= e->b->n_insns;
    switch (x->kind) {
    case IR_EXIT_MODE:
        if (!final && insn < e->b->n_insns && x->pc == e->b->insns[insn].pc)
            return 0; /* goes on with this very instruction: what is live here is live there */
        /* fall through */
    case IR_EXIT_JUMP: case IR_EXIT_CALL: case IR_EXIT_INDIRECT: case IR_EXIT_ICALL: case IR_EXIT_RET:
        return (final || last ? e->b->flags_live_out : IR_FLAGS_ARITH) & IR_FLAGS_ARITH & ~x->flags_dead;
    default:
        return IR_FLAGS_ARITH;
    }
}

static uint8_t flags_before(const struct emitter *e, const struct ir_op *op, uint32_t insn, uint8_t live)
{
    switch (op->op) {
    case IR_NATIVE: {
        const struct ir_insn *n = &e->b->insns[op->imm];
        if (n->flags_write && !insn_may_keep_flags(n))
            live &= ~n->flags_write;
        return live | (n->flags_read & IR_FLAGS_ARITH);
    }
    case IR_HOOK:
        return 0; /* the callee's to change */
    case IR_EXIT:
        return exit_flags(e, &e->b->exits[op->imm], insn, true);
    case IR_CALL:
        return op->flags & IR_LEAVES ? live | exit_flags(e, &e->b->exits[op->imm], insn, false) : live;
    case IR_EXIT_IF: case IR_EXIT_RCXZ:
        return live | exit_flags(e, &e->b->exits[op->imm], insn, false);
    case IR_EXIT_CC:
        return IR_FLAGS_ARITH;
    case IR_CHECK: case IR_CHECK_STORE:
        return live | exit_flags(e, &e->b->exits[op->d], insn, false);
    case IR_GET:
        if (op->plane == IR_PLANE_GUEST && op->aux >= X86_CF && op->aux < X86_DF)
            return live | 1u << (op->aux - X86_CF);
        return live;
    case IR_PUT:
        if (op->flags & IR_FLAGS_DIE)
            return 0;
        if (op->plane == IR_PLANE_GUEST && op->aux >= X86_CF && op->aux < X86_DF && !(op->flags & IR_DESCRIBED))
            return live & ~(1u << (op->aux - X86_CF));
        return live;
    default:
        return live;
    }
}

static bool op_is_root(const struct ir_op *op)
{
    if (op->op == IR_LOAD || op->op == IR_CAS)
        return !(op->flags & IR_DESCRIBED);
    return ir_rows[op->op].props & IRP_ROOT;
}

/* A load that is only compared with a constant, for an exit: a comparison with memory. */
static bool can_fuse_load(const struct emitter *e, uint32_t i)
{
    const struct ir_op *op = &e->b->ops[i], *user = &e->b->ops[e->val[i].last], *compare = &e->b->ops[user->a];
    const struct ir_op *k = &e->b->ops[compare->b];
    return e->val[i].uses == 1 && user->op == IR_EXIT_IF && (compare->op == IR_CMPNE || compare->op == IR_CMPEQ) && compare->a == i &&
           e->val[user->a].fused && compare->lane == op->type && op->plane == IR_PLANE_GUEST && !(op->flags & IR_DESCRIBED) &&
           k->op == IR_CONST && !(k->flags & IR_HOST_OBJ) && k->imm == (int32_t)k->imm;
}

/* Bits of state.attention that are looked at for an exit: a test of the state, which needs no register. */
static bool can_fuse_attention(const struct emitter *e, uint32_t i)
{
    const struct ir_op *op = &e->b->ops[i], *user = &e->b->ops[e->val[i].last], *compare = &e->b->ops[user->a];
    const struct ir_op *word = &e->b->ops[op->a], *mask = &e->b->ops[op->b], *zero = &e->b->ops[compare->b];
    return e->val[i].uses == 1 && op->type == IR_I32 && user->op == IR_EXIT_IF && compare->op == IR_CMPNE && compare->a == i &&
           e->val[user->a].fused && compare->lane == IR_I32 && zero->op == IR_CONST && !zero->imm && mask->op == IR_CONST &&
           !(mask->flags & IR_HOST_OBJ) && word->op == IR_GET && word->plane == IR_PLANE_GUEST && word->aux == X86_ATTENTION;
}

/* May the only user of op i compute it itself? */
static bool can_fuse(const struct emitter *e, uint32_t i)
{
    const struct ir_op *op = &e->b->ops[i], *user = &e->b->ops[e->val[i].last];
    if (op->op == IR_LOAD)
        return can_fuse_load(e, i);
    if (op->op == IR_AND)
        return can_fuse_attention(e, i);
    if (e->val[i].uses != 1 || user->a != i)
        return false;
    if (op->op >= IR_CMPEQ && op->op <= IR_CMPLES)
        return user->op == IR_EXIT_IF || user->op == IR_CALL || user->op == IR_SELECT;
    if (op->op == IR_VANY || (op->op == IR_HASBYTE && type_is_vec(op->lane)))
        return op->lane <= IR_V256 && (user->op == IR_EXIT_IF || user->op == IR_CALL || user->op == IR_SELECT);
    if (op->op == IR_HASBYTE)
        return user->op == IR_CALL;
    if (op->op == IR_ADD || op->op == IR_SUB) { /* of a constant: lea into the guest register */
        const struct ir_op *k = &e->b->ops[op->b];
        return user->op == IR_PUT && user->type == IR_I64 && user->plane == IR_PLANE_GUEST && user->aux < X86_CF &&
               e->identity && op->type == IR_I64 && k->op == IR_CONST && !(k->flags & IR_HOST_OBJ) &&
               k->imm == (int32_t)k->imm && k->imm != INT32_MIN;
    }
    return false;
}

void emit_analyse(struct emitter *e)
{
    const struct ir_block *b = e->b;
    uint8_t live = b->flags_live_out & IR_FLAGS_ARITH;
    uint32_t insn = b->n_insns ? b->n_insns - 1 : 0;
    for (uint32_t i = b->n_ops - 1; i >= 1; i--) {
        const struct ir_op *op = &b->ops[i];
        struct value *v = &e->val[i];
        e->flags_live[i] = live;
        switch (op->op) { /* these use no values, and are most of a block */
        case IR_IMARK:
            insn = op->imm ? op->imm - 1 : 0;
            continue;
        case IR_NATIVE:
            e->flags_live[i] = live = flags_before(e, op, insn, live);
            continue;
        case IR_GET:
            v->vec = type_is_vec(op->type);
            if (v->last)
                e->flags_live[i] = live = flags_before(e, op, insn, live);
            continue;
        case IR_CONST: case IR_SP: case IR_NOP:
            continue;
        }
        if (!v->last && !op_is_root(op))
            continue;
        v->vec = type_is_vec(op->type) && ir_rows[op->op].result == 'T';
        e->flags_live[i] = live = flags_before(e, op, insn, live);
        uint32_t until = i;
        if (v->last && can_fuse(e, i)) {
            v->fused = true;
            until = v->last;
            if (op->op == IR_AND) /* whose operands nobody computes */
                continue;
        }
        /* What only renames its operand keeps it alive. */
        if ((op->op == IR_TRUNC && op->type != IR_I1) || (op->op == IR_VTRUNC && v->vec))
            until = v->last > until ? v->last : until;
        if (!(op->a | op->b | op->c | op->d))
            continue;
        ir_ref use[4];
        emit_op_uses(e, op, use);
        for (int k = 0; k < 4; k++) {
            if (!use[k])
                continue;
            struct value *u = &e->val[use[k]];
            if (until > u->last)
                u->last = until;
            if (u->uses != UINT16_MAX)
                u->uses++;
        }
    }
}
