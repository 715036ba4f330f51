/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/eval_int: what the integer ops compute.  Portable C, written for clarity:
 * the back end is tested against it. */
#include "vex/ir/interp.h"

static uint64_t multiply_high(enum ir_type t, uint64_t a, uint64_t b, bool is_signed)
{
    int n = ir_bits(t);
    if (is_signed)
        return (uint64_t)(((__int128)ir_signed(t, a) * ir_signed(t, b)) >> n);
    return (uint64_t)(((unsigned __int128)a * b) >> n);
}

static uint64_t shift(const struct ir_op *op, uint64_t a, unsigned count)
{
    int n = ir_bits(op->type);
    count %= n;
    switch (op->op) {
    case IR_SHL: return a << count;
    case IR_SHR: return a >> count;
    case IR_SAR: return (uint64_t)(ir_signed(op->type, a) >> count);
    case IR_ROL: return count ? a << count | a >> (n - count) : a;
    default: return count ? a >> count | a << (n - count) : a;
    }
}

static uint64_t count_zeros(const struct ir_op *op, uint64_t a)
{
    int n = ir_bits(op->type);
    if (a == 0)
        return n;
    return op->op == IR_CLZ ? __builtin_clzll(a) - (64 - n) : __builtin_ctzll(a);
}

static uint64_t byte_swap(enum ir_type t, uint64_t a)
{
    return __builtin_bswap64(a) >> (64 - ir_bits(t));
}

static uint64_t deposit(uint64_t a, uint64_t mask, bool extract)
{
    uint64_t out = 0;
    int k = 0;
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) {
            if (extract)
                out |= (a >> i & 1) << k;
            else
                out |= (a >> k & 1) << i;
            k++;
        }
    return out;
}

static bool compare(const struct ir_op *op, uint64_t a, uint64_t b)
{
    int64_t sa = ir_signed(op->lane, a), sb = ir_signed(op->lane, b);
    switch (op->op) {
    case IR_CMPEQ: return a == b;
    case IR_CMPNE: return a != b;
    case IR_CMPLTU: return a < b;
    case IR_CMPLEU: return a <= b;
    case IR_CMPLTS: return sa < sb;
    default: return sa <= sb;
    }
}

static uint64_t eval(const struct ir_op *op, uint64_t a, uint64_t b, uint64_t c)
{
    switch (op->op) {
    case IR_CONST: return (uint64_t)op->imm;
    case IR_ADD: return a + b;
    case IR_SUB: return a - b;
    case IR_MUL: return a * b;
    case IR_MULHU: return multiply_high(op->type, a, b, false);
    case IR_MULHS: return multiply_high(op->type, a, b, true);
    case IR_AND: return a & b;
    case IR_OR: return a | b;
    case IR_XOR: return a ^ b;
    case IR_NOT: return ~a;
    case IR_NEG: return -a;
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
    case IR_ROL:
    case IR_ROR: return shift(op, a, (unsigned)b);
    case IR_CMPEQ:
    case IR_CMPNE:
    case IR_CMPLTU:
    case IR_CMPLEU:
    case IR_CMPLTS:
    case IR_CMPLES: return compare(op, a, b);
    case IR_ZEXT:
    case IR_TRUNC: return a;
    case IR_SEXT: return (uint64_t)ir_signed(op->lane, a);
    case IR_SELECT: return a & 1 ? b : c;
    case IR_CLZ:
    case IR_CTZ: return count_zeros(op, a);
    case IR_POPCNT: return __builtin_popcountll(a);
    case IR_BSWAP: return byte_swap(op->type, a);
    case IR_PARITY: return !(__builtin_popcountll(a & 0xff) & 1);
    case IR_PDEP: return deposit(a, b, false);
    case IR_PEXT: return deposit(a, b, true);
    default: return 0;
    }
}

void ir_eval_int(const struct ir_op *op, const union ir_value *a, const union ir_value *b, const union ir_value *c,
                 union ir_value *out)
{
    out->u = ir_mask(ir_result_type(op), eval(op, a->u, b->u, c->u));
}
