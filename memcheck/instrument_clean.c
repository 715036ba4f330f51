/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instrument_clean: mode 0, where every register the block touches is fully
 * defined and rsp is in the client strip (the block's head has looked).
 *
 * Each access is preceded by a CHECK of its shadow, which leaves to mode 3 at
 * this very instruction; what was checked once in the block is not checked
 * again.  Stack pointer moves mark shadow:
 *
 *     growth   [new-128, old-128) undefined, for a run of pushes at once, before
 *              the first of them
 *     shrink   [old-128, new-128) not addressable, for a run at once, after the
 *              last, but before the block can be left
 *
 * (the 128 bytes of red zone below rsp stay addressable).  A pushed value is
 * defined.  Pushes are not checked: small moves of an rsp in the strip can only
 * hit its unmapped ends, and the push itself comes before its shadow.  Unknown
 * moves of rsp end the block unless they shrink the stack by a few bytes.  */
#include "instrument.h"

enum { CHECKED_MAX = 16, MOVE_MAX = 4096, UNKNOWN_SHRINK_MAX = 128 };

/* An address range known to have zero shadow: by registers and their versions. */
struct checked {
    int16_t base, index;          /* slots, -1 none */
    uint16_t base_version, index_version;
    uint8_t scale, segment;
    int64_t low, high;
};

struct clean {
    const struct ir_block *in;
    struct ir_block *out;
    ir_ref *map, *needed;
    const struct ir_insn *insn;
    uint32_t next_imark;          /* index of the op after this instruction's ops */
    bool store_only;              /* this instruction is one plain store and nothing else */
    int exit;                     /* its exit to MODE_LIGHT, or -1 */
    uint16_t version[16];         /* of general registers: counts writes */
    ir_ref *get_version;          /* by GET op: its register's version then */
    struct checked checked[CHECKED_MAX];
    unsigned n_checked;
    int64_t rel, marked;          /* rsp, and the lowest one accounted for, relative to the run's start */
    bool shrunk;                  /* a shrink in this run is not marked yet */
    struct { enum ir_type type; int64_t offset; } push[8]; /* stores through rsp that wait for SP; offset from the old rsp */
    int n_push;
};

/* ---- what is needed of the input ---- */
static bool is_kept(const struct ir_op *op)
{
    switch (op->op) {
    case IR_HOOK: case IR_IMARK: case IR_NATIVE: case IR_EXIT: case IR_EXIT_IF: case IR_EXIT_CC: case IR_EXIT_RCXZ: case IR_CAS: case IR_CALL:
        return true;
    case IR_STORE: case IR_PUT:
        return !(op->flags & IR_DESCRIBED);
    default:
        return false;
    }
}

static void need_args(struct clean *c, const struct ir_op *op)
{
    c->needed[op->a] = c->needed[op->b] = c->needed[op->c] = c->needed[op->d] = 1;
}

/* Backwards: refs that the output will name.  Addresses of all accesses, and what is no description. */
static void find_needed(struct clean *c)
{
    for (uint32_t i = c->in->n_ops; i-- > 1;) {
        const struct ir_op *op = &c->in->ops[i];
        if (op->op == IR_LOAD && !c->needed[i] && (op->flags & IR_DESCRIBED)) {
            c->needed[op->a] = c->needed[op->b] = 1;
            continue;
        }
        if (op->op == IR_STORE && (op->flags & IR_DESCRIBED)) {
            if (!(op->flags & IR_STACK_REL))
                c->needed[op->a] = c->needed[op->b] = 1;
            continue;
        }
        if (is_kept(op) || c->needed[i] || op->op == IR_LOAD || op->op == IR_SP)
            need_args(c, op);
        if (is_kept(op) || (op->op == IR_LOAD && !(op->flags & IR_DESCRIBED)))
            c->needed[i] = 1;
    }
    c->needed[0] = 0;
}

/* ---- checks ---- */
/* The checks of one instruction share it: `why` is that of the first. */
static int exit_to_light(struct clean *c, const struct ir_op *m)
{
    const enum ir_why why = m->flags & IR_STACK_REL ? IR_WHY_STACK : m->op == IR_STORE ? IR_WHY_STORE : IR_WHY_LOAD;
    if (c->exit < 0)
        c->exit = (int)ir_block_add_exit(c->out, (struct ir_exit){ .pc = c->insn->pc, .kind = IR_EXIT_MODE, .mode = MODE_LIGHT, .aux = why });
    return c->exit;
}

/* Slot of a value that is a whole general register as it is now: its number, -1 for none, -2 for anything else. */
static int register_of(struct clean *c, ir_ref a, uint16_t *version)
{
    *version = 0;
    if (!a)
        return -1;
    const struct ir_op *g = &c->in->ops[a];
    if (g->op != IR_GET || g->type != IR_I64 || g->plane != IR_PLANE_GUEST || g->aux > X86_R15 || g->imm)
        return -2;
    *version = (uint16_t)c->get_version[a];
    return g->aux;
}

static bool describe(struct clean *c, const struct ir_op *m, struct checked *k)
{
    *k = (struct checked){ .scale = m->scale, .segment = (uint8_t)m->aux, .low = m->imm, .high = m->imm + ir_type_bytes(m->type) };
    k->base = (int16_t)register_of(c, m->a, &k->base_version);
    k->index = (int16_t)register_of(c, m->b, &k->index_version);
    return k->base != -2 && k->index != -2;
}

static bool same_place(const struct checked *a, const struct checked *b)
{
    return a->base == b->base && a->index == b->index && a->base_version == b->base_version &&
           a->index_version == b->index_version && a->scale == b->scale && a->segment == b->segment;
}

/* True if the range is known to be clean; else notes that it is from here on. */
static bool already_checked(struct clean *c, const struct ir_op *m)
{
    struct checked k;
    if (!describe(c, m, &k))
        return false;
    const unsigned n = c->n_checked < CHECKED_MAX ? c->n_checked : CHECKED_MAX;
    for (unsigned i = 0; i < n; i++) {
        struct checked *x = &c->checked[i];
        if (!same_place(x, &k))
            continue;
        if (x->low <= k.low && k.high <= x->high)
            return true;
        if (x->high == k.low || k.high == x->low) { /* neighbours: one range */
            x->low = x->low < k.low ? x->low : k.low;
            x->high = x->high > k.high ? x->high : k.high;
            return false;
        }
    }
    c->checked[c->n_checked++ % CHECKED_MAX] = k;
    return false;
}

static void emit_check(struct clean *c, enum ir_opcode op, const struct ir_op *m, enum ir_type t, int64_t imm)
{
    struct ir_op check = { .op = op, .type = t, .plane = IR_PLANE_V, .scale = m->scale, .aux = m->aux,
                           .a = c->map[m->a], .b = c->map[m->b], .imm = imm, .d = (ir_ref)exit_to_light(c, m) };
    ir_append(c->out, check);
}

static void check_access(struct clean *c, const struct ir_op *m, bool plain_store)
{
    if (already_checked(c, m))
        return;
    if (m->type == IR_V512) {
        emit_check(c, IR_CHECK, m, IR_V256, m->imm);
        emit_check(c, IR_CHECK, m, IR_V256, m->imm + 32);
    } else
        emit_check(c, plain_store ? IR_CHECK_STORE : IR_CHECK, m, m->type == IR_I1 ? IR_I8 : m->type, m->imm);
}

/* ---- marks of the stack ---- */
static ir_ref get_rsp(struct clean *c) { return ir_get(c->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0); }

static void forget_checked(struct clean *c) { c->n_checked = 0; }

/* Does the pending shrink; base holds the value of rsp that c->rel stands for. */
static void end_run(struct clean *c, ir_ref base)
{
    if (c->shrunk && c->rel > c->marked) {
        forget_checked(c);
        instrument_shrink(c->out, base ? base : get_rsp(c), c->marked - c->rel);
    }
    c->rel = c->marked = 0;
    c->shrunk = false;
}

/* Is SP op i that of a call?  Then instrument_call comes next and marks the whole red zone. */
static bool is_call_sp(struct clean *c, uint32_t i)
{
    if (!mc_options.undef_value_errors)
        return false;
    if (c->in->ops[i].flags & IR_CALL_SP)
        return true;
    while (++i < c->in->n_ops && c->in->ops[i].op != IR_IMARK)
        if (c->in->ops[i].op == IR_EXIT)
            return c->in->exits[c->in->ops[i].imm].kind == IR_EXIT_CALL || c->in->exits[c->in->ops[i].imm].kind == IR_EXIT_ICALL;
    return false;
}

/* How far below its present value rsp will go in this run, a call apart; op i is the SP op that moves it by `first`. */
static int64_t lookahead(struct clean *c, uint32_t i)
{
    int64_t rel = 0;
    for (; i < c->in->n_ops; i++) {
        const struct ir_op *op = &c->in->ops[i];
        if (instrument_is_exit(op->op))
            break;
        if (op->op != IR_SP)
            continue;
        if (op->a || op->imm > 0 || op->imm < -MOVE_MAX || is_call_sp(c, i))
            break;
        rel += op->imm;
    }
    return rel;
}

static void sp_grows(struct clean *c, uint32_t i, int64_t delta)
{
    if (c->shrunk)
        end_run(c, instrument_offset(c->out, get_rsp(c), -delta)); /* a shrink before: rsp as it was after it */
    c->rel += delta;
    if (c->rel >= c->marked)
        return;
    if (is_call_sp(c, i)) {
        c->marked = c->rel;
        return;
    }
    const int64_t lowest = c->rel + lookahead(c, i + 1);
    forget_checked(c);
    instrument_growth(c->out, get_rsp(c), lowest - c->rel, c->marked - c->rel);
    c->marked = lowest;
}

/* An unknown move, or a large one: ends the block, but for small shrinks (leave). */
static void sp_unknown(struct clean *c, ir_ref old)
{
    struct ir_block *b = c->out;
    ir_ref now = get_rsp(c), delta = ir_op2(b, IR_SUB, IR_I64, now, old);
    ir_ref big = ir_append(b, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I64,
                                              .a = ir_const(b, IR_I64, UNKNOWN_SHRINK_MAX), .b = delta });
    forget_checked(c);
    ir_call(b, IR_I64, helper_stack_moved, big, old, now, IR_NONE);
    const uint32_t on = ir_block_add_exit(b, (struct ir_exit){ .pc = c->insn->pc + c->insn->len, .kind = IR_EXIT_MODE, .mode = MODE_CLEAN });
    ir_append(b, (struct ir_op){ .op = IR_EXIT_IF, .a = big, .imm = on });
    /* marking too much is no harm: below the red zone nothing is addressable */
    instrument_shrink(b, now, -UNKNOWN_SHRINK_MAX);
}

static void sp_moves(struct clean *c, uint32_t i)
{
    const struct ir_op *op = &c->in->ops[i];
    const int64_t delta = op->imm;
    if (op->a) {
        end_run(c, c->map[op->a]);
        sp_unknown(c, c->map[op->a]);
    } else if (delta > MOVE_MAX || delta < -MOVE_MAX) {
        ir_ref old = instrument_offset(c->out, get_rsp(c), -delta);
        end_run(c, old);
        sp_unknown(c, old);
    } else if (delta < 0) {
        sp_grows(c, i, delta);
    } else {
        c->rel += delta;
        c->shrunk = true;
    }
    /* what was pushed is defined, now that it is stored and marked */
    ir_ref rsp = c->n_push ? get_rsp(c) : IR_NONE;
    for (int k = 0; k < c->n_push; k++)
        instrument_store(c->out, IR_PLANE_V, c->push[k].type, rsp, c->push[k].offset - delta,
                         c->push[k].type >= IR_V128 ? ir_vconst(c->out, c->push[k].type, 0) : ir_const(c->out, c->push[k].type, 0));
    c->n_push = 0;
}

/* ---- the walk ---- */
static void begin_insn(struct clean *c, uint32_t imark)
{
    int loads = 0, stores = 0;
    bool native = false;
    c->insn = &c->in->insns[c->in->ops[imark].imm];
    c->exit = -1;
    uint32_t i = imark + 1;
    for (; i < c->in->n_ops && c->in->ops[i].op != IR_IMARK; i++) {
        const struct ir_op *op = &c->in->ops[i];
        loads += op->op == IR_LOAD || op->op == IR_CAS;
        stores += op->op == IR_STORE && (op->flags & IR_DESCRIBED) && !native;
        stores += op->op == IR_STORE && (!(op->flags & IR_DESCRIBED) || op->flags & IR_LOCKED) ? 2 : 0;
        native |= op->op == IR_NATIVE;
    }
    c->next_imark = i;
    c->store_only = native && stores == 1 && !loads && mc_options.undef_value_errors;
}

static void bump(struct clean *c, int slot) { c->version[slot]++; }

static void after_native(struct clean *c, const struct ir_insn *n)
{
    for (unsigned m = n->gpr_write; m; m &= m - 1)
        bump(c, __builtin_ctz(m));
}

static void copy(struct clean *c, uint32_t i) { c->map[i] = ir_append(c->out, instrument_map(c->in->ops[i], c->map)); }

static bool is_push(struct clean *c, const struct ir_op *op)
{
    const struct ir_op *a = &c->in->ops[op->a];
    return op->flags & IR_STACK_REL && !op->b && a->op == IR_GET && a->aux == X86_RSP && c->n_push < 8;
}

static void walk_store(struct clean *c, uint32_t i)
{
    const struct ir_op *op = &c->in->ops[i];
    if (is_push(c, op)) {
        c->push[c->n_push].type = op->type;
        c->push[c->n_push++].offset = op->imm;
    } else
        check_access(c, op, c->store_only);
    if (!(op->flags & IR_DESCRIBED))
        copy(c, i);
}

static void walk(struct clean *c, uint32_t i)
{
    const struct ir_op *op = &c->in->ops[i];
    if (instrument_is_exit(op->op)) {
        end_run(c, IR_NONE);
        if (op->op == IR_EXIT && (c->in->exits[op->imm].kind == IR_EXIT_CALL || c->in->exits[op->imm].kind == IR_EXIT_ICALL))
            instrument_call(c->out);
        copy(c, i);
        return;
    }
    switch (op->op) {
    case IR_IMARK:
        begin_insn(c, i);
        copy(c, i);
        break;
    case IR_LOAD:
    case IR_CAS:
        check_access(c, op, false);
        if (c->needed[i])
            copy(c, i);
        break;
    case IR_STORE:
        walk_store(c, i);
        break;
    case IR_NATIVE:
        copy(c, i);
        after_native(c, &c->in->insns[op->imm]);
        break;
    case IR_PUT:
        if (op->flags & IR_DESCRIBED)
            break;
        copy(c, i);
        if (op->aux <= X86_R15)
            bump(c, op->aux);
        break;
    case IR_SP:
        sp_moves(c, i);
        if (op->flags & IR_CALL_SP) {
            forget_checked(c);
            instrument_call(c->out);
        }
        break;
    case IR_GET:
        if (op->plane == IR_PLANE_GUEST && op->aux <= X86_R15)
            c->get_version[i] = c->version[op->aux];
        if (c->needed[i])
            copy(c, i);
        break;
    default:
        if (c->needed[i])
            copy(c, i);
    }
}

void clean_instrument(struct ng_instrument *in)
{
    struct clean c = { .in = in->in, .out = in->out, .exit = -1,
                       .map = instrument_refs(0, in->in->n_ops), .needed = instrument_refs(1, in->in->n_ops),
                       .get_version = instrument_refs(2, in->in->n_ops) };
    for (uint32_t k = 0; k < in->out->n_exits; k++)
        in->out->exits[k].mode = MODE_CLEAN;
    find_needed(&c);
    for (uint32_t i = 1; i < in->in->n_ops; i++)
        walk(&c, i);
    in->out->entry_mask = instrument_block_mask(in->in);
    in->out->entry_kill = instrument_block_kill(in->in);
    const uint64_t must = in->out->entry_mask & ~in->out->entry_kill;
    in->out->entry_mode = in->in->goes_on ? MODE_SHORT : must & INSTRUMENT_VECTORS ? MODE_LIGHT : MODE_DIRTY;
}
