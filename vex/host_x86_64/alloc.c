/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/alloc: host registers, guest registers and values.
 *
 * Nothing here changes host flags.  A register is pinned while the current op
 * needs it; eviction prefers what costs least: a guest register that the next
 * instructions leave alone, then the value used last. */
#include "vex/host_x86_64/emit.h"

#define ALL 0xffffu
#define UNLIKELY 0x0f00u /* r8-r11: seldom what code waits for (rax, at a return, is) */

void alloc_init(struct emitter *e)
{
    if (e->identity) {
        e->g.guest = ALL & ~(1u << RSP);
        e->v.guest = ALL;
    } else {
        e->g_mem = e->v_mem = ALL;
    }
    e->flags_host = e->identity;
}

uint32_t value_root(struct emitter *e, uint32_t ref)
{
    while (e->val[ref].kind == VALUE_ALIAS)
        ref = e->val[ref].root;
    return ref;
}

/* ---- spill slots ---- */
static struct asm_mem spill_mem(const struct emitter *e, const struct value *v)
{
    return v->vec ? state_mem(e, STATE(vspill) + 32 * (v->slot - 1)) : state_mem(e, STATE(spill) + 8 * (v->slot - 1));
}

/* Takes a free slot: 1 + its number, 0 if there is none. */
static int take_slot(uint64_t used[2])
{
    for (int k = 0; k < 2; k++)
        if (~used[k]) {
            const int i = __builtin_ctzll(~used[k]);
            used[k] |= 1ull << i;
            return 1 + 64 * k + i;
        }
    return 0;
}

static bool has_wide_vectors(const struct ir_block *b)
{
    for (uint32_t i = 1; i < b->n_ops; i++)
        if (b->ops[i].type > IR_V128 || b->ops[i].lane > IR_V128)
            return true;
    for (uint32_t i = 0; i < b->n_insns; i++)
        if (b->insns[i].vec_bytes > 16)
            return true;
    return false;
}

int value_vec_bytes(struct emitter *e)
{
    if (!e->vec_bytes)
        e->vec_bytes = has_wide_vectors(e->b) ? 32 : 16;
    return e->vec_bytes;
}

static void spill(struct emitter *e, struct value *v)
{
    if (v->slot || v->kind == VALUE_CONST)
        return;
    v->slot = take_slot(v->vec ? e->vspill_used : e->spill_used);
    if (!v->slot)
        emit_fail(e, -ENOSPC);
    else if (v->vec)
        asm_vmov_store(e->c, value_vec_bytes(e), spill_mem(e, v), v->reg);
    else
        asm_store(e->c, 8, spill_mem(e, v), v->reg);
}

static void free_slot(struct emitter *e, struct value *v)
{
    if (!v->slot)
        return;
    uint64_t *used = v->vec ? e->vspill_used : e->spill_used;
    used[(v->slot - 1) / 64] &= ~(1ull << (v->slot - 1) % 64);
    v->slot = 0;
}

/* ---- guest registers ---- */
void guest_sync_gpr(struct emitter *e, int i)
{
    if (e->g_mem >> i & 1 || !e->identity)
        return;
    asm_store(e->c, 8, state_mem(e, STATE(gpr) + 8 * i), i);
    if (i != RSP)
        e->g_mem |= 1u << i;
}

void guest_sync_vec(struct emitter *e, int i)
{
    if (e->v_mem >> i & 1)
        return;
    asm_vmov_store(e->c, 32, state_mem(e, STATE(ymm) + 32 * i), i);
    e->v_mem |= 1u << i;
}

void guest_to_state_gpr(struct emitter *e, int i)
{
    if (bit(e->g.guest, i)) {
        guest_sync_gpr(e, i);
        hold_nothing(&e->g, i);
    }
}

void guest_to_state_vec(struct emitter *e, int i)
{
    if (bit(e->v.guest, i)) {
        guest_sync_vec(e, i);
        hold_nothing(&e->v, i);
    }
}

/* ---- eviction ---- */
static int lowest(uint32_t mask) { return __builtin_ctz(mask); }

static int latest_value(const struct emitter *e, const struct host_regs *h, uint32_t mask)
{
    int best = lowest(mask);
    for (; mask; mask &= mask - 1) {
        const int r = lowest(mask);
        if (e->val[h->of[r]].last > e->val[h->of[best]].last)
            best = r;
    }
    return best;
}

static void evict_value(struct emitter *e, struct host_regs *h, int r)
{
    struct value *v = &e->val[h->of[r]];
    spill(e, v);
    v->reg = REG_NONE;
    hold_nothing(h, r);
}

/* What this instruction and the two after it use is not evicted if it can be avoided. */
static void look_ahead(struct emitter *e)
{
    const struct ir_block *b = e->b;
    if (e->soon_at == e->insn + 1)
        return;
    e->soon_at = e->insn + 1;
    e->g_soon = e->v_soon = 0;
    for (uint32_t i = e->insn; i < e->insn + 3 && i < b->n_insns; i++) {
        e->g_soon |= insn_gprs(&b->insns[i]);
        e->v_soon |= b->insns[i].vec_read | b->insns[i].vec_write;
    }
}

/* A register that is not pinned, made free. */
static int pick(struct emitter *e, bool vec)
{
    struct host_regs *h = vec ? &e->v : &e->g;
    const uint32_t may = ALL & ~(vec ? e->v_pin : e->g_pin) & ~(vec ? 0u : 1u << RSP);
    uint32_t m = may & ~h->guest & ~h->value;
    if (m)
        return lowest(m);
    look_ahead(e);
    const uint32_t guests = h->guest & may, soon = vec ? e->v_soon : e->g_soon, clean = vec ? e->v_mem : e->g_mem;
    m = guests & ~soon;
    if (m & clean)
        m &= clean;
    if (!m) {
        const uint32_t values = h->value & may;
        m = values ? 1u << latest_value(e, h, values) : guests;
    }
    if (!m) { /* every register pinned: no op needs that many */
        emit_fail(e, -EINVAL);
        return vec ? 0 : RAX;
    }
    /* Of vector registers the highest: programs begin with the lowest. */
    const int r = vec ? 31 - __builtin_clz(m) : m & UNLIKELY ? lowest(m & UNLIKELY) : lowest(m);
    if (bit(h->value, r))
        evict_value(e, h, r);
    else if (vec)
        guest_to_state_vec(e, r);
    else
        guest_to_state_gpr(e, r);
    return r;
}

int gpr_alloc(struct emitter *e)
{
    const int r = pick(e, false);
    e->g_pin |= 1u << r;
    return r;
}

int gpr_alloc_low(struct emitter *e)
{
    const uint16_t pin = e->g_pin;
    e->g_pin |= 0xff00;
    const int r = pick(e, false);
    e->g_pin = pin | 1u << r;
    return r;
}

int vec_alloc(struct emitter *e)
{
    const int r = pick(e, true);
    e->v_pin |= 1u << r;
    return r;
}

void gpr_unpin(struct emitter *e, int r)
{
    e->g_pin &= ~(1u << r);
}

static void bind_gpr(struct emitter *e, uint32_t ref, int r)
{
    e->val[ref].reg = r;
    hold_value(&e->g, r, ref);
}

void gpr_take(struct emitter *e, int r)
{
    e->g_pin |= 1u << r;
    if (bit(e->g.guest, r))
        guest_to_state_gpr(e, r);
    if (!bit(e->g.value, r))
        return;
    const uint32_t ref = e->g.of[r], may = ALL & ~e->g.guest & ~e->g.value & ~e->g_pin & ~(1u << RSP);
    if (may && e->val[ref].kind != VALUE_CONST && !e->val[ref].slot) {
        asm_mov_rr(e->c, 8, lowest(may), r);
        bind_gpr(e, ref, lowest(may));
        hold_nothing(&e->g, r);
    } else {
        evict_value(e, &e->g, r);
    }
}

static void vec_take(struct emitter *e, int r)
{
    e->v_pin |= 1u << r;
    if (bit(e->v.guest, r))
        guest_to_state_vec(e, r);
    else if (bit(e->v.value, r))
        evict_value(e, &e->v, r);
}

void guest_home_gpr(struct emitter *e, int i)
{
    if (bit(e->g.guest, i) || i == RSP)
        return;
    gpr_take(e, i);
    asm_load(e->c, 8, i, state_mem(e, STATE(gpr) + 8 * i));
    hold_guest(&e->g, i);
}

void emit_vec_home(struct emitter *e, int i, bool flags_free)
{
    struct asm_buf *c = e->c;
    const struct asm_mem low = state_mem(e, STATE(ymm) + 32 * i), rcx = state_mem(e, STATE(tmp) + 56);
    struct asm_mem upper = low;
    uint32_t full, done;
    if (value_vec_bytes(e) > 16) {
        asm_vmov_load(c, 32, i, low);
        return;
    }
    upper.disp += 16;
    if (!flags_free) {
        asm_store(c, 8, rcx, RCX);
        asm_load(c, 8, RCX, upper);
    }
    asm_vmov_load(c, 16, i, low);
    if (flags_free) {
        asm_alu_mi(c, 7, 8, upper, 0);
        full = asm_jcc8(c, CC_NE);
        upper.disp += 8;
        asm_alu_mi(c, 7, 8, upper, 0);
        done = asm_jcc8(c, CC_E);
    } else {
        const uint32_t next = asm_jrcxz8(c, 8);
        full = asm_jmp8(c);
        asm_here8(c, next);
        upper.disp += 8;
        asm_load(c, 8, RCX, upper);
        done = asm_jrcxz8(c, 8);
    }
    asm_here8(c, full);
    asm_vmov_load(c, 32, i, low);
    asm_here8(c, done);
    if (!flags_free)
        asm_load(c, 8, RCX, rcx);
}

void guest_home_vec(struct emitter *e, int i)
{
    if (bit(e->v.guest, i))
        return;
    vec_take(e, i);
    emit_vec_home(e, i, false);
    hold_guest(&e->v, i);
}

/* All live values that name a guest register have one content: the first gets a
 * register of its own, the others name it. */
static uint32_t split_aliases(struct emitter *e, uint32_t head, uint32_t live_after)
{
    uint32_t owner = 0;
    for (uint32_t a = head, next; a; a = next) {
        next = e->val[a].next_alias;
        struct value *v = &e->val[a];
        if (v->kind != VALUE_GUEST)
            continue;
        if (v->last <= live_after)
            continue; /* perhaps the current op's operand */
        if (!owner) {
            owner = a;
        } else {
            v->kind = VALUE_ALIAS;
            v->root = owner;
            if (v->last > e->val[owner].last)
                e->val[owner].last = v->last;
        }
    }
    return owner;
}

void guest_written_gpr(struct emitter *e, int i)
{
    const uint32_t owner = e->g_alias[i] ? split_aliases(e, e->g_alias[i], e->i) : 0;
    e->g_alias[i] = 0;
    if (!owner)
        return;
    const int r = gpr_alloc(e);
    if (bit(e->g.guest, i) || (i == RSP && e->identity))
        asm_mov_rr(e->c, 8, r, i);
    else
        asm_load(e->c, 8, r, state_mem(e, STATE(gpr) + 8 * i));
    e->val[owner].kind = VALUE_LIVE;
    bind_gpr(e, owner, r);
    gpr_unpin(e, r);
}

void guest_written_vec(struct emitter *e, int i)
{
    const uint32_t owner = e->v_alias[i] ? split_aliases(e, e->v_alias[i], e->i) : 0;
    e->v_alias[i] = 0;
    if (!owner)
        return;
    if (e->v_pin == ALL) { /* no register to be had: straight into a slot */
        guest_home_vec(e, i);
        e->val[owner].kind = VALUE_LIVE;
        e->val[owner].reg = i;
        spill(e, &e->val[owner]);
        e->val[owner].reg = REG_NONE;
        return;
    }
    const int r = vec_alloc(e);
    if (bit(e->v.guest, i))
        asm_vmov_rr(e->c, value_vec_bytes(e), r, i);
    else
        asm_vmov_load(e->c, value_vec_bytes(e), r, state_mem(e, STATE(ymm) + 32 * i));
    e->val[owner].kind = VALUE_LIVE;
    e->val[owner].reg = r;
    hold_value(&e->v, r, owner);
    e->v_pin &= ~(1u << r);
}

/* ---- values as operands ---- */
bool value_const(struct emitter *e, ir_ref ref, int64_t *v)
{
    const uint32_t root = value_root(e, ref);
    if (e->val[root].kind != VALUE_CONST || e->b->ops[root].flags & IR_HOST_OBJ)
        return false;
    const int bits = 8 * ir_type_bytes(e->b->ops[ref].type); /* of the narrowest name */
    const uint64_t imm = e->b->ops[root].imm;
    *v = bits == 64 ? (int64_t)imm : (int64_t)(imm << (64 - bits)) >> (64 - bits);
    if (e->b->ops[ref].type == IR_I1)
        *v = imm & 1;
    return true;
}

static void load_const(struct emitter *e, uint32_t ref, int r)
{
    const struct ir_op *op = &e->b->ops[ref];
    if (op->flags & IR_HOST_OBJ) {
        asm_need(e->c);
        asm_byte(e->c, 0x48 | r >> 3);
        asm_byte(e->c, 0xb8 | (r & 7));
        emit_reloc(e, e->c->n, VEX_RELOC_OBJECT64, op->imm);
        asm_imm(e->c, 0, 8);
        return;
    }
    uint64_t v = op->imm;
    if (op->type == IR_I1)
        v &= 1;
    else if (op->type != IR_I64)
        v &= (1ull << 8 * ir_type_bytes(op->type)) - 1;
    asm_mov_imm(e->c, r, v);
}

int gpr_use(struct emitter *e, ir_ref ref)
{
    const uint32_t root = value_root(e, ref);
    struct value *v = &e->val[root];
    if (v->kind == VALUE_GUEST) {
        const int i = v->guest;
        if (bit(e->g.guest, i) || i == RSP) {
            e->g_pin |= 1u << i;
            return i;
        }
        if (!bit(e->g.value, i) && !bit(e->g_pin, i)) {
            guest_home_gpr(e, i);
            return i;
        }
        const int r = gpr_alloc(e); /* a copy: the guest register stays in the state */
        asm_load(e->c, 8, r, state_mem(e, STATE(gpr) + 8 * i));
        v->kind = VALUE_LIVE;
        bind_gpr(e, root, r);
        return r;
    }
    if (v->reg == REG_NONE || (v->kind != VALUE_LIVE && v->kind != VALUE_CONST)) {
        const int r = gpr_alloc(e);
        if (v->kind == VALUE_CONST)
            load_const(e, root, r);
        else if (v->kind == VALUE_LIVE && v->slot)
            asm_load(e->c, 8, r, spill_mem(e, v));
        else {
            emit_fail(e, -EINVAL); /* a use without a value */
            return r;
        }
        bind_gpr(e, root, r);
    }
    e->g_pin |= 1u << v->reg;
    return v->reg;
}

int vec_use(struct emitter *e, ir_ref ref)
{
    const uint32_t root = value_root(e, ref);
    struct value *v = &e->val[root];
    if (v->kind == VALUE_GUEST) {
        const int i = v->guest;
        if (!bit(e->v.guest, i) && !bit(e->v.value, i) && !bit(e->v_pin, i))
            guest_home_vec(e, i);
        if (bit(e->v.guest, i)) {
            e->v_pin |= 1u << i;
            return i;
        }
        v->kind = VALUE_LIVE;
        v->reg = vec_alloc(e);
        asm_vmov_load(e->c, value_vec_bytes(e), v->reg, state_mem(e, STATE(ymm) + 32 * i));
        hold_value(&e->v, v->reg, root);
        return v->reg;
    }
    if (v->kind != VALUE_LIVE || !v->vec) {
        emit_fail(e, -EINVAL);
        return vec_alloc(e);
    }
    if (v->reg == REG_NONE) {
        v->reg = vec_alloc(e);
        asm_vmov_load(e->c, value_vec_bytes(e), v->reg, spill_mem(e, v));
        hold_value(&e->v, v->reg, root);
    }
    e->v_pin |= 1u << v->reg;
    return v->reg;
}

int gpr_copy(struct emitter *e, ir_ref ref)
{
    const uint32_t root = value_root(e, ref);
    const struct value *v = &e->val[root];
    if (v->kind == VALUE_CONST && v->reg == REG_NONE) {
        const int r = gpr_alloc(e);
        load_const(e, root, r);
        return r;
    }
    const int from = gpr_use(e, ref), r = gpr_alloc(e);
    asm_mov_rr(e->c, 8, r, from);
    return r;
}

/* ---- results ---- */
int gpr_def(struct emitter *e)
{
    const int r = gpr_alloc(e);
    e->val[e->i].kind = VALUE_LIVE;
    bind_gpr(e, e->i, r);
    return r;
}

int gpr_def_in(struct emitter *e, int r)
{
    gpr_take(e, r);
    e->val[e->i].kind = VALUE_LIVE;
    bind_gpr(e, e->i, r);
    return r;
}

int vec_def(struct emitter *e)
{
    const int r = vec_alloc(e);
    e->val[e->i].kind = VALUE_LIVE;
    e->val[e->i].reg = r;
    hold_value(&e->v, r, e->i);
    return r;
}

int vec_def_from(struct emitter *e, ir_ref ref)
{
    const uint32_t root = value_root(e, ref);
    const int from = vec_use(e, ref);
    struct value *v = &e->val[root];
    if (v->kind == VALUE_LIVE && v->last <= e->i) {
        free_slot(e, v);
        v->kind = VALUE_ALIAS;
        v->reg = REG_NONE;
        v->root = e->i;
        e->val[e->i].kind = VALUE_LIVE;
        e->val[e->i].reg = from;
        hold_value(&e->v, from, e->i);
        return from;
    }
    const int r = vec_def(e);
    asm_vmov_rr(e->c, value_vec_bytes(e), r, from);
    return r;
}

int gpr_def_from(struct emitter *e, ir_ref ref)
{
    const uint32_t root = value_root(e, ref);
    struct value *v = &e->val[root];
    if (v->kind == VALUE_CONST && v->reg == REG_NONE) {
        const int r = gpr_def(e);
        load_const(e, root, r);
        return r;
    }
    const int from = gpr_use(e, ref);
    v = &e->val[root];
    if (v->kind == VALUE_LIVE && v->last <= e->i) { /* nobody needs it afterwards: take its register over */
        free_slot(e, v);
        v->kind = VALUE_ALIAS;
        v->reg = REG_NONE;
        v->root = e->i;
        e->val[e->i].kind = VALUE_LIVE;
        bind_gpr(e, e->i, from);
        return from;
    }
    const int r = gpr_def(e);
    asm_mov_rr(e->c, 8, r, from);
    return r;
}

void value_define_alias(struct emitter *e, ir_ref of)
{
    e->val[e->i].kind = VALUE_ALIAS;
    e->val[e->i].root = value_root(e, of);
}

void value_define_guest(struct emitter *e, int guest)
{
    struct value *v = &e->val[e->i];
    uint32_t *list = v->vec ? &e->v_alias[guest] : &e->g_alias[guest];
    v->kind = VALUE_GUEST;
    v->guest = guest;
    v->next_alias = *list;
    *list = e->i;
}

static void release(struct emitter *e, uint32_t ref)
{
    struct value *v = &e->val[ref];
    if (v->kind != VALUE_LIVE && v->kind != VALUE_CONST)
        return;
    if (v->reg != REG_NONE)
        hold_nothing(v->vec ? &e->v : &e->g, v->reg);
    free_slot(e, v);
    v->reg = REG_NONE;
    v->kind = VALUE_NONE;
}

void op_done(struct emitter *e)
{
    e->g_pin = e->v_pin = 0;
    ir_ref use[4] = { 0 };
    const struct ir_op *op = &e->b->ops[e->i];
    const bool any = op->a | op->b | op->c | op->d;
    if (any)
        emit_op_uses(e, op, use);
    for (int k = 0; any && k < 4; k++) {
        if (!use[k])
            continue;
        const uint32_t root = value_root(e, use[k]);
        if (e->val[use[k]].kind == VALUE_FUSED) { /* its operands were kept for this op */
            const struct ir_op *cmp = &e->b->ops[use[k]];
            const ir_ref operands[2] = { cmp->a, cmp->b };
            for (int j = 0; j < 2; j++) {
                const uint32_t r = value_root(e, operands[j]);
                if (r != e->i && e->val[r].last <= e->i)
                    release(e, r);
            }
        } else if (root != e->i && e->val[root].last <= e->i) {
            release(e, root);
        }
    }
    if (e->val[e->i].last <= e->i) /* a result nobody wants (a load for its effect) */
        release(e, e->i);
}
