/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instrument_dirty: mode 1, bit-precise definedness.
 *
 * Every op of the input is followed by ops that compute its result's shadow
 * (rules.c).  Shadows of registers are read and written in struct x86_state,
 * where the described PUT stands; shadows of memory are loaded inline, and a
 * helper is called where they are not zero.  An instruction's order is: checks
 * and reports, NATIVE, shadows of what it wrote.  What is reported counts as
 * defined from then on.  Before every way out the attention bits of the
 * registers written so far are computed again; all ways out lead to mode 0. */
#include "instrument.h"
#include "rules.h"

enum { SMALL_MOVE = 4096, NEVER_MAPPED = 0x8000, STORES_MAX = 32, SCRATCH_LOAD = 0, SCRATCH_STORE = 1 };

/* A store whose shadow is written after NATIVE. */
struct pending_store {
    ir_ref address, v, tag;
    ir_ref old, special;          /* shadow before; i64, not 0: it has a byte of the pattern */
    bool plain;                   /* neither the shadow before nor v has one */
    enum ir_type type;
    bool through_sp;
    /* described without a value (state saves, in many pieces): defined; neighbouring pieces are one */
    const struct ir_op *piece;    /* the last one; NULL: it has a value */
    int64_t bytes;
};

struct dirty {
    struct rules r;
    const struct ir_block *in;
    struct ir_block *out;
    ir_ref *map, *v, *o;          /* by input ref: value, shadow, origin tag (i32, IR_NONE: none) */
    const struct ir_insn *insn;
    bool origins;
    bool light;                   /* MODE_LIGHT */
    ir_ref *plain;                /* by input ref: its shadow is known to have no reserved pattern (MODE_LIGHT) */
    uint16_t plain_vectors;       /* vector registers the lower halves of whose shadows have none */
    uint64_t written;             /* attention bits of registers whose shadow was written since the last refresh */
    uint64_t defined[2];          /* slots known to be defined, a bit each */
    struct pending_store stores[STORES_MAX];
    int n_stores;
    enum state_kind state;        /* this instruction saves or restores register files */
    ir_ref state_at;              /* where */
};

static bool is_vector(enum ir_type t) { return t >= IR_V128; }

static ir_ref i64(struct dirty *d, int64_t c) { return ir_const(d->out, IR_I64, c); }

/* ---- register shadows ---- */
static void set_known(struct dirty *d, int slot, bool defined)
{
    if (defined)
        d->defined[slot / 64] |= 1ull << slot % 64;
    else
        d->defined[slot / 64] &= ~(1ull << slot % 64);
}

static bool is_known(struct dirty *d, int slot) { return d->defined[slot / 64] >> slot % 64 & 1; }

static int slot_bytes(int slot)
{
    return slot >= X86_YMM0 && slot < X86_X87 ? 32 : slot >= X86_CF && slot <= X86_DF ? 1 : 8;
}

static bool is_vector_slot(int slot) { return slot >= X86_YMM0 && slot < X86_X87; }

static void walk_get(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i];
    if (!instrument_slot_attention(op->aux) || is_known(d, op->aux))
        return; /* MXCSR and segment bases always count as defined */
    d->v[i] = ir_get(d->out, op->type, IR_PLANE_V, op->aux, (int)op->imm);
    if (is_vector_slot(op->aux) && op->type == IR_V128 && !op->imm)
        d->plain[i] = d->plain_vectors >> (op->aux - X86_YMM0) & 1;
    if (d->origins)
        d->o[i] = ir_get(d->out, IR_I32, IR_PLANE_O, op->aux, 0);
}

static void put_shadow(struct dirty *d, const struct ir_op *op, ir_ref v, ir_ref tag)
{
    const uint64_t bit = instrument_slot_attention(op->aux);
    const bool whole = ir_type_bytes(op->type) == slot_bytes(op->aux);
    if (!bit || (!v && is_known(d, op->aux)))
        return;
    if (is_vector_slot(op->aux)) {
        const uint16_t vector = (uint16_t)(1u << (op->aux - X86_YMM0));
        d->plain_vectors = d->plain[op->a] && op->type == IR_V128 && !op->imm ? d->plain_vectors | vector : d->plain_vectors & ~vector;
    }
    ir_put(d->out, op->type, IR_PLANE_V, op->aux, (int)op->imm, v ? v : rules_zero(&d->r, op->type));
    if (tag && v)
        ir_put(d->out, IR_I32, IR_PLANE_O, op->aux, 0, tag);
    if (whole || v)
        set_known(d, op->aux, !v);
    d->written |= bit;
}

/* ---- attention ---- */
static ir_ref bit_at(struct dirty *d, ir_ref bit, int position)
{
    ir_ref wide = ir_convert(d->out, IR_ZEXT, IR_I64, IR_I1, bit);
    return position ? ir_op2(d->out, IR_SHL, IR_I64, wide, ir_const(d->out, IR_I8, position)) : wide;
}

/* i1: the vector register of this slot has an undefined bit.  In halves, which is how they were written last, and because
 * a ymm register in use delays the program's SSE instructions. */
static ir_ref vector_undefined(struct dirty *d, int slot)
{
    ir_ref low = ir_get(d->out, IR_V128, IR_PLANE_V, slot, 0), high = ir_get(d->out, IR_V128, IR_PLANE_V, slot, 16);
    return rules_any(&d->r, IR_V128, rules_or(&d->r, IR_V128, low, high));
}

/* i1: the register of attention bit n has an undefined bit (or rsp is not in the strip). */
static ir_ref register_undefined(struct dirty *d, int n)
{
    ir_ref any = IR_NONE;
    if (n < 16) {
        if (!is_known(d, n))
            any = rules_any(&d->r, IR_I64, ir_get(d->out, IR_I64, IR_PLANE_V, n, 0));
        if (n == X86_RSP) {
            ir_ref limit = i64(d, (int64_t)ng_strip_size), rsp = ir_get(d->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0);
            ir_ref out = ir_append(d->out, (struct ir_op){ .op = IR_CMPLEU, .type = IR_I1, .lane = IR_I64, .a = limit, .b = rsp });
            any = rules_or(&d->r, IR_I1, any, out);
        }
    } else if (n == 16) {
        for (int slot = X86_CF; slot <= X86_DF; slot++)
            if (!is_known(d, slot))
                any = rules_or(&d->r, IR_I1, any, ir_get(d->out, IR_I1, IR_PLANE_V, slot, 0));
    } else {
        const int slot = n == 17 ? X86_X87 : n == 18 ? X86_WIDE : X86_YMM0 + n - 32;
        if (!is_known(d, slot))
            any = n < 32 ? rules_any(&d->r, IR_I64, ir_get(d->out, IR_I64, IR_PLANE_V, slot, 0)) : vector_undefined(d, slot);
    }
    return any;
}

/* Bits `mask` of the attention word, within the part of type t at byte offset `at`.  Never the byte with the
 * events: other threads write there. */
static void refresh_part(struct dirty *d, uint64_t mask, enum ir_type t, int at)
{
    const uint64_t all = (1ull << 8 * ir_type_bytes(t)) - 1, part = mask >> 8 * at & all;
    if (!part)
        return;
    ir_ref bits = IR_NONE;
    for (uint64_t m = part; m; m &= m - 1) {
        const int n = __builtin_ctzll(m);
        ir_ref undefined = register_undefined(d, n + 8 * at);
        if (undefined)
            bits = rules_or(&d->r, IR_I64, bits, bit_at(d, undefined, n));
    }
    ir_ref old = ir_convert(d->out, IR_ZEXT, IR_I64, t, ir_get(d->out, t, IR_PLANE_GUEST, X86_ATTENTION, at));
    ir_ref new = rules_or(&d->r, IR_I64, ir_op2(d->out, IR_AND, IR_I64, old, i64(d, (int64_t)(all & ~part))), bits);
    ir_put(d->out, t, IR_PLANE_GUEST, X86_ATTENTION, at, ir_convert(d->out, IR_TRUNC, t, IR_I64, new));
}

static void refresh_attention(struct dirty *d)
{
    refresh_part(d, d->written, IR_I16, 0);
    refresh_part(d, d->written, IR_I8, 2);
    refresh_part(d, d->written, IR_I32, 4);
    d->written = 0;
}

/* ---- calls ---- */
/* Of a helper that writes no shadow of a register: all here. */
static ir_ref call(struct dirty *d, enum ir_type t, int helper, ir_ref guard, ir_ref a0, ir_ref a1, ir_ref a2)
{
    return ir_append(d->out, (struct ir_op){ .op = IR_CALL, .type = t, .aux = (uint16_t)helper, .flags = IR_PRESERVES, .a = guard,
                                             .b = a0, .c = a1, .d = a2 });
}

/* As call; where the guard is false it yields `otherwise`.  scratch: where a vector goes to the helper and back. */
static ir_ref call_else(struct dirty *d, enum ir_type t, int helper, ir_ref guard, ir_ref a0, ir_ref a1, ir_ref otherwise, int scratch)
{
    return ir_append(d->out, (struct ir_op){ .op = IR_CALL, .type = t, .aux = (uint16_t)helper, .flags = IR_PRESERVES | IR_ELSE, .a = guard,
                                             .b = a0, .c = a1, .d = otherwise, .imm = scratch });
}

/* ---- reports ---- */
static ir_ref tag_argument(struct dirty *d, ir_ref tag)
{
    return tag ? ir_convert(d->out, IR_ZEXT, IR_I64, IR_I32, tag) : i64(d, 0);
}

static ir_ref guest_address(struct dirty *d, guest_addr a)
{
    return ir_append(d->out, (struct ir_op){ .op = IR_CONST, .type = IR_I64, .flags = IR_GUEST_ADDR, .imm = (int64_t)a });
}

/* i1 `undefined` decides a branch to `taken`: the helper also gets the two ways, which may meet again (meet.c). */
static void report_branch(struct dirty *d, ir_ref undefined, ir_ref tag, guest_addr taken)
{
    call(d, IR_VOID, helper_cond, undefined, tag_argument(d, tag), guest_address(d, taken),
            guest_address(d, d->insn->pc + d->insn->len));
}

static void report_condition(struct dirty *d, ir_ref a, guest_addr taken)
{
    if (d->v[a])
        report_branch(d, d->v[a], d->o[a], taken);
    d->v[a] = IR_NONE;
}

/* Input ref a is used as an address, or jumped to: it must be defined, and is from here on. */
static void report_value(struct dirty *d, ir_ref a)
{
    if (!d->v[a])
        return;
    ir_ref any = rules_any(&d->r, IR_I64, d->v[a]);
    call(d, IR_VOID, helper_value, any, i64(d, 8), tag_argument(d, d->o[a]), IR_NONE);
    d->v[a] = IR_NONE;
    const struct ir_op *g = &d->in->ops[a];
    if (g->op == IR_GET && g->type == IR_I64 && g->plane == IR_PLANE_GUEST && g->aux <= X86_R15) {
        const struct ir_op put = { .op = IR_PUT, .type = IR_I64, .aux = g->aux };
        put_shadow(d, &put, IR_NONE, IR_NONE);
    }
}

static ir_ref address_of(struct dirty *d, const struct ir_op *m)
{
    struct ir_op lea = instrument_map(*m, d->map);
    if (!lea.b && !lea.imm && !lea.aux && lea.a)
        return lea.a;
    lea.op = IR_LEA;
    lea.type = IR_I64;
    lea.flags = lea.plane = 0;
    lea.c = lea.d = IR_NONE;
    return ir_append(d->out, lea);
}

static ir_ref load_shadow(struct dirty *d, const struct ir_op *m, enum ir_type t)
{
    struct ir_op load = instrument_map(*m, d->map);
    load.op = IR_LOAD;
    load.type = t;
    load.plane = IR_PLANE_V;
    load.flags = 0;
    load.c = load.d = IR_NONE;
    return ir_append(d->out, load);
}

/* ---- memory ----
 * The pattern of "not addressable" is what inline code cannot decide: where a byte of
 * it is seen, in the shadow that was loaded or in one to be stored, a helper is called.
 * With origins so it is for the pattern of fresh memory, which then gets its tag. */
static enum ir_type memory_type(enum ir_type t) { return t == IR_I1 ? IR_I8 : t; }

/* i1: a byte of v is the pattern. */
static ir_ref has_noaccess(struct dirty *d, enum ir_type t, ir_ref v)
{
    return v ? ir_append(d->out, (struct ir_op){ .op = IR_HASBYTE, .type = IR_I1, .lane = t, .a = v, .imm = VPAT_NOACCESS }) : v;
}

/* i1: a byte of v is a reserved pattern; with origins there are two (they differ in the lowest bit). */
static ir_ref has_reserved(struct dirty *d, enum ir_type t, ir_ref v)
{
    if (!d->origins)
        return has_noaccess(d, t, v);
    if (!is_vector(t))
        return has_noaccess(d, t, ir_op2(d->out, IR_AND, t, v, ir_const(d->out, t, (int64_t)0xfefefefefefefefe)));
    ir_ref fresh = ir_append(d->out, (struct ir_op){ .op = IR_HASBYTE, .type = IR_I1, .lane = t, .a = v, .imm = VPAT_FRESH });
    return rules_or(&d->r, IR_I1, has_noaccess(d, t, v), fresh);
}

/* A v512 access: the helper looks at all of it and says whether anything is undefined.  Its third argument is
 * there for the load, which faults where the access must do no harm. */
static ir_ref load_v512(struct dirty *d, const struct ir_op *m)
{
    ir_ref guard = load_shadow(d, m, IR_I64);
    return ir_call(d->out, IR_I64, helper_load, IR_NONE, address_of(d, m), i64(d, 64), guard);
}

/* MODE_LIGHT leaves what is uncommon to MODE_DIRTY, for accesses before NATIVE. */
static bool may_leave(struct dirty *d, const struct ir_op *m)
{
    return d->light && m->op != IR_CAS && m->flags & IR_DESCRIBED && m->type == IR_V128;
}

/* To MODE_DIRTY, for this instruction, if a byte of the shadow is this pattern. */
static void leave_if_byte(struct dirty *d, ir_ref v, int pattern)
{
    const uint32_t exit = ir_block_add_exit(d->out, (struct ir_exit){ .pc = d->insn->pc, .kind = IR_EXIT_MODE, .mode = MODE_DIRTY,
                                                                      .aux = IR_WHY_LOAD });
    refresh_attention(d);
    ir_ref has = ir_append(d->out, (struct ir_op){ .op = IR_HASBYTE, .type = IR_I1, .lane = IR_V128, .a = v, .imm = pattern });
    ir_append(d->out, (struct ir_op){ .op = IR_EXIT_IF, .a = has, .imm = exit });
}

/* The shadow of a vector that m loads, nothing of which is not addressable: what is fresh gets its tag first. */
static ir_ref settled(struct dirty *d, const struct ir_op *m, ir_ref v)
{
    const ir_ref fresh = ir_append(d->out, (struct ir_op){ .op = IR_HASBYTE, .type = IR_I1, .lane = IR_V128, .a = v, .imm = VPAT_FRESH });
    return call_else(d, IR_V128, helper_load_wide, fresh, address_of(d, m), i64(d, 16), v, SCRATCH_LOAD);
}

static ir_ref load_v(struct dirty *d, const struct ir_op *m)
{
    const enum ir_type t = memory_type(m->type);
    ir_ref raw = load_shadow(d, m, t);
    if (may_leave(d, m)) {
        leave_if_byte(d, raw, VPAT_NOACCESS);
        d->plain[m - d->in->ops] = 1;
        return d->origins ? settled(d, m, raw) : raw;
    }
    ir_ref guard = has_reserved(d, t, raw);
    return call_else(d, t, is_vector(t) ? helper_load_wide : helper_load, guard, address_of(d, m), i64(d, ir_type_bytes(t)), raw, SCRATCH_LOAD);
}

/* MODE_LIGHT: is this load one that may bring undefined data? */
static bool may_be_undefined(struct dirty *d, const struct ir_op *op)
{
    return is_vector(op->type) || op->op != IR_LOAD || d->insn == d->in->insns;
}

/* MODE_LIGHT: what is loaded is defined, or this instruction is the first one of another block. */
static void check_load(struct dirty *d, const struct ir_op *op)
{
    struct ir_op check = instrument_map(*op, d->map);
    refresh_attention(d);
    check.op = IR_CHECK;
    check.type = memory_type(op->type);
    check.plane = IR_PLANE_V;
    check.flags = 0;
    check.c = IR_NONE;
    check.d = ir_block_add_exit(d->out, (struct ir_exit){ .pc = d->insn->pc, .kind = IR_EXIT_MODE, .mode = MODE_LIGHT, .aux = IR_WHY_LOAD });
    ir_append(d->out, check);
}

static void walk_load(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i];
    report_value(d, op->a);
    report_value(d, op->b);
    if (d->state && !d->state_at)
        d->state_at = address_of(d, op);
    if (d->light && !may_be_undefined(d, op)) {
        check_load(d, op);
        return;
    }
    const enum ir_type t = rules_shadow_type(op->type);
    d->v[i] = op->type == IR_V512 ? load_v512(d, op) : load_v(d, op);
    if (d->origins && op->type != IR_V512)
        d->o[i] = ir_append(d->out, (struct ir_op){ .op = IR_LOAD_TAG, .type = IR_I32, .lane = t, .a = address_of(d, op), .b = d->v[i] });
    else if (d->origins)
        d->o[i] = ir_convert(d->out, IR_TRUNC, IR_I32, IR_I64,
                             call(d, IR_I64, helper_load_origin, rules_any(&d->r, t, d->v[i]), address_of(d, op),
                                     i64(d, ir_type_bytes(op->type)), IR_NONE));
}

static void write_stores(struct dirty *d, bool through_sp_too);

/* Appends op to the last pending store if both are pieces of one save. */
static bool extend_pieces(struct dirty *d, const struct ir_op *op)
{
    struct pending_store *s = d->n_stores ? &d->stores[d->n_stores - 1] : NULL;
    if (!s || !s->piece || s->piece->a != op->a || s->piece->b != op->b || s->piece->aux != op->aux || s->piece->scale != op->scale ||
        s->piece->imm + ir_type_bytes(s->piece->type) != op->imm)
        return false;
    s->piece = op;
    s->bytes += ir_type_bytes(op->type);
    return true;
}

static void check_pieces(struct dirty *d, const struct ir_op *op)
{
    report_value(d, op->a);
    report_value(d, op->b);
    ir_ref at = address_of(d, op), noaccess = has_noaccess(d, op->type, load_shadow(d, op, op->type));
    call(d, IR_VOID, helper_store_check, noaccess, at, i64(d, ir_type_bytes(op->type)), IR_NONE);
    if (d->state && !d->state_at)
        d->state_at = at;
    if (extend_pieces(d, op))
        return;
    if (d->n_stores == STORES_MAX)
        write_stores(d, true);
    d->stores[d->n_stores++] = (struct pending_store){ .piece = op, .address = at, .bytes = ir_type_bytes(op->type) };
}

/* Before NATIVE: the address must be defined and addressable.  The load of the old shadow also guards the planes
 * and the tool: for an address in either it faults, before the access does harm.  What is pushed is written when rsp
 * has moved, and its place is addressable. */
static void check_store(struct dirty *d, const struct ir_op *op, ir_ref v, ir_ref tag)
{
    if (!op->c && op->op == IR_STORE && op->type != IR_V512 && !(op->flags & IR_STACK_REL)) {
        check_pieces(d, op);
        return;
    }
    if (d->n_stores == STORES_MAX) /* state saves of many pieces */
        write_stores(d, true);
    struct pending_store *s = &d->stores[d->n_stores++];
    *s = (struct pending_store){ .v = v, .tag = tag, .type = memory_type(op->type), .through_sp = op->flags & IR_STACK_REL };
    report_value(d, op->a);
    report_value(d, op->b);
    s->address = address_of(d, op);
    s->old = load_shadow(d, op, op->type == IR_V512 ? IR_I64 : s->type);
    s->plain = may_leave(d, op) && (!v || d->plain[op->c]);
    if (s->plain)
        leave_if_byte(d, s->old, VPAT_NOACCESS);
    else if (op->type == IR_V512)
        ir_call(d->out, IR_VOID, helper_store_check, IR_NONE, s->address, i64(d, 64), s->old);
    else if (!s->through_sp)
        s->special = call(d, IR_I64, helper_store_check, has_noaccess(d, s->type, s->old), s->address,
                          i64(d, ir_type_bytes(op->type)), IR_NONE);
}

static void store_shadow(struct dirty *d, const struct pending_store *s, ir_ref v)
{
    ir_append(d->out, (struct ir_op){ .op = IR_STORE, .type = s->type, .plane = IR_PLANE_V, .a = s->address, .c = v });
}

/* Where a byte is not addressable, or the new shadow has a pattern, the helper stores, and yields what is stored then. */
static void write_value(struct dirty *d, const struct pending_store *s)
{
    const enum ir_type t = s->type;
    const int helper = is_vector(t) ? helper_store_wide : helper_store;
    ir_ref v = s->v ? s->v : rules_zero(&d->r, t), size = i64(d, ir_type_bytes(t));
    if (s->plain) {
        store_shadow(d, s, v);
        return;
    }
    /* One call: what it yields is the plane's form, which must not go in again. */
    ir_ref guard = s->special ? rules_any(&d->r, IR_I64, s->special) : IR_NONE;
    if (s->v)
        guard = rules_or(&d->r, IR_I1, guard, has_reserved(d, t, s->v));
    if (guard)
        v = call_else(d, t, helper, guard, s->address, size, v, SCRATCH_STORE);
    store_shadow(d, s, v);
}

/* After NATIVE. */
static void write_store(struct dirty *d, const struct pending_store *s)
{
    const enum ir_type t = rules_shadow_type(s->type);
    if (s->piece)
        ir_call(d->out, IR_VOID, helper_store_defined, IR_NONE, s->address, i64(d, s->bytes), IR_NONE);
    else if (s->type == IR_V512)
        ir_call(d->out, IR_VOID, helper_store, IR_NONE, s->address, i64(d, 64), s->v ? s->v : i64(d, 0));
    else
        write_value(d, s);
    if (d->origins && s->v && s->tag && s->type != IR_V512)
        ir_append(d->out, (struct ir_op){ .op = IR_STORE_TAG, .lane = t, .a = s->address, .b = s->v, .c = s->tag });
    else if (d->origins && s->v && s->tag)
        call(d, IR_VOID, helper_store_origin, rules_any(&d->r, t, s->v), s->address, i64(d, ir_type_bytes(s->type)),
                tag_argument(d, s->tag));
}

static void write_stores(struct dirty *d, bool through_sp_too)
{
    int kept = 0;
    for (int k = 0; k < d->n_stores; k++)
        if (through_sp_too || !d->stores[k].through_sp)
            write_store(d, &d->stores[k]);
        else
            d->stores[kept++] = d->stores[k];
    d->n_stores = kept;
}

/* The end of an instruction. */
static void end_insn(struct dirty *d)
{
    write_stores(d, true);
    if (d->state && d->state_at) {
        ir_call(d->out, IR_VOID, helper_state, IR_NONE, d->state_at, i64(d, d->state), IR_NONE);
        for (int i = 0; state_restores(d->state) && i < 16; i++) {
            set_known(d, X86_YMM0 + i, false);
            d->written |= X86_ATT_YMM(i);
        }
        if (state_restores(d->state)) {
            set_known(d, X86_X87, false);
            d->written |= X86_ATT_X87;
        }
    }
    d->state = STATE_NONE;
    d->state_at = IR_NONE;
}

/* ---- values ---- */
static enum ir_type value_type(struct dirty *d, ir_ref a) { return rules_shadow_type(rules_result_type(&d->in->ops[a])); }

/* The tag of an undefined argument; the larger one of two. */
static ir_ref merge_tags(struct dirty *d, const struct ir_op *op)
{
    const ir_ref args[4] = { op->a, op->b, op->c, op->d };
    ir_ref tag = IR_NONE;
    int n = 0;
    for (int k = 0; k < 4; k++)
        n += d->v[args[k]] && d->o[args[k]];
    for (int k = 0; k < 4; k++) {
        if (!d->v[args[k]] || !d->o[args[k]])
            continue;
        ir_ref t = d->o[args[k]];
        if (n > 1) /* a defined argument's tag must not win */
            t = ir_op3(d->out, IR_SELECT, IR_I32, rules_any(&d->r, value_type(d, args[k]), d->v[args[k]]), t, ir_const(d->out, IR_I32, 0));
        if (tag) {
            ir_ref less = ir_append(d->out, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I32, .a = tag, .b = t });
            t = ir_op3(d->out, IR_SELECT, IR_I32, less, t, tag);
        }
        tag = t;
    }
    return tag;
}

static void walk_value(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i], mapped = d->out->ops[d->map[i]];
    const ir_ref v[4] = { d->v[op->a], d->v[op->b], d->v[op->c], d->v[op->d] };
    d->v[i] = rules_apply(&d->r, &mapped, d->map[i], v);
    if (d->origins && d->v[i])
        d->o[i] = merge_tags(d, op);
}

/* ---- the stack pointer ---- */
/* rsp, or, if it is not in the strip, an address near its start, which is never mapped: marks there do no harm. */
static ir_ref safe_rsp(struct dirty *d)
{
    ir_ref now = ir_get(d->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0);
    ir_ref inside = ir_append(d->out, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I64, .a = now,
                                                      .b = i64(d, (int64_t)ng_strip_size) });
    return ir_op3(d->out, IR_SELECT, IR_I64, inside, now, i64(d, NEVER_MAPPED));
}

static void shrink(struct dirty *d, uint32_t i, int64_t by)
{
    const ir_ref sp = safe_rsp(d);
    uint32_t next = i + 1;
    while (next < d->in->n_ops && d->in->ops[next].op != IR_IMARK && !instrument_is_exit(d->in->ops[next].op))
        next++;
    const struct ir_op *end = &d->in->ops[next];
    if (end->op == IR_EXIT && d->in->exits[end->imm].kind == IR_EXIT_RET) {
        instrument_shrink_to_return(d->out, sp, by, true);
    } else {
        instrument_shrink_begin(d->out, instrument_offset(d->out, sp, -by));
        instrument_shrink(d->out, sp, by);
    }
}

static void walk_sp(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i];
    if (op->a || op->imm < -SMALL_MOVE || op->imm > SMALL_MOVE) {
        ir_ref now = ir_get(d->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0);
        ir_ref old = op->a ? d->map[op->a] : instrument_offset(d->out, now, -op->imm);
        ir_call(d->out, IR_VOID, helper_stack_moved, IR_NONE, old, now, IR_NONE);
    } else if (op->imm < 0)
        instrument_growth(d->out, safe_rsp(d), -op->imm);
    else if (op->imm > 0)
        shrink(d, i, op->imm);
    d->written |= X86_ATT_GPR(X86_RSP);
    write_stores(d, true);
}

/* ---- exits ---- */
static const uint8_t condition_flags[8] = { /* cc >> 1: flags it reads, bit 0: CF */
    1 << (X86_OF - X86_CF), 1 << 0, 1 << (X86_ZF - X86_CF), 1 << 0 | 1 << (X86_ZF - X86_CF), 1 << (X86_SF - X86_CF),
    1 << (X86_PF - X86_CF), 1 << (X86_SF - X86_CF) | 1 << (X86_OF - X86_CF),
    1 << (X86_SF - X86_CF) | 1 << (X86_OF - X86_CF) | 1 << (X86_ZF - X86_CF)
};

/* No described condition: any undefined flag that it reads. */
static void report_plain_condition(struct dirty *d, int cc, guest_addr taken)
{
    ir_ref any = IR_NONE;
    for (int k = 0; k < 7; k++)
        if (condition_flags[cc >> 1 & 7] >> k & 1 && !is_known(d, X86_CF + k))
            any = rules_or(&d->r, IR_I1, any, ir_get(d->out, IR_I1, IR_PLANE_V, X86_CF + k, 0));
    if (any)
        report_branch(d, any, IR_NONE, taken);
}

static void report_count(struct dirty *d, int bits, guest_addr taken)
{
    if (is_known(d, X86_RCX))
        return;
    const enum ir_type t = bits == 32 ? IR_I32 : IR_I64;
    ir_ref any = rules_any(&d->r, t, ir_get(d->out, t, IR_PLANE_V, X86_RCX, 0));
    report_branch(d, any, IR_NONE, taken);
}

static void walk_exit(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i];
    end_insn(d);
    const guest_addr to = d->in->exits[op->imm].pc;
    if (op->op == IR_EXIT_CC && !op->a)
        report_plain_condition(d, op->aux, to);
    else if (op->op == IR_EXIT_RCXZ)
        report_count(d, op->aux, to);
    else if (op->op == IR_EXIT)
        report_value(d, op->a);
    else
        report_condition(d, op->a, to);
    refresh_attention(d);
    const int kind = d->in->exits[op->imm].kind;
    if (op->op == IR_EXIT && (kind == IR_EXIT_CALL || kind == IR_EXIT_ICALL || kind == IR_EXIT_RET))
        instrument_call(d->out, ir_get(d->out, IR_I64, IR_PLANE_GUEST, X86_RSP, 0));
    struct ir_op copy = instrument_map(*op, d->map);
    if (op->op == IR_EXIT_CC)
        copy.a = IR_NONE; /* the host's own flags decide */
    ir_append(d->out, copy);
}

/* ---- the walk ---- */
static void copy(struct dirty *d, uint32_t i) { d->map[i] = ir_append(d->out, instrument_map(d->in->ops[i], d->map)); }

/* DIV and IDIV: F6 and F7 /6 /7 */
static bool is_division(const struct ir_insn *n)
{
    return n->modrm_off && !n->vex_len && (n->bytes[n->modrm_off - 1] & 0xfe) == 0xf6 && (n->bytes[n->modrm_off] >> 3 & 7) >= 6;
}

static void walk(struct dirty *d, uint32_t i)
{
    const struct ir_op *op = &d->in->ops[i];
    switch (op->op) {
    case IR_IMARK:
        end_insn(d);
        d->insn = &d->in->insns[op->imm];
        d->state = state_kind_of(d->insn);
        copy(d, i);
        break;
    case IR_GET:
        copy(d, i);
        if (op->plane == IR_PLANE_GUEST)
            walk_get(d, i);
        break;
    case IR_PUT:
        if (!(op->flags & IR_DESCRIBED))
            copy(d, i);
        if (!state_restores(d->state)) /* helper_state does it */
            put_shadow(d, op, d->v[op->a], d->o[op->a]);
        break;
    case IR_LOAD:
        walk_load(d, i); /* checks first: the access may fault */
        copy(d, i);
        break;
    case IR_STORE:
        check_store(d, op, d->v[op->c], d->o[op->c]);
        if (!(op->flags & IR_DESCRIBED)) {
            copy(d, i);
            write_stores(d, false);
        }
        break;
    case IR_CAS: /* whether it stores is not known: old and new shadow together */
        walk_load(d, i);
        check_store(d, op, rules_or(&d->r, rules_shadow_type(op->type), d->v[op->d], d->v[i]), d->o[op->d]);
        copy(d, i);
        write_stores(d, false);
        break;
    case IR_NATIVE:
        if (is_division(d->insn)) /* may raise SIGFPE: the signal's frame saves the attention bits */
            refresh_attention(d);
        copy(d, i);
        write_stores(d, false);
        break;
    case IR_SP:
        walk_sp(d, i);
        break;
    case IR_EXIT: case IR_EXIT_IF: case IR_EXIT_CC: case IR_EXIT_RCXZ:
        walk_exit(d, i);
        break;
    default:
        copy(d, i);
        if (rules_has_row(op->op))
            walk_value(d, i);
    }
}

static void begin_light(struct dirty *d)
{
    d->light = true;
    for (int slot = 0; slot < X86_SLOTS; slot++)
        set_known(d, slot, slot < X86_YMM0 || slot >= X86_X87);
    d->out->entry_mask = instrument_block_masks(d->in, &d->out->entry_kill) & ~INSTRUMENT_VECTORS;
    d->out->entry_kill &= ~INSTRUMENT_VECTORS;
    d->out->entry_mode = MODE_DIRTY;
}

void dirty_instrument(struct ng_instrument *in)
{
    const uint32_t n = in->in->n_ops;
    struct dirty d = { .r = { .out = in->out }, .in = in->in, .out = in->out, .origins = mc_options.track_origins,
                       .map = instrument_refs(0, n), .v = instrument_refs(1, n), .o = instrument_refs(2, n), .plain = instrument_refs(3, n) };
    for (uint32_t k = 0; k < in->out->n_exits; k++)
        in->out->exits[k].mode = MODE_CLEAN;
    if (in->mode == MODE_LIGHT)
        begin_light(&d);
    for (uint32_t i = 1; i < n; i++)
        walk(&d, i);
}
