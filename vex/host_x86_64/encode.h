/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/encode: x86-64 machine code into a growable buffer.
 *
 * One function a shape of instruction; which instruction is a number made by
 * X86_OP: mandatory prefix, opcode map, opcode byte, and VEX.W / REX.W.
 *
 *     bits 0-7 opcode   8-9 map (0: one byte, 1: 0F, 2: 0F38, 3: 0F3A)
 *     bits 12-13 prefix (0 none, 1: 66, 2: F3, 3: F2)   bit 16: W (VEX forms)
 *     bit 17: r/m is a byte register (movzx and the like)
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, REG_NONE = 0xff };
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };
enum { X86_SEG_NONE = 0, X86_SEG_FS = 0x64, X86_SEG_GS = 0x65 };

#define X86_OP(prefix, map, opcode) ((prefix) << 12 | (map) << 8 | (opcode))
#define X86_W (1 << 16)
#define X86_RM8 (1 << 17)

/* seg: [base + (index << scale) + disp]; REG_NONE for no base or no index.  GS: the V plane; what is encoded is less by
 * VEX_GS_BIAS, and disp must leave room for that. */
struct asm_mem {
    uint8_t seg, base, index, scale;
    int32_t disp;
};

/* Put together in a register: bytes stored one by one could not be read as a whole for some time. */
static inline struct asm_mem asm_mem_of(uint8_t seg, uint8_t base, uint8_t index, uint8_t scale, int32_t disp)
{
    const uint64_t raw = (uint64_t)(uint32_t)disp << 32 | (uint32_t)scale << 24 | (uint32_t)index << 16 | (uint32_t)base << 8 | seg;
    struct asm_mem m;
    _Static_assert(sizeof m == sizeof raw, "one register");
    __builtin_memcpy(&m, &raw, sizeof m);
    return m;
}

struct asm_buf {
    uint8_t *p;
    size_t n, cap;
};

/* Room for one instruction (and more).  Aborts with a message when memory is out. */
void asm_grow(struct asm_buf *b, size_t room);
static inline void asm_need(struct asm_buf *b)
{
    if (b->cap - b->n < 64)
        asm_grow(b, 64);
}
static inline void asm_byte(struct asm_buf *b, uint8_t v) { b->p[b->n++] = v; } /* room is there */
void asm_imm(struct asm_buf *b, uint64_t v, int bytes);

/* Legacy encodings.  size: operand size 1, 2, 4, 8. */
void asm_rr(struct asm_buf *b, uint32_t op, int size, int reg, int rm);
void asm_rm(struct asm_buf *b, uint32_t op, int size, int reg, struct asm_mem m);
/* VEX; vector length l: 16 or 32 bytes (or 0: as 16).  vvvv REG 0 when unused. */
void asm_vrr(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv, int rm);
void asm_vrm(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv, struct asm_mem m);
/* As asm_vrm with [rip + ?]: yields the offset of the disp32 (to be fixed up); imm8 follows none. */
uint32_t asm_vrm_rip(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv);

/* The usual ones. */
void asm_mov_rr(struct asm_buf *b, int size, int to, int from);           /* 4 or 8 */
void asm_mov_imm(struct asm_buf *b, int to, uint64_t v);                  /* shortest; keeps flags */
void asm_load(struct asm_buf *b, int bytes, int to, struct asm_mem m);    /* zero-extends 1 and 2 */
void asm_store(struct asm_buf *b, int bytes, struct asm_mem m, int from);
void asm_store_imm(struct asm_buf *b, int bytes, struct asm_mem m, int32_t v); /* sign-extended to 8 */
void asm_lea(struct asm_buf *b, int size, int to, struct asm_mem m);
/* op: 0 add 1 or 4 and 5 sub 6 xor 7 cmp (group 1 numbers) */
void asm_alu_ri(struct asm_buf *b, int op, int size, int r, int32_t v);
void asm_alu_mi(struct asm_buf *b, int op, int size, struct asm_mem m, int32_t v);
void asm_alu_rr(struct asm_buf *b, int op, int size, int to, int from);
void asm_count(struct asm_buf *b, struct asm_mem m, int scratch); /* the quadword at m one more; flags stay */
void asm_shift_ri(struct asm_buf *b, int op, int size, int r, int count); /* 0 rol 1 ror 4 shl 5 shr 7 sar */
void asm_vmov_load(struct asm_buf *b, int bytes, int to, struct asm_mem m);   /* 16 32; unaligned */
void asm_vmov_store(struct asm_buf *b, int bytes, struct asm_mem m, int from);
void asm_vmov_rr(struct asm_buf *b, int bytes, int to, int from);
/* An instruction with ModRM.reg 0, 4 bytes at fs:[disp] and an immediate. */
static inline void asm_state_imm(struct asm_buf *b, uint8_t opcode, int32_t disp, uint32_t imm)
{
    asm_need(b);
    uint8_t *p = b->p + b->n;
    const uint64_t start = 0x25040064 | (unsigned)opcode << 8 | (uint64_t)(uint32_t)disp << 32;
    __builtin_memcpy(p, &start, 8);
    __builtin_memcpy(p + 8, &imm, 4);
    b->n += 12;
}
static inline void asm_store_state_imm(struct asm_buf *b, int32_t disp, uint32_t imm) { asm_state_imm(b, 0xc7, disp, imm); }
static inline void asm_test_state_imm(struct asm_buf *b, int32_t disp, uint32_t imm) { asm_state_imm(b, 0xf7, disp, imm); }
/* Jumps; yield the offset of the displacement, to be fixed up. */
static inline uint32_t asm_jcc32(struct asm_buf *b, int cc)
{
    asm_need(b);
    const uint64_t start = 0x800f | (unsigned)cc << 8;
    __builtin_memcpy(b->p + b->n, &start, 8);
    return (b->n += 6) - 4;
}
static inline uint32_t asm_jmp32(struct asm_buf *b)
{
    asm_need(b);
    const uint64_t start = 0xe9;
    __builtin_memcpy(b->p + b->n, &start, 8);
    return (b->n += 5) - 4;
}
uint32_t asm_jcc8(struct asm_buf *b, int cc);
uint32_t asm_jmp8(struct asm_buf *b);
uint32_t asm_jrcxz8(struct asm_buf *b, int size); /* 4: jecxz, 8: jrcxz */
void asm_here8(struct asm_buf *b, uint32_t disp_at);
/* The bytes, at most 3, that have to come before a jump of so many opcode bytes for its disp32 to lie within an aligned quadword:
 * a store of it is then seen whole or not at all by whoever runs there (AMD64 APM volume 2, 7.3.2; Intel SDM volume 3, 9.1.1). */
static inline unsigned asm_patch_pad(const struct asm_buf *b, unsigned opcode_bytes)
{
    const unsigned at = (b->n + opcode_bytes) & 7;
    return at > 4 ? 8 - at : 0;
}
/* n nops' bytes, at most 3. */
void asm_nop(struct asm_buf *b, unsigned n);
/* The same before what stands from `at` on, which moves. */
void asm_nop_before(struct asm_buf *b, uint32_t at, unsigned n);
