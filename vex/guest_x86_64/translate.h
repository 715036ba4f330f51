/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate: every function that a row of insn_*.def names, and
 * what the integer ones share.  */
#pragma once
#include "translate_vec.h"

#define X86(name, function, op, lane, arg) bool function(struct x86_ctx *c, const struct x86_row *row);
#include "insn_int.def"
#include "insn_vec.def"
#undef X86

/* Shorthands over c's block; t is the type of the operands. */
ir_ref x86_op(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref b);
ir_ref x86_compare(struct x86_ctx *c, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref b);
/* v of type `from` as an integer of type `to`: ZEXT, SEXT, TRUNC or v itself. */
ir_ref x86_zext(struct x86_ctx *c, enum ir_type to, enum ir_type from, ir_ref v);
ir_ref x86_sext(struct x86_ctx *c, enum ir_type to, enum ir_type from, ir_ref v);
ir_ref x86_select(struct x86_ctx *c, enum ir_type t, ir_ref condition, ir_ref yes, ir_ref no);
/* Bit n of a, as i1. */
ir_ref x86_bit(struct x86_ctx *c, enum ir_type t, ir_ref a, int n);
ir_ref x86_top_bit(struct x86_ctx *c, enum ir_type t, ir_ref a);
ir_ref x86_is_zero(struct x86_ctx *c, enum ir_type t, ir_ref a);
ir_ref x86_parity(struct x86_ctx *c, enum ir_type t, ir_ref a);
int x86_bits(enum ir_type t);
/* All six flags of a + b and a - b, r being the result and the carry given (it may come in too: ADC, SBB), and of
 * logic operations. */
void x86_flags_add(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref r, ir_ref cf);
void x86_flags_sub(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b, ir_ref r, ir_ref cf, ir_ref zf);
void x86_flags_logic(struct x86_ctx *c, enum ir_type t, ir_ref r);
/* CMP a, b: flags, remembered for the conditions after it. */
void x86_flags_compare(struct x86_ctx *c, enum ir_type t, ir_ref a, ir_ref b);
/* Number of the hidden or explicit memory operand from `first` on; -1 none. */
int x86_memory_operand(const struct x86_ctx *c, int first);
