/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec: what the vector rows share.
 *
 * A vector instruction is  destination, first source, second source, [imm8]:
 * legacy encodings have one operand for destination and first source, and keep
 * the destination's upper part; VEX ones have three, and zero it.  EVEX and MMX
 * operands never come to a row's function (plain.c).  */
#pragma once
#include "internal.h"

struct x86_vec_shape {
    enum ir_type t;  /* of the destination */
    bool vex;
    int a, b;        /* numbers of the source operands; equal if there is one */
    int imm;         /* imm8 as unsigned; -1 none */
};
struct x86_vec_shape x86_vec_shape(const struct x86_ctx *c);
/* Vector op on type t with an element type. */
ir_ref x86_vop(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b);
ir_ref x86_vop_imm(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b, int64_t imm);
ir_ref x86_vzero(struct x86_ctx *c, enum ir_type t);
/* Every element v. */
ir_ref x86_vsplat(struct x86_ctx *c, enum ir_type t, enum ir_type lane, int64_t v);
/* Element `index` of vector register operand i. */
ir_ref x86_vec_element(struct x86_ctx *c, int i, enum ir_type lane, int index);
/* Destination := first source (an xmm) with element `index` replaced. */
void x86_vec_write_element(struct x86_ctx *c, const struct x86_vec_shape *s, enum ir_type lane, int index, ir_ref v);
/* Both source operands are one register. */
bool x86_vec_same(const struct x86_ctx *c, const struct x86_vec_shape *s);
/* Some function of up to three values; per element if lane is set. */
ir_ref x86_opaque(struct x86_ctx *c, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref b, ir_ref d);
/* The widening and narrowing that conversions share: source operand i (low half or memory) with elements of
 * type `from`, one to an element `to` of type t. */
ir_ref x86_vec_widen(struct x86_ctx *c, enum ir_opcode op, int i, enum ir_type t, enum ir_type from, enum ir_type to);

/* MMX instructions: a byte of the X87 slot a register.  false: described as any other without a row. */
bool x86_is_mmx(const struct x86_ctx *c);
bool x86_translate_mmx(struct x86_ctx *c, const struct x86_row *row);

/* SSE MOVSD and CMPSD (insn_int.def has the mnemonics). */
bool translate_movsd_vector(struct x86_ctx *c, const struct x86_row *row);
bool translate_cmpsd_vector(struct x86_ctx *c, const struct x86_row *row);
