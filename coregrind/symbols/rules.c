/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/rules: makes rules from .eh_frame (or .debug_frame) through libdw, and keeps them. */
#include <dwarf.h>
#include "heap/redirect.h"
#include "run/run.h"
#include "symbols/rules.h"

enum { BUCKETS = 1 << 16 };
static _Atomic(struct rule *) buckets[BUCKETS];

const uint8_t rule_hardware[16] = { 0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15 };

/* ---- from call frame information ---- */

static bool simple_cfa(const Dwarf_Op *ops, size_t n, struct rule *r)
{
    uint64_t reg, offset;
    if (n == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
        reg = ops[0].atom - DW_OP_breg0, offset = ops[0].number;
    else if (n == 1 && ops[0].atom == DW_OP_bregx)
        reg = ops[0].number, offset = ops[0].number2;
    else
        return false;
    if (reg > 15)
        return false;
    r->cfa_reg = rule_hardware[reg];
    r->cfa_offset = (int32_t)offset;
    return true;
}

static Dwarf_Op *copy_ops(const Dwarf_Op *ops, size_t n)
{
    Dwarf_Op *copy = base_alloc(n * sizeof *ops);
    memcpy(copy, ops, n * sizeof *ops);
    return copy;
}

/* Where the caller's register is; false: unchanged, or lost (*lost). */
static bool place_of(Dwarf_Frame *frame, int reg, struct rule_place *p, bool *lost)
{
    Dwarf_Op memory[3], *ops;
    size_t n;
    *lost = false;
    *p = (struct rule_place){ 0 };
    if (dwarf_frame_register(frame, reg, memory, &ops, &n) != 0 || (n == 0 && ops == memory)) {
        *lost = true;
        return false;
    }
    if (n == 0)
        return false;
    const bool from_cfa = ops[0].atom == DW_OP_call_frame_cfa;
    if (from_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst) {
        p->offset = (int32_t)ops[1].number;
    } else if (!from_cfa || n != 1) {
        p->ops = copy_ops(ops, n);
        p->n_ops = (uint32_t)n;
    }
    return true;
}

static bool from_frame(Dwarf_Frame *frame, struct rule *r)
{
    Dwarf_Op *ops;
    size_t n;
    bool lost;
    if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n == 0)
        return false;
    r->kind = RULE_CFI;
    if (!simple_cfa(ops, n, r)) {
        r->kind = RULE_EXPRESSION;
        r->ops = copy_ops(ops, n);
        r->n_ops = n;
    }
    if (!place_of(frame, 16, &r->ra, &lost))
        r->kind = RULE_END; /* .cfi_undefined rip: _start and clone say so */
    for (int i = 0; i < 16; i++) {
        struct rule_place p;
        const int reg = rule_hardware[i];
        if (reg == X86_RSP || !place_of(frame, i, &p, &lost))
            continue;
        p.reg = (uint8_t)reg;
        r->saved[r->n_saved++] = p;
    }
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
    if (elf && !known && object_dwarf(o)) {
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
        r->kind = RULE_HOOK;
    else if (!rule_is_executable(pc))
        r->kind = RULE_NOWHERE;
    else if (is_sigreturn(pc) || is_sigreturn(pc + 1) || is_sigreturn(pc - 7))
        r->kind = RULE_SIGNAL;
    else if (!(o = object_at(pc)) || !from_object(o, pc, r))
        r->kind = keeps_frame(pc) ? RULE_FRAME : RULE_GUESS;
}

/* ---- the store ---- */

const struct rule *rule_for(guest_addr pc)
{
    static __thread struct rule passing;
    _Atomic(struct rule *) *bucket = &buckets[base_hash64(pc) % BUCKETS];
    struct rule *r = atomic_load_explicit(bucket, memory_order_acquire);
    while (r && r->pc != pc)
        r = atomic_load_explicit(&r->next, memory_order_acquire);
    if (r)
        return r;
    passing = (struct rule){ 0 };
    sigjmp_buf *outer = run_self.recover;
    run_self.recover = NULL; /* only reads of the stack may jump back to where the walk began */
    make_rule(pc, &passing);
    run_self.recover = outer;
    if (passing.kind == RULE_NOWHERE || passing.kind == RULE_GUESS)
        return &passing; /* what is there may change without notice */
    r = base_alloc(sizeof *r);
    *r = passing;
    struct rule *head = atomic_load(bucket);
    do
        atomic_store(&r->next, head);
    while (!atomic_compare_exchange_weak(bucket, &head, r));
    return r;
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
    base_unlock(&symbols_lock);
}
