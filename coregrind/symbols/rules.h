/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/rules: how to unwind at a pc.
 *
 * A rule says what the CFA (the stack pointer of the caller) is and where the
 * caller's registers are, as offsets from it in nearly all cases.  Rules come
 * from .eh_frame once per pc and are kept; using one touches neither libdw nor
 * a lock. */
#pragma once
#include "symbols/internal.h"

enum rule_kind {
    RULE_CFI,          /* CFA is a register and an offset */
    RULE_EXPRESSION,   /* CFA is an expression: PLT entries, realigned stacks */
    RULE_HOOK,         /* at a replaced function's entry: the return address is at the stack pointer */
    RULE_NOWHERE,      /* no code: a call or jump went astray */
    RULE_FRAME,        /* no rule known, but the function keeps a frame pointer */
    RULE_GUESS,        /* nothing known */
    RULE_SIGNAL,       /* return of a signal handler to the kernel */
    RULE_END           /* the outermost frame */
};

/* Where one register of the caller is: memory at CFA + offset, or what ops say. */
struct rule_place { uint8_t reg; int32_t offset; uint32_t n_ops; Dwarf_Op *ops; };

struct rule {
    _Atomic(struct rule *) next;
    guest_addr pc;
    uint8_t kind, cfa_reg, n_saved;     /* hardware register numbers */
    int32_t cfa_offset;
    struct rule_place ra, saved[16];
    Dwarf_Op *ops; size_t n_ops;        /* RULE_EXPRESSION */
};

/* DWARF register number to hardware number (System V ABI x86-64, figure 3.36). */
extern const uint8_t rule_hardware[16];
/* The rule at pc: where execution is, or one before where it will go on.  Never NULL. */
const struct rule *rule_for(guest_addr pc);
/* Is a the address of an instruction after a call, in executable memory? */
bool rule_follows_call(guest_addr a);
bool rule_is_executable(guest_addr a);
