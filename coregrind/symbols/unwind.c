/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind: from frame to frame outward, by rule.  The client's stack is read directly: a load that faults
 * (base/landing.h) ends the walk, which keeps the frames it has.  */
#include <dwarf.h>
#include "base/landing.h"
#include "symbols/unwind.h"

/* ---- words of the stack ---- */

static inline void record(struct unwind *u, guest_addr a, uint64_t v)
{
    const int64_t offset = (int64_t)(a - u->start_sp);
    const uint32_t n = u->n_words;
    if (n == UNWIND_WORDS || offset != (int32_t)offset) {
        u->opaque = true;
        return;
    }
    u->offset[n] = (int32_t)offset;
    u->word[n] = v;
    u->n_words = n + 1;
}

static inline bool read_word(struct unwind *u, guest_addr a, uint64_t *v)
{
    if (u->direct && a < ng_strip_size - 8 && landing_load(a, v)) {
        record(u, a, *v);
        return true;
    }
    u->opaque = true;
    return !u->direct && ng_read(v, a, 8) == 8;
}

/* ---- registers ---- */

/* What the frames say of registers goes to `settled`: nothing refers to their rules any more. */
static void settle(struct unwind *u)
{
    for (uint32_t i = 0; i < u->n_frames; i++) {
        const struct rule *r = u->frame[i].rule;
        for (int k = 0; k < r->n_saved; k++)
            u->reg[r->saved_reg[k]].place = u->frame[i].cfa + (uint64_t)(int64_t)r->saved_offset[k];
        u->settled |= r->saves;
        u->in_memory |= r->saves;
    }
    u->n_frames = 0;
}

static void set_value(struct unwind *u, int reg, uint64_t v)
{
    u->settled |= (uint16_t)(1u << reg);
    u->in_memory &= (uint16_t)~(1u << reg);
    u->reg[reg].value = v;
}

static void set_place(struct unwind *u, int reg, guest_addr a)
{
    u->settled |= (uint16_t)(1u << reg);
    u->in_memory |= (uint16_t)(1u << reg);
    u->reg[reg].place = a;
}

static bool register_settled(struct unwind *u, int reg, uint64_t *v)
{
    if (u->in_memory >> reg & 1)
        return read_word(u, u->reg[reg].place, v);
    if (u->settled >> reg & 1) {
        *v = u->reg[reg].value;
    } else if (UNWIND_CARRIED >> reg & 1) {
        *v = unwind_register(u->thread, reg);
        u->uses |= (uint16_t)(1u << reg);
    } else {
        *v = 0;
    }
    return true;
}

/* The register's value in the frame that was reached. */
static bool register_now(struct unwind *u, int reg, uint64_t *v)
{
    if (reg == X86_RSP) {
        *v = u->sp;
        return true;
    }
    for (uint32_t i = u->n_frames; i-- > 0;) {
        const struct rule *r = u->frame[i].rule;
        if (!(r->saves >> reg & 1))
            continue;
        int k = 0;
        while (r->saved_reg[k] != reg)
            k++;
        return read_word(u, u->frame[i].cfa + (uint64_t)(int64_t)r->saved_offset[k], v);
    }
    return register_settled(u, reg, v);
}

/* ---- expressions ---- */

struct machine { uint64_t stack[16]; int n; bool is_value; struct unwind *u; };

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

static bool operate(struct machine *m, const Dwarf_Op *op, uint64_t cfa)
{
    const int atom = op->atom;
    uint64_t *top = m->n ? &m->stack[m->n - 1] : NULL;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        return push(m, (uint64_t)(atom - DW_OP_lit0));
    uint64_t v;
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg15)
        return register_now(m->u, rule_hardware[atom - DW_OP_breg0], &v) && push(m, v + op->number);
    switch (atom) {
    case DW_OP_breg16: return push(m, m->u->pc + op->number); /* rip */
    case DW_OP_call_frame_cfa: return push(m, cfa);
    case DW_OP_const1u: case DW_OP_const1s: case DW_OP_const2u: case DW_OP_const2s: case DW_OP_const4u:
    case DW_OP_const4s: case DW_OP_const8u: case DW_OP_const8s: case DW_OP_constu: case DW_OP_consts:
        return push(m, op->number);
    case DW_OP_dup: return top && push(m, *top);
    case DW_OP_drop: m->n -= top != NULL; return top != NULL;
    case DW_OP_plus_uconst: return top && (*top += op->number, true);
    case DW_OP_deref: return top && read_word(m->u, *top, top);
    case DW_OP_neg: return top && (*top = -*top, true);
    case DW_OP_not: return top && (*top = ~*top, true);
    case DW_OP_nop: return true;
    case DW_OP_stack_value: m->is_value = true; return true;
    default: return two_operands(m, atom);
    }
}

static bool evaluate(struct unwind *u, const struct rule_expression *e, uint64_t cfa, uint64_t *v, bool *is_value)
{
    struct machine m = { .n = 0, .u = u };
    for (size_t i = 0; i < e->n_ops; i++)
        if (!operate(&m, &e->ops[i], cfa))
            return false;
    *is_value = m.is_value;
    *v = m.n ? m.stack[m.n - 1] : 0;
    return m.n > 0;
}

/* ---- steps ---- */

/* A caller may be its own caller's equal only if the stack moved. */
static inline bool arrive(struct unwind *u, uint64_t cfa, uint64_t ra)
{
    if (ra == 0 || (cfa <= u->sp && ra == u->pc))
        return false;
    u->sp = cfa;
    u->pc = ra;
    return true;
}

static inline bool step_to(struct unwind *u, const struct rule *r, uint64_t cfa, guest_addr ra_at)
{
    uint64_t ra;
    if (!read_word(u, ra_at, &ra))
        return false;
    if (u->n_frames == UNWIND_FRAMES)
        settle(u);
    u->frame[u->n_frames].rule = r;
    u->frame[u->n_frames++].cfa = cfa;
    return arrive(u, cfa, ra);
}

static bool step_cfi(struct unwind *u, const struct rule *r)
{
    uint64_t cfa;
    if (!register_now(u, r->cfa_reg, &cfa))
        return false;
    cfa += (uint64_t)(int64_t)r->cfa_offset;
    return step_to(u, r, cfa, cfa + (uint64_t)(int64_t)r->ra);
}

/* Registers of a RULE_MORE that expressions give: all of registers as they were, so none is set before all are known. */
struct given { int n; struct { uint8_t reg; bool is_value; uint64_t v; } reg[18]; };

static bool evaluate_registers(struct unwind *u, const struct rule_more *m, uint64_t cfa, struct given *g, uint64_t *ra, bool *ra_known)
{
    g->n = 0;
    for (int i = 0; i < m->n_expressions; i++) {
        const struct rule_expression *e = &m->expressions[i];
        bool is_value;
        uint64_t v;
        if (e->reg == RULE_CFA)
            continue;
        if (!evaluate(u, e, cfa, &v, &is_value))
            return false;
        if (e->reg != RULE_RA) {
            g->reg[g->n].reg = e->reg;
            g->reg[g->n].is_value = is_value;
            g->reg[g->n++].v = v;
        } else {
            if (!is_value && !read_word(u, v, &v))
                return false;
            *ra = v;
            *ra_known = true;
        }
    }
    return true;
}

static bool step_more(struct unwind *u, const struct rule *r)
{
    const struct rule_more *m = r->more;
    struct given given;
    uint64_t cfa = 0, ra = 0;
    bool is_value, cfa_known = false, ra_known = false;
    for (int i = 0; i < m->n_expressions; i++)
        if (m->expressions[i].reg == RULE_CFA && !(cfa_known = evaluate(u, &m->expressions[i], 0, &cfa, &is_value)))
            return false;
    if (!cfa_known) {
        if (!register_now(u, r->cfa_reg, &cfa))
            return false;
        cfa += (uint64_t)(int64_t)r->cfa_offset;
    }
    if (!evaluate_registers(u, m, cfa, &given, &ra, &ra_known) ||
        (!ra_known && !read_word(u, cfa + (uint64_t)(int64_t)r->ra, &ra)))
        return false;
    settle(u);
    for (int i = 0; i < given.n; i++)
        (given.reg[i].is_value ? set_value : set_place)(u, given.reg[i].reg, given.reg[i].v);
    for (int i = 0; i < r->n_saved; i++)
        set_place(u, r->saved_reg[i], cfa + (uint64_t)(int64_t)r->saved_offset[i]);
    for (int i = 0; i < m->n_offsets; i++)
        set_place(u, m->offsets[i].reg, cfa + (uint64_t)(int64_t)m->offsets[i].offset);
    return arrive(u, cfa, ra);
}

static bool step_frame(struct unwind *u)
{
    uint64_t at, bp, ra;
    if (!register_now(u, X86_RBP, &at) || at < u->sp || at - u->sp > 1 << 20 || (at & 7) || !read_word(u, at, &bp) ||
        !read_word(u, at + 8, &ra) || !rule_follows_call(ra))
        return false;
    settle(u);
    set_place(u, X86_RBP, at);
    u->sp = at + 16;
    u->pc = ra;
    return true;
}

/* The first of some words on the stack that is a return address. */
static bool step_scan(struct unwind *u, int words)
{
    uint64_t ra;
    for (guest_addr at = u->sp; words-- > 0; at += 8) {
        if (!read_word(u, at, &ra))
            return false;
        if (rule_follows_call(ra)) {
            u->pc = ra;
            u->sp = at + 8;
            return true;
        }
    }
    return false;
}

/* A leaf without a frame has its return address on top; one with a frame pointer is in the chain. */
static bool step_guess(struct unwind *u)
{
    return step_scan(u, 1) || step_frame(u) || step_scan(u, 32);
}

/* Where a call to nowhere came from: a caller's address on top, or a frame pointer. */
static bool step_nowhere(struct unwind *u)
{
    uint64_t ra;
    if (read_word(u, u->sp, &ra) && rule_is_executable(ra)) {
        u->pc = ra;
        u->sp += 8;
        return true;
    }
    return step_frame(u);
}

/* struct ucontext lies where the handler's return left the stack pointer (arch/x86/include/uapi/asm/sigcontext.h). */
static bool step_signal(struct unwind *u)
{
    static const uint8_t order[16] = { 8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4 };
    uint64_t words[17];
    if (ng_read(words, u->sp + 40, sizeof words) != sizeof words)
        return false;
    u->n_frames = 0;
    for (int i = 0; i < 16; i++)
        set_value(u, order[i], words[i]);
    u->sp = u->reg[X86_RSP].value;
    u->pc = words[16];
    return true;
}

/* The rules this thread used last, by pc.  Most of a walk is waiting for them, so what is usual comes along: frames
 * whose CFA is so many words above the stack pointer, and the return address the word below it; 0: look at the rule. */
enum { RECENT = 2048, WORDS_BITS = 16 };
static __thread struct recent { guest_addr pc; uint64_t rule_and_words; /* address << WORDS_BITS | words */ } recent[RECENT];
static __thread uint32_t recent_generation;

static inline const struct rule *recent_rule(const struct recent *r) { return (const struct rule *)(uintptr_t)(r->rule_and_words >> WORDS_BITS); }
static inline uint64_t recent_words(const struct recent *r) { return r->rule_and_words & ((1u << WORDS_BITS) - 1); }

static void set_recent(struct recent *to, const struct rule *r)
{
    const int32_t words = r->cfa_offset / 8;
    const bool usual = r->kind == RULE_CFI && r->cfa_reg == X86_RSP && r->ra == -8 && r->cfa_offset == words * 8 && words > 0 &&
                       words < 1 << WORDS_BITS;
    to->pc = r->pc;
    to->rule_and_words = (uint64_t)(uintptr_t)r << WORDS_BITS | (usual ? (uint32_t)words : 0);
}

static inline struct recent *recent_at(guest_addr pc) { return &recent[(pc ^ pc >> 8) % RECENT]; }

static const struct rule *rule_at(guest_addr pc)
{
    struct recent *recently = recent_at(pc);
    bool lasting;
    if (recently->pc == pc && recently->rule_and_words)
        return recent_rule(recently);
    const struct rule *r = rule_for(pc, &lasting);
    if (lasting)
        set_recent(recently, r);
    return r;
}

static inline void drop_old_rules(void)
{
    const uint32_t now = atomic_load_explicit(&rule_generation, memory_order_acquire);
    if (recent_generation == now)
        return;
    memset(recent, 0, sizeof recent);
    recent_generation = now;
}

/* *exact: is the new pc where execution is? */
static __attribute__((noinline)) bool step_by_rule(struct unwind *u, guest_addr at, bool *exact)
{
    const struct rule *r = rule_at(at);
    *exact = r->kind == RULE_SIGNAL;
    u->opaque |= r->kind != RULE_CFI && r->kind != RULE_MORE && r->kind != RULE_END;
    switch (r->kind) {
    case RULE_CFI: return step_cfi(u, r);
    case RULE_MORE: return step_more(u, r);
    case RULE_NOWHERE: return step_nowhere(u);
    case RULE_FRAME: return step_frame(u);
    case RULE_GUESS: return step_guess(u);
    case RULE_SIGNAL: return step_signal(u);
    default: return false;
    }
}

static inline bool step(struct unwind *u, guest_addr at, bool *exact)
{
    const struct recent *r = recent_at(at);
    const uint64_t words = recent_words(r);
    if (r->pc != at || words == 0)
        return step_by_rule(u, at, exact);
    *exact = false;
    return step_to(u, recent_rule(r), u->sp + 8 * words, u->sp + 8 * words - 8);
}

/* ---- walks ---- */

void unwind_start(struct unwind *u, struct ng_thread *thread) /* not all of it is set: that would be most of the work */
{
    drop_old_rules();
    u->thread = thread;
    u->pc = u->start_pc = unwind_pc(thread);
    u->sp = u->start_sp = unwind_register(thread, X86_RSP);
    u->direct = run_is_guest;
    u->opaque = false;
    u->uses = u->settled = u->in_memory = 0;
    u->n_frames = u->n_words = 0;
}

int unwind_walk(struct unwind *u, guest_addr *pcs, guest_addr *sps, int max)
{
    bool exact = true;
    for (int n = 0;;) {
        const guest_addr at = exact ? u->pc : u->pc - 1;
        pcs[n] = at;
        if (sps)
            sps[n] = u->sp;
        if (++n == max || !step(u, at, &exact))
            return n;
    }
}

bool unwind_step(struct unwind *u, guest_addr at, bool *exact)
{
    return step(u, at, exact);
}

int symbols_walk(struct ng_thread *t, guest_addr *pcs, guest_addr *sps, int max)
{
    struct unwind u;
    if (max <= 0)
        return 0;
    unwind_start(&u, t);
    return unwind_walk(&u, pcs, sps, max);
}
