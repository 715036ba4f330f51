/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instrument_clean: mode 0, where every register the block touches is fully
 * defined and rsp is in the client strip (the block's head has looked).
 *
 * Each access is preceded by a CHECK of its shadow, which leaves to mode 3 at
 * this very instruction; what was checked or pushed in the block is not checked
 * again (known.h).  Stack pointer moves mark shadow; nothing below rsp is
 * addressable but what is used of the red zone (state.red_zone, see
 * IR_NOACCESS_BYTE):
 *
 *     growth   [new, old) undefined; what is pushed defined
 *     shrink   [old, new) not addressable, for a run at once, after the last of
 *              them, but before the block can be left.  Unless a return follows
 *              it is [old-128, new-128), and what is above is left as it was,
 *              as the red zone in use
 *     call, return   the red zone in use, if any, not addressable (nothing to do
 *              if none was noted since the last one in the block)
 *
 * Pushes are not checked: small moves of an rsp in the strip can only hit its
 * unmapped ends, and the push itself comes before its shadow.  Unknown moves of
 * rsp end the block unless they shrink the stack by little.  */
#include "instrument.h"
#include "known.h"

enum { MOVE_MAX = 4096, UNKNOWN_TO_RETURN_MAX = 1024 };

struct clean {
    const struct ir_block *in;
    struct ir_block *out;
    ir_ref *map, *needed;
    const struct ir_insn *insn;
    uint32_t next_imark;          /* index of the op after this instruction's ops */
    uint32_t shrink;              /* of its first SP that shrinks the stack by little, 0: none */
    bool store_only;              /* this instruction is one plain store and nothing else */
    int exit;                     /* its exit to MODE_LIGHT, or -1 */
    uint16_t version[16];         /* of general registers: counts writes */
    ir_ref *get_version;          /* by GET op: its register's version then */
    struct known known;
    uint16_t rsp_version;         /* the rsp that its ranges are relative to */
    bool zone_cleared;            /* since the last ZONE_CLEAR nothing was noted as red zone in use */
    int64_t popped;               /* by how much rsp went up in a run of shrinks that is not marked yet */
    bool to_return, clears;       /* which ends in a return, or a jump to another function; the former */
    bool pops_checked;            /* what is popped before the next way out has been checked */
    struct { bool known; uint16_t version; int64_t offset; } rbp; /* a version of it that is rsp + offset */
    struct { uint16_t rsp; int64_t from; } used;    /* the red zone in use is noted from rsp + from on, for a version of rsp */
    struct { enum ir_type type; int64_t offset; } push[8]; /* stores through rsp that wait for SP; offset from the old rsp */
    int n_push;
    uint64_t vectors;             /* attention bits of vector registers that are known to be defined here */
    bool new_part;                /* the last op could leave the block: what comes next may never run */
};

static bool is_small_shrink(const struct ir_op *op) { return op->op == IR_SP && !op->a && op->imm > 0 && op->imm <= MOVE_MAX; }

/* ---- what is needed of the input ---- */
static bool is_kept(const struct ir_op *op)
{
    switch (op->op) {
    case IR_HOOK: case IR_IMARK: case IR_NATIVE:
    case IR_EXIT: case IR_EXIT_IF: case IR_EXIT_CC: case IR_EXIT_RCXZ: case IR_CAS: case IR_CALL:
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
        if (op->op == IR_IMARK || op->op == IR_NATIVE)
            continue;
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

/* Is it the rsp that known ranges are relative to; or an rbp at a known distance, which becomes rsp? */
static bool is_rsp_now(struct clean *c, struct known_range *r)
{
    if (c->version[X86_RSP] != c->rsp_version)
        return false;
    if (r->base == X86_RSP)
        return r->base_version == c->rsp_version;
    if (r->base != X86_RBP || !c->rbp.known || r->base_version != c->rbp.version)
        return false;
    r->low += c->rbp.offset;
    r->high += c->rbp.offset;
    return true;
}

/* The bytes that m accesses; false: its address is no matter of registers as they are. */
static bool describe(struct clean *c, const struct ir_op *m, struct known_range *r)
{
    *r = (struct known_range){ .scale = m->scale, .segment = (uint8_t)m->aux, .low = m->imm, .high = m->imm + ir_type_bytes(m->type) };
    r->base = (int16_t)register_of(c, m->a, &r->base_version);
    r->index = (int16_t)register_of(c, m->b, &r->index_version);
    if (r->index == -1 && !r->segment && is_rsp_now(c, r)) {
        *r = known_by_rsp(r->low, r->high);
        return true;
    }
    return r->base != -2 && r->index != -2 && (r->base != X86_RSP || r->base_version == c->rsp_version);
}

static bool is_by_rsp(const struct known_range *r) { return r->base == X86_RSP && r->index < 0 && !r->segment; }

/* True if the bytes are known to be clean; else notes that they are from here on. */
static bool already_checked(struct clean *c, const struct ir_op *m)
{
    struct known_range r;
    if (!describe(c, m, &r))
        return false;
    if (known_has(&c->known, &r))
        return true;
    known_add(&c->known, &r);
    return false;
}

/* May the access be to the red zone?  Others come there through dirty code. */
static bool is_near_stack(struct clean *c, const struct ir_op *m)
{
    struct known_range r;
    uint16_t version;
    const int base = register_of(c, m->a, &version);
    if (describe(c, m, &r) && is_by_rsp(&r))
        return r.low < 0;
    return base == X86_RSP || base == X86_RBP;
}

static void end_run(struct clean *c, ir_ref sp);

static void emit_check(struct clean *c, enum ir_opcode op, const struct ir_op *m, enum ir_type t, int64_t imm)
{
    end_run(c, IR_NONE); /* it may be left here */
    struct ir_op check = { .op = op, .type = t, .plane = IR_PLANE_V, .scale = m->scale, .aux = m->aux,
                           .a = c->map[m->a], .b = c->map[m->b], .imm = imm, .d = (ir_ref)exit_to_light(c, m) };
    if (op == IR_CHECK_STORE && is_near_stack(c, m)) {
        check.flags = IR_RED_ZONE;
        c->zone_cleared = false;
    }
    ir_append(c->out, check);
}

static ir_ref get_rsp(struct clean *c) { return ir_get(c->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0); }

/* A store known to be to the red zone: its offset from rsp, or 0. */
static int64_t red_zone_offset(struct clean *c, const struct ir_op *m)
{
    struct known_range r;
    const bool within = describe(c, m, &r) && is_by_rsp(&r) && r.low >= -RED_ZONE && r.high <= 0;
    return within && m->type < IR_V128 ? r.low : 0;
}

static void note_use(struct clean *c, ir_ref from)
{
    instrument_shrink_begin(c->out, from);
    c->zone_cleared = false;
}

/* What is stored to the red zone is defined: no check, no branch. */
static void store_to_red_zone(struct clean *c, enum ir_type t, int64_t offset)
{
    enum { NOTE = 32 };
    const int64_t from = offset & -(int64_t)NOTE;
    if (c->used.rsp != c->version[X86_RSP] || from < c->used.from) {
        note_use(c, instrument_offset(c->out, get_rsp(c), from));
        c->used.rsp = c->version[X86_RSP];
        c->used.from = from;
    }
    t = t == IR_I1 ? IR_I8 : t;
    instrument_store(c->out, IR_PLANE_V, t, get_rsp(c), offset, ir_const(c->out, t, 0));
}

/* A store to the frame: what lies at rsp and above is addressable (stack_is_plain), so its shadow is cleared without a look.
 * Most such stores are the first to their place; a check would go its slow way. */
static bool store_to_frame(struct clean *c, const struct ir_op *m)
{
    enum { WORD = 8 };
    struct known_range r;
    if (!stack_is_plain() || !describe(c, m, &r) || !is_by_rsp(&r) || r.low < 0)
        return false;
    const ir_ref rsp = get_rsp(c);
    const enum ir_type t = m->type == IR_I1 ? IR_I8 : m->type >= IR_V128 ? IR_I64 : m->type;
    for (int64_t at = r.low; at < r.high; at += WORD)
        instrument_store(c->out, IR_PLANE_V, t, rsp, at, ir_const(c->out, t, 0));
    return true;
}

static void check_access(struct clean *c, const struct ir_op *m, bool plain_store)
{
    if (already_checked(c, m) || (plain_store && store_to_frame(c, m)))
        return;
    const int64_t offset = plain_store ? red_zone_offset(c, m) : 0;
    if (offset) {
        store_to_red_zone(c, m->type, offset);
        return;
    }
    if (m->type == IR_V512) {
        emit_check(c, IR_CHECK, m, IR_V256, m->imm);
        emit_check(c, IR_CHECK, m, IR_V256, m->imm + 32);
    } else
        emit_check(c, plain_store ? IR_CHECK_STORE : IR_CHECK, m, m->type == IR_I1 ? IR_I8 : m->type, m->imm);
}

/* ---- marks of the stack ---- */
/* Nothing below sp is in use: no work where that is known.  (rsp may have gone up since: what it left has been marked.) */
static void clear_zone(struct clean *c)
{
    if (c->zone_cleared)
        return;
    known_lost_below(&c->known, 0);
    instrument_call(c->out, get_rsp(c));
    c->zone_cleared = true;
}

/* Does the pending shrink; sp is the value of rsp after it, or IR_NONE: as it is now. */
static void end_run(struct clean *c, ir_ref sp)
{
    const int64_t by = c->popped;
    c->popped = 0;
    if (!by)
        return;
    sp = sp ? sp : get_rsp(c);
    if (c->to_return)
        c->zone_cleared &= !instrument_shrink_to_return(c->out, sp, by, c->clears);
    else
        instrument_shrink(c->out, sp, by);
}

/* The stores through rsp that came before the move define all that it makes addressable. */
static bool is_all_pushed(const struct clean *c, int64_t by)
{
    return c->n_push == 1 && c->push[0].offset == -by && ir_type_bytes(c->push[0].type) == by;
}

static bool is_call(const struct ir_block *b, uint32_t i)
{
    if (b->ops[i].flags & IR_CALL_SP)
        return true;
    while (++i < b->n_ops && b->ops[i].op != IR_IMARK)
        if (b->ops[i].op == IR_EXIT)
            return b->exits[b->ops[i].imm].kind == IR_EXIT_CALL || b->exits[b->ops[i].imm].kind == IR_EXIT_ICALL;
    return false;
}

/* A word that aligns the arguments that are pushed next: it is nobody's variable, and is often popped into some register
 * afterwards, which would be undefined then. */
static bool is_padding(const struct clean *c, uint32_t i, int64_t by)
{
    bool stores = false;
    while (by == 8 && ++i < c->in->n_ops && !instrument_is_exit(c->in->ops[i].op) && c->in->ops[i].op != IR_SP)
        stores |= c->in->ops[i].op == IR_STORE && instrument_is_through_rsp(c->in, &c->in->ops[i]);
    return stores && c->in->ops[i].op == IR_SP && c->in->ops[i].imm == -8 && !is_call(c->in, i);
}

static void know_by_rsp(struct clean *c, int64_t low, int64_t high)
{
    const struct known_range r = known_by_rsp(low, high);
    known_add(&c->known, &r);
}

static void sp_grows(struct clean *c, uint32_t i, int64_t by)
{
    c->pops_checked = false;
    if (c->popped)
        end_run(c, instrument_offset(c->out, get_rsp(c), by)); /* rsp as it was after the shrink */
    if (is_all_pushed(c, by))
        return;
    if (is_padding(c, i, by)) {
        know_by_rsp(c, 0, 8);
        instrument_store(c->out, IR_PLANE_V, IR_I64, get_rsp(c), 0, ir_const(c->out, IR_I64, 0));
        return;
    }
    known_lost_below(&c->known, by);
    instrument_growth(c->out, get_rsp(c), by);
}

static bool is_pop(const struct clean *c, const struct ir_op *op) { return op->op == IR_LOAD && instrument_is_through_rsp(c->in, op); }

/* The instruction begins a run that leads to a return: all that the run pops is checked here, as a way out to mode 1
 * within it would leave what was popped so far unmarked. */
static void check_run(struct clean *c, uint32_t imark)
{
    if (!c->shrink || c->popped || c->pops_checked || !instrument_end_of_run(c->in, c->shrink))
        return;
    const ir_ref rsp = get_rsp(c);
    int64_t moved = 0;
    c->pops_checked = true;
    for (uint32_t i = imark + 1; i < c->in->n_ops && !instrument_is_exit(c->in->ops[i].op); i++) {
        const struct ir_op *op = &c->in->ops[i];
        if (op->op == IR_SP && (op->a || op->imm < 0)) /* another frame, of a function that was jumped to */
            break;
        if (op->op == IR_SP)
            moved += op->imm;
        const struct known_range slot = known_by_rsp(op->imm + moved, op->imm + moved + ir_type_bytes(op->type));
        if (is_pop(c, op) && !known_has(&c->known, &slot))
            ir_append(c->out, (struct ir_op){ .op = IR_CHECK, .type = op->type, .plane = IR_PLANE_V, .a = rsp,
                                              .imm = slot.low, .d = (ir_ref)exit_to_light(c, op) });
    }
}

static void sp_shrinks(struct clean *c, uint32_t i, int64_t by)
{
    if (!c->popped) {
        const enum instrument_end end = instrument_end_of_run(c->in, i);
        c->to_return = end != INSTRUMENT_GOES_ON;
        c->clears = end == INSTRUMENT_RETURNS; /* what it finds in use */
        if (!c->to_return)
            note_use(c, instrument_offset(c->out, get_rsp(c), -by));
    }
    known_lost_below(&c->known, 0);
    c->popped += by;
}

/* An unknown move, or a large one: ends the block, but for small shrinks (leave). */
static void sp_unknown(struct clean *c, uint32_t i, ir_ref old)
{
    struct ir_block *b = c->out;
    const int64_t most = instrument_end_of_run(c->in, i) == INSTRUMENT_RETURNS ? UNKNOWN_TO_RETURN_MAX : RED_ZONE;
    ir_ref now = get_rsp(c), delta = ir_op2(b, IR_SUB, IR_I64, now, old);
    ir_ref big = ir_append(b, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I64,
                                              .a = ir_const(b, IR_I64, most), .b = delta });
    c->zone_cleared = false;
    ir_call(b, IR_I64, helper_stack_moved, big, old, now, IR_NONE);
    const uint32_t on = ir_block_add_exit(b, (struct ir_exit){ .pc = c->insn->pc + c->insn->len, .kind = IR_EXIT_MODE, .mode = MODE_CLEAN });
    ir_append(b, (struct ir_op){ .op = IR_EXIT_IF, .a = big, .imm = on });
    if (most != RED_ZONE) {
        instrument_leave(b, old, now, delta);
    } else { /* marking too much is no harm */
        instrument_shrink_begin(b, old);
        instrument_shrink(b, now, RED_ZONE);
    }
}

/* by: how much rsp has gone up, 0 if that is not known. */
static void know_move(struct clean *c, int64_t by)
{
    c->rsp_version = c->version[X86_RSP];
    if (by) {
        known_rsp_moved(&c->known, by);
        c->rbp.offset -= by;
    } else {
        known_forget(&c->known);
        c->rbp.known = false;
    }
}

static void sp_moves(struct clean *c, uint32_t i)
{
    const struct ir_op *op = &c->in->ops[i];
    const int64_t delta = op->imm;
    know_move(c, op->a || delta > MOVE_MAX || delta < -MOVE_MAX ? 0 : delta);
    if (op->a) {
        c->pops_checked = false;
        end_run(c, c->map[op->a]);
        sp_unknown(c, i, c->map[op->a]);
    } else if (delta > MOVE_MAX || delta < -MOVE_MAX) {
        ir_ref old = instrument_offset(c->out, get_rsp(c), -delta);
        end_run(c, old);
        sp_unknown(c, i, old);
    } else if (delta < 0) {
        sp_grows(c, i, -delta);
    } else {
        sp_shrinks(c, i, delta);
    }
    /* what was pushed is defined, now that it is stored and marked */
    ir_ref rsp = c->n_push ? get_rsp(c) : IR_NONE;
    for (int k = 0; k < c->n_push; k++) {
        const enum ir_type t = c->push[k].type;
        const int64_t offset = c->push[k].offset - delta;
        instrument_store(c->out, IR_PLANE_V, t, rsp, offset, t >= IR_V128 ? ir_vconst(c->out, t, 0) : ir_const(c->out, t, 0));
        if (!op->a)
            know_by_rsp(c, offset, offset + ir_type_bytes(t));
    }
    c->n_push = 0;
    if (op->flags & (IR_CALL_SP | IR_RET_SP)) {
        end_run(c, IR_NONE);
        clear_zone(c);
    }
}

/* A call or a return, by which the block is left. */
static bool leaves_frame(const struct ir_block *b, const struct ir_op *op)
{
    const int kind = b->exits[op->imm].kind;
    return op->op == IR_EXIT && (kind == IR_EXIT_CALL || kind == IR_EXIT_ICALL || kind == IR_EXIT_RET);
}

/* ---- vector registers ----
 * Of a block that goes on past branches the head asks only for the vector registers that its first part uses, for copies
 * leave them undefined all the time.  Each later part asks for what it uses in addition. */
static void begin_part(struct clean *c, uint32_t imark)
{
    struct ir_block *b = c->out;
    const uint64_t mask = instrument_part_vectors(c->in, imark) & ~c->vectors;
    c->new_part = false;
    c->vectors |= mask;
    if (!mask)
        return;
    end_run(c, IR_NONE);
    const ir_ref high = ir_get(b, IR_I32, IR_PLANE_GUEST, X86_ATTENTION, 4);
    const ir_ref some = ir_op2(b, IR_AND, IR_I32, high, ir_const(b, IR_I32, (int32_t)(mask >> 32)));
    const ir_ref undefined = ir_append(b, (struct ir_op){ .op = IR_CMPNE, .type = IR_I1, .lane = IR_I32, .a = some,
                                                          .b = ir_const(b, IR_I32, 0) });
    const uint32_t exit = ir_block_add_exit(b, (struct ir_exit){ .pc = c->insn->pc, .kind = IR_EXIT_MODE, .mode = MODE_SHORT,
                                                                 .aux = IR_WHY_REGISTER });
    ir_append(b, (struct ir_op){ .op = IR_EXIT_IF, .a = undefined, .imm = exit });
}

/* ---- the walk ---- */
static void begin_insn(struct clean *c, uint32_t imark)
{
    int loads = 0, stores = 0;
    bool native = false;
    c->insn = &c->in->insns[c->in->ops[imark].imm];
    c->exit = -1;
    if (c->version[X86_RSP] != c->rsp_version)
        know_move(c, 0); /* nobody has said by how much */
    c->shrink = 0;
    uint32_t i = imark + 1;
    for (; i < c->in->n_ops && c->in->ops[i].op != IR_IMARK; i++) {
        const struct ir_op *op = &c->in->ops[i];
        if (op->op == IR_LOAD || op->op == IR_CAS)
            loads++;
        else if (op->op == IR_STORE) {
            stores += op->flags & IR_DESCRIBED && !native;
            stores += !(op->flags & IR_DESCRIBED) || op->flags & IR_LOCKED ? 2 : 0;
        } else if (op->op == IR_NATIVE)
            native = true;
        else if (!c->shrink && is_small_shrink(op))
            c->shrink = i;
    }
    c->next_imark = i;
    c->store_only = native && stores == 1 && !loads && mc_options.undef_value_errors;
}

static void bump(struct clean *c, int slot) { c->version[slot]++; }

static bool is_mov_rbp_rsp(const struct ir_insn *n)
{
    return n->len == 3 && (!memcmp(n->bytes, "\x48\x89\xe5", 3) || !memcmp(n->bytes, "\x48\x8b\xec", 3));
}

static void after_native(struct clean *c, const struct ir_insn *n)
{
    for (unsigned m = n->gpr_write; m; m &= m - 1)
        bump(c, __builtin_ctz(m));
    if (is_mov_rbp_rsp(n)) {
        c->rbp.version = c->version[X86_RBP];
        c->rbp.offset = 0;
        c->rbp.known = true;
    }
}

static void copy(struct clean *c, uint32_t i)
{
    const struct ir_op *op = &c->in->ops[i];
    const ir_ref to = c->map[i] = ir_append_copy(c->out, op);
    if (op->a | op->b | op->c | op->d)
        instrument_map_refs(&c->out->ops[to], c->map);
}

static bool is_push(struct clean *c, const struct ir_op *op)
{
    return instrument_is_through_rsp(c->in, op) && c->n_push < 8;
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
        c->pops_checked = false;
        if (leaves_frame(c->in, op))
            clear_zone(c);
        copy(c, i);
        c->new_part = true;
        return;
    }
    switch (op->op) {
    case IR_IMARK:
        begin_insn(c, i);
        copy(c, i);
        if (c->new_part)
            begin_part(c, i);
        check_run(c, i);
        break;
    case IR_LOAD:
    case IR_CAS:
        if (!c->pops_checked || !is_pop(c, op))
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
        break;
    case IR_HOOK:
    case IR_CALL: /* may mark anything */
        known_forget(&c->known);
        c->zone_cleared = false;
        copy(c, i);
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
    const uint64_t first = in->in->goes_on ? instrument_part_vectors(in->in, 1) : INSTRUMENT_VECTORS;
    c.vectors = first;
    for (uint32_t i = 1; i < in->in->n_ops; i++)
        walk(&c, i);
    in->out->entry_mask = instrument_block_masks(in->in, &in->out->entry_kill) & ~(INSTRUMENT_VECTORS & ~first);
    const uint64_t must = in->out->entry_mask & ~in->out->entry_kill;
    in->out->entry_mode = in->in->goes_on ? MODE_SHORT : must & INSTRUMENT_VECTORS ? MODE_LIGHT : MODE_DIRTY;
}
