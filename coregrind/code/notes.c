/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/notes: what must be known of a translation but seldom is asked for, as bytes:
 *
 *     instructions  the distance of each from the one before (the first: from pc), and of where the last leads
 *     relocations   number; distance, kind and value of each
 *     sides         number; distance, what changed, and the new values of that
 *
 * Numbers are LEB128; those that may be negative alternate (0 -1 1 -2 ...).
 * A program of a hundred thousand translations has a million of these records.  */
#include "code/internal.h"

/* The first byte of a side, after its distance. */
enum { SIDE_INSN = 3,       /* instructions further on, or this: a number follows */
       SIDE_GPR = 4, SIDE_VEC = 8, /* a word follows */
       SIDE_FLAGS = 16, SIDE_AFTER = 32 };

static uint8_t *put(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_signed(uint8_t *p, int64_t v)
{
    return put(p, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static uint64_t get(const uint8_t **p)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        const uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
}

static int64_t get_signed(const uint8_t **p)
{
    const uint64_t v = get(p);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint8_t *put_side(uint8_t *p, const struct vex_side *s, const struct vex_side *last)
{
    const int32_t insns = (int32_t)s->insn - last->insn;
    const bool near = insns >= 0 && insns < SIDE_INSN, gpr = s->gpr_in_state != last->gpr_in_state, vec = s->vec_in_state != last->vec_in_state;
    p = put(p, s->host_offset - last->host_offset);
    *p++ = (uint8_t)((near ? insns : SIDE_INSN) | (gpr ? SIDE_GPR : 0) | (vec ? SIDE_VEC : 0) | (s->flags_in_spill ? SIDE_FLAGS : 0) |
                     (s->after ? SIDE_AFTER : 0));
    if (!near)
        p = put_signed(p, insns);
    if (gpr)
        p = put(p, s->gpr_in_state);
    if (vec)
        p = put(p, s->vec_in_state);
    return p;
}

static void get_side(const uint8_t **p, struct vex_side *s)
{
    s->host_offset += (uint32_t)get(p);
    const uint8_t what = *(*p)++;
    s->insn = (uint16_t)(s->insn + ((what & SIDE_INSN) == SIDE_INSN ? get_signed(p) : what & SIDE_INSN));
    if (what & SIDE_GPR)
        s->gpr_in_state = (uint16_t)get(p);
    if (what & SIDE_VEC)
        s->vec_in_state = (uint16_t)get(p);
    s->flags_in_spill = !!(what & SIDE_FLAGS);
    s->after = !!(what & SIDE_AFTER);
}

size_t notes_room(const struct ir_block *b, const struct vex_code *c)
{
    return 10 * (size_t)b->n_insns + 30 + 10 * (size_t)c->n_relocs + 20 * (size_t)c->n_sides;
}

size_t notes_write(uint8_t *to, const struct ir_block *b, const struct vex_code *c)
{
    uint8_t *p = to;
    guest_addr pc = b->pc;
    uint32_t offset = 0;
    struct vex_side none = { 0 };
    for (uint32_t i = 0; i < b->n_insns; i++) {
        p = put_signed(p, (int64_t)(b->insns[i].pc - pc));
        pc = b->insns[i].pc;
    }
    p = put_signed(p, (int64_t)(b->end - pc));
    p = put(p, c->n_relocs);
    for (uint32_t i = 0; i < c->n_relocs; i++) {
        const struct vex_reloc *r = &c->relocs[i];
        p = put_signed(p, (int64_t)r->offset - offset);
        p = put(p, (uint32_t)r->value << 3 | r->kind);
        offset = r->offset;
    }
    p = put(p, c->n_sides);
    for (uint32_t i = 0; i < c->n_sides; i++)
        p = put_side(p, &c->sides[i], i ? &c->sides[i - 1] : &none);
    return (size_t)(p - to);
}

/* Past the instructions. */
static const uint8_t *relocs_of(const struct node *n)
{
    const uint8_t *p = n->notes;
    for (uint32_t i = 0; i <= n->t.n_insns; i++)
        while (*p++ & 0x80)
            ;
    return p;
}

void notes_each_reloc(const struct node *n, void (*fn)(const struct node *n, const struct vex_reloc *r))
{
    const uint8_t *p = relocs_of(n);
    struct vex_reloc r = { 0 };
    for (uint64_t left = get(&p); left; left--) {
        r.offset = (uint32_t)(r.offset + get_signed(&p));
        const uint64_t what = get(&p);
        r.kind = what & 7;
        r.value = (uint16_t)(what >> 3);
        fn(n, &r);
    }
}

guest_addr code_insn_pc(const struct translation *t, uint32_t insn)
{
    const uint8_t *p = ((const struct node *)t)->notes;
    guest_addr pc = t->pc;
    for (uint32_t i = 0; i <= insn; i++)
        pc += (guest_addr)get_signed(&p);
    return pc;
}

bool code_side(const struct translation *t, const void *rx, struct vex_side *side)
{
    const uint32_t offset = table_offset_in(t, rx);
    const uint8_t *p = relocs_of((const struct node *)t);
    bool any = false;
    for (uint64_t left = get(&p); left; left--) {
        get(&p);
        get(&p);
    }
    struct vex_side s = { 0 };
    for (uint64_t left = get(&p); left; left--) {
        get_side(&p, &s);
        if (s.host_offset > offset)
            break;
        *side = s;
        any = true;
    }
    return any;
}
