/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/emit: the forward pass, and putting its pieces together. */
#include <stdio.h>
#include <stdlib.h>
#include "vex/host_x86_64/emit.h"

#define MAX_CODE (1u << 17)  /* of one translation */
#define COLD_BIT (1u << 31)

void emit_array_grow(void **array, uint32_t *cap, size_t element)
{
    *cap = *cap ? 2 * *cap : 32;
    void *p = realloc(*array, *cap * element);
    if (!p) {
        fputs("nagrind: out of memory in translation\n", stderr);
        abort();
    }
    *array = p;
}

static void emit_imark(struct emitter *e, const struct ir_op *op)
{
    e->insn = (uint32_t)op->imm;
    e->after = false;
    e->pc = e->b->insns[e->insn].pc;
    e->shared_exit.valid = false;
    emit_side(e);
}

static void emit_op(struct emitter *e, const struct ir_op *op)
{
    switch (op->op) {
    case IR_NOP: case IR_SP:
        return;
    case IR_CONST:
        e->val[e->i].kind = VALUE_CONST;
        return;
    case IR_GET:
        emit_get(e, op);
        return;
    case IR_PUT:
        emit_put(e, op);
        return;
    case IR_IMARK:
        emit_imark(e, op);
        return;
    case IR_NATIVE:
        emit_native(e, op);
        return;
    case IR_LOAD:
        emit_load(e, op);
        return;
    case IR_STORE:
        if (!(op->flags & IR_DESCRIBED))
            emit_store(e, op);
        return;
    case IR_LEA:
        emit_lea(e, op);
        return;
    case IR_CHECK:
        emit_check(e, op);
        return;
    case IR_CHECK_STORE:
        emit_check_store(e, op);
        return;
    case IR_ZONE_USED:
        emit_zone_used(e, op);
        return;
    case IR_ZONE_CLEAR:
        emit_zone_clear(e, op);
        return;
    case IR_ZONE_GROW:
        emit_zone_grow(e, op);
        return;
    case IR_CAS:
        emit_cas(e, op);
        return;
    case IR_EXIT:
        emit_exit(e, op);
        return;
    case IR_EXIT_IF:
        emit_exit_if(e, op);
        return;
    case IR_EXIT_CC:
        emit_exit_cc(e, op);
        return;
    case IR_EXIT_RCXZ:
        emit_exit_rcxz(e, op);
        return;
    case IR_LOAD_TAG:
        emit_load_tag(e, op);
        return;
    case IR_STORE_TAG:
        emit_store_tag(e, op);
        return;
    case IR_HOOK:
        emit_hook(e, op);
        return;
    case IR_CALL:
        emit_call(e, op);
        return;
    default:
        if (!emit_integer(e, op) && !emit_vector(e, op))
            emit_fail(e, -EINVAL); /* OPAQUE, which nobody can compute, and the like */
    }
}

/* Is the op needed for what it does, wanted or not? */
static bool acts(const struct ir_op *op)
{
    switch (op->op) {
    case IR_PUT: case IR_STORE: case IR_LOAD: case IR_CAS:
        return !(op->flags & IR_DESCRIBED);
    case IR_IMARK: case IR_NATIVE: case IR_CHECK: case IR_CHECK_STORE: case IR_CALL: case IR_STORE_TAG: case IR_HOOK:
    case IR_ZONE_USED: case IR_ZONE_CLEAR: case IR_ZONE_GROW:
    case IR_EXIT: case IR_EXIT_IF: case IR_EXIT_CC: case IR_EXIT_RCXZ:
        return true;
    default:
        return false;
    }
}

static void emit_ops(struct emitter *e)
{
    const struct ir_block *b = e->b;
    for (e->i = 1; e->i < b->n_ops && !e->error; e->i++) {
        const struct ir_op *op = &b->ops[e->i];
        struct value *v = &e->val[e->i];
        if (op->op == IR_IMARK) {
            emit_imark(e, op);
            continue;
        }
        v->reg = REG_NONE;
        if (!v->last && op->op != IR_NATIVE && !acts(op))
            continue;
        if (v->fused) {
            v->kind = VALUE_FUSED;
            continue;
        }
        emit_op(e, op);
        if (op->a | op->b | op->c | op->d || v->kind == VALUE_LIVE || v->kind == VALUE_CONST)
            op_done(e);
        else
            e->g_pin = e->v_pin = 0;
        if (e->main.n + e->cold.n > MAX_CODE)
            emit_fail(e, -ENOSPC);
    }
}

/* ---- one piece ---- */
static uint32_t place(uint32_t offset, uint32_t cold_base)
{
    return offset & COLD_BIT ? (offset & ~COLD_BIT) + cold_base : offset;
}

static void pad(struct asm_buf *b, unsigned align)
{
    asm_need(b);
    const size_t to = (b->n + align - 1) & ~(size_t)(align - 1);
    memset(b->p + b->n, 0xcc, to - b->n);
    b->n = to;
}

static void append(struct asm_buf *to, const void *from, size_t n)
{
    if (to->cap - to->n < n)
        asm_grow(to, n);
    if (n)
        memcpy(to->p + to->n, from, n);
    to->n += n;
}

static void fix_up(struct emitter *e, uint32_t cold, uint32_t pool)
{
    const uint32_t base[] = { [TO_MAIN] = 0, [TO_COLD] = cold, [TO_POOL] = pool };
    struct vex_code *out = e->out;
    while (out->cap_cross < e->n_fixups)
        emit_array_grow((void **)&out->cross, &out->cap_cross, sizeof *out->cross);
    uint32_t n_cross = 0;
    for (const struct fixup *f = e->fixups, *end = f + e->n_fixups; f < end; f++) {
        const uint32_t at = f->at + base[f->at_cold], to = f->to + base[f->to_cold], rel = to - (at + 4);
        memcpy(e->main.p + at, &rel, 4);
        out->cross[n_cross] = at;
        n_cross += !f->at_cold != !f->to_cold;
    }
    out->n_cross = n_cross;
}

static void join(struct emitter *e)
{
    struct vex_code *out = e->out;
    pad(&e->main, 16);
    const uint32_t cold = e->main.n;
    append(&e->main, e->cold.p, e->cold.n);
    if (e->n_pool)
        pad(&e->main, 32);
    const uint32_t pool = e->main.n;
    append(&e->main, e->pool, 32 * e->n_pool);
    fix_up(e, cold, pool);
    out->hot = cold;
    for (uint32_t i = 0; i < out->n_relocs; i++)
        out->relocs[i].offset = place(out->relocs[i].offset, cold);
    for (uint32_t i = 0; i < out->n_exits; i++) {
        out->exits[i].jump_offset = place(out->exits[i].jump_offset, cold);
        out->exits[i].stub_offset = place(out->exits[i].stub_offset, cold);
    }
    out->table_entry = place(out->table_entry, cold);
    out->cache_entry = place(out->cache_entry, cold);
    for (uint32_t i = 0; i < e->n_cold_sides; i++) {
        const uint32_t n = EMIT_ARRAY(out->sides, out->n_sides, out->cap_sides);
        out->sides[n] = e->cold_sides[i];
        out->sides[n].host_offset += cold;
    }
}

/* Buffers that blocks do not share but take over from each other. */
struct emit_scratch {
    struct asm_buf cold;
    struct fixup *fixups; uint32_t cap_fixups;
    struct vex_side *cold_sides; uint32_t cap_cold_sides;
    void *pool; uint32_t cap_pool;
    void *values; size_t cap_values; /* bytes */
    struct emit_template zone_clear;
};

void emit_scratch_free(struct emit_scratch *s)
{
    if (!s)
        return;
    free(s->cold.p);
    free(s->fixups);
    free(s->cold_sides);
    free(s->pool);
    free(s->values);
    free(s);
}

/* Values and live flags: one piece of memory, zero.  Lends the other buffers to e. */
static bool borrow(struct emitter *e, struct vex_code *out)
{
    const size_t size = e->b->n_ops * (sizeof *e->val + 1);
    struct emit_scratch *s = out->scratch ? out->scratch : (out->scratch = calloc(1, sizeof *s));
    if (!s)
        return false;
    if (s->cap_values < size) {
        free(s->values);
        s->cap_values = 2 * size;
        s->values = malloc(s->cap_values);
        if (!s->values) {
            s->cap_values = 0;
            return false;
        }
    }
    e->val = memset(s->values, 0, size);
    e->flags_live = (uint8_t *)(e->val + e->b->n_ops);
    e->cold = s->cold;
    e->cold.n = 0;
    e->fixups = s->fixups;
    e->cap_fixups = s->cap_fixups;
    e->cold_sides = s->cold_sides;
    e->cap_cold_sides = s->cap_cold_sides;
    e->pool = s->pool;
    e->cap_pool = s->cap_pool;
    e->zone_clear = &s->zone_clear;
    return true;
}

static void give_back(struct emitter *e, struct emit_scratch *s)
{
    s->cold = e->cold;
    s->fixups = e->fixups;
    s->cap_fixups = e->cap_fixups;
    s->cold_sides = e->cold_sides;
    s->cap_cold_sides = e->cap_cold_sides;
    s->pool = e->pool;
    s->cap_pool = e->cap_pool;
}

static int emit_block(const struct ir_block *b, const struct vex_host *h, struct vex_code *out, bool head)
{
    vex_code_reset(out);
    struct emitter e;
    memset(&e, 0, sizeof e);
    e.b = b;
    e.h = h;
    e.out = out;
    e.identity = h->guest_in_host_regs;
    e.main = (struct asm_buf){ out->code, 0, out->cap };
    e.c = &e.main;
    e.pc = b->pc;
    if (!borrow(&e, out))
        return -ENOMEM;
    emit_analyse(&e);
    alloc_init(&e);
    if (head && h->indirect_target)
        emit_indirect_entries(&e, true);
    out->entry = out->calm_entry = e.c->n;
    if (head)
        emit_head(&e);
    emit_ops(&e);
    if (head && !h->indirect_target)
        emit_indirect_entries(&e, false);
    out->n_parts += b->counts;
    if (!e.error)
        join(&e);
    out->code = e.main.p;
    out->cap = e.main.cap;
    out->size = e.error ? 0 : e.main.n;
    give_back(&e, out->scratch);
    return e.error;
}

int host_x86_64_emit(const struct ir_block *b, const struct vex_host *h, struct vex_code *out)
{
    char message[200];
    if (b->n_ops < 2 || (h->debug && ir_check(b, message, sizeof message)))
        return -EINVAL;
    if (b->n_insns >= UINT16_MAX)
        return -ENOSPC;
    return emit_block(b, h, out, true);
}

size_t host_x86_64_emit_single(const struct ir_insn *insn, const struct vex_host *h, struct vex_code *out)
{
    struct ir_op ops[4] = { { .op = IR_NOP }, { .op = IR_IMARK }, { .op = IR_NATIVE }, { .op = IR_EXIT } };
    struct ir_insn one = *insn;
    struct ir_exit x = { .pc = insn->pc + insn->len, .kind = IR_EXIT_EMULATE };
    const struct ir_block b = { .pc = insn->pc, .guest_bytes = insn->len, .form = IR_FORM_NATIVE, .flags_live_out = IR_FLAGS_ARITH,
                                .ops = ops, .n_ops = 4, .insns = &one, .n_insns = 1, .exits = &x, .n_exits = 1 };
    return emit_block(&b, h, out, false) ? 0 : out->size;
}
