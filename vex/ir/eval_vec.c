/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/eval_vec: what the vector ops compute, one element at a time.  The
 * per-128-bit-half behaviour of the x86 instructions (SDM volume 2) is part of
 * an op's meaning. */
#include <string.h>
#include "vex/ir/interp.h"

static uint64_t get(const union ir_value *v, int bytes, int i)
{
    uint64_t x = 0;
    memcpy(&x, v->b + i * bytes, bytes);
    return x;
}

static void set(union ir_value *v, int bytes, int i, uint64_t x)
{
    memcpy(v->b + i * bytes, &x, bytes);
}

static int64_t sign(int bytes, uint64_t x)
{
    int shift = 64 - 8 * bytes;
    return (int64_t)(x << shift) >> shift;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static int64_t clamp_signed(int bytes, int64_t x)
{
    int64_t high = (1ll << (8 * bytes - 1)) - 1;
    return clamp(x, -high - 1, high);
}

static int64_t clamp_unsigned(int bytes, int64_t x)
{
    return clamp(x, 0, (1ll << (8 * bytes)) - 1);
}

/* Ops whose result element depends on the same elements of a and b. */
static uint64_t lane_op(const struct ir_op *op, int n, uint64_t a, uint64_t b)
{
    int64_t sa = sign(n, a), sb = sign(n, b);
    unsigned bits = 8 * n;
    switch (op->op) {
    case IR_VADD: return a + b;
    case IR_VSUB: return a - b;
    case IR_VADDSS: return clamp_signed(n, sa + sb);
    case IR_VADDUS: return clamp_unsigned(n, (int64_t)(a + b));
    case IR_VSUBSS: return clamp_signed(n, sa - sb);
    case IR_VSUBUS: return clamp_unsigned(n, (int64_t)(a - b));
    case IR_VMULLO: return a * b;
    case IR_VMULHS: return (uint64_t)((sa * sb) >> bits);
    case IR_VMULHU: return (a * b) >> bits;
    case IR_VMULHRS: return (uint64_t)((((sa * sb) >> 14) + 1) >> 1);
    case IR_VMULEVENU: return (uint64_t)(uint32_t)a * (uint32_t)b;
    case IR_VMULEVENS: return (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
    case IR_VAVGU: return (a + b + 1) >> 1;
    case IR_VMINU: return a < b ? a : b;
    case IR_VMAXU: return a > b ? a : b;
    case IR_VMINS: return sa < sb ? a : b;
    case IR_VMAXS: return sa > sb ? a : b;
    case IR_VABS: return sa < 0 ? -a : a;
    case IR_VSIGN: return sb < 0 ? -a : sb ? a : 0;
    case IR_VCMPEQ: return a == b ? ~0ull : 0;
    case IR_VCMPGT: return sa > sb ? ~0ull : 0;
    case IR_VSHLI: return (uint64_t)op->imm < bits ? a << op->imm : 0;
    case IR_VSHRI: return (uint64_t)op->imm < bits ? a >> op->imm : 0;
    case IR_VSARI: return (uint64_t)(sa >> ((uint64_t)op->imm < bits ? op->imm : bits - 1));
    case IR_VSHLV: return b < bits ? a << b : 0;
    case IR_VSHRV: return b < bits ? a >> b : 0;
    case IR_VSARV: return (uint64_t)(sa >> (b < bits ? b : bits - 1));
    default: return 0;
    }
}

/* Shifts of every element by the low 64 bits of b. */
static uint64_t count_shift(const struct ir_op *op, int n, uint64_t a, uint64_t count)
{
    unsigned bits = 8 * n;
    if (op->op == IR_VSARC)
        return (uint64_t)(sign(n, a) >> (count < bits ? count : bits - 1));
    if (count >= bits)
        return 0;
    return op->op == IR_VSHLC ? a << count : a >> count;
}

/* Pairs of adjacent elements: within each half, from a into its lower, from b into its upper part. */
static void horizontal(const struct ir_op *op, int half, int n, const union ir_value *a, const union ir_value *b,
                       union ir_value *out)
{
    int per_half = 16 / n;
    for (int i = 0; i < per_half; i++) {
        const union ir_value *from = i < per_half / 2 ? a : b;
        int k = half * per_half + 2 * (i % (per_half / 2));
        int64_t x = sign(n, get(from, n, k)), y = sign(n, get(from, n, k + 1)), r;
        r = op->op == IR_VHADD || op->op == IR_VHADDSS ? x + y : x - y;
        if (op->op == IR_VHADDSS || op->op == IR_VHSUBSS)
            r = clamp_signed(n, r);
        set(out, n, half * per_half + i, (uint64_t)r);
    }
}

static void pack(const struct ir_op *op, int half, int n, const union ir_value *a, const union ir_value *b,
                 union ir_value *out)
{
    int per_half = 16 / n, m = n / 2;
    for (int i = 0; i < 2 * per_half; i++) {
        const union ir_value *from = i < per_half ? a : b;
        int64_t x = sign(n, get(from, n, half * per_half + i % per_half));
        set(out, m, half * 2 * per_half + i, op->op == IR_VPACKSS ? clamp_signed(m, x) : clamp_unsigned(m, x));
    }
}

static void unpack(const struct ir_op *op, int half, int n, const union ir_value *a, const union ir_value *b,
                   union ir_value *out)
{
    int per_half = 16 / n, base = half * per_half + (op->op == IR_VUNPACKHI ? per_half / 2 : 0);
    for (int i = 0; i < per_half / 2; i++) {
        set(out, n, half * per_half + 2 * i, get(a, n, base + i));
        set(out, n, half * per_half + 2 * i + 1, get(b, n, base + i));
    }
}

static void multiply_add(const struct ir_op *op, int half, const union ir_value *a, const union ir_value *b,
                         union ir_value *out)
{
    for (int i = 0; op->op == IR_VMADDWD && i < 4; i++) {
        int k = half * 8 + 2 * i;
        out->w[half * 4 + i] =
            (uint32_t)((int16_t)a->h[k] * (int16_t)b->h[k]) + (uint32_t)((int16_t)a->h[k + 1] * (int16_t)b->h[k + 1]);
    }
    for (int i = 0; op->op == IR_VMADDUBSW && i < 8; i++) {
        int k = half * 16 + 2 * i;
        out->h[half * 8 + i] =
            (uint16_t)clamp_signed(2, a->b[k] * (int8_t)b->b[k] + a->b[k + 1] * (int8_t)b->b[k + 1]);
    }
}

static void sum_differences(int half, const union ir_value *a, const union ir_value *b, union ir_value *out)
{
    for (int i = 0; i < 2; i++) {
        uint64_t sum = 0;
        for (int k = half * 16 + 8 * i; k < half * 16 + 8 * i + 8; k++)
            sum += a->b[k] > b->b[k] ? a->b[k] - b->b[k] : b->b[k] - a->b[k];
        out->q[half * 2 + i] = sum;
    }
}

static void shuffle_words(const struct ir_op *op, int half, const union ir_value *a, union ir_value *out)
{
    int base = half * 8, moved = op->op == IR_VSHUFHI16 ? 4 : 0;
    for (int i = 0; i < 8; i++)
        out->h[base + i] = a->h[base + i];
    for (int i = 0; i < 4; i++)
        out->h[base + moved + i] = a->h[base + moved + (op->imm >> 2 * i & 3)];
}

static void align_right(const struct ir_op *op, int half, const union ir_value *a, const union ir_value *b,
                        union ir_value *out)
{
    uint8_t both[64] = { 0 };
    memcpy(both, b->b + 16 * half, 16);
    memcpy(both + 16, a->b + 16 * half, 16);
    for (int i = 0; i < 16; i++)
        out->b[16 * half + i] = op->imm + i < 32 ? both[op->imm + i] : 0;
}

/* Ops that work on each 128-bit half by itself. */
static void half_op(const struct ir_op *op, int half, const union ir_value *a, const union ir_value *b,
                    union ir_value *out)
{
    int n = ir_type_bytes(op->lane);
    switch (op->op) {
    case IR_VHADD:
    case IR_VHSUB:
    case IR_VHADDSS:
    case IR_VHSUBSS: horizontal(op, half, n, a, b, out); break;
    case IR_VPACKSS:
    case IR_VPACKUS: pack(op, half, n, a, b, out); break;
    case IR_VUNPACKLO:
    case IR_VUNPACKHI: unpack(op, half, n, a, b, out); break;
    case IR_VMADDWD:
    case IR_VMADDUBSW: multiply_add(op, half, a, b, out); break;
    case IR_VSADBW: sum_differences(half, a, b, out); break;
    case IR_VSHUFLO16:
    case IR_VSHUFHI16: shuffle_words(op, half, a, out); break;
    case IR_VALIGNR: align_right(op, half, a, b, out); break;
    case IR_VBYTESHL:
        for (int i = 0; i < 16; i++)
            out->b[16 * half + i] = i >= op->imm ? a->b[16 * half + i - op->imm] : 0;
        break;
    case IR_VBYTESHR:
        for (int i = 0; i < 16; i++)
            out->b[16 * half + i] = i + op->imm < 16 ? a->b[16 * half + i + op->imm] : 0;
        break;
    case IR_VSHUF32:
        for (int i = 0; i < 4; i++)
            out->w[4 * half + i] = a->w[4 * half + (op->imm >> 2 * i & 3)];
        break;
    case IR_VSHUFB:
        for (int i = 0; i < 16; i++) {
            uint8_t c = b->b[16 * half + i];
            out->b[16 * half + i] = c & 0x80 ? 0 : a->b[16 * half + (c & 15)];
        }
        break;
    case IR_VSHUFPS:
        for (int i = 0; i < 4; i++)
            out->w[4 * half + i] = (i < 2 ? a : b)->w[4 * half + (op->imm >> 2 * i & 3)];
        break;
    case IR_VSHUFPD:
        for (int i = 0; i < 2; i++)
            out->q[2 * half + i] = (i ? b : a)->q[2 * half + (op->imm >> (2 * half + i) & 1)];
        break;
    }
}

/* Ops that cross halves or change the shape. */
static void shape_op(const struct ir_op *op, const union ir_value *a, const union ir_value *b, const union ir_value *c,
                     union ir_value *out)
{
    int n = ir_type_bytes(op->lane), size = ir_type_bytes(op->type);
    switch (op->op) {
    case IR_VCONST:
        for (int i = 0; i < size; i++)
            out->b[i] = op->imm >> i & 1 ? 0xff : 0;
        break;
    case IR_VAND:
        for (int i = 0; i < 4; i++)
            out->q[i] = a->q[i] & b->q[i];
        break;
    case IR_VOR:
        for (int i = 0; i < 4; i++)
            out->q[i] = a->q[i] | b->q[i];
        break;
    case IR_VXOR:
        for (int i = 0; i < 4; i++)
            out->q[i] = a->q[i] ^ b->q[i];
        break;
    case IR_VANDN:
        for (int i = 0; i < 4; i++)
            out->q[i] = ~a->q[i] & b->q[i];
        break;
    case IR_VBLENDV:
        for (int i = 0; i < size / n; i++)
            set(out, n, i, get(sign(n, get(c, n, i)) < 0 ? b : a, n, i));
        break;
    case IR_VBLENDI:
        for (int i = 0; i < size / n; i++)
            set(out, n, i, get(op->imm >> (i % 8) & 1 ? b : a, n, i));
        break;
    case IR_VPERMD:
        for (int i = 0; i < 8; i++)
            out->w[i] = a->w[b->w[i] & 7];
        break;
    case IR_VPERMQI:
        for (int i = 0; i < 4; i++)
            out->q[i] = a->q[op->imm >> 2 * i & 3];
        break;
    case IR_VPERM128:
        for (int h = 0; h < 2; h++) {
            int sel = (int)(op->imm >> 4 * h) & 15;
            for (int i = 0; i < 2; i++)
                out->q[2 * h + i] = sel & 8 ? 0 : (sel & 2 ? b : a)->q[2 * (sel & 1) + i];
        }
        break;
    case IR_VINSERT:
        memcpy(out, a, size);
        memcpy(out->b + op->imm * n, b, n);
        break;
    case IR_VEXTRACT: memcpy(out, a->b + op->imm * size, size); break;
    case IR_VSPLAT:
        for (int i = 0; i < size / n; i++)
            set(out, n, i, a->u);
        break;
    case IR_VZEXT: memcpy(out, a, n); break;
    case IR_VTRUNC: memcpy(out, a, size); break;
    case IR_VHIGH: memcpy(out, a->b + 16, 16); break;
    case IR_VCONCAT:
        memcpy(out, a, size / 2);
        memcpy(out->b + size / 2, b, size / 2);
        break;
    case IR_VZEXTLANES:
    case IR_VSEXTLANES: {
        int m = ir_type_bytes((enum ir_type)op->imm);
        for (int i = 0; i < size / m; i++) {
            uint64_t x = get(a, n, i);
            set(out, m, i, op->op == IR_VSEXTLANES ? (uint64_t)sign(n, x) : x);
        }
        break;
    }
    case IR_VMOVMSK:
        for (int i = 0; i < ir_type_bytes((enum ir_type)op->imm) / n; i++)
            out->u |= (uint64_t)(sign(n, get(a, n, i)) < 0) << i;
        break;
    case IR_VANY:
        for (int i = 0; i < n; i++)
            out->u |= a->b[i] != 0;
        break;
    case IR_HASBYTE:
        for (int i = 0; i < n; i++)
            out->u |= a->b[i] == (uint8_t)op->imm;
        break;
    }
}

void ir_eval_vec(const struct ir_op *op, const union ir_value *a, const union ir_value *b, const union ir_value *c,
                 union ir_value *out)
{
    int n = ir_type_bytes(op->lane), size = ir_type_bytes(op->type);
    union ir_value r = { .q = { 0 } };
    if (op->op == IR_VSHLC || op->op == IR_VSHRC || op->op == IR_VSARC) {
        for (int i = 0; i < size / n; i++)
            set(&r, n, i, count_shift(op, n, get(a, n, i), b->q[0]));
    } else if ((op->op >= IR_VADD && op->op <= IR_VMULEVENS) || (op->op >= IR_VAVGU && op->op <= IR_VSIGN) ||
               (op->op >= IR_VCMPEQ && op->op <= IR_VSARI) || (op->op >= IR_VSHLV && op->op <= IR_VSARV)) {
        for (int i = 0; i < size / n; i++)
            set(&r, n, i, lane_op(op, n, get(a, n, i), get(b, n, i)));
    } else if ((op->op >= IR_VMADDWD && op->op <= IR_VSADBW) || (op->op >= IR_VHADD && op->op <= IR_VHSUBSS) ||
               (op->op >= IR_VBYTESHL && op->op <= IR_VALIGNR)) {
        for (int half = 0; half < size / 16; half++)
            half_op(op, half, a, b, &r);
    } else {
        shape_op(op, a, b, c, &r);
    }
    if (op->op >= IR_VAND && op->op <= IR_VANDN && size < 32)
        memset(r.b + size, 0, 32 - size);
    *out = r;
}
