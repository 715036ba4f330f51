/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind: one frame outward.
 *
 * How to unwind at a pc is a rule: CFA as register + offset (or an expression,
 * as PLT entries have), and where the caller's registers are, as offsets from the
 * CFA.  Rules come from .eh_frame through libdw once per pc and are kept; using
 * one touches neither libdw nor a lock. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include "heap/redirect.h"
#include "symbols/internal.h"

enum { BUCKETS = 1 << 14, SAME = INT32_MIN, UNDEFINED = INT32_MIN + 1 };
enum rule_kind { RULE_CFI, RULE_EXPRESSION, RULE_ENTRY, RULE_FRAME_POINTER, RULE_SIGNAL, RULE_END };

struct rule {
    struct rule *next;
    guest_addr pc;
    uint8_t kind, cfa_reg;        /* hardware number */
    int32_t cfa_offset, ra;       /* offsets from the CFA */
    int32_t saved[16];
    Dwarf_Op *ops; size_t n_ops;  /* RULE_EXPRESSION */
};
static _Atomic(struct rule *) buckets[BUCKETS];

/* DWARF register number to hardware number (System V ABI x86-64, figure 3.36). */
static const uint8_t hardware[16] = { 0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15 };

void unwind_forget(void)
{
    for (int i = 0; i < BUCKETS; i++)
        atomic_store(&buckets[i], NULL); /* other threads may be using the rules: they are not freed */
}

/* ---- making rules ---- */

static bool simple_cfa(const Dwarf_Op *ops, size_t n, struct rule *r)
{
    if (n != 1)
        return false;
    uint64_t reg, offset;
    if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
        reg = ops[0].atom - DW_OP_breg0, offset = ops[0].number;
    else if (ops[0].atom == DW_OP_bregx)
        reg = ops[0].number, offset = ops[0].number2;
    else
        return false;
    if (reg > 15)
        return false;
    r->cfa_reg = hardware[reg];
    r->cfa_offset = (int32_t)offset;
    return true;
}

/* Where the caller's register is: an offset from the CFA, SAME or UNDEFINED. */
static int32_t place_of(Dwarf_Frame *frame, int reg)
{
    Dwarf_Op memory[3], *ops;
    size_t n;
    if (dwarf_frame_register(frame, reg, memory, &ops, &n) != 0)
        return UNDEFINED;
    if (n == 0)
        return ops == memory ? UNDEFINED : SAME;
    if (ops[0].atom == DW_OP_call_frame_cfa && n == 1)
        return 0;
    if (ops[0].atom == DW_OP_call_frame_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst)
        return (int32_t)ops[1].number;
    return UNDEFINED;
}

static Dwarf_CFI *cfi_of(struct symbols_object *o)
{
    if (!o->cfi_tried) {
        o->cfi_tried = true;
        Dwfl_Module *m = object_module(o);
        o->cfi = m ? dwfl_module_eh_cfi(m, &o->cfi_bias) : NULL;
    }
    return o->cfi;
}

/* From the object's .eh_frame; false if it says nothing of pc.  symbols_lock held. */
static bool from_cfi(struct symbols_object *o, guest_addr pc, struct rule *r)
{
    Dwarf_Frame *frame = NULL;
    Dwarf_Op *ops;
    size_t n;
    GElf_Addr bias = 0;
    Dwarf_CFI *cfi = cfi_of(o);
    if (!cfi || !dwfl_module_getelf(o->module, &bias))
        return false;
    if (dwarf_cfi_addrframe(cfi, pc - o->bias + bias - o->cfi_bias, &frame) != 0)
        return false;
    bool good = dwarf_frame_cfa(frame, &ops, &n) == 0 && n > 0;
    if (good && simple_cfa(ops, n, r)) {
        r->kind = RULE_CFI;
    } else if (good) {
        r->kind = RULE_EXPRESSION;
        r->ops = base_alloc(n * sizeof *ops);
        memcpy(r->ops, ops, n * sizeof *ops);
        r->n_ops = n;
    }
    r->ra = good ? place_of(frame, 16) : UNDEFINED;
    for (int i = 0; i < 16; i++)
        r->saved[hardware[i]] = good ? place_of(frame, i) : UNDEFINED;
    if (good && r->ra == UNDEFINED)
        r->kind = RULE_END;
    free(frame);
    return good;
}

static bool is_sigreturn(guest_addr pc)
{
    static const uint8_t code[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 }; /* mov rax, rt_sigreturn; syscall */
    uint8_t bytes[sizeof code];
    return ng_read(bytes, pc, sizeof bytes) == sizeof bytes && !memcmp(bytes, code, sizeof code);
}

static bool is_executable(guest_addr pc)
{
    struct ng_segment s;
    return ng_segment_at(pc, &s) && (s.prot & NG_PROT_X);
}

/* pc is where execution is (exact) or one before where it will go on. */
static struct rule *make_rule(guest_addr pc)
{
    struct rule *r = base_alloc(sizeof *r);
    r->pc = pc;
    for (int i = 0; i < 16; i++)
        r->saved[i] = SAME;
    struct symbols_object *o = object_at(pc);
    if (redirect_at(pc) || !is_executable(pc)) {
        r->kind = RULE_ENTRY;
        return r;
    }
    if (is_sigreturn(pc) || is_sigreturn(pc + 1)) {
        r->kind = RULE_SIGNAL;
        return r;
    }
    base_lock(&symbols_lock);
    const bool known = o && from_cfi(o, pc, r);
    base_unlock(&symbols_lock);
    if (!known)
        r->kind = RULE_FRAME_POINTER;
    return r;
}

static const struct rule *rule_for(guest_addr pc)
{
    _Atomic(struct rule *) *bucket = &buckets[base_hash64(pc) % BUCKETS];
    struct rule *r = atomic_load_explicit(bucket, memory_order_acquire);
    while (r && r->pc != pc)
        r = r->next;
    if (r)
        return r;
    r = make_rule(pc);
    r->next = atomic_load(bucket);
    while (!atomic_compare_exchange_weak(bucket, &r->next, r))
        continue;
    return r;
}

/* ---- using them ---- */

/* The stack of this walk: words inside are read directly. */
static __thread guest_addr stack_low, stack_high;

static bool read_word(guest_addr a, uint64_t *v)
{
    if (a >= stack_low && a + 8 <= stack_high && a + 8 > a) {
        *v = *(const uint64_t *)a;
        return true;
    }
    return ng_read(v, a, 8) == 8;
}

/* The operations that CFA expressions of PLT entries consist of. */
static bool evaluate(const struct rule *r, const struct symbols_regs *s, uint64_t *cfa)
{
    uint64_t stack[16];
    int n = 0;
    for (size_t i = 0; i < r->n_ops; i++) {
        const Dwarf_Op *op = &r->ops[i];
        const int atom = op->atom;
        if (n >= 15 || (atom > DW_OP_breg31 && n < 1))
            return false;
        if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
            stack[n++] = atom - DW_OP_lit0;
        else if (atom >= DW_OP_breg0 && atom <= DW_OP_breg0 + 15)
            stack[n++] = s->r[hardware[atom - DW_OP_breg0]] + op->number;
        else if (atom == DW_OP_breg16)
            stack[n++] = s->pc + op->number;
        else if (atom == DW_OP_plus_uconst && n)
            stack[n - 1] += op->number;
        else if (n < 2)
            return false;
        else if (n--, atom == DW_OP_and)
            stack[n - 1] &= stack[n];
        else if (atom == DW_OP_ge)
            stack[n - 1] = (int64_t)stack[n - 1] >= (int64_t)stack[n];
        else if (atom == DW_OP_shl)
            stack[n - 1] <<= stack[n] & 63;
        else if (atom == DW_OP_plus)
            stack[n - 1] += stack[n];
        else
            return false;
    }
    *cfa = n ? stack[n - 1] : 0;
    return n == 1;
}

static bool step_cfi(const struct rule *r, struct symbols_regs *s)
{
    uint64_t cfa, ra;
    struct symbols_regs next = *s;
    if (r->kind == RULE_CFI)
        cfa = s->r[r->cfa_reg] + (int64_t)r->cfa_offset;
    else if (!evaluate(r, s, &cfa))
        return false;
    if (r->ra == SAME || !read_word(cfa + (int64_t)r->ra, &ra) || ra == 0)
        return false;
    for (int i = 0; i < 16; i++)
        if (r->saved[i] > UNDEFINED && !read_word(cfa + (int64_t)r->saved[i], &next.r[i]))
            return false;
    next.r[X86_RSP] = cfa;
    next.pc = ra;
    if (cfa <= s->r[X86_RSP] && ra == s->pc)
        return false;
    *s = next;
    return true;
}

static bool step_entry(struct symbols_regs *s)
{
    uint64_t ra;
    if (!read_word(s->r[X86_RSP], &ra) || !ra || !is_executable(ra))
        return false;
    s->pc = ra;
    s->r[X86_RSP] += 8;
    return true;
}

static bool step_frame_pointer(struct symbols_regs *s)
{
    uint64_t bp, ra;
    const guest_addr at = s->r[X86_RBP];
    if (at < s->r[X86_RSP] || at - s->r[X86_RSP] > 1 << 20 || (at & 7) || !read_word(at, &bp) || !read_word(at + 8, &ra) ||
        !ra || !is_executable(ra))
        return false;
    s->r[X86_RSP] = at + 16;
    s->r[X86_RBP] = bp;
    s->pc = ra;
    return true;
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

/* pc of s names the rule; *exact tells whether the new pc is where execution is, not a return address. */
static bool step(struct symbols_regs *s, guest_addr rule_pc, bool *exact)
{
    const struct rule *r = rule_for(rule_pc);
    *exact = false;
    switch (r->kind) {
    case RULE_CFI:
    case RULE_EXPRESSION: return step_cfi(r, s);
    case RULE_ENTRY: return step_entry(s);
    case RULE_FRAME_POINTER: return step_frame_pointer(s);
    case RULE_SIGNAL: *exact = true; return step_signal(s);
    default: return false;
    }
}

bool symbols_unwind(struct symbols_regs *s)
{
    bool exact;
    return step(s, s->pc, &exact);
}

int symbols_walk(struct ng_thread *t, guest_addr *pcs, guest_addr *sps, int max)
{
    struct symbols_regs s;
    struct ng_segment stack;
    bool exact = true;
    int n = 0;
    for (int i = 0; i < 16; i++)
        s.r[i] = ng_reg(t, i);
    s.pc = ng_reg(t, X86_RIP);
    stack_low = stack_high = 0;
    if (ng_segment_at(s.r[X86_RSP], &stack) && (stack.prot & NG_PROT_R))
        stack_low = stack.start, stack_high = stack.end;
    while (n < max) {
        const guest_addr pc = exact ? s.pc : s.pc - 1;
        pcs[n] = pc;
        if (sps)
            sps[n] = s.r[X86_RSP];
        n++;
        if (!step(&s, !exact && is_sigreturn(s.pc) ? s.pc : pc, &exact))
            break;
        if (!exact && !is_sigreturn(s.pc))
            continue;
        if (!exact) /* the handler returns into the kernel's frame: no frame of its own */
            if (!step(&s, s.pc, &exact))
                break;
    }
    return n;
}
