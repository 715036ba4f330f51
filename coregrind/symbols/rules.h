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
    RULE_CFI,          /* CFA is a register and an offset, all else lies at offsets from it */
                       /* or at a replaced function's entry: the return address is at the stack pointer */
    RULE_MORE,         /* there are expressions: PLT entries, realigned stacks; or many registers */
    RULE_NOWHERE,      /* no code: a call or jump went astray */
    RULE_FRAME,        /* no rule known, but the function keeps a frame pointer */
    RULE_GUESS,        /* nothing known */
    RULE_SIGNAL,       /* return of a signal handler to the kernel */
    RULE_END           /* the outermost frame */
};

/* What does not fit in a cache line, of RULE_MORE only. */
enum { RULE_CFA = 16, RULE_RA = 17, RULE_SAVED = 6 };
struct rule_expression { uint8_t reg; uint32_t n_ops; Dwarf_Op *ops; }; /* reg may be RULE_CFA, RULE_RA */
struct rule_offset { uint8_t reg; int32_t offset; };
struct rule_more { int n_expressions, n_offsets; struct rule_expression expressions[18]; struct rule_offset offsets[16]; };

/* One cache line, for it is read for every frame of every trace. */
struct rule {
    _Atomic(struct rule *) next;
    guest_addr pc;
    struct rule_more *more;
    int32_t cfa_offset, ra;             /* ra, saved_offset: of memory from the CFA */
    uint16_t saves;                     /* registers in saved_reg, a bit each */
    int16_t saved_offset[RULE_SAVED];
    uint8_t saved_reg[RULE_SAVED];      /* hardware register numbers */
    uint8_t cfa_reg, kind, n_saved;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct rule) == 64, "one cache line");

/* DWARF register number to hardware number (System V ABI x86-64, figure 3.36). */
extern const uint8_t rule_hardware[16];
/* Changes when rules are taken back: what a thread keeps of them must be dropped then. */
extern _Atomic uint32_t rule_generation;
/* The rule at pc: where execution is, or one before where it will go on.  Never NULL.
 * *lasting: it may be kept until rule_generation changes; otherwise it holds until the next call only. */
const struct rule *rule_for(guest_addr pc, bool *lasting);
/* Is a the address of an instruction after a call, in executable memory? */
bool rule_follows_call(guest_addr a);
bool rule_is_executable(guest_addr a);
