/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/zone: the shadow of the stack below rsp (ZONE_ ops; see IR_NOACCESS_BYTE in nagrind/ir.h).
 *
 * The straight path of each op is a comparison with state.red_zone; a function that
 * uses its red zone takes the cold ones. */
#include "vex/host_x86_64/emit.h"

enum { SCRATCH = STATE(tmp) + 56, SAVED_RAX = STATE(tmp) + 48, SCRATCH_2 = STATE(tmp) + 40 };
enum { ALU_SUB = 5, ALU_CMP = 7, ALU_ADD = 0, CMP_REG_MEM = 0x3b };

static struct asm_mem red_zone(const struct emitter *e) { return state_mem(e, STATE(red_zone)); }

static struct asm_mem shadow_at(int base, int32_t disp) { return (struct asm_mem){ X86_SEG_GS, base, REG_NONE, 0, disp }; }

/* The byte, as often as a word of `size` bytes holds it, as an immediate. */
static int32_t repeated(int byte, int size)
{
    const int32_t all = (int32_t)(0x01010101u * (unsigned)byte);
    return size == 1 ? (int8_t)all : size == 2 ? (int16_t)all : all;
}

/* A register that none of the address' is: its content is put aside until scratch_back. */
static int scratch_take(struct emitter *e, struct asm_mem m)
{
    int s = RCX;
    while (s == m.base || s == m.index || s == RSP)
        s++;
    asm_store(e->c, 8, state_mem(e, SCRATCH), s);
    return s;
}

static void scratch_back(struct emitter *e, int s) { asm_load(e->c, 8, s, state_mem(e, SCRATCH)); }

/* red_zone = min(red_zone, r) */
static void note(struct emitter *e, int r)
{
    asm_rm(e->c, CMP_REG_MEM, 8, r, red_zone(e));
    const uint32_t known = asm_jcc8(e->c, CC_AE);
    asm_store(e->c, 8, red_zone(e), r);
    asm_here8(e->c, known);
}

void emit_zone_used(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    note(e, gpr_use(e, op->a));
}

/* Cold code: all from state.red_zone up to sp is not addressable. */
static void clear_used(struct emitter *e, int sp)
{
    struct asm_buf *c = e->c;
    const int s = scratch_take(e, shadow_at(sp, 0));
    asm_mov_rr(c, 8, s, sp);
    asm_rm(c, 0x2b, 8, s, red_zone(e)); /* sub */
    asm_alu_ri(c, ALU_CMP, 8, s, IR_ZONE_FAR);
    const uint32_t far = asm_jcc8(c, CC_A);
    const int word = s == RDX || sp == RDX ? RBX : RDX;
    asm_store(c, 8, state_mem(e, SCRATCH_2), word);
    asm_mov_imm(c, word, 0x0101010101010101ull * IR_NOACCESS_BYTE);
    asm_mov_rr(c, 8, s, sp);
    const uint32_t loop = c->n;
    asm_alu_ri(c, ALU_SUB, 8, s, IR_ZONE_STEP);
    for (int at = 0; at < IR_ZONE_STEP; at += 8)
        asm_store(c, 8, shadow_at(s, at), word);
    asm_rm(c, CMP_REG_MEM, 8, s, red_zone(e));
    const uint32_t again = asm_jcc8(c, CC_A);
    c->p[again] = (uint8_t)(loop - (again + 1));
    asm_load(c, 8, word, state_mem(e, SCRATCH_2));
    asm_here8(c, far);
    asm_store_imm(c, 8, red_zone(e), -1);
    scratch_back(e, s);
}

/* The same for rsp, at most calls and returns. */
static void clear_below_rsp(struct emitter *e)
{
    struct emit_template *t = e->zone_clear;
    struct asm_buf *c = e->c;
    if (t->n && t->state_offset == e->h->state_offset) {
        if (c->cap - c->n < sizeof t->bytes)
            asm_grow(c, sizeof t->bytes);
        memcpy(c->p + c->n, t->bytes, sizeof t->bytes);
        c->n += t->n;
        return;
    }
    const size_t begin = c->n;
    clear_used(e, RSP);
    if (c->n - begin <= sizeof t->bytes) {
        t->state_offset = e->h->state_offset;
        t->n = (uint8_t)(c->n - begin);
        memcpy(t->bytes, c->p + begin, t->n);
    }
}

void emit_zone_clear(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    const int sp = gpr_use(e, op->a);
    emit_side(e);
    asm_rm(e->c, CMP_REG_MEM, 8, sp, red_zone(e));
    emit_fixup(e, asm_jcc32(e->c, CC_A), TO_COLD, e->cold.n);
    const uint32_t back = e->main.n;
    e->c = &e->cold;
    emit_side(e);
    if (sp == RSP)
        clear_below_rsp(e);
    else
        clear_used(e, sp);
    emit_jump_to_main(e, back);
    e->c = &e->main;
}

/* V of [base, base+n) := byte, by words from general registers: one vector register used with VEX between a program's
 * SSE instructions costs it 100 cycles each time, for the upper half of the registers. */
static void fill(struct emitter *e, int base, int n, int byte, int r)
{
    const bool imm = byte == 0 || byte == 0xff; /* sign-extends to 8 bytes */
    int at = 0;
    if (r != REG_NONE)
        asm_mov_imm(e->c, r, 0x0101010101010101ull * (unsigned)byte);
    for (int size = imm || r != REG_NONE ? 8 : 4; size; size /= 2)
        for (; n - at >= size; at += size)
            if (r != REG_NONE)
                asm_store(e->c, size, shadow_at(base, at), r);
            else
                asm_store_imm(e->c, size, shadow_at(base, at), repeated(byte, size));
}

static void grow_if_unused(struct asm_buf *c, struct asm_mem m, int byte)
{
    asm_alu_mi(c, ALU_CMP, 1, m, (int8_t)IR_NOACCESS_BYTE);
    const uint32_t used = asm_jcc8(c, CC_NE);
    asm_store_imm(c, 1, m, (int8_t)byte);
    asm_here8(c, used);
}

void emit_zone_grow(struct emitter *e, const struct ir_op *op)
{
    const int n = (int)op->imm, byte = op->aux & 0xff;
    flags_clobber(e);
    /* up to 16 bytes a register is not worth its spill */
    const int base = gpr_use(e, op->a), r = n > 16 && byte && byte != 0xff ? gpr_alloc(e) : REG_NONE;
    emit_side(e);
    asm_alu_mi(e->c, ALU_CMP, 8, red_zone(e), -1);
    emit_fixup(e, asm_jcc32(e->c, CC_NE), TO_COLD, e->cold.n);
    fill(e, base, n, byte, r);
    const uint32_t back = e->main.n;

    struct asm_buf *c = e->c = &e->cold;
    emit_side(e);
    const int s = scratch_take(e, shadow_at(base, 0));
    asm_lea(c, 8, s, (struct asm_mem){ 0, base, REG_NONE, 0, n });
    const uint32_t loop = c->n;
    if (n % 4) {
        asm_alu_ri(c, ALU_SUB, 8, s, 1);
        grow_if_unused(c, shadow_at(s, 0), byte);
    } else {
        asm_alu_ri(c, ALU_SUB, 8, s, 4);
        asm_alu_mi(c, ALU_CMP, 4, shadow_at(s, 0), repeated(IR_NOACCESS_BYTE, 4));
        const uint32_t mixed = asm_jcc8(c, CC_NE);
        asm_store_imm(c, 4, shadow_at(s, 0), repeated(byte, 4));
        const uint32_t over = asm_jmp8(c);
        asm_here8(c, mixed);
        for (int i = 0; i < 4; i++)
            grow_if_unused(c, shadow_at(s, i), byte);
        asm_here8(c, over);
    }
    asm_alu_rr(c, ALU_CMP, 8, s, base);
    const uint32_t again = asm_jcc8(c, CC_A);
    c->p[again] = (uint8_t)(loop - (again + 1));
    asm_rm(c, CMP_REG_MEM, 8, base, red_zone(e));
    const uint32_t below = asm_jcc8(c, CC_A);
    asm_store_imm(c, 8, red_zone(e), -1);
    asm_here8(c, below);
    scratch_back(e, s);
    emit_jump_to_main(e, back);
    e->c = &e->main;
}

/* ---- stores ---- */
enum { JUMPS_MAX = 16 };

/* Flags into ax and back; rax waits in the state. */
static void flags_put_aside(struct emitter *e)
{
    asm_store(e->c, 8, state_mem(e, SAVED_RAX), RAX);
    asm_need(e->c);
    asm_byte(e->c, 0x9f);                          /* lahf */
    asm_rr(e->c, X86_OP(0, 1, 0x90), 1, 0, RAX);   /* seto al */
}

static void flags_take_back(struct emitter *e)
{
    asm_alu_ri(e->c, ALU_ADD, 1, RAX, 127);
    asm_need(e->c);
    asm_byte(e->c, 0x9e);                          /* sahf */
    asm_load(e->c, 8, RAX, state_mem(e, SAVED_RAX));
}

void emit_zone_store(struct emitter *e, struct asm_mem m, int bytes, bool keep_flags, uint32_t back, uint32_t out)
{
    struct asm_buf *c = e->c;
    const int s = keep_flags ? RCX : scratch_take(e, m), word = bytes > 8 ? 8 : bytes, size = bytes > 4 ? 4 : bytes;
    struct asm_mem plain = m;
    uint32_t fail[JUMPS_MAX];
    int n = 0;
    plain.seg = X86_SEG_NONE;
    asm_lea(c, 8, s, plain);
    if (keep_flags)
        flags_put_aside(e);
    for (int at = 0; at < bytes; at += size) {
        asm_alu_mi(c, ALU_CMP, size, shadow_at(s, at), repeated(IR_NOACCESS_BYTE, size));
        fail[n++] = asm_jcc32(c, CC_NE);
    }
    asm_alu_rr(c, ALU_SUB, 8, s, RSP);
    asm_alu_ri(c, ALU_CMP, 8, s, -bytes);
    fail[n++] = asm_jcc32(c, CC_G);
    asm_alu_ri(c, ALU_CMP, 8, s, -IR_ZONE_SIZE);
    fail[n++] = asm_jcc32(c, CC_L);
    asm_alu_rr(c, ALU_ADD, 8, s, RSP);
    note(e, s);
    for (int at = 0; at < bytes; at += word)
        asm_store_imm(c, word, shadow_at(s, at), 0);
    if (keep_flags)
        flags_take_back(e);
    else
        scratch_back(e, s);
    emit_jump_to_main(e, back);
    while (n)
        emit_fixup(e, fail[--n], TO_COLD, c->n);
    if (keep_flags)
        flags_take_back(e);
    else
        scratch_back(e, s);
    emit_fixup(e, asm_jmp32(c), TO_COLD, out);
}
