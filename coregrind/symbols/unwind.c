/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind: one frame outward, by rule. */
#include <dwarf.h>
#include "run/run.h"
#include "symbols/rules.h"
#include "symbols/unwind.h"

__thread bool unwind_guarded;

static inline bool read_word(struct unwind_trail *trail, guest_addr a, uint64_t *v)
{
    if (!unwind_guarded) {
        trail->opaque = true;
        return ng_read(v, a, 8) == 8;
    }
    if (a >= ng_strip_size - 8)
        return false;
    memcpy(v, (const void *)a, sizeof *v);
    if (trail->n < UNWIND_READS)
        trail->word[trail->n++] = (struct unwind_word){ a, *v };
    else
        trail->opaque = true;
    return true;
}

/* ---- expressions ---- */

struct machine { uint64_t stack[16]; int n; bool is_value; struct unwind_trail *trail; };

static bool two_operands(struct machine *m, int atom)
{
    if (m->n < 2)
        return false;
    const uint64_t b = m->stack[--m->n], a = m->stack[m->n - 1];
    uint64_t *to = &m->stack[m->n - 1];
    switch (atom) {
    case DW_OP_plus: *to = a + b; return true;
    case DW_OP_minus: *to = a - b; return true;
    case DW_OP_mul: *to = a * b; return true;
    case DW_OP_and: *to = a & b; return true;
    case DW_OP_or: *to = a | b; return true;
    case DW_OP_xor: *to = a ^ b; return true;
    case DW_OP_shl: *to = a << (b & 63); return true;
    case DW_OP_shr: *to = a >> (b & 63); return true;
    case DW_OP_shra: *to = (uint64_t)((int64_t)a >> (b & 63)); return true;
    case DW_OP_ge: *to = (int64_t)a >= (int64_t)b; return true;
    case DW_OP_gt: *to = (int64_t)a > (int64_t)b; return true;
    case DW_OP_le: *to = (int64_t)a <= (int64_t)b; return true;
    case DW_OP_lt: *to = (int64_t)a < (int64_t)b; return true;
    case DW_OP_eq: *to = a == b; return true;
    case DW_OP_ne: *to = a != b; return true;
    default: return false;
    }
}

static bool push(struct machine *m, uint64_t v)
{
    if (m->n == 16)
        return false;
    m->stack[m->n++] = v;
    return true;
}

static bool operate(struct machine *m, const Dwarf_Op *op, const struct symbols_regs *s, uint64_t cfa)
{
    const int atom = op->atom;
    uint64_t *top = m->n ? &m->stack[m->n - 1] : NULL;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        return push(m, (uint64_t)(atom - DW_OP_lit0));
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg15) {
        const int reg = rule_hardware[atom - DW_OP_breg0];
        m->trail->uses |= 1u << reg;
        return push(m, s->r[reg] + op->number);
    }
    switch (atom) {
    case DW_OP_breg16: return push(m, s->pc + op->number); /* rip */
    case DW_OP_call_frame_cfa: return push(m, cfa);
    case DW_OP_const1u: case DW_OP_const1s: case DW_OP_const2u: case DW_OP_const2s: case DW_OP_const4u:
    case DW_OP_const4s: case DW_OP_const8u: case DW_OP_const8s: case DW_OP_constu: case DW_OP_consts:
        return push(m, op->number);
    case DW_OP_dup: return top && push(m, *top);
    case DW_OP_drop: m->n -= top != NULL; return top != NULL;
    case DW_OP_plus_uconst: return top && (*top += op->number, true);
    case DW_OP_deref: return top && read_word(m->trail, *top, top);
    case DW_OP_neg: return top && (*top = -*top, true);
    case DW_OP_not: return top && (*top = ~*top, true);
    case DW_OP_nop: return true;
    case DW_OP_stack_value: m->is_value = true; return true;
    default: return two_operands(m, atom);
    }
}

/* trail takes what was used. */
static bool evaluate(const struct rule_expression *e, const struct symbols_regs *s, uint64_t cfa, uint64_t *v, bool *is_value,
                     struct unwind_trail *trail)
{
    struct machine m = { .n = 0, .trail = trail };
    for (size_t i = 0; i < e->n_ops; i++)
        if (!operate(&m, &e->ops[i], s, cfa))
            return false;
    *is_value = m.is_value;
    *v = m.n ? m.stack[m.n - 1] : 0;
    return m.n > 0;
}

/* ---- steps ---- */

static inline bool read_at_cfa(struct unwind_trail *trail, uint64_t cfa, int32_t offset, uint64_t *v)
{
    return read_word(trail, cfa + (uint64_t)(int64_t)offset, v);
}

/* A caller may be its own caller's equal only if the stack moved. */
static inline bool arrive(struct symbols_regs *s, uint64_t cfa, uint64_t ra)
{
    if (ra == 0 || (cfa <= s->r[X86_RSP] && ra == s->pc))
        return false;
    s->r[X86_RSP] = cfa;
    s->pc = ra;
    return true;
}

static inline bool step_cfi(const struct rule *r, struct symbols_regs *s, struct unwind_trail *trail)
{
    const uint64_t cfa = s->r[r->cfa_reg] + (uint64_t)(int64_t)r->cfa_offset;
    uint64_t ra;
    trail->uses |= 1u << r->cfa_reg;
    if (!read_at_cfa(trail, cfa, r->ra, &ra))
        return false;
    for (int i = 0; i < r->n_saved; i++) {
        if (!read_at_cfa(trail, cfa, r->saved_offset[i], &s->r[r->saved_reg[i]]))
            return false;
        trail->sets |= 1u << r->saved_reg[i];
    }
    return arrive(s, cfa, ra);
}

/* With expressions: all are of the registers as they were. */
static bool step_more(const struct rule *r, struct symbols_regs *s, struct unwind_trail *trail)
{
    const struct rule_more *m = r->more;
    struct symbols_regs next = *s;
    uint64_t cfa = s->r[r->cfa_reg] + (uint64_t)(int64_t)r->cfa_offset, ra = 0;
    bool is_value, ra_known = false;
    trail->uses |= 1u << r->cfa_reg; /* also where an expression says it: no harm */
    for (int i = 0; i < m->n_expressions; i++)
        if (m->expressions[i].reg == RULE_CFA && !evaluate(&m->expressions[i], s, 0, &cfa, &is_value, trail))
            return false;
    for (int i = 0; i < m->n_expressions; i++) {
        const struct rule_expression *e = &m->expressions[i];
        uint64_t v;
        if (e->reg == RULE_CFA)
            continue;
        if (!evaluate(e, s, cfa, &v, &is_value, trail) || (!is_value && !read_word(trail, v, &v)))
            return false;
        if (e->reg == RULE_RA)
            ra = v, ra_known = true;
        else
            next.r[e->reg] = v;
    }
    for (int i = 0; i < r->n_saved; i++)
        if (!read_at_cfa(trail, cfa, r->saved_offset[i], &next.r[r->saved_reg[i]]))
            return false;
    for (int i = 0; i < m->n_offsets; i++)
        if (!read_at_cfa(trail, cfa, m->offsets[i].offset, &next.r[m->offsets[i].reg]))
            return false;
    if ((!ra_known && !read_at_cfa(trail, cfa, r->ra, &ra)) || !arrive(&next, cfa, ra))
        return false;
    *s = next;
    return true;
}

static bool step_frame(struct symbols_regs *s, struct unwind_trail *trail)
{
    uint64_t bp, ra;
    const guest_addr at = s->r[X86_RBP];
    if (at < s->r[X86_RSP] || at - s->r[X86_RSP] > 1 << 20 || (at & 7) || !read_word(trail, at, &bp) ||
        !read_word(trail, at + 8, &ra) || !rule_follows_call(ra))
        return false;
    s->r[X86_RSP] = at + 16;
    s->r[X86_RBP] = bp;
    s->pc = ra;
    return true;
}

/* The first of some words on the stack that is a return address. */
static bool step_scan(struct symbols_regs *s, int words, struct unwind_trail *trail)
{
    uint64_t ra;
    for (guest_addr at = s->r[X86_RSP]; words-- > 0; at += 8) {
        if (!read_word(trail, at, &ra))
            return false;
        if (rule_follows_call(ra)) {
            s->pc = ra;
            s->r[X86_RSP] = at + 8;
            return true;
        }
    }
    return false;
}

/* A leaf without a frame has its return address on top; one with a frame pointer is in the chain. */
static bool step_guess(struct symbols_regs *s, struct unwind_trail *trail)
{
    return step_scan(s, 1, trail) || step_frame(s, trail) || step_scan(s, 32, trail);
}

/* No look at the segment list here: every malloc's trace passes. */
static bool step_hook(struct symbols_regs *s, struct unwind_trail *trail)
{
    uint64_t ra;
    if (!read_word(trail, s->r[X86_RSP], &ra) || ra == 0)
        return false;
    s->pc = ra;
    s->r[X86_RSP] += 8;
    return true;
}

/* Where a call to nowhere came from: a caller's address on top, or a frame pointer. */
static bool step_nowhere(struct symbols_regs *s, struct unwind_trail *trail)
{
    uint64_t ra;
    if (read_word(trail, s->r[X86_RSP], &ra) && rule_is_executable(ra)) {
        s->pc = ra;
        s->r[X86_RSP] += 8;
        return true;
    }
    return step_frame(s, trail);
}

/* struct ucontext lies where the handler's return left the stack pointer (arch/x86/include/uapi/asm/sigcontext.h). */
static bool step_signal(struct symbols_regs *s)
{
    static const uint8_t order[16] = { 8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4 };
    uint64_t words[17];
    if (ng_read(words, s->r[X86_RSP] + 40, sizeof words) != sizeof words)
        return false;
    for (int i = 0; i < 16; i++)
        s->r[order[i]] = words[i];
    s->pc = words[16];
    return true;
}

/* The rules this thread used last, by pc. */
enum { RECENT = 256 };
static __thread struct { guest_addr pc; const struct rule *rule; } recent[RECENT];
static __thread uint32_t recent_generation;

static inline const struct rule *rule_at(guest_addr pc)
{
    const unsigned i = (unsigned)(pc ^ pc >> 8) % RECENT;
    bool lasting;
    if (recent[i].pc == pc && recent[i].rule)
        return recent[i].rule;
    const struct rule *r = rule_for(pc, &lasting);
    if (lasting) {
        recent[i].pc = pc;
        recent[i].rule = r;
    }
    return r;
}

bool unwind_drop_old_rules(void)
{
    const uint32_t now = atomic_load_explicit(&rule_generation, memory_order_acquire), before = recent_generation;
    if (before != now)
        memset(recent, 0, sizeof recent);
    recent_generation = now;
    return before != now;
}

bool unwind_step(struct symbols_regs *s, guest_addr at, bool *exact, struct unwind_trail *trail)
{
    const struct rule *r = rule_at(at);
    *exact = false;
    trail->n = 0;
    trail->opaque = r->kind != RULE_CFI && r->kind != RULE_MORE && r->kind != RULE_HOOK && r->kind != RULE_END;
    trail->uses = trail->sets = 0;
    switch (r->kind) {
    case RULE_CFI: return step_cfi(r, s, trail);
    case RULE_MORE: return step_more(r, s, trail);
    case RULE_HOOK: return step_hook(s, trail);
    case RULE_NOWHERE: return step_nowhere(s, trail);
    case RULE_FRAME: return step_frame(s, trail);
    case RULE_GUESS: return step_guess(s, trail);
    case RULE_SIGNAL: *exact = true; return step_signal(s);
    default: return false;
    }
}

bool symbols_unwind(struct symbols_regs *s)
{
    struct unwind_trail trail;
    bool exact;
    unwind_drop_old_rules();
    return unwind_step(s, s->pc, &exact, &trail);
}
