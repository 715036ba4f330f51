/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/encode: prefixes, REX, VEX, ModRM and SIB in one place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vex/host_x86_64/encode.h"
#include "vex/vex.h"

void asm_grow(struct asm_buf *b, size_t room)
{
    size_t cap = b->cap ? b->cap : 1024;
    while (cap - b->n < room)
        cap *= 2;
    uint8_t *p = realloc(b->p, cap);
    if (!p) {
        fputs("nagrind: out of memory in translation\n", stderr);
        abort();
    }
    b->p = p;
    b->cap = cap;
}

void asm_imm(struct asm_buf *b, uint64_t v, int bytes)
{
    memcpy(b->p + b->n, &v, 8); /* what is too much is overwritten later */
    b->n += bytes;
}

static const uint8_t prefix_byte[4] = { 0, 0x66, 0xf3, 0xf2 };

/* Bytes are written at p whether they are wanted or not, and p goes on if they are: what a program's instructions are like
 * cannot be predicted, and a wrong guess costs more. */

/* Everything up to the opcode.  reg, index, base give REX; r/m registers come in base. */
static inline uint8_t *head(uint8_t *p, uint32_t op, int size, int seg, int reg, int index, int base, bool force_rex)
{
    const unsigned pp = op >> 12 & 3, map = op >> 8 & 3;
    const uint8_t rex = 0x40 | (size == 8) << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
    *p = seg;
    p += seg != 0;
    *p = 0x66;
    p += size == 2 && pp != 1;
    *p = prefix_byte[pp];
    p += pp != 0;
    *p = rex;
    p += rex != 0x40 || force_rex;
    *p = 0x0f;
    p += map != 0;
    *p = map == 2 ? 0x38 : 0x3a;
    p += map >= 2;
    *p = op;
    return p + 1;
}

static inline uint8_t *modrm_mem(uint8_t *p, int reg, struct asm_mem m)
{
    if (m.seg == X86_SEG_GS)
        m.disp -= VEX_GS_BIAS;
    const int r = (reg & 7) << 3;
    const bool based = m.base != REG_NONE, indexed = m.index != REG_NONE;
    const bool sib = !based || indexed || (m.base & 7) == 4;
    const int mod = !based || (m.disp == 0 && (m.base & 7) != 5) ? 0 : m.disp == (int8_t)m.disp ? 1 : 2;
    const int base = based ? m.base & 7 : 5, index = indexed ? m.index & 7 : 4;
    *p++ = mod << 6 | r | (sib ? 4 : base);
    *p = (indexed ? m.scale : 0) << 6 | index << 3 | base;
    p += sib;
    memcpy(p, &m.disp, 4);
    return p + (mod == 1 ? 1 : mod == 2 || !based ? 4 : 0);
}

static inline int rex_bit(uint8_t r) { return r == REG_NONE ? 0 : r; }

void asm_rr(struct asm_buf *b, uint32_t op, int size, int reg, int rm)
{
    const bool bytes = (size == 1 && (reg >= 4 || rm >= 4)) || (op & X86_RM8 && rm >= 4);
    asm_need(b);
    uint8_t *p = head(b->p + b->n, op, size, 0, reg, 0, rm, bytes);
    *p++ = 0xc0 | (reg & 7) << 3 | (rm & 7);
    b->n = p - b->p;
}

/* fs:[disp32], as the thread's state is: every second memory operand of all. */
static inline bool is_state(struct asm_mem m)
{
    uint32_t parts;
    memcpy(&parts, &m, 4);
    return parts == (X86_SEG_FS | REG_NONE << 8 | REG_NONE << 16);
}

/* The same as legacy_mem for such an operand, without prefix: segment, REX, opcode, ModRM, SIB, displacement. */
static inline void state_operand(struct asm_buf *b, uint32_t op, int size, int reg, int32_t disp, bool force_rex, uint32_t imm, int imm_bytes)
{
    uint8_t *p = b->p + b->n;
    const uint8_t rex = 0x40 | (size == 8) << 3 | (reg >> 3 & 1) << 2;
    *p++ = X86_SEG_FS;
    *p = rex;
    p += rex != 0x40 || force_rex;
    const uint32_t rest = (op & 0xff) | (4u | (reg & 7u) << 3) << 8 | 0x25u << 16;
    memcpy(p, &rest, 4);
    memcpy(p + 3, &disp, 4);
    memcpy(p + 7, &imm, 4);
    b->n = p + 7 + imm_bytes - b->p;
}

/* A legacy instruction with a memory operand, then imm_bytes of imm. */
static inline void legacy_mem(struct asm_buf *b, uint32_t op, int size, int reg, struct asm_mem m, bool force_rex, uint32_t imm, int imm_bytes)
{
    asm_need(b);
    if (is_state(m) && op < 0x100 && size != 2) {
        state_operand(b, op, size, reg, m.disp, force_rex, imm, imm_bytes);
        return;
    }
    uint8_t *p = head(b->p + b->n, op, size, m.seg, reg, rex_bit(m.index), rex_bit(m.base), force_rex);
    p = modrm_mem(p, reg, m);
    memcpy(p, &imm, 4);
    b->n = p + imm_bytes - b->p;
}

void asm_rm(struct asm_buf *b, uint32_t op, int size, int reg, struct asm_mem m)
{
    legacy_mem(b, op, size, reg, m, size == 1 && reg >= 4, 0, 0);
}

static inline uint8_t *vex_head(uint8_t *p, uint32_t op, int l, int seg, int reg, int vvvv, int index, int base)
{
    const unsigned pp = op >> 12 & 3, map = op >> 8 & 3, w = op >> 16 & 1;
    *p = seg;
    p += seg != 0;
    const uint8_t tail = (~vvvv & 15) << 3 | (l == 32) << 2 | pp;
    if (map == 1 && !w && index < 8 && base < 8) {
        *p++ = 0xc5;
        *p++ = (reg < 8) << 7 | tail;
    } else {
        *p++ = 0xc4;
        *p++ = (reg < 8) << 7 | (index < 8) << 6 | (base < 8) << 5 | map;
        *p++ = w << 7 | tail;
    }
    *p++ = op;
    return p;
}

void asm_vrr(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv, int rm)
{
    asm_need(b);
    uint8_t *p = vex_head(b->p + b->n, op, l, 0, reg, vvvv, 0, rm);
    *p++ = 0xc0 | (reg & 7) << 3 | (rm & 7);
    b->n = p - b->p;
}

void asm_vrm(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv, struct asm_mem m)
{
    asm_need(b);
    uint8_t *p = vex_head(b->p + b->n, op, l, m.seg, reg, vvvv, rex_bit(m.index), rex_bit(m.base));
    b->n = modrm_mem(p, reg, m) - b->p;
}

uint32_t asm_vrm_rip(struct asm_buf *b, uint32_t op, int l, int reg, int vvvv)
{
    asm_need(b);
    uint8_t *p = vex_head(b->p + b->n, op, l, 0, reg, vvvv, 0, 0);
    *p++ = 5 | (reg & 7) << 3;
    b->n = p - b->p;
    asm_imm(b, 0, 4);
    return b->n - 4;
}

void asm_mov_rr(struct asm_buf *b, int size, int to, int from)
{
    asm_rr(b, 0x8b, size, to, from);
}

void asm_mov_imm(struct asm_buf *b, int to, uint64_t v)
{
    asm_need(b);
    if (v == (uint32_t)v) {
        if (to >= 8)
            asm_byte(b, 0x41);
        asm_byte(b, 0xb8 | (to & 7));
        asm_imm(b, v, 4);
    } else if ((int64_t)v == (int32_t)v) {
        asm_rr(b, 0xc7, 8, 0, to);
        asm_imm(b, v, 4);
    } else {
        asm_byte(b, 0x48 | to >> 3);
        asm_byte(b, 0xb8 | (to & 7));
        asm_imm(b, v, 8);
    }
}

void asm_load(struct asm_buf *b, int bytes, int to, struct asm_mem m)
{
    if (bytes < 4)
        asm_rm(b, X86_OP(0, 1, bytes == 1 ? 0xb6 : 0xb7), 4, to, m);
    else
        asm_rm(b, 0x8b, bytes, to, m);
}

void asm_store(struct asm_buf *b, int bytes, struct asm_mem m, int from)
{
    asm_rm(b, bytes == 1 ? 0x88 : 0x89, bytes, from, m);
}

void asm_store_imm(struct asm_buf *b, int bytes, struct asm_mem m, int32_t v)
{
    legacy_mem(b, bytes == 1 ? 0xc6 : 0xc7, bytes, 0, m, false, (uint32_t)v, bytes > 4 ? 4 : bytes);
}

void asm_lea(struct asm_buf *b, int size, int to, struct asm_mem m)
{
    m.seg = 0;
    asm_rm(b, 0x8d, size, to, m);
}

void asm_alu_ri(struct asm_buf *b, int op, int size, int r, int32_t v)
{
    if (size == 1) {
        asm_rr(b, 0x80, 1, op, r); /* op is below 8; r >= 4 forces REX */
        asm_imm(b, v, 1);
    } else if (v == (int8_t)v) {
        asm_rr(b, 0x83, size, op, r);
        asm_imm(b, v, 1);
    } else {
        asm_rr(b, 0x81, size, op, r);
        asm_imm(b, (uint32_t)v, size == 2 ? 2 : 4);
    }
}

void asm_alu_mi(struct asm_buf *b, int op, int size, struct asm_mem m, int32_t v)
{
    const bool small = size == 1 || v == (int8_t)v;
    legacy_mem(b, size == 1 ? 0x80 : small ? 0x83 : 0x81, size, op, m, false, (uint32_t)v, small ? 1 : size == 2 ? 2 : 4);
}

void asm_alu_rr(struct asm_buf *b, int op, int size, int to, int from)
{
    asm_rr(b, op << 3 | (size == 1 ? 2 : 3), size, to, from);
}

void asm_shift_ri(struct asm_buf *b, int op, int size, int r, int count)
{
    asm_rr(b, size == 1 ? 0xc0 : 0xc1, size, op, r);
    asm_imm(b, count, 1);
}

void asm_vmov_load(struct asm_buf *b, int bytes, int to, struct asm_mem m)
{
    asm_vrm(b, X86_OP(2, 1, 0x6f), bytes, to, 0, m);
}

void asm_vmov_store(struct asm_buf *b, int bytes, struct asm_mem m, int from)
{
    asm_vrm(b, X86_OP(2, 1, 0x7f), bytes, from, 0, m);
}

void asm_vmov_rr(struct asm_buf *b, int bytes, int to, int from)
{
    asm_vrr(b, X86_OP(1, 1, 0x6f), bytes, to, 0, from);
}

uint32_t asm_jcc8(struct asm_buf *b, int cc)
{
    asm_need(b);
    asm_byte(b, 0x70 | cc);
    asm_byte(b, 0);
    return b->n - 1;
}

uint32_t asm_jmp8(struct asm_buf *b)
{
    asm_need(b);
    asm_byte(b, 0xeb);
    asm_byte(b, 0);
    return b->n - 1;
}

uint32_t asm_jrcxz8(struct asm_buf *b, int size)
{
    asm_need(b);
    if (size == 4)
        asm_byte(b, 0x67);
    asm_byte(b, 0xe3);
    asm_byte(b, 0);
    return b->n - 1;
}

void asm_here8(struct asm_buf *b, uint32_t disp_at)
{
    b->p[disp_at] = b->n - disp_at - 1;
}

static const uint8_t nops[4][3] = { { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 } };

void asm_nop(struct asm_buf *b, unsigned n)
{
    asm_need(b);
    memcpy(b->p + b->n, nops[n], 3);
    b->n += n;
}

void asm_nop_before(struct asm_buf *b, uint32_t at, unsigned n)
{
    asm_need(b);
    memmove(b->p + at + n, b->p + at, b->n - at);
    memcpy(b->p + at, nops[n], n);
    b->n += n;
}

void asm_count(struct asm_buf *b, struct asm_mem m, int scratch)
{
    asm_load(b, 8, scratch, m);
    asm_lea(b, 8, scratch, (struct asm_mem){ 0, scratch, REG_NONE, 0, 1 });
    asm_store(b, 8, m, scratch);
}
