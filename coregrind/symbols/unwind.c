/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind: one frame outward, by rule, and whole stacks.
 *
 * The client's stack is read directly: a bad address lands where the walk
 * began, which then ends there with the frames it has. */
#include <dwarf.h>
#include "run/run.h"
#include "symbols/rules.h"

static __thread bool guarded;      /* run_self.recover is ours */

static inline bool read_word(guest_addr a, uint64_t *v)
{
    if (!guarded)
        return ng_read(v, a, 8) == 8;
    if (a >= ng_strip_size - 8)
        return false;
    memcpy(v, (const void *)a, sizeof *v);
    return true;
}

/* ---- expressions ---- */

struct machine { uint64_t stack[16]; int n; bool is_value; };

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
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg15)
        return push(m, s->r[rule_hardware[atom - DW_OP_breg0]] + op->number);
    switch (atom) {
    case DW_OP_breg16: return push(m, s->pc + op->number); /* rip */
    case DW_OP_call_frame_cfa: return push(m, cfa);
    case DW_OP_const1u: case DW_OP_const1s: case DW_OP_const2u: case DW_OP_const2s: case DW_OP_const4u:
    case DW_OP_const4s: case DW_OP_const8u: case DW_OP_const8s: case DW_OP_constu: case DW_OP_consts:
        return push(m, op->number);
    case DW_OP_dup: return top && push(m, *top);
    case DW_OP_drop: m->n -= top != NULL; return top != NULL;
    case DW_OP_plus_uconst: return top && (*top += op->number, true);
    case DW_OP_deref: return top && read_word(*top, top);
    case DW_OP_neg: return top && (*top = -*top, true);
    case DW_OP_not: return top && (*top = ~*top, true);
    case DW_OP_nop: return true;
    case DW_OP_stack_value: m->is_value = true; return true;
    default: return two_operands(m, atom);
    }
}

static bool evaluate(const Dwarf_Op *ops, size_t n, const struct symbols_regs *s, uint64_t cfa, uint64_t *v, bool *is_value)
{
    struct machine m = { .n = 0 };
    for (size_t i = 0; i < n; i++)
        if (!operate(&m, &ops[i], s, cfa))
            return false;
    *is_value = m.is_value;
    *v = m.n ? m.stack[m.n - 1] : 0;
    return m.n > 0;
}

/* ---- steps ---- */

static bool read_place(const struct rule_place *p, const struct symbols_regs *s, uint64_t cfa, uint64_t *v)
{
    bool is_value;
    if (!p->n_ops)
        return read_word(cfa + (uint64_t)(int64_t)p->offset, v);
    return evaluate(p->ops, p->n_ops, s, cfa, v, &is_value) && (is_value || read_word(*v, v));
}

static bool step_cfi(const struct rule *r, struct symbols_regs *s)
{
    uint64_t cfa, ra, saved[16];
    bool is_value;
    if (r->kind == RULE_CFI)
        cfa = s->r[r->cfa_reg] + (uint64_t)(int64_t)r->cfa_offset;
    else if (!evaluate(r->ops, r->n_ops, s, 0, &cfa, &is_value))
        return false;
    if (!read_place(&r->ra, s, cfa, &ra) || ra == 0)
        return false;
    if (cfa <= s->r[X86_RSP] && ra == s->pc)
        return false; /* would go on for ever */
    for (int i = 0; i < r->n_saved; i++)
        if (!read_place(&r->saved[i], s, cfa, &saved[i]))
            return false;
    for (int i = 0; i < r->n_saved; i++)
        s->r[r->saved[i].reg] = saved[i];
    s->r[X86_RSP] = cfa;
    s->pc = ra;
    return true;
}

static bool step_frame(struct symbols_regs *s)
{
    uint64_t bp, ra;
    const guest_addr at = s->r[X86_RBP];
    if (at < s->r[X86_RSP] || at - s->r[X86_RSP] > 1 << 20 || (at & 7) || !read_word(at, &bp) || !read_word(at + 8, &ra) ||
        !rule_follows_call(ra))
        return false;
    s->r[X86_RSP] = at + 16;
    s->r[X86_RBP] = bp;
    s->pc = ra;
    return true;
}

/* The first of some words on the stack that is a return address. */
static bool step_scan(struct symbols_regs *s, int words)
{
    uint64_t ra;
    for (guest_addr at = s->r[X86_RSP]; words-- > 0; at += 8) {
        if (!read_word(at, &ra))
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
static bool step_guess(struct symbols_regs *s)
{
    return step_scan(s, 1) || step_frame(s) || step_scan(s, 32);
}

/* No look at the segment list here: every malloc's trace passes. */
static bool step_hook(struct symbols_regs *s)
{
    uint64_t ra;
    if (!read_word(s->r[X86_RSP], &ra) || ra == 0)
        return false;
    s->pc = ra;
    s->r[X86_RSP] += 8;
    return true;
}

/* Where a call to nowhere came from: a caller's address on top, or a frame pointer. */
static bool step_nowhere(struct symbols_regs *s)
{
    uint64_t ra;
    if (read_word(s->r[X86_RSP], &ra) && rule_is_executable(ra)) {
        s->pc = ra;
        s->r[X86_RSP] += 8;
        return true;
    }
    return step_frame(s);
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

/* at: s->pc, less one if that is a return address.  *exact tells whether the new pc is where execution is. */
static bool step(struct symbols_regs *s, guest_addr at, bool *exact)
{
    const struct rule *r = rule_for(at);
    *exact = r->kind == RULE_SIGNAL;
    switch (r->kind) {
    case RULE_CFI:
    case RULE_EXPRESSION: return step_cfi(r, s);
    case RULE_HOOK: return step_hook(s);
    case RULE_NOWHERE: return step_nowhere(s);
    case RULE_FRAME: return step_frame(s);
    case RULE_GUESS: return step_guess(s);
    case RULE_SIGNAL: return step_signal(s);
    default: return false;
    }
}

bool symbols_unwind(struct symbols_regs *s)
{
    bool exact;
    return step(s, s->pc, &exact);
}

/* ---- whole stacks ---- */

static void walk(struct symbols_regs *s, guest_addr *pcs, guest_addr *sps, int max, volatile int *n)
{
    bool exact = true;
    do {
        const int i = *n;
        pcs[i] = exact ? s->pc : s->pc - 1;
        if (sps)
            sps[i] = s->r[X86_RSP];
        *n = i + 1;
    } while (*n < max && step(s, pcs[*n - 1], &exact));
}

/* A fault while client memory is read comes back here. */
static void walk_guarded(struct symbols_regs *s, guest_addr *pcs, guest_addr *sps, int max, volatile int *n)
{
    sigjmp_buf here, *outer = run_self.recover;
    if (sigsetjmp(here, 0) == 0) {
        run_self.recover = &here;
        guarded = true;
        walk(s, pcs, sps, max, n);
    }
    guarded = false;
    run_self.recover = outer;
}

int symbols_walk(struct ng_thread *t, guest_addr *pcs, guest_addr *sps, int max)
{
    struct symbols_regs s;
    volatile int n = 0;
    for (int i = 0; i < 16; i++)
        s.r[i] = ng_reg(t, i);
    s.pc = ng_reg(t, X86_RIP);
    if (max <= 0)
        return 0;
    if (run_is_guest)
        walk_guarded(&s, pcs, sps, max, &n);
    else
        walk(&s, pcs, sps, max, &n);
    return n;
}
