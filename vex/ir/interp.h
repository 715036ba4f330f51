/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/interp inside: a value, and the two halves of the evaluator. */
#pragma once
#include "vex/ir/table.h"

union ir_value {
    uint64_t u;                 /* integers, zero-extended from their type */
    uint8_t b[32];
    uint16_t h[16];
    uint32_t w[8];
    uint64_t q[4];
};

/* Evaluates a pure integer or vector op on its arguments' values.  OPAQUE and memory ops are not pure here. */
void ir_eval_int(const struct ir_op *op, const union ir_value *a, const union ir_value *b, const union ir_value *c,
                 union ir_value *out);
void ir_eval_vec(const struct ir_op *op, const union ir_value *a, const union ir_value *b, const union ir_value *c,
                 union ir_value *out);
/* Keeps the low bits that belong to t. */
static inline uint64_t ir_mask(enum ir_type t, uint64_t v)
{
    static const uint64_t masks[] = { 0, 1, 0xff, 0xffff, 0xffffffff, ~0ull };
    return t <= IR_I64 ? v & masks[t] : v;
}
static inline int ir_bits(enum ir_type t)
{
    return t == IR_I1 ? 1 : 8 * ir_type_bytes(t);
}
static inline int64_t ir_signed(enum ir_type t, uint64_t v)
{
    int shift = 64 - ir_bits(t);
    return (int64_t)(v << shift) >> shift;
}
