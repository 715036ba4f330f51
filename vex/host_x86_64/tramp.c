/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/tramp: the code between C and translations.
 *
 *   ENTER     C's callee-saved registers onto the host stack, its pointer into
 *             state.host_rsp (aligned to 16); guest registers out of the state
 *   EXIT      the reverse; flags come last in and first out
 *   INDIRECT  jump cache look-up that changes no register but rcx, which is in its image; what it finds goes into the first table
 *   CALL      all physical registers into state.host_*, C function, all back
 *   CALL_BYTE the same, but looks first whether a byte of call_args[3] is call_byte
 *   KILL      rax (the guest's is in state.tmp[0]) points to a block's struct kill:
 *             makes shadows zero and goes on in the block, or returns behind it
 *   CLEAR     rax (the guest's is in state.tmp[0]) points to a store's struct clear, its address is in
 *             state.tmp[1]: if all of its shadow is addressable, and in one page, makes that zero and goes on,
 *             else returns behind it.  Changes no flags
 *   HOSTCALL  general registers and flags into the state, C function, and general registers out of it, or out as EXIT:
 *             the guest has called a C function, whose to change vectors and flags are
 *   HOSTCALL_KEEP  the same with all registers
 *   FAULT     as EXIT, but guest registers are in the state already
 *
 * C code runs with DF and AC clear.  x87 and MXCSR stay as the guest has them. */
#include <stdlib.h>
#include <string.h>
#include "vex/host_x86_64/encode.h"
#include "vex/vex.h"

#define STATE(field) ((int)offsetof(struct x86_state, field))
#define GUEST_FLAGS 0x240cd5u /* CF PF AF ZF SF DF OF AC ID */
#define ALIGNMENT_AND_DF 0x40400

struct tramp { struct asm_buf b; const struct vex_host *h; };

static struct asm_mem at(const struct tramp *t, int offset)
{
    return (struct asm_mem){ X86_SEG_FS, REG_NONE, REG_NONE, 0, t->h->state_offset + offset };
}

static void bytes(struct tramp *t, const char *s, int n)
{
    asm_need(&t->b);
    for (int i = 0; i < n; i++)
        asm_byte(&t->b, s[i]);
}
#define CODE(t, s) bytes(t, s, sizeof(s) - 1)

static void load(struct tramp *t, int r, int offset) { asm_load(&t->b, 8, r, at(t, offset)); }
static void store(struct tramp *t, int offset, int r) { asm_store(&t->b, 8, at(t, offset), r); }

/* push or pop of fs:[offset] */
static void push(struct tramp *t, int offset) { asm_rm(&t->b, 0xff, 4, 6, at(t, offset)); }
static void pop(struct tramp *t, int offset) { asm_rm(&t->b, 0x8f, 4, 0, at(t, offset)); }
static void jump(struct tramp *t, int offset) { asm_rm(&t->b, 0xff, 4, 4, at(t, offset)); }

static void here32(struct asm_buf *b, uint32_t at)
{
    const uint32_t rel = (uint32_t)b->n - (at + 4);
    memcpy(b->p + at, &rel, 4);
}

/* While the upper halves of vector registers are in use, SSE instructions wait (100 cycles, measured, each time SSE and
 * VEX take turns).  Storing them does not put them in use, loading them does; so they are loaded only if there is something
 * in them.  (To ask XGETBV what is in use takes 44 cycles, more than the stores.) */
enum { SSE_LOAD = X86_OP(0, 1, 0x10), SSE_POR = X86_OP(1, 1, 0xeb) };

static void each_vector(struct tramp *t, uint32_t op, int offset)
{
    for (int i = 0; i < 16; i++) {
        asm_need(&t->b);
        asm_rm(&t->b, op, 4, i, at(t, offset + 32 * i));
    }
}

/* All vector registers to their image at offset. */
static void vectors_away(struct tramp *t, int offset)
{
    for (int i = 0; i < 16; i++)
        asm_vmov_store(&t->b, 32, at(t, offset + 32 * i), i);
    CODE(t, "\xc5\xf8\x77");                 /* vzeroupper */
}

/* The reverse, with the upper halves as they came out of vectors_away or of C.  The flags are free. */
static void vectors_back(struct tramp *t, int offset)
{
    struct asm_buf *b = &t->b;
    asm_rm(b, SSE_LOAD, 4, 0, at(t, offset + 16));
    for (int i = 1; i < 16; i++)
        asm_rm(b, SSE_POR, 4, 0, at(t, offset + 32 * i + 16));
    CODE(t, "\x66\x0f\x38\x17\xc0");       /* ptest xmm0, xmm0 */
    const uint32_t upper = asm_jcc32(b, CC_NE);
    CODE(t, "\xc5\xf8\x77");                 /* vzeroupper: C may have left something there */
    each_vector(t, SSE_LOAD, offset);
    const uint32_t done = asm_jmp32(b);
    here32(b, upper);
    for (int i = 0; i < 16; i++)
        asm_vmov_load(b, 32, i, at(t, offset + 32 * i));
    here32(b, done);
}

/* Flags as C wants them, where the host's flags word at offset says they are not. */
static void c_flags(struct tramp *t, int offset)
{
    asm_rm(&t->b, 0xf7, 4, 0, at(t, offset)); /* test */
    asm_imm(&t->b, ALIGNMENT_AND_DF, 4);
    const uint32_t fine = asm_jcc8(&t->b, CC_E);
    CODE(t, "\x6a\x02\x9d");                 /* push 2; popfq */
    asm_here8(&t->b, fine);
}

static const uint8_t callee_saved[6] = { RBX, RBP, R12, R13, R14, R15 };

static void push_reg(struct tramp *t, int base_opcode, int r)
{
    asm_need(&t->b);
    if (r >= 8)
        asm_byte(&t->b, 0x41);
    asm_byte(&t->b, base_opcode | (r & 7));
}

static void return_to_c(struct tramp *t)
{
    pop(t, STATE(host_rsp));                 /* of the run that this one is nested in */
    for (int i = 5; i >= 0; i--)
        push_reg(t, 0x58, callee_saved[i]);
    CODE(t, "\xc3");
}

static void tramp_enter(struct tramp *t)
{
    for (int i = 0; i < 6; i++)
        push_reg(t, 0x50, callee_saved[i]);
    push(t, STATE(host_rsp));                /* runs nest; now aligned to 16 */
    store(t, STATE(host_rsp), RSP);
    store(t, STATE(tmp), RSI);
    if (t->h->guest_in_host_regs) {
        vectors_back(t, STATE(ymm));
        asm_load(&t->b, 4, RAX, at(t, STATE(rflags)));
        asm_alu_ri(&t->b, 4, 4, RAX, GUEST_FLAGS);
        CODE(t, "\x50\x9d");                 /* push rax; popfq */
        for (int i = 0; i < 16; i++)
            load(t, i, STATE(gpr) + 8 * i);
    }
    jump(t, STATE(tmp));
}

/* General registers and flags into the state, and onto the host stack. */
static void put_integers_away(struct tramp *t)
{
    for (int i = 0; i < 16; i++)
        store(t, STATE(gpr) + 8 * i, i);
    load(t, RSP, STATE(host_rsp));
    CODE(t, "\x9c");                         /* pushfq */
    pop(t, STATE(rflags));
}

/* All guest registers into the state; C may run then. */
static void put_guest_away(struct tramp *t)
{
    put_integers_away(t);
    vectors_away(t, STATE(ymm));
    c_flags(t, STATE(rflags));
}

static void tramp_exit(struct tramp *t)
{
    if (t->h->guest_in_host_regs) {
        put_guest_away(t);
    } else {
        load(t, RSP, STATE(host_rsp));
        CODE(t, "\xfc");                     /* cld */
    }
    return_to_c(t);
}

/* Changes no flags. */
static void tramp_indirect(struct tramp *t, uint32_t exit)
{
    struct asm_buf *b = &t->b;
    const uint32_t begin = b->n;
    if (t->h->guest_in_host_regs) {
        store(t, STATE(tmp) + 8, RAX);
        store(t, STATE(tmp) + 16, RDX);
        load(t, RDX, STATE(rip));
        load(t, RAX, STATE(jump_cache));
        asm_vrr(b, X86_OP(3, 3, 0xf0) | X86_W, 16, RCX, 0, RDX);                      /* rorx rcx, rdx, 16 */
        asm_imm(b, 16, 1);
        asm_lea(b, 8, RCX, (struct asm_mem){ 0, RCX, RDX, 0, 0 });
        asm_rr(b, X86_OP(0, 1, 0xb7), 4, RCX, RCX);                                  /* movzx ecx, cx: x86_jump_second */
        asm_lea(b, 8, RCX, (struct asm_mem){ 0, RCX, RCX, 0, 0 });
        asm_lea(b, 8, RAX, (struct asm_mem){ 0, RAX, RCX, 3, 0 });                    /* entry */
        asm_load(b, 8, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, 0 });
        asm_rr(b, 0xf7, 8, 2, RCX);                                                   /* not */
        asm_lea(b, 8, RCX, (struct asm_mem){ 0, RCX, RDX, 0, 1 });                    /* rip - entry.pc */
        const uint32_t same = asm_jrcxz8(b, 8);
        const uint32_t miss = b->n;
        load(t, RCX, STATE(gpr) + 8 * RCX);
        load(t, RAX, STATE(tmp) + 8);
        load(t, RDX, STATE(tmp) + 16);
        asm_store_imm(b, 8, at(t, STATE(exit_info)), (int32_t)VEX_EXIT_INDIRECT);
        const uint32_t leave = asm_jmp32(b), rel = exit - (leave + 4);
        memcpy(b->p + leave, &rel, 4);
        asm_here8(b, same);
        asm_load(b, 8, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, 8 });
        const uint32_t empty = asm_jrcxz8(b, 8);
        b->p[empty] = miss - (empty + 1);
        const struct asm_mem first = { X86_SEG_FS, REG_NONE, RDX, 3, t->h->jumps_offset };
        asm_vrr(b, X86_OP(3, 3, 0xf0) | X86_W, 16, RDX, 0, RDX);                      /* rorx rdx, rdx, shift */
        asm_imm(b, X86_JUMP_SHIFT, 1);
        asm_rr(b, X86_OP(0, 1, 0xb7), 4, RDX, RDX);                                   /* movzx edx, dx: x86_jump_first */
        asm_rm(b, 0x87, 8, RCX, first);                                               /* xchg, which is a fence: */
        asm_load(b, 8, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, 8 });              /* who empties the entry later sees the first table's, too; */
        const uint32_t died = asm_jrcxz8(b, 8);                                       /* who did before may not have */
        store(t, STATE(tmp) + 24, RCX);
        if (t->h->count_jumps)
            asm_count(b, at(t, STATE(jump_hits) + 8), RCX);
        load(t, RAX, STATE(tmp) + 8);
        load(t, RDX, STATE(tmp) + 16);
        jump(t, STATE(tmp) + 24);
        asm_here8(b, died);
        asm_need(b);
        asm_byte(b, 0x48); /* lea rcx, [rip + here] */
        asm_byte(b, 0x8d);
        asm_byte(b, 0x0d);
        asm_imm(b, begin - (b->n + 4), 4);
        asm_store(b, 8, first, RCX);
        const uint32_t again = asm_jmp32(b), to_miss = miss - (again + 4);
        memcpy(b->p + again, &to_miss, 4);
    }
}

/* Flags from the word at offset; popfq is slow and needed for DF and AC only. */
static void restore_flags(struct tramp *t, int offset)
{
    struct asm_buf *b = &t->b;
    asm_rm(b, 0xf7, 4, 0, at(t, offset));    /* test */
    asm_imm(b, ALIGNMENT_AND_DF, 4);
    const uint32_t slow = asm_jcc8(b, CC_NE);
    asm_load(b, 4, RCX, at(t, offset));
    asm_mov_rr(b, 4, RAX, RCX);
    asm_shift_ri(b, 4, 4, RAX, 8);           /* ah: SF ZF AF PF CF */
    asm_shift_ri(b, 5, 4, RCX, 11);
    asm_alu_ri(b, 4, 4, RCX, 1);
    asm_alu_rr(b, 1, 4, RAX, RCX);           /* al: OF */
    asm_alu_ri(b, 0, 1, RAX, 127);
    CODE(t, "\x9e");                         /* sahf */
    const uint32_t done = asm_jmp8(b);
    asm_here8(b, slow);
    push(t, offset);
    CODE(t, "\x9d");                         /* popfq */
    asm_here8(b, done);
}

static void tramp_call(struct tramp *t)
{
    struct asm_buf *b = &t->b;
    for (int i = 0; i < 16; i++)
        store(t, STATE(host_gpr) + 8 * i, i);
    load(t, RSP, STATE(host_rsp));
    CODE(t, "\x9c");
    pop(t, STATE(host_rflags));
    vectors_away(t, STATE(host_ymm));
    c_flags(t, STATE(host_rflags));
    asm_store_imm(b, 4, at(t, STATE(in_helper)), 1);
    load(t, RDI, STATE(call_args));
    load(t, RSI, STATE(call_args) + 8);
    load(t, RDX, STATE(call_args) + 16);
    asm_rm(b, 0xff, 4, 2, at(t, STATE(call_fn)));
    store(t, STATE(call_result), RAX);
    asm_store_imm(b, 4, at(t, STATE(in_helper)), 0);
    vectors_back(t, STATE(host_ymm));
    restore_flags(t, STATE(host_rflags));
    for (int i = 0; i < 16; i++)
        load(t, i, STATE(host_gpr) + 8 * i);
    jump(t, STATE(call_ret));
}

/* Flags are free.  x: the value with the byte's pattern turned over; see emit_has_byte. */
static void tramp_call_byte(struct tramp *t, uint32_t call)
{
    const uint64_t each = 0x0101010101010101ull;
    struct asm_buf *b = &t->b;
    store(t, STATE(tmp), RAX);
    store(t, STATE(tmp) + 8, RCX);
    store(t, STATE(tmp) + 16, RDX);
    asm_mov_imm(b, RDX, each);
    asm_load(b, 4, RAX, at(t, STATE(call_byte)));
    asm_rr(b, X86_OP(0, 1, 0xaf), 8, RAX, RDX);                                   /* imul */
    asm_rm(b, 0x33, 8, RAX, at(t, STATE(call_args) + 24));
    asm_mov_rr(b, 8, RCX, RAX);
    asm_rr(b, 0xf7, 8, 2, RCX);                                                   /* not */
    asm_alu_rr(b, 5, 8, RAX, RDX);
    asm_alu_rr(b, 4, 8, RAX, RCX);
    asm_shift_ri(b, 4, 8, RDX, 7);
    asm_rr(b, 0x85, 8, RDX, RAX);
    load(t, RAX, STATE(tmp));
    load(t, RCX, STATE(tmp) + 8);
    load(t, RDX, STATE(tmp) + 16);
    const uint32_t found = asm_jcc32(b, CC_NE), rel = call - (found + 4);
    memcpy(b->p + found, &rel, 4);
    jump(t, STATE(call_ret));
}

/* What stands in a block's cold part.  A register whose attention bit is in `must` sends the block to another mode;
 * those in `kill` are about to be overwritten: their shadows may as well be zero. */
struct kill {
    uint32_t must_low;
    uint16_t must_high;
    uint32_t kill_low;
    uint16_t kill_high;
    int32_t go_on;                           /* relative to its own end */
} __attribute__((packed));
#define KILL(field) (struct asm_mem){ 0, RAX, REG_NONE, 0, (int)offsetof(struct kill, field) }

/* fs:[offset + (index << scale)] */
static struct asm_mem at_index(const struct tramp *t, int offset, int index, int scale)
{
    return (struct asm_mem){ X86_SEG_FS, REG_NONE, index, scale, t->h->state_offset + offset };
}

static void land(struct tramp *t, uint32_t jump)
{
    const uint32_t rel = t->b.n - (jump + 4);
    memcpy(t->b.p + jump, &rel, 4);
}

/* For each bit in ecx, from the lowest: its number into edx and body; then all are cleared in the attention word's
 * `bytes` at `half` (only there: other threads write the events).  Yields body's jump out of here, if any. */
static uint32_t each_bit(struct tramp *t, int half, int bytes, uint32_t (*body)(struct tramp *t))
{
    struct asm_buf *b = &t->b;
    asm_rr(b, 0x85, 4, RCX, RCX);
    const uint32_t none = asm_jcc32(b, CC_E);
    asm_mov_rr(b, 4, RDX, RCX);
    asm_rr(b, 0xf7, 4, 2, RDX);                                   /* not */
    asm_store(b, 4, at(t, STATE(tmp) + 24), RDX);
    const uint32_t top = b->n;
    asm_rr(b, X86_OP(2, 1, 0xbc), 4, RDX, RCX);                   /* tzcnt */
    const uint32_t out = body(t);
    asm_vrr(b, X86_OP(0, 2, 0xf3), 16, 1, RCX, RCX);              /* blsr ecx, ecx */
    const uint32_t again = asm_jcc32(b, CC_NE), rel = top - (again + 4);
    memcpy(b->p + again, &rel, 4);
    asm_load(b, 4, RCX, at(t, STATE(tmp) + 24));
    asm_rm(b, 0x21, bytes, RCX, at(t, STATE(attention) + half)); /* and */
    land(t, none);
    return out;
}

static uint32_t kill_gpr(struct tramp *t)
{
    asm_rm(&t->b, 0xc7, 8, 0, at_index(t, STATE(v.gpr), RDX, 3));
    asm_imm(&t->b, 0, 4);
    return 0;
}

/* The lower half; does not go on if there is something in the upper one. */
static uint32_t kill_ymm(struct tramp *t)
{
    struct asm_buf *b = &t->b;
    store(t, STATE(tmp) + 32, RDX);
    asm_shift_ri(b, 4, 4, RDX, 5);
    asm_rm(b, 0xc7, 8, 0, at_index(t, STATE(v.ymm), RDX, 0));
    asm_imm(b, 0, 4);
    asm_rm(b, 0xc7, 8, 0, at_index(t, STATE(v.ymm) + 8, RDX, 0));
    asm_imm(b, 0, 4);
    store(t, STATE(tmp) + 40, RCX);
    asm_load(b, 8, RCX, at_index(t, STATE(v.ymm) + 16, RDX, 0));
    asm_rm(b, 0x0b, 8, RCX, at_index(t, STATE(v.ymm) + 24, RDX, 0));
    load(t, RCX, STATE(tmp) + 40);
    load(t, RDX, STATE(tmp) + 32);
    return asm_jcc32(b, CC_NE);
}

static void tramp_kill(struct tramp *t)
{
    struct asm_buf *b = &t->b;
    uint32_t stay[4], n = 0;
    store(t, STATE(tmp) + 8, RCX);
    store(t, STATE(tmp) + 16, RDX);
    asm_load(b, 4, RCX, KILL(must_low));
    asm_rm(b, 0x85, 4, RCX, at(t, STATE(attention)));
    stay[n++] = asm_jcc32(b, CC_NE);
    asm_load(b, 2, RCX, KILL(must_high));
    asm_rm(b, 0x85, 4, RCX, at(t, STATE(attention) + 4));
    stay[n++] = asm_jcc32(b, CC_NE);

    asm_load(b, 4, RCX, KILL(kill_low));
    asm_rm(b, 0x23, 4, RCX, at(t, STATE(attention)));
    asm_rr(b, 0xf7, 4, 0, RCX);              /* test ecx, flags */
    asm_imm(b, (uint32_t)X86_ATT_FLAGS, 4);
    const uint32_t no_flags = asm_jcc8(b, CC_E);
    asm_alu_mi(b, 7, 1, at(t, STATE(v.flag) + (X86_DF - X86_CF)), 0);
    stay[n++] = asm_jcc32(b, CC_NE);         /* nothing overwrites DF by the way */
    asm_store_imm(b, 4, at(t, STATE(v.flag)), 0);
    asm_store_imm(b, 2, at(t, STATE(v.flag) + 4), 0);
    asm_alu_mi(b, 4, 1, at(t, STATE(attention) + 2), (int8_t)~(X86_ATT_FLAGS >> 16));
    asm_here8(b, no_flags);
    asm_rr(b, X86_OP(0, 1, 0xb7), 4, RCX, RCX); /* movzx ecx, cx */
    each_bit(t, 0, 2, kill_gpr);
    asm_load(b, 2, RCX, KILL(kill_high));
    asm_rm(b, 0x23, 4, RCX, at(t, STATE(attention) + 4));
    stay[n++] = each_bit(t, 4, 4, kill_ymm);

    asm_rm(b, 0x63, 8, RCX, KILL(go_on));    /* movsxd */
    asm_lea(b, 8, RAX, (struct asm_mem){ 0, RAX, RCX, 0, sizeof(struct kill) });
    const uint32_t go = asm_jmp8(b);
    while (n)
        land(t, stay[--n]);
    asm_lea(b, 8, RAX, (struct asm_mem){ 0, RAX, REG_NONE, 0, sizeof(struct kill) });
    asm_here8(b, go);
    store(t, STATE(tmp) + 24, RAX);
    load(t, RCX, STATE(tmp) + 8);
    load(t, RDX, STATE(tmp) + 16);
    load(t, RAX, STATE(tmp));
    jump(t, STATE(tmp) + 24);
}

/* What stands in a store's cold part. */
struct clear {
    uint8_t bytes;                           /* of the store: 1 2 4, or words of 8 */
    int32_t go_on;                           /* relative to its own end */
} __attribute__((packed));
enum { CLEAR_FLAGS = 48, CLEAR_DATA = 40 }; /* in state.tmp */

/* gs:[rsi + rcx - back] */
static struct asm_mem shadow_word(int back) { return (struct asm_mem){ X86_SEG_GS, RSI, RCX, 0, -back }; }

/* ZF: no byte of rdx is IR_NOACCESS_BYTE.  rdi: 0x01 in each byte; changes rax, rdx. */
static void has_noaccess(struct tramp *t)
{
    struct asm_buf *b = &t->b;
    asm_rr(b, 0x69, 8, RAX, RDI);            /* imul rax, rdi, pattern */
    asm_imm(b, IR_NOACCESS_BYTE, 4);
    asm_alu_rr(b, 6, 8, RDX, RAX);
    asm_mov_rr(b, 8, RAX, RDX);
    asm_rr(b, 0xf7, 8, 2, RAX);              /* not */
    asm_alu_rr(b, 5, 8, RDX, RDI);
    asm_alu_rr(b, 4, 8, RDX, RAX);
    asm_mov_rr(b, 8, RAX, RDI);
    asm_shift_ri(b, 4, 8, RAX, 7);
    asm_rr(b, 0x85, 8, RAX, RDX);
}

/* One piece of 1, 2 or 4 bytes if bit `bytes` is set in ecx.  Yields the jump to where that is done; *stay: elsewhere. */
static uint32_t clear_piece(struct tramp *t, int bytes, uint32_t *stay)
{
    struct asm_buf *b = &t->b;
    const struct asm_mem shadow = { X86_SEG_GS, RSI, REG_NONE, 0, 0 };
    asm_rr(b, 0xf7, 4, 0, RCX);
    asm_imm(b, (uint64_t)bytes, 4);
    const uint32_t other = asm_jcc8(b, CC_E);
    asm_load(b, bytes, RDX, shadow);
    has_noaccess(t);
    *stay = asm_jcc32(b, CC_NE);
    asm_store_imm(b, bytes, shadow, 0);
    const uint32_t done = asm_jmp32(b);
    asm_here8(b, other);
    return done;
}

/* Words of 8, from the last to the first: all are looked at before any is changed. */
static uint32_t clear_words(struct tramp *t, uint32_t *stay)
{
    struct asm_buf *b = &t->b;
    const uint32_t look = b->n;
    asm_load(b, 8, RDX, shadow_word(8));
    has_noaccess(t);
    *stay = asm_jcc32(b, CC_NE);
    asm_alu_ri(b, 5, 4, RCX, 8);
    const uint32_t again = asm_jcc8(b, CC_NE);
    b->p[again] = (uint8_t)(look - (again + 1));
    load(t, RAX, STATE(tmp) + CLEAR_DATA);
    asm_load(b, 1, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, (int)offsetof(struct clear, bytes) });
    const uint32_t write = b->n;
    asm_store_imm(b, 8, shadow_word(8), 0);
    asm_alu_ri(b, 5, 4, RCX, 8);
    const uint32_t more = asm_jcc8(b, CC_NE);
    b->p[more] = (uint8_t)(write - (more + 1));
    return asm_jmp32(b);
}

static void tramp_clear(struct tramp *t)
{
    struct asm_buf *b = &t->b;
    uint32_t stay[5], done[4], n = 0, m = 0;
    store(t, STATE(tmp) + 16, RCX);
    store(t, STATE(tmp) + 24, RDX);
    store(t, STATE(tmp) + 32, RSI);
    store(t, STATE(tmp) + 56, RDI);
    store(t, STATE(tmp) + CLEAR_DATA, RAX);
    asm_load(b, 1, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, (int)offsetof(struct clear, bytes) });
    CODE(t, "\x9f\x0f\x90\xc0");            /* lahf; seto al */
    asm_store(b, 2, at(t, STATE(tmp) + CLEAR_FLAGS), RAX);
    load(t, RSI, STATE(tmp) + 8);
    asm_mov_imm(b, RDI, 0x0101010101010101);
    asm_lea(b, 4, RDX, shadow_word(1));
    asm_alu_rr(b, 6, 4, RDX, RSI);
    asm_shift_ri(b, 5, 4, RDX, 12);
    stay[n++] = asm_jcc32(b, CC_NE);         /* the second page may fault: then nothing may have changed */
    for (int bytes = 1; bytes < 8; bytes *= 2, n++)
        done[m++] = clear_piece(t, bytes, &stay[n]);
    done[m++] = clear_words(t, &stay[n++]);
    while (n)
        land(t, stay[--n]);
    load(t, RAX, STATE(tmp) + CLEAR_DATA);
    asm_lea(b, 8, RAX, (struct asm_mem){ 0, RAX, REG_NONE, 0, sizeof(struct clear) });
    const uint32_t back = asm_jmp8(b);
    while (m)
        land(t, done[--m]);
    load(t, RAX, STATE(tmp) + CLEAR_DATA);
    asm_rm(b, 0x63, 8, RCX, (struct asm_mem){ 0, RAX, REG_NONE, 0, (int)offsetof(struct clear, go_on) }); /* movsxd */
    asm_lea(b, 8, RAX, (struct asm_mem){ 0, RAX, RCX, 0, sizeof(struct clear) });
    asm_here8(b, back);
    store(t, STATE(tmp) + CLEAR_DATA, RAX);
    asm_load(b, 2, RAX, at(t, STATE(tmp) + CLEAR_FLAGS));
    asm_alu_ri(b, 0, 1, RAX, 127);
    CODE(t, "\x9e");                         /* sahf */
    load(t, RCX, STATE(tmp) + 16);
    load(t, RDX, STATE(tmp) + 24);
    load(t, RSI, STATE(tmp) + 32);
    load(t, RDI, STATE(tmp) + 56);
    load(t, RAX, STATE(tmp));
    jump(t, STATE(tmp) + CLEAR_DATA);
}

/* Flags that C does not have as the guest does; the others stay. */
static void restore_rare_flags(struct tramp *t, int offset)
{
    asm_rm(&t->b, 0xf7, 4, 0, at(t, offset)); /* test */
    asm_imm(&t->b, ALIGNMENT_AND_DF, 4);
    const uint32_t fine = asm_jcc8(&t->b, CC_E);
    push(t, offset);
    CODE(t, "\x9d");                         /* popfq */
    asm_here8(&t->b, fine);
}

static void hostcall(struct tramp *t, bool keeps)
{
    struct asm_buf *b = &t->b;
    put_integers_away(t);
    if (keeps)
        vectors_away(t, STATE(ymm));
    else
        CODE(t, "\xc5\xf8\x77");             /* vzeroupper */
    c_flags(t, STATE(rflags));
    asm_load(b, 8, RDI, (struct asm_mem){ X86_SEG_FS, REG_NONE, REG_NONE, 0, 0 }); /* the thread control block */
    asm_lea(b, 8, RDI, (struct asm_mem){ 0, RDI, REG_NONE, 0, t->h->state_offset });
    asm_load(b, 4, RSI, at(t, STATE(call_args)));
    asm_mov_imm(b, RAX, (uint64_t)(uintptr_t)t->h->hostcall);
    asm_rr(b, 0xff, 4, 2, RAX);              /* call */
    asm_rr(b, 0x85, 8, RAX, RAX);            /* test */
    const uint32_t on = asm_jcc32(b, CC_NE);
    if (!keeps)
        vectors_away(t, STATE(ymm));
    return_to_c(t);
    here32(b, on);
    store(t, STATE(tmp), RAX);
    if (keeps) {
        vectors_back(t, STATE(ymm));
        restore_flags(t, STATE(rflags));
    } else {
        restore_rare_flags(t, STATE(rflags));
    }
    for (int i = 0; i < 16; i++)
        load(t, i, STATE(gpr) + 8 * i);
    jump(t, STATE(tmp));
}

static void tramp_hostcall(struct tramp *t) { hostcall(t, false); }
static void tramp_hostcall_keep(struct tramp *t) { hostcall(t, true); }

static void tramp_fault(struct tramp *t)
{
    CODE(t, "\xc5\xf8\x77");                 /* vzeroupper */
    load(t, RSP, STATE(host_rsp));
    CODE(t, "\x6a\x02\x9d");                 /* push 2; popfq */
    return_to_c(t);
}

size_t host_x86_64_emit_tramps(uint8_t *buf, const struct vex_host *h, uint32_t entry[VEX_TRAMPS])
{
    struct tramp t = { .h = h };
    void (*const make[VEX_TRAMPS])(struct tramp *) = { [VEX_TRAMP_ENTER] = tramp_enter, [VEX_TRAMP_EXIT] = tramp_exit,
                                                       [VEX_TRAMP_CALL] = tramp_call, [VEX_TRAMP_KILL] = tramp_kill,
                                                       [VEX_TRAMP_CLEAR] = tramp_clear,
                                                       [VEX_TRAMP_HOSTCALL] = tramp_hostcall, [VEX_TRAMP_HOSTCALL_KEEP] = tramp_hostcall_keep,
                                                       [VEX_TRAMP_FAULT] = tramp_fault };
    for (int i = 0; i < VEX_TRAMPS; i++) {
        asm_grow(&t.b, 4096);
        while (t.b.n % 16)
            asm_byte(&t.b, 0xcc);
        entry[i] = t.b.n;
        if (make[i])
            make[i](&t);
        else if (i == VEX_TRAMP_CALL_BYTE)
            tramp_call_byte(&t, entry[VEX_TRAMP_CALL]);
        else
            tramp_indirect(&t, entry[VEX_TRAMP_EXIT]);
    }
    const size_t size = t.b.n;
    memcpy(buf, t.b.p, size);
    free(t.b.p);
    return size;
}
