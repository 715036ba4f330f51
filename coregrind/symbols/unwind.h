/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/unwind inside: a stack being unwound.
 *
 * Of callee-saved registers only the place is carried outward; one is read when a rule needs its value, which few
 * do.  So a walk depends on little more than its return addresses: it is a function of the first pc and stack
 * pointer, the first frame's registers in `uses`, and the words that were read; unless it is `opaque`: then it also
 * depended on what may change unseen, as code bytes or mappings, or read more than is recorded, or could not read. */
#pragma once
#include "run/run.h"
#include "symbols/rules.h"

/* Callee-saved registers, and r10, which holds the frame while a stack is realigned.  Others are 0 unless a signal
 * frame or an expression says where they are. */
enum { UNWIND_WORDS = 32, UNWIND_FRAMES = 64, UNWIND_CARRIED = 0xf438 };

struct unwind {
    guest_addr pc, sp;                   /* of the frame that was reached */
    guest_addr start_pc, start_sp;
    struct ng_thread *thread;            /* whose registers */
    bool direct;                         /* the client's stack is read where it is */
    bool opaque;
    uint16_t uses;
    /* Where a register is: the outermost frame of these that saved it says, else `settled` and `value` or `place`,
     * else it is as it was in the first frame. */
    uint32_t n_frames;
    uint16_t settled, in_memory;
    struct { const struct rule *rule; uint64_t cfa; } frame[UNWIND_FRAMES];
    union { uint64_t value; guest_addr place; } reg[16];
    uint32_t n_words;
    int32_t offset[UNWIND_WORDS];        /* from start_sp */
    uint64_t word[UNWIND_WORDS];
};

/* A register of t as it is now, in a helper, hook or fast way of one, too. */
static inline uint64_t unwind_register(struct ng_thread *t, int reg)
{
    return t->in_generated && t->state.in_helper ? ng_reg(t, reg) : t->state.gpr[reg];
}

static inline guest_addr unwind_pc(struct ng_thread *t)
{
    return t->in_generated && t->state.in_helper ? ng_reg(t, X86_RIP) : t->state.rip;
}

/* At thread's first frame.  Its registers must stay as they are. */
void unwind_start(struct unwind *u, struct ng_thread *thread);
/* The frames from there outward: code addresses (return addresses less one) and stack pointers (sps may be NULL).
 * Their number, at most max > 0.  Once for each unwind_start. */
int unwind_walk(struct unwind *u, guest_addr *pcs, guest_addr *sps, int max);
/* From the frame that was reached, at code address `at`, to its caller's.  *exact: the frame is a signal handler's return to
 * the kernel, so the next one's pc is where it was interrupted; else it is a return address.  False: there is no further one. */
bool unwind_step(struct unwind *u, guest_addr at, bool *exact);
