/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64 inside: what the row functions of insn_*.def work with.
 *
 * A row describes one mnemonic's dataflow in IR.  Reads come first, then one
 * NATIVE op (NATIVE and TANDEM forms; appended by the driver), then the register
 * writes: rows call x86_put*, which queues the PUT until after NATIVE.  Stores are
 * appended where they are called, before NATIVE.  In TANDEM form the driver marks
 * loads, stores and puts DESCRIBED.  In PURE form nothing is described.
 *
 * Files: decode.c the driver; quick.c the usual instructions' decoder; insn.c struct ir_insn from the decoder; access.c
 * memory operands; control.c control flow; flags.c conditions and liveness;
 * operand.c the services for rows; generic.c instructions without a row;
 * rows.c the tables' look-up; translate_*.c the rows' functions.  */
#pragma once
#include <Zydis/Zydis.h>
#include "vex/vex.h"

enum { X86_MAX_PUTS = 48, X86_MAX_OPEN_CALLS = 16 };

struct x86_row;
struct x86_ctx {
    struct ir_block *b;
    const struct vex_decode_request *r;
    const ZydisDecodedInstruction *zi;
    const ZydisDecodedOperand *zo;       /* explicit ones first, then hidden */
    struct ir_insn *insn;                /* valid until the next ir_block_add_insn */
    guest_addr pc, next;
    enum ir_form form;
    uint32_t first_exit;                 /* of the current instruction */
    int n_puts, n_open_calls;            /* of the arrays at the end */
    const uint8_t *bytes;                /* of the current extent, */
    guest_addr bytes_pc;                 /* which begins here, */
    size_t n_bytes;
    bool ended;                          /* the block's last EXIT is appended */
    bool quick;                          /* the instruction is one of quick.def: nothing that is privileged, far, or in fs or gs */
    uint8_t described;                   /* IR_DESCRIBED while NATIVE does the effects, else 0 */
    bool by_ops;                         /* the row's ops are the execution, in any form: no NATIVE */
    ir_ref imark;                        /* this instruction's; cached GETs below it are of earlier ones */
    ir_ref gpr[16];                      /* 64-bit GETs, so that each is made once an instruction */
    ir_ref part[16], vec[16];            /* the last narrower GET of a general register; the last of a vector */
    /* The last flag-setting instruction of this block, for precise conditions: flags are those of
     * comparing a with b (SUB) or of result a (LOGIC), of type t; kind 0: unknown.  */
    struct { uint8_t kind, t; bool fresh; ir_ref a, b; } last;
    /* From here on nothing is cleared beforehand. */
    struct { enum ir_type t; uint8_t slot, offset; ir_ref v; } puts[X86_MAX_PUTS];
    guest_addr open_calls[X86_MAX_OPEN_CALLS]; /* where calls inside the block will return to */
};
enum { X86_LAST_NONE, X86_LAST_SUB, X86_LAST_LOGIC };

/* Appends the row's dataflow.  false: this operand shape has none (nothing was appended): the driver
 * describes it as OPAQUE from the decoder's operands.  Where c->described is 0 the ops are the execution:
 * a row that needs OPAQUE then returns false, and the instruction is NATIVE. */
typedef bool (*x86_translate)(struct x86_ctx *c, const struct x86_row *row);
struct x86_row { uint16_t mnemonic; x86_translate translate; uint16_t op; uint8_t lane; int16_t arg; };
/* Row of a mnemonic in insn_int.def or insn_vec.def; NULL if none. */
const struct x86_row *x86_row_find(ZydisMnemonic m);

/* ---- operands ---- */
/* Type of n bytes: IR_I8..IR_V256; IR_VOID if there is none. */
enum ir_type x86_type(int bytes);
/* Type of operand i by its size. */
enum ir_type x86_operand_type(const struct x86_ctx *c, int i);
/* Value of operand i (register, memory, immediate), its low bytes as type t. */
ir_ref x86_read(struct x86_ctx *c, int i, enum ir_type t);
/* Writes operand i.  GPR: 32-bit writes zero the upper half.  Vector: see vex: true if bits above t are zeroed (VEX). */
void x86_write(struct x86_ctx *c, int i, enum ir_type t, ir_ref v, bool vex);
void x86_put(struct x86_ctx *c, enum ir_type t, int slot, int offset, ir_ref v);
/* Writes general register hw (t: I8..I64; offset 1 only for ah..bh) by the rules of partial writes. */
void x86_put_gpr(struct x86_ctx *c, int hw, int offset, enum ir_type t, ir_ref v);
/* Low bytes (from byte offset) of a general register as type t; one GET an instruction. */
ir_ref x86_get_gpr(struct x86_ctx *c, int hw, int offset, enum ir_type t);
ir_ref x86_get_vec(struct x86_ctx *c, int number, enum ir_type t);
/* Address fields of memory operand i as a memory op (a, b, scale, imm, aux); op.type as given. */
struct ir_op x86_mem(struct x86_ctx *c, int i, enum ir_type t);
ir_ref x86_load(struct x86_ctx *c, struct ir_op mem);
void x86_store(struct x86_ctx *c, struct ir_op mem, ir_ref v);
bool x86_is_vex(const struct x86_ctx *c);      /* VEX or EVEX encoded */
int x86_vec_number(ZydisRegister r);           /* xmm/ymm/zmm number, -1 none */
int x86_gpr_number(ZydisRegister r, int *byte_offset); /* hw number; offset 1 for ah..bh; -1 none */
bool x86_is_memory(const struct x86_ctx *c, int i);
/* ir_const in c's block. */
ir_ref x86_const(struct x86_ctx *c, enum ir_type t, int64_t imm);
/* Operand i's immediate. */
int64_t x86_imm(const struct x86_ctx *c, int i);

/* ---- flags ---- */
/* Flag values, i1; queued as puts.  IR_NONE leaves that flag alone. */
void x86_flags(struct x86_ctx *c, ir_ref cf, ir_ref pf, ir_ref af, ir_ref zf, ir_ref sf, ir_ref of);
/* i1: condition code cc (0-15) of the current flags, folded with the comparison before it where there is one. */
ir_ref x86_condition(struct x86_ctx *c, int cc);
/* Rows that set all flags as a comparison or a logic operation does say so, for x86_condition. */
void x86_remember_flags(struct x86_ctx *c, int kind, enum ir_type t, ir_ref a, ir_ref b);
/* i1 value of flag slot X86_CF..X86_DF. */
ir_ref x86_get_flag(struct x86_ctx *c, int slot);
/* The flags that may be read at pc before they are written, from up to a few instructions there. */
uint8_t x86_flags_live_at(const struct vex_decode_request *r, guest_addr pc);
/* pc, where a call returns to: are flags of before the return read there? */
bool x86_passed_flags_read(const struct vex_decode_request *r, guest_addr pc);
/* IR_FLAG_* of a Zydis mask. */
uint8_t x86_flags_from_zydis(uint32_t mask);
/* Fills read and written flags of an instruction; needs no operands.  true: it is one of quick.def, decoded by quick.c. */
bool x86_flags_of(const ZydisDecodedInstruction *zi, uint8_t *read, uint8_t *written);

/* ---- stages of the driver ---- */
void x86_insn_fill(struct ir_insn *n, const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *zo,
                   guest_addr pc, const uint8_t *bytes);
/* Described loads and stores of all memory operands, without values. */
void x86_describe_memory(struct x86_ctx *c);
/* o is a memory operand whose bytes are accessed. */
bool x86_accesses_memory(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *o);
/* Where an operand of any size is accessed piece by piece: one op a piece, largest types first. */
void x86_mem_pieces(struct x86_ctx *c, struct ir_op mem, int bytes, enum ir_opcode op);
/* Elements of a VSIB or masked memory operand: element's count and type, and its op, whose address is one of
 * code instead (always there, always defined) where the mask leaves the element out.  *on: i1, element is accessed. */
int x86_elements(struct x86_ctx *c, int i, enum ir_type *element);
struct ir_op x86_mem_element(struct x86_ctx *c, int i, int element, ir_ref *on);
/* The instruction accesses operand i's elements only where a mask says so (VMASKMOV, VPMASKMOV, MASKMOVDQU, gathers). */
bool x86_is_masked(const struct x86_ctx *c, int i);
/* Control flow and what else must not run natively: true if it was translated completely. */
bool x86_control(struct x86_ctx *c);
/* Does the block go on at taken or next (see vex_decode_request.follow)?  Then c->next is where. */
bool x86_follow(struct x86_ctx *c, guest_addr taken, guest_addr next);
/* Appends the last EXIT. */
void x86_end(struct x86_ctx *c, enum ir_exit_kind kind, guest_addr pc, int aux, ir_ref target);
void x86_trap(struct x86_ctx *c, int signal, guest_addr pc);
/* REP string instruction (REP prefix with a string mnemonic): 0, or the prefix byte 0xf2 or 0xf3. */
int x86_rep_prefix(const ZydisDecodedInstruction *zi);
void x86_rep_string(struct x86_ctx *c, int prefix);
/* One instruction's execution in c->form: dataflow, NATIVE, register writes, SP. */
void x86_translate_plain(struct x86_ctx *c);
/* Dataflow of an instruction without a row, from the decoder's operands. */
void x86_translate_generic(struct x86_ctx *c);
/* Drops descriptions of flags that the same block overwrites unread, and what only they used. */
void x86_prune(struct ir_block *b);
