/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vex/ir/table.h"

const struct ir_row ir_rows[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) { text, #result[0], args, props },
#include "nagrind/ir_ops.def"
#undef IR_OP
};

enum ir_type ir_result_type(const struct ir_op *op)
{
    switch (ir_rows[op->op].result) {
    case 'T': return op->type;
    case 'B': return IR_I1;
    case 'Q': return IR_I64;
    case 'D': return IR_I32;
    default: return IR_VOID;
    }
}

const char *ir_slot_name(int slot)
{
    static const char *const names[X86_SLOTS] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "cf", "pf", "af", "zf", "sf", "of", "df",
        "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7",
        "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "ymm13", "ymm14", "ymm15",
        "x87", "mxcsr", "wide", "fsbase", "gsbase", "rip", "attention",
        "scratch0", "scratch1", "scratch2", "scratch3", "scratch4", "scratch5", "scratch6", "scratch7",
    };
    return slot >= 0 && slot < X86_SLOTS ? names[slot] : "?";
}

int ir_slot_type(int slot)
{
    if (slot >= X86_CF && slot <= X86_DF)
        return IR_I1;
    if ((slot >= X86_YMM0 && slot < X86_X87) || slot >= X86_SCRATCH0)
        return IR_V256;
    return slot == X86_MXCSR ? IR_I32 : IR_I64;
}
