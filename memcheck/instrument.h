/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instrument: what both translation modes share. */
#pragma once
#include "memcheck.h"

/* SHORT: as CLEAN, of one plain block, for where a longer translation's head has an undefined register in the way that
 * perhaps a later part of it uses only.
 * LIGHT: as DIRTY, but its head wants all registers defined that the block uses, except vectors, and of its loads only
 * those of vectors and of its first instruction may bring undefined data: for copies. */
enum { MODE_CLEAN, MODE_DIRTY, MODE_SHORT, MODE_LIGHT, RED_ZONE = IR_ZONE_SIZE };
/* Attention bits of all vector registers. */
#define INSTRUMENT_VECTORS (0xffffull << 32)

/* Helper ids, set by helpers_register. */
extern int helper_stack_moved, helper_cond, helper_value, helper_load, helper_load_wide, helper_store_check,
    helper_store, helper_store_wide, helper_store_defined, helper_load_origin, helper_store_origin, helper_state;

/* The refs of an op (a, b, c, d) through map; a CHECK's d is no ref.  Memory and CALL fields included. */
static inline struct ir_op instrument_map(struct ir_op op, const ir_ref *map)
{
    op.a = map[op.a];
    op.b = map[op.b];
    op.c = map[op.c];
    if (op.op != IR_CHECK && op.op != IR_CHECK_STORE)
        op.d = map[op.d];
    return op;
}

/* The same in place, of an op that is no CHECK. */
static inline void instrument_map_refs(struct ir_op *op, const ir_ref *map)
{
    op->a = map[op->a];
    op->b = map[op->b];
    op->c = map[op->c];
    op->d = map[op->d];
}

static inline bool instrument_is_exit(int op)
{
    return op == IR_EXIT || op == IR_EXIT_IF || op == IR_EXIT_CC || op == IR_EXIT_RCXZ;
}

/* Thread-local array of n zeroed refs, number which (0-3); valid until the next request of the same. */
ir_ref *instrument_refs(int which, uint32_t n);
uint64_t instrument_slot_attention(int slot);
/* Attention bits of vector registers that the ops from `from` up to the block's next way out read or write. */
uint64_t instrument_part_vectors(const struct ir_block *b, uint32_t from);
/* Attention bits of every register that the block reads or writes; *kill: those of registers that it overwrites before it
 * looks at them or can be left for elsewhere. */
uint64_t instrument_block_masks(const struct ir_block *b, uint64_t *kill);

/* ---- marks of the stack, inline; a helper does large ones ---- */
ir_ref instrument_offset(struct ir_block *b, ir_ref base, int64_t offset);
void instrument_store(struct ir_block *b, enum ir_plane plane, enum ir_type t, ir_ref base, int64_t offset, ir_ref v);
/* What lies below rsp is not addressable, but for what was used of the red zone since the last call or return; see
 * IR_NOACCESS_BYTE.  sp is the present value of rsp, or one in the strip to take its place. */
/* rsp came down by `by` to sp: these bytes are fresh, but for what was used of them. */
void instrument_growth(struct ir_block *b, ir_ref sp, int64_t by);
/* A call or a return leaves this block: nothing below rsp is in use (System V ABI x86-64, 3.2.2: the red zone does not
 * outlive a call).  sp is the callee's, or the caller's again. */
void instrument_call(struct ir_block *b, ir_ref sp);
/* rsp went up by `by` to sp, and no return follows: 128 bytes below are in the red zone, and stay as they are.  The first
 * function is for right after the move, old is the value before. */
void instrument_shrink_begin(struct ir_block *b, ir_ref old);
void instrument_shrink(struct ir_block *b, ir_ref sp, int64_t by);
/* The same where one does follow, as instrument_end_of_run says; clears: and with it instrument_call.  True: which must
 * not be left out, as it has to mark what this noted as in use. */
bool instrument_shrink_to_return(struct ir_block *b, ir_ref sp, int64_t by, bool clears);
/* The same for a move by a value, not known here; old is rsp before it. */
void instrument_leave(struct ir_block *b, ir_ref old, ir_ref sp, ir_ref by);
/* An access by push, pop and the like. */
bool instrument_is_through_rsp(const struct ir_block *b, const struct ir_op *op);
/* Op i moves rsp up.  How does what follows leave the function, if it does so without another way out, and without an access
 * that might be to the red zone: by a return, or a jump to another function (or a return after other loads)? */
enum instrument_end { INSTRUMENT_GOES_ON, INSTRUMENT_JUMPS, INSTRUMENT_RETURNS };
enum instrument_end instrument_end_of_run(const struct ir_block *b, uint32_t i);

/* ---- saves of whole register files (state_saves.c) ---- */
enum state_kind { STATE_NONE, STATE_FXSAVE, STATE_XSAVE, STATE_FXRSTOR, STATE_XRSTOR };
enum state_kind state_kind_of(const struct ir_insn *n);
static inline bool state_restores(enum state_kind k) { return k == STATE_FXRSTOR || k == STATE_XRSTOR; }
/* After the instruction: shadows of vectors and x87 into those of the image at a, the rest of which is defined; or
 * those of the image into the registers'.  Attention bits are left to the caller. */
void state_saved(struct ng_thread *t, guest_addr a, enum state_kind kind);
void state_restored(struct ng_thread *t, guest_addr a, enum state_kind kind);

/* ---- the stack (stack.c) ---- */
void stack_init(void);                   /* after the options are parsed */
/* rsp of t went from old to now: marks, or warns of a switch; keeps rsp's attention bit. */
void stack_moved(struct ng_thread *t, guest_addr old, guest_addr now);
/* The same for a signal's frame and the return from it: the interrupted function's red zone stays. */
void stack_interrupted(struct ng_thread *t, guest_addr old, guest_addr now);
/* Somebody other than generated code is about to make [a, a+size) addressable. */
void stack_zone_used(guest_addr a, size_t size);
/* Bytes of [a, a+size) in the running thread's red zone that are not addressable become fresh, as somebody looks at them:
 * true if there were any. */
bool stack_zone_open(guest_addr a, size_t size);
/* A new thread's stack: what lies below sp (some of it) is not addressable. */
void stack_started(guest_addr sp);
/* Is all of a stack above its rsp addressable?  So it is (stack.c) until the program uses a heap block as a stack, or makes a part
 * of one inaccessible by a client request (stack_plain.c).  Any thread; once false it stays so, and all translations are made
 * anew. */
bool stack_is_plain(void);
void stack_not_plain(void);
/* A client request makes [a, a+size) inaccessible. */
void stack_hole(guest_addr a, size_t size);
/* Bounds of the live heap block that holds sp, which then is a stack of the program's own making (stack_heap.c). */
bool stack_heap_bounds(guest_addr sp, guest_addr *low, guest_addr *high);
