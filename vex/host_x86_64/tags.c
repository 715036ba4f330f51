/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/tags: origin tags of memory.
 *
 * The straight path only asks whether there is anything undefined; the O plane is
 * touched in the cold part, and only for addresses in the strip. */
#include "vex/host_x86_64/emit.h"

/* Jumps into the cold part, where code goes from here on, if the shadow is not 0. */
static void if_undefined(struct emitter *e, const struct ir_op *op)
{
    struct asm_buf *c = e->c;
    const int size = ir_type_bytes(op->lane);
    if (type_is_vec(op->lane)) {
        const int v = vec_use(e, op->b);
        asm_vrr(c, X86_OP(1, 2, 0x17), size, v, 0, v); /* vptest */
    } else {
        const int v = gpr_use(e, op->b);
        asm_rr(c, size == 1 ? 0x84 : 0x85, size, v, v);
    }
    emit_fixup(e, asm_jcc32(c, CC_NE), TO_COLD, e->cold.n);
    e->c = &e->cold;
}

/* Cold: back to main unless the address is in the strip; t is scratch. */
static void if_in_strip(struct emitter *e, int address, int t, uint32_t back)
{
    if (!e->h->strip_size)
        return;
    asm_mov_rr(e->c, 8, t, address);
    asm_shift_ri(e->c, 5, 8, t, __builtin_ctzll(e->h->strip_size));
    emit_fixup(e, asm_jcc32(e->c, CC_NE), TO_MAIN, back);
}

/* t := the O plane's place of the aligned 4 bytes at address + offset */
static void tag_place(struct emitter *e, int t, int address, int offset)
{
    asm_mov_imm(e->c, t, e->h->plane_o + (unsigned)offset);
    asm_alu_rr(e->c, 0, 8, t, address);
    asm_alu_ri(e->c, 4, 8, t, -4);
}

/* r := number of the first byte of the shadow that is not 0 */
static void first_byte(struct emitter *e, const struct ir_op *op, int r, int vt)
{
    struct asm_buf *c = e->c;
    const int l = ir_type_bytes(op->lane);
    if (!type_is_vec(op->lane)) {
        asm_rr(c, X86_OP(2, 1, 0xbc), l == 8 ? 8 : 4, r, gpr_use(e, op->b)); /* tzcnt */
        asm_shift_ri(c, 5, 4, r, 3);
        return;
    }
    asm_vrr(c, X86_OP(1, 1, 0xef), l, vt, vt, vt);
    asm_vrr(c, X86_OP(1, 1, 0x74), l, vt, vt, vec_use(e, op->b)); /* vpcmpeqb */
    asm_vrr(c, X86_OP(1, 1, 0xd7), l, r, 0, vt);                  /* vpmovmskb */
    asm_rr(c, 0xf7, 4, 2, r);
    asm_rr(c, X86_OP(2, 1, 0xbc), 4, r, r);
}

void emit_load_tag(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    const int address = gpr_use(e, op->a), t = gpr_alloc(e), vt = type_is_vec(op->lane) ? vec_alloc(e) : 0;
    if (type_is_vec(op->lane))
        vec_use(e, op->b);
    else
        gpr_use(e, op->b);
    const int r = gpr_def(e);
    asm_mov_imm(e->c, r, 0);
    if_undefined(e, op);
    const uint32_t back = e->main.n;
    if_in_strip(e, address, t, back);
    first_byte(e, op, r, vt);
    asm_alu_rr(e->c, 0, 8, r, address);
    tag_place(e, t, r, 0);
    emit_side(e);
    asm_load(e->c, 4, r, (struct asm_mem){ 0, t, REG_NONE, 0, 0 });
    emit_jump_to_main(e, back);
    e->c = &e->main;
}

void emit_store_tag(struct emitter *e, const struct ir_op *op)
{
    const int bytes = ir_type_bytes(op->lane);
    flags_clobber(e);
    const int address = gpr_use(e, op->a), tag = gpr_use(e, op->c), t = gpr_alloc(e);
    if_undefined(e, op);
    const uint32_t back = e->main.n;
    if_in_strip(e, address, t, back);
    tag_place(e, t, address, 0);
    emit_side(e);
    for (int i = 0; i < bytes; i += 4)
        asm_store(e->c, 4, (struct asm_mem){ 0, t, REG_NONE, 0, i }, tag);
    if (bytes > 1) { /* unaligned: one more */
        tag_place(e, t, address, bytes - 1);
        asm_store(e->c, 4, (struct asm_mem){ 0, t, REG_NONE, 0, 0 }, tag);
    }
    emit_jump_to_main(e, back);
    e->c = &e->main;
}
