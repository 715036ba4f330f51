/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64 inside: what the row functions of insn_*.def work with.
 *
 * A row describes one mnemonic's dataflow in IR.  Reads come first, then one
 * NATIVE op (NATIVE and TANDEM forms; appended by the driver), then the register
 * writes: rows call x86_put*, which queues the PUT until after NATIVE.  Stores are
 * appended where they are called, before NATIVE.  In TANDEM form the driver marks
 * loads, stores and puts DESCRIBED.  In PURE form nothing is described.  */
#pragma once
#include <Zydis/Zydis.h>
#include "vex/vex.h"

struct x86_row;
struct x86_ctx {
    struct ir_block *b;
    const struct vex_decode_request *r;
    const ZydisDecodedInstruction *zi;
    const ZydisDecodedOperand *zo;       /* explicit ones first, then hidden */
    struct ir_insn *insn;                /* valid until the next ir_block_add_insn */
    guest_addr pc, next;
    enum ir_form form;
    struct { enum ir_type t; uint8_t slot, offset; ir_ref v; } puts[24];
    int n_puts;
    bool ended;                          /* the block's last EXIT is appended */
};
/* Appends the row's dataflow.  false: this operand shape has none (nothing was appended): the driver
 * describes it as OPAQUE from the decoder's operands. */
typedef bool (*x86_translate)(struct x86_ctx *c, const struct x86_row *row);
struct x86_row { uint16_t mnemonic; x86_translate translate; uint16_t op; uint8_t lane; int16_t arg; };
const struct x86_row *x86_row_find(ZydisMnemonic m);

/* Type of n bytes: IR_I8..IR_V256. */
enum ir_type x86_type(int bytes);
/* Value of operand i (register, memory, immediate), its low bytes as type t. */
ir_ref x86_read(struct x86_ctx *c, int i, enum ir_type t);
/* Writes operand i.  GPR: 32-bit writes zero the upper half.  Vector: see vex: true if bits above t are zeroed (VEX). */
void x86_write(struct x86_ctx *c, int i, enum ir_type t, ir_ref v, bool vex);
void x86_put(struct x86_ctx *c, enum ir_type t, int slot, int offset, ir_ref v);
/* Address fields of memory operand i as a memory op (a, b, scale, imm, aux); op.type as given. */
struct ir_op x86_mem(struct x86_ctx *c, int i, enum ir_type t);
ir_ref x86_load(struct x86_ctx *c, struct ir_op mem);
void x86_store(struct x86_ctx *c, struct ir_op mem, ir_ref v);
bool x86_is_vex(const struct x86_ctx *c);      /* VEX or EVEX encoded */
int x86_vec_number(ZydisRegister r);           /* xmm/ymm/zmm number, -1 none */
int x86_gpr_number(ZydisRegister r, int *byte_offset); /* hw number; offset 1 for ah..bh; -1 none */
/* Flag values, i1; queued as puts.  IR_NONE leaves that flag alone. */
void x86_flags(struct x86_ctx *c, ir_ref cf, ir_ref pf, ir_ref af, ir_ref zf, ir_ref sf, ir_ref of);
