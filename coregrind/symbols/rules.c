/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/rules: makes rules from .eh_frame (or .debug_frame) through libdw, and keeps them. */
#include <dwarf.h>
#include "heap/redirect.h"
#include "run/run.h"
#include "symbols/rules.h"

enum { BUCKETS = 1 << 16 };
static _Atomic(struct rule *) buckets[BUCKETS];
_Atomic uint32_t rule_generation = 1;

const uint8_t rule_hardware[16] = { 0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15 };

/* ---- from call frame information ---- */

static struct rule_more *more_of(struct rule *r)
{
    if (!r->more)
        r->more = base_alloc(sizeof *r->more);
    r->kind = RULE_MORE;
    return r->more;
}

static void add_expression(struct rule *r, int reg, const Dwarf_Op *ops, size_t n)
{
    struct rule_more *m = more_of(r);
    Dwarf_Op *copy = base_alloc(n * sizeof *ops);
    memcpy(copy, ops, n * sizeof *ops);
    m->expressions[m->n_expressions++] = (struct rule_expression){ (uint8_t)reg, (uint32_t)n, copy };
}

static void add_offset(struct rule *r, int reg, int32_t offset)
{
    if (reg == RULE_RA) {
        r->ra = offset;
    } else if (r->n_saved < RULE_SAVED && offset == (int16_t)offset) {
        r->saves |= (uint16_t)(1u << reg);
        r->saved_reg[r->n_saved] = (uint8_t)reg;
        r->saved_offset[r->n_saved++] = (int16_t)offset;
    } else {
        struct rule_more *m = more_of(r);
        m->offsets[m->n_offsets++] = (struct rule_offset){ (uint8_t)reg, offset };
    }
}

static void set_cfa(struct rule *r, const Dwarf_Op *ops, size_t n)
{
    uint64_t reg = 99, offset = 0;
    if (n == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
        reg = ops[0].atom - DW_OP_breg0, offset = ops[0].number;
    else if (n == 1 && ops[0].atom == DW_OP_bregx)
        reg = ops[0].number, offset = ops[0].number2;
    if (reg > 15) {
        add_expression(r, RULE_CFA, ops, n);
        return;
    }
    r->cfa_reg = rule_hardware[reg];
    r->cfa_offset = (int32_t)offset;
}

/* Where the caller's register (DWARF number) is.  False if it is lost. */
static bool set_place(struct rule *r, Dwarf_Frame *frame, int dwarf_reg, int reg)
{
    Dwarf_Op memory[3], *ops;
    size_t n;
    if (dwarf_frame_register(frame, dwarf_reg, memory, &ops, &n) != 0 || (n == 0 && ops == memory))
        return false;
    const bool from_cfa = n && ops[0].atom == DW_OP_call_frame_cfa;
    if (from_cfa && n == 1)
        add_offset(r, reg, 0);
    else if (from_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst)
        add_offset(r, reg, (int32_t)ops[1].number);
    else if (n)
        add_expression(r, reg, ops, n);
    else
        return reg != RULE_RA; /* unchanged */
    return true;
}

static bool from_frame(Dwarf_Frame *frame, struct rule *r)
{
    Dwarf_Op *ops;
    size_t n;
    if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n == 0)
        return false;
    r->kind = RULE_CFI;
    set_cfa(r, ops, n);
    for (int i = 0; i < 16; i++)
        if (rule_hardware[i] != X86_RSP)
            set_place(r, frame, i, rule_hardware[i]);
    if (!set_place(r, frame, 16, RULE_RA))
        r->kind = RULE_END; /* .cfi_undefined rip: _start and clone say so */
    return true;
}

static bool from_table(Dwarf_CFI *cfi, uint64_t addr, struct rule *r)
{
    Dwarf_Frame *frame = NULL;
    if (!cfi || dwarf_cfi_addrframe(cfi, addr, &frame) != 0)
        return false;
    const bool good = from_frame(frame, r);
    free(frame);
    return good;
}

/* False if the object says nothing of pc. */
static bool from_object(struct symbols_object *o, guest_addr pc, struct rule *r)
{
    base_lock(&symbols_lock);
    Elf *elf = o->gone ? NULL : object_elf(o);
    if (elf && !o->cfi_tried) {
        o->cfi_tried = true;
        o->eh_cfi = dwarf_getcfi_elf(elf);
    }
    bool known = elf && from_table(o->eh_cfi, pc - o->bias, r);
    if (elf && !known && object_has_debug_frame(o) && object_dwarf(o)) {
        o->debug_cfi = dwarf_getcfi(o->dwarf);
        known = from_table(o->debug_cfi, pc - o->bias, r);
    }
    base_unlock(&symbols_lock);
    return known;
}

/* ---- without it ---- */

bool rule_is_executable(guest_addr a)
{
    struct ng_segment s;
    return ng_segment_at(a, &s) && (s.prot & NG_PROT_X);
}

/* mov $15, %rax; syscall, as in every C library's restorer. */
static bool is_sigreturn(guest_addr pc)
{
    static const uint8_t code[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };
    uint8_t bytes[sizeof code];
    return ng_read(bytes, pc, sizeof bytes) == sizeof bytes && !memcmp(bytes, code, sizeof code);
}

/* call rel32, or call r/m64 (ff /2) in one of its lengths. */
bool rule_follows_call(guest_addr a)
{
    uint8_t b[7];
    if (a < 4096 || !ng_in_client(a) || !rule_is_executable(a - 1) || ng_read(b, a - 7, 7) != 7)
        return false;
    if (b[2] == 0xe8)
        return true;
    for (int at = 0; at < 6; at++) {
        if (b[at] != 0xff || (b[at + 1] >> 3 & 7) != 2)
            continue;
        const int mod = b[at + 1] >> 6, rm = b[at + 1] & 7, sib = mod != 3 && rm == 4;
        const int disp = mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0;
        if (at + 2 + sib + disp == 7)
            return true;
    }
    return false;
}

/* Does the function that holds pc set up rbp, and has it done so? */
static bool keeps_frame(guest_addr pc)
{
    static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa }, push_mov[] = { 0x55, 0x48, 0x89, 0xe5 };
    uint8_t b[8];
    const guest_addr start = symbols_function_start(pc);
    if (!start || ng_read(b, start, sizeof b) != sizeof b)
        return false;
    const int skip = memcmp(b, endbr, sizeof endbr) ? 0 : 4;
    return !memcmp(b + skip, push_mov, sizeof push_mov) && pc >= start + (guest_addr)skip + 4;
}

static void make_rule(guest_addr pc, struct rule *r)
{
    struct symbols_object *o;
    r->pc = pc;
    if (redirect_at(pc))
        *r = (struct rule){ .pc = pc, .kind = RULE_CFI, .cfa_reg = X86_RSP, .cfa_offset = 8, .ra = -8 };
    else if (!rule_is_executable(pc))
        r->kind = RULE_NOWHERE;
    else if (is_sigreturn(pc) || is_sigreturn(pc + 1) || is_sigreturn(pc - 7))
        r->kind = RULE_SIGNAL;
    else if (!(o = object_at(pc)) || !from_object(o, pc, r))
        r->kind = keeps_frame(pc) ? RULE_FRAME : RULE_GUESS;
}

/* ---- the store ---- */

/* Neighbours share pages of the table: a short program touches few. */
static _Atomic(struct rule *) *bucket_of(guest_addr pc)
{
    return &buckets[(pc >> 2 ^ pc >> 18) % BUCKETS];
}

static struct rule *find(guest_addr pc)
{
    struct rule *r = atomic_load_explicit(bucket_of(pc), memory_order_acquire);
    while (r && r->pc != pc)
        r = atomic_load_explicit(&r->next, memory_order_acquire);
    return r;
}

static struct rule *keep(const struct rule *made)
{
    _Atomic(struct rule *) *bucket = bucket_of(made->pc);
    struct rule *r = aligned_alloc(64, sizeof *r), *head = atomic_load(bucket);
    if (!r)
        base_out_of_memory(sizeof *r);
    *r = *made;
    do
        atomic_store(&r->next, head);
    while (!atomic_compare_exchange_weak(bucket, &head, r));
    return r;
}

const struct rule *rule_for(guest_addr pc, bool *lasting)
{
    static __thread struct rule passing;
    struct rule *r = find(pc);
    *lasting = true;
    if (r)
        return r;
    memset(&passing, 0, sizeof passing);
    passing.pc = pc;
    sigjmp_buf *outer = run_self.recover;
    run_self.recover = NULL; /* only reads of the stack may jump back to where the walk began */
    make_rule(pc, &passing);
    run_self.recover = outer;
    *lasting = passing.kind != RULE_NOWHERE && passing.kind != RULE_GUESS; /* what is there may change without notice */
    return *lasting ? keep(&passing) : &passing;
}

/* Takes the rules of [a, a+size) out of a list.  They are not freed: another thread may be using them. */
static void forget_in(_Atomic(struct rule *) *bucket, guest_addr a, uint64_t size)
{
    _Atomic(struct rule *) *link = bucket;
    struct rule *r = atomic_load(link);
    while (r) {
        struct rule *next = atomic_load(&r->next);
        if (r->pc - a >= size) {
            link = &r->next;
            r = next;
        } else if (atomic_compare_exchange_strong(link, &r, next)) {
            r = next;
        } else { /* a new rule came first meanwhile */
            link = bucket;
            r = atomic_load(link);
        }
    }
}

void unwind_forget(guest_addr a, uint64_t size)
{
    base_lock(&symbols_lock);
    for (int i = 0; i < BUCKETS; i++)
        if (atomic_load_explicit(&buckets[i], memory_order_relaxed))
            forget_in(&buckets[i], a, size);
    atomic_fetch_add(&rule_generation, 1);
    base_unlock(&symbols_lock);
}
