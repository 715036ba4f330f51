/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind inside: one step outward, and what it depended on. */
#pragma once
#include "symbols/symbols.h"

/* What a step has read.  A step is a function of the pc, the stack pointer, the registers in `uses`, and the words
 * read; unless it is opaque: then it also depended on what may change unseen, as code bytes or mappings.
 * Registers in `sets` came from memory.  Hardware numbers. */
enum { UNWIND_READS = 8 };
struct unwind_word { guest_addr a; uint64_t v; };
struct unwind_trail {
    uint32_t n;
    uint16_t uses, sets;
    bool opaque;
    struct unwind_word word[UNWIND_READS];
};

/* True while run_self.recover leads to where a walk began: then the client's stack is read directly. */
extern __thread bool unwind_guarded;

/* at: s->pc, less one if that is a return address.  False at the end.  *exact: is the new pc where execution is? */
bool unwind_step(struct symbols_regs *s, guest_addr at, bool *exact, struct unwind_trail *trail);
/* Before a walk: true if rules have been taken back since this thread's last one. */
bool unwind_drop_old_rules(void);
