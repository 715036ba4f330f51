/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/table: the rows of ir_ops.def for the passes that need them. */
#pragma once
#include "vex/vex.h"

enum { IRP_PURE = 1, IRP_COMM = 2, IRP_MEM = 4, IRP_ROOT = 8, IRP_END = 16 };

struct ir_row {
    const char *text;
    char result;      /* V void, T op.type, B i1, Q i64, D i32 */
    const char *args;
    uint8_t props;
};
extern const struct ir_row ir_rows[IR_OPCODES];

/* Type of op's result; IR_VOID if it has none. */
enum ir_type ir_result_type(const struct ir_op *op);
static inline bool ir_is_vector(enum ir_type t)
{
    return t >= IR_V128;
}
