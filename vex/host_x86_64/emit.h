/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64 inside: one forward pass over the tape that allocates registers
 * and emits, after one backward pass (analyse.c) for last uses and live flags.
 *
 * Where things are.  Guest register i is in host register i, or in its place in
 * struct x86_state, or in both (g_mem bit).  A host register holds its guest
 * register, a value, or nothing (then its guest register is in the state).
 * Values with fewer than 64 (GPR) or 256 (vector) bits have garbage above them;
 * an i1 is 0 or 1 in the low byte.
 * A GET of a guest register's low part is no copy: it names the guest register
 * until that is written.
 *
 * Two buffers: the straight path, and what is seldom run (stubs, exits, calls),
 * which is put behind it.  Both are emitted as the pass goes, with the allocator's
 * state of that moment.
 *
 * In the foreign mode (guest_in_host_regs false) guest registers are always in the
 * state; only a NATIVE op has those it uses in the host's for its own duration.
 */
#pragma once
#include <errno.h>
#include <string.h>
#include "vex/host_x86_64/encode.h"
#include "vex/vex.h"

enum value_kind {
    VALUE_NONE,  /* not yet, or no more */
    VALUE_LIVE,  /* in reg, or in spill slot, or in both */
    VALUE_CONST, /* IR_CONST; perhaps also in reg */
    VALUE_GUEST, /* is the low part of guest register `guest` */
    VALUE_ALIAS, /* is the low part of value `root` */
    VALUE_FUSED  /* its one user computes it */
};

struct value {
    uint8_t kind, reg, slot, guest; /* reg: REG_NONE if in none; slot: 1 + spill slot, 0 none */
    uint8_t fused, vec;             /* vec: lives in a vector register */
    uint16_t uses;
    uint32_t last;                  /* op that uses it last; 0: nobody */
    uint32_t root, next_alias;
};

/* What the host's registers of one kind hold: bit i of guest: guest register i; of value: value of[i];
 * of neither: nothing. */
struct host_regs {
    uint16_t guest, value;
    uint32_t of[16];
};

/* A rel32 (or disp32) in one buffer that names a place in another; `to` in bytes. */
struct fixup { uint32_t at, to; uint8_t at_cold, to_cold; };
enum { TO_MAIN, TO_COLD, TO_POOL }; /* at_cold: one of the first two */

/* Code that is the same wherever it stands: made once for a place of the state, then copied.  n: 0: not yet. */
struct emit_template { int32_t state_offset; uint8_t n, bytes[123]; };

struct emitter {
    const struct ir_block *b;
    const struct vex_host *h;
    struct vex_code *out;
    struct asm_buf main, cold, *c; /* c: where code goes now */
    int error;
    bool identity;
    uint8_t vec_bytes;             /* value_vec_bytes; 0: nobody has asked */
    struct value *val;
    uint8_t *flags_live;           /* per op: IR_FLAGS_ARITH that somebody may read before they are written, before the op */
    struct host_regs g, v;         /* general (rsp holds neither: it is never touched), vector */
    uint16_t g_mem, v_mem;         /* image in the state is current */
    uint16_t g_pin, v_pin;         /* not to be evicted now */
    uint16_t g_soon, v_soon;       /* guest registers that the next instructions use, as far as somebody asked: */
    uint32_t soon_at;              /* which, with the current: 1 + its number */
    uint64_t spill_used[2], vspill_used[2]; /* slots, a bit each */
    uint32_t g_alias[16], v_alias[16]; /* lists of VALUE_GUEST by next_alias */
    bool flags_host, flags_image;  /* where the guest's flags are */
    uint32_t i;                    /* current op */
    uint32_t insn;                 /* current instruction */
    bool after;                    /* its NATIVE op is done */
    struct { uint32_t begin, end, n_relocs, n_fixups; } movable; /* a piece of code in main, and what there was before it */
    guest_addr pc;
    uint64_t last_side;            /* all that the last side in main says, 0: there is none */
    struct fixup *fixups; uint32_t n_fixups, cap_fixups;
    struct vex_side *cold_sides; uint32_t n_cold_sides, cap_cold_sides;
    struct { uint8_t bytes[32]; } *pool; uint32_t n_pool, cap_pool;
    uint32_t stub_tail;            /* in the cold part, 0: none yet */
    struct emit_template *zone_clear;
    struct { bool valid; uint32_t exit, at; uint16_t g, v; uint8_t flags; } shared_exit;
};

#define STATE(field) ((int)offsetof(struct x86_state, field))
#define EMIT_ARRAY(array, n, cap) ((n) < (cap) ? (n)++ : (emit_array_grow((void **)&(array), &(cap), sizeof *(array)), (n)++))
void emit_array_grow(void **array, uint32_t *cap, size_t element);

static inline bool type_is_vec(int t) { return t >= IR_V128; }
/* Operand size for computing in a register: 4 or 8. */
static inline int type_calc(int t) { return t == IR_I64 ? 8 : 4; }
static inline bool is_cold(const struct emitter *e) { return e->c == &e->cold; }
static inline void emit_fail(struct emitter *e, int error) { if (!e->error) e->error = error; }

/* A piece of code that is moved to make room before it, if nothing but sides names a place in it. */
static inline void emit_begin_movable(struct emitter *e)
{
    e->movable.begin = e->c->n;
    e->movable.n_relocs = e->out->n_relocs;
    e->movable.n_fixups = e->n_fixups;
}
static inline void emit_end_movable(struct emitter *e) { e->movable.end = e->c->n; }

/* The rel32 at `at` of where code goes now leads there. */
static inline void emit_fixup(struct emitter *e, uint32_t at, int to_kind, uint32_t to)
{
    const uint32_t n = EMIT_ARRAY(e->fixups, e->n_fixups, e->cap_fixups);
    struct fixup *f = &e->fixups[n];
    f->at = at;
    f->to = to;
    f->at_cold = is_cold(e);
    f->to_cold = (uint8_t)to_kind;
}

/* fs:[field of struct x86_state] */
static inline struct asm_mem state_mem(const struct emitter *e, int offset)
{
    return asm_mem_of(X86_SEG_FS, REG_NONE, REG_NONE, 0, e->h->state_offset + offset);
}

static inline bool bit(uint32_t mask, int i) { return mask >> i & 1; }
static inline void hold_nothing(struct host_regs *h, int i)
{
    h->guest &= ~(1u << i);
    h->value &= ~(1u << i);
}
static inline void hold_guest(struct host_regs *h, int i)
{
    h->guest |= 1u << i;
    h->value &= ~(1u << i);
}
static inline void hold_value(struct host_regs *h, int i, uint32_t ref)
{
    h->guest &= ~(1u << i);
    h->value |= 1u << i;
    h->of[i] = ref;
}
/* Guest registers that are in the state only. */
/* How much of a vector register is worth keeping for a value: 32 if the block has vectors of more than 16 bytes, else 16. */
int value_vec_bytes(struct emitter *e);
static inline uint16_t gprs_in_state(const struct emitter *e) { return ~e->g.guest & (e->identity ? ~(1u << RSP) : ~0u); }
static inline uint16_t vecs_in_state(const struct emitter *e) { return ~e->v.guest; }

/* ---- emit.c ---- */
void emit_scratch_free(struct emit_scratch *s); /* may be NULL */

/* ---- analyse.c ---- */
void emit_analyse(struct emitter *e);
uint16_t insn_gprs(const struct ir_insn *n); /* read, written, or in its address */
/* Values an op uses (as the emitter sees it): up to 4, 0 where none. */
void emit_op_uses(const struct emitter *e, const struct ir_op *op, ir_ref use[4]);

/* ---- alloc.c ---- */
void alloc_init(struct emitter *e);
uint32_t value_root(struct emitter *e, uint32_t ref);
int gpr_alloc(struct emitter *e);                 /* free and pinned until the op ends */
int gpr_alloc_low(struct emitter *e);             /* one of the first eight, not rsp: needs no REX */
int vec_alloc(struct emitter *e);
void gpr_take(struct emitter *e, int r);          /* makes this very register free, and pins it */
void gpr_unpin(struct emitter *e, int r);         /* a scratch is no longer needed */
int gpr_use(struct emitter *e, ir_ref ref);       /* the value in a register, pinned; not to be changed */
int vec_use(struct emitter *e, ir_ref ref);
int gpr_copy(struct emitter *e, ir_ref ref);      /* a scratch with the value: changeable, pinned */
int gpr_def(struct emitter *e);                   /* register for the current op's result */
int gpr_def_in(struct emitter *e, int r);         /* ... this very one, not pinned before */
int vec_def(struct emitter *e);
/* As gpr_def, holding the value of ref to begin with. */
int gpr_def_from(struct emitter *e, ir_ref ref);
int vec_def_from(struct emitter *e, ir_ref ref);
void value_define_alias(struct emitter *e, ir_ref of);
void value_define_guest(struct emitter *e, int guest);
bool value_const(struct emitter *e, ir_ref ref, int64_t *v);
void op_done(struct emitter *e);                  /* unpins; frees what was used for the last time */
void guest_home_gpr(struct emitter *e, int i);    /* into its host register */
/* Guest vector register i out of the state.  Where the block has no wide vectors its upper half is loaded only if there is
 * something in it: after VEX.256 has written one, the next SSE instruction takes 137 ns (measured on Zen; Intel's optimization
 * manual, "Mixing AVX Code with SSE Code").  flags_free: the host's flags may change.  Changes no register. */
void emit_vec_home(struct emitter *e, int i, bool flags_free);
void guest_home_vec(struct emitter *e, int i);
void guest_to_state_gpr(struct emitter *e, int i);/* its image is current, and the only one */
void guest_to_state_vec(struct emitter *e, int i);
void guest_sync_gpr(struct emitter *e, int i);    /* its image is current */
void guest_sync_vec(struct emitter *e, int i);
void guest_written_gpr(struct emitter *e, int i); /* is about to be written: saves values that name it */
void guest_written_vec(struct emitter *e, int i);

/* ---- flags.c ---- */
/* The next instructions change host flags.  Call before any operand is in a register. */
void flags_clobber(struct emitter *e);
bool flags_must_stay(const struct emitter *e);    /* live, and only in the host's flags */
void flags_to_host(struct emitter *e);            /* guest's flags into the host's */
void flags_to_image(struct emitter *e);
void flags_foreign_load(struct emitter *e);       /* from state.flag[] */
void flags_foreign_store(struct emitter *e, int flags);
void emit_get_flag(struct emitter *e, int slot);
void emit_put_flag(struct emitter *e, int slot, ir_ref v);

/* ---- leave.c ---- */
void emit_side(struct emitter *e);                /* what follows can fault */
void emit_head(struct emitter *e);
void emit_indirect_entry(struct emitter *e, bool in_line); /* in line: where the head follows; else behind everything */
void emit_exit(struct emitter *e, const struct ir_op *op);
uint32_t emit_way_out(struct emitter *e, uint32_t exit); /* its place in the cold part */
void emit_side_exit(struct emitter *e, uint32_t exit, uint32_t from_rel32); /* cold path of a jump in main */
void emit_exit_if(struct emitter *e, const struct ir_op *op);
void emit_exit_cc(struct emitter *e, const struct ir_op *op);
void emit_exit_rcxz(struct emitter *e, const struct ir_op *op);
void emit_hook(struct emitter *e, const struct ir_op *op);
void emit_call(struct emitter *e, const struct ir_op *op);
void emit_jump_to_main(struct emitter *e, uint32_t to);
void emit_tramp_with_data(struct emitter *e, enum vex_tramp t); /* rax: what comes next */
void emit_reloc(struct emitter *e, uint32_t at, int kind, int value);

/* ---- memory.c ---- */
/* Address of a memory op as one operand; clobbers flags if plane O (flags_clobber comes first). */
struct asm_mem emit_address(struct emitter *e, const struct ir_op *op);
bool address_clobbers_flags(const struct ir_op *op);
void emit_load(struct emitter *e, const struct ir_op *op);
void emit_store(struct emitter *e, const struct ir_op *op);
void emit_lea(struct emitter *e, const struct ir_op *op);
void emit_check(struct emitter *e, const struct ir_op *op);
void emit_check_store(struct emitter *e, const struct ir_op *op);
void emit_cas(struct emitter *e, const struct ir_op *op);

/* ---- zone.c ---- */
void emit_zone_used(struct emitter *e, const struct ir_op *op);
void emit_zone_clear(struct emitter *e, const struct ir_op *op);
void emit_zone_grow(struct emitter *e, const struct ir_op *op);
/* Cold code: what a CHECK_STORE with IR_RED_ZONE does where nothing else lets it pass.  Goes on at `back` in main with the
 * shadow cleared, or leaves to `out`.  keep_flags: rcx is free and the flags must stay. */
void emit_zone_store(struct emitter *e, struct asm_mem m, int bytes, bool keep_flags, uint32_t back, uint32_t out);

/* ---- tags.c ---- */
void emit_load_tag(struct emitter *e, const struct ir_op *op);
void emit_store_tag(struct emitter *e, const struct ir_op *op);

/* ---- native.c ---- */
void emit_native(struct emitter *e, const struct ir_op *op);

/* ---- state.c ---- */
void emit_get(struct emitter *e, const struct ir_op *op);
void emit_put(struct emitter *e, const struct ir_op *op);

/* ---- integer.c ---- */
bool emit_integer(struct emitter *e, const struct ir_op *op); /* false: none of its ops */
/* Tests a condition; yields the condition code.  Flags must have been clobbered already. */
int emit_condition(struct emitter *e, ir_ref cond);

/* ---- vector.c ---- */
bool emit_vector(struct emitter *e, const struct ir_op *op);
int emit_vector_condition(struct emitter *e, const struct ir_op *op); /* as emit_condition, of a VANY or HASBYTE */
