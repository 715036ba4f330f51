/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules: see rules.h.  Notation in comments: a, b values, va, vb their shadows;
 * min(a) and max(a) the least and greatest value that a may have.  */
#include "rules.h"
#include <string.h>

typedef ir_ref (*rule_fn)(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v);

static bool is_vector(enum ir_type t) { return t >= IR_V128; }

/* ---- building blocks ---- */
static ir_ref ones(struct rules *r, enum ir_type t)
{
    return is_vector(t) ? ir_vconst(r->out, t, -1) : ir_const(r->out, t, t == IR_I1 ? 1 : -1);
}

ir_ref rules_zero(struct rules *r, enum ir_type t)
{
    return is_vector(t) ? ir_vconst(r->out, t, 0) : ir_const(r->out, t, 0);
}

static ir_ref full(struct rules *r, enum ir_type t, ir_ref v) { return v ? v : rules_zero(r, t); }

static ir_ref bit_op(struct rules *r, enum ir_opcode scalar, enum ir_opcode vector, enum ir_type t, ir_ref a, ir_ref b)
{
    return ir_op2(r->out, is_vector(t) ? vector : scalar, t, a, b);
}

static ir_ref bit_and(struct rules *r, enum ir_type t, ir_ref a, ir_ref b)
{
    return a && b ? bit_op(r, IR_AND, IR_VAND, t, a, b) : IR_NONE;
}

static ir_ref bit_xor(struct rules *r, enum ir_type t, ir_ref a, ir_ref b)
{
    return a && b ? bit_op(r, IR_XOR, IR_VXOR, t, a, b) : a ? a : b;
}

ir_ref rules_or(struct rules *r, enum ir_type t, ir_ref a, ir_ref b)
{
    return a && b ? (a == b ? a : bit_op(r, IR_OR, IR_VOR, t, a, b)) : a ? a : b;
}

static ir_ref bit_not(struct rules *r, enum ir_type t, ir_ref a)
{
    return is_vector(t) ? ir_op2(r->out, IR_VXOR, t, a, ones(r, t)) : ir_op1(r->out, IR_NOT, t, a);
}

/* a & ~v: undefined bits as 0 */
static ir_ref low(struct rules *r, enum ir_type t, ir_ref a, ir_ref v)
{
    if (!v)
        return a;
    return is_vector(t) ? ir_op2(r->out, IR_VANDN, t, v, a) : ir_op2(r->out, IR_AND, t, a, bit_not(r, t, v));
}

/* a | v: undefined bits as 1 */
static ir_ref high(struct rules *r, enum ir_type t, ir_ref a, ir_ref v) { return v ? rules_or(r, t, a, v) : a; }

ir_ref rules_any(struct rules *r, enum ir_type t, ir_ref v)
{
    if (!v || t == IR_I1)
        return v;
    if (is_vector(t))
        return ir_append(r->out, (struct ir_op){ .op = IR_VANY, .type = IR_I1, .lane = t, .a = v });
    return ir_append(r->out, (struct ir_op){ .op = IR_CMPNE, .type = IR_I1, .lane = t, .a = v, .b = rules_zero(r, t) });
}

/* i1 to all bits of t */
static ir_ref spread(struct rules *r, enum ir_type t, ir_ref bit)
{
    if (!bit || t == IR_I1)
        return bit;
    if (!is_vector(t))
        return ir_convert(r->out, IR_SEXT, t, IR_I1, bit);
    ir_ref word = ir_convert(r->out, IR_SEXT, IR_I64, IR_I1, bit);
    return ir_vop(r->out, IR_VSPLAT, t, IR_I64, word, IR_NONE, 0);
}

static ir_ref cast(struct rules *r, enum ir_type t, ir_ref v) { return v ? spread(r, t, rules_any(r, t, v)) : v; }

/* each lane with any bit set becomes all ones */
static ir_ref cast_lanes(struct rules *r, enum ir_type t, enum ir_type lane, ir_ref v)
{
    if (!v)
        return v;
    if (!is_vector(t) || lane < IR_I8 || lane > IR_I64)
        return cast(r, t, v);
    return bit_not(r, t, ir_vop(r->out, IR_VCMPEQ, t, lane, v, rules_zero(r, t), 0));
}

/* `like` again, on other arguments */
static ir_ref again(struct rules *r, const struct ir_op *like, ir_ref a, ir_ref b, ir_ref c)
{
    struct ir_op op = *like;
    op.a = a;
    op.b = b;
    op.c = c;
    op.d = IR_NONE;
    return ir_append(r->out, op);
}

static bool same_value(struct rules *r, ir_ref a, ir_ref b)
{
    const struct ir_op *x = &r->out->ops[a], *y = &r->out->ops[b];
    if (a == b)
        return true;
    if ((x->op == IR_TRUNC || x->op == IR_ZEXT) && y->op == x->op && x->type == y->type && x->lane == y->lane)
        return same_value(r, x->a, y->a);
    if (x->op != IR_GET || y->op != IR_GET || x->type != y->type || x->aux != y->aux || x->imm != y->imm || x->plane != y->plane)
        return false;
    for (ir_ref i = (a < b ? a : b) + 1; i < (a < b ? b : a); i++) /* nothing may write the register in between */
        if (r->out->ops[i].op == IR_NATIVE || r->out->ops[i].op == IR_CALL ||
            (r->out->ops[i].op == IR_PUT && r->out->ops[i].plane == x->plane))
            return false;
    return true;
}

/* ---- bits ---- */
static ir_ref rule_same(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)r, (void)op, (void)value;
    return v[0];
}

static ir_ref rule_move(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return v[0] ? again(r, op, v[0], IR_NONE, IR_NONE) : IR_NONE;
}

static ir_ref rule_move2(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return again(r, op, full(r, op->type, v[0]), full(r, op->type, v[1]), IR_NONE);
}

static ir_ref rule_xor(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return same_value(r, op->a, op->b) ? IR_NONE : rules_or(r, op->type, v[0], v[1]);
}

/* undefined where both are, or one is and the other is 1 */
static ir_ref rule_and(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref a = bit_and(r, t, v[0], v[1] ? high(r, t, op->b, v[1]) : op->b);
    ir_ref b = bit_and(r, t, v[1], v[0] ? high(r, t, op->a, v[0]) : op->a);
    return rules_or(r, t, a, b);
}

/* undefined where both are, or one is and the other is 0 */
static ir_ref or_bits(struct rules *r, enum ir_type t, ir_ref a, ir_ref va, ir_ref b, ir_ref vb)
{
    ir_ref x = va ? bit_and(r, t, va, high(r, t, bit_not(r, t, b), vb)) : IR_NONE;
    ir_ref y = vb ? bit_and(r, t, vb, high(r, t, bit_not(r, t, a), va)) : IR_NONE;
    return rules_or(r, t, x, y);
}

static ir_ref rule_or(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return or_bits(r, op->type, op->a, v[0], op->b, v[1]);
}

/* ~a & b */
static ir_ref rule_vandn(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref x = bit_and(r, t, v[0], high(r, t, op->b, v[1]));
    ir_ref y = v[1] ? bit_and(r, t, v[1], high(r, t, bit_not(r, t, op->a), v[0])) : IR_NONE;
    return rules_or(r, t, x, y);
}

static ir_ref rule_shift(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    if (!v[1])
        return moved;
    ir_ref mask = ir_const(r->out, IR_I8, ir_type_bytes(t) * 8 - 1); /* bits of the count that matter */
    ir_ref count = rules_any(r, IR_I8, ir_op2(r->out, IR_AND, IR_I8, v[1], mask));
    return rules_or(r, t, moved, spread(r, t, count));
}

/* a ? b : c; with a undefined: what differs between them */
static ir_ref rule_select(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref chosen = v[1] || v[2] ? again(r, op, op->a, full(r, t, v[1]), full(r, t, v[2])) : IR_NONE;
    if (!v[0])
        return chosen;
    ir_ref differs = rules_or(r, t, rules_or(r, t, v[1], v[2]), bit_xor(r, t, op->b, op->c));
    return rules_or(r, t, chosen, bit_and(r, t, spread(r, t, v[0]), differs));
}

static ir_ref rule_scatter(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    return rules_or(r, op->type, moved, cast(r, op->type, v[1]));
}

/* ---- carries ---- */
static ir_ref plus(struct rules *r, const struct ir_op *like, ir_ref a, ir_ref b) { return again(r, like, a, b, IR_NONE); }

/* va | vb | (min(a)+min(b) ^ max(a)+max(b)): the bits that a carry may change */
static ir_ref rule_add(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    if (v[0] && same_value(r, op->a, op->b)) /* v + v is v << 1, in lanes too */
        return plus(r, op, v[0], v[0]);
    ir_ref least = plus(r, op, low(r, t, op->a, v[0]), low(r, t, op->b, v[1]));
    ir_ref most = plus(r, op, high(r, t, op->a, v[0]), high(r, t, op->b, v[1]));
    return rules_or(r, t, rules_or(r, t, v[0], v[1]), bit_xor(r, t, least, most));
}

static ir_ref rule_sub(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    ir_ref least = plus(r, op, low(r, t, op->a, v[0]), high(r, t, op->b, v[1]));
    ir_ref most = plus(r, op, high(r, t, op->a, v[0]), low(r, t, op->b, v[1]));
    return rules_or(r, t, rules_or(r, t, v[0], v[1]), bit_xor(r, t, least, most));
}

/* 0 - a */
static ir_ref rule_neg(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref x = ir_op1(r->out, IR_NEG, t, low(r, t, op->a, v[0])), y = ir_op1(r->out, IR_NEG, t, high(r, t, op->a, v[0]));
    return rules_or(r, t, v[0], bit_xor(r, t, x, y));
}

/* the lowest undefined bit spoils all above it: v | -v */
static ir_ref rule_mul(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref both = rules_or(r, op->type, v[0], v[1]);
    return rules_or(r, op->type, both, ir_op1(r->out, IR_NEG, op->type, both));
}

static ir_ref rule_vmullo(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref both = rules_or(r, op->type, v[0], v[1]);
    return rules_or(r, op->type, both, ir_vop(r->out, IR_VSUB, op->type, op->lane, rules_zero(r, op->type), both, 0));
}

ir_ref rules_sum(struct rules *r, enum ir_type t, ir_ref a, ir_ref va, ir_ref b, ir_ref vb)
{
    if (!va && !vb)
        return IR_NONE;
    const struct ir_op add = { .op = IR_ADD, .type = t, .a = a, .b = b };
    const ir_ref v[4] = { va, vb };
    return rule_add(r, &add, IR_NONE, v);
}

ir_ref rules_address(struct rules *r, const struct ir_op *m, ir_ref va, ir_ref vb)
{
    ir_ref a = m->a, b = m->b;
    if (b && m->scale) {
        ir_ref count = ir_const(r->out, IR_I8, m->scale);
        if (va || vb)
            b = ir_op2(r->out, IR_SHL, IR_I64, b, count);
        if (vb)
            vb = ir_op2(r->out, IR_SHL, IR_I64, vb, count);
    }
    if (!va && !vb)
        return IR_NONE;
    if (!a || !b) {
        if (!a)
            a = b, va = vb;
    } else {
        ir_ref sum = ir_op2(r->out, IR_ADD, IR_I64, a, b);
        va = rules_sum(r, IR_I64, a, va, b, vb);
        a = sum;
    }
    return m->imm ? rules_sum(r, IR_I64, a, va, ir_const(r->out, IR_I64, m->imm), IR_NONE) : va;
}

static ir_ref rule_lea(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return rules_address(r, op, v[0], v[1]);
}

/* ---- comparisons ---- */
static ir_ref compare(struct rules *r, enum ir_opcode op, enum ir_type lane, ir_ref a, ir_ref b)
{
    return ir_append(r->out, (struct ir_op){ .op = op, .type = IR_I1, .lane = lane, .a = a, .b = b });
}

/* undefined if a bit is, and no pair of defined bits differs */
static ir_ref rule_equal(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->lane;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    ir_ref both = rules_or(r, t, v[0], v[1]);
    ir_ref differs = low(r, t, bit_xor(r, t, op->a, op->b), both);
    ir_ref none_differs = compare(r, IR_CMPEQ, t, differs, rules_zero(r, t));
    return ir_op2(r->out, IR_AND, IR_I1, rules_any(r, t, both), none_differs);
}

/* undefined if min(a) < max(b) and max(a) < min(b) are not the same */
static ir_ref rule_less_unsigned(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->lane;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    ir_ref may = compare(r, op->op, t, low(r, t, op->a, v[0]), high(r, t, op->b, v[1]));
    ir_ref must = compare(r, op->op, t, high(r, t, op->a, v[0]), low(r, t, op->b, v[1]));
    return ir_op2(r->out, IR_XOR, IR_I1, may, must);
}

/* as unsigned, with the sign bit turned over on both sides */
static ir_ref rule_less_signed(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    const enum ir_type t = op->lane;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    struct ir_op u = *op;
    ir_ref sign = ir_const(r->out, t, (int64_t)(~0ull << (8 * ir_type_bytes(t) - 1)));
    u.op = op->op == IR_CMPLTS ? IR_CMPLTU : IR_CMPLEU;
    u.a = ir_op2(r->out, IR_XOR, t, op->a, sign);
    u.b = ir_op2(r->out, IR_XOR, t, op->b, sign);
    return rule_less_unsigned(r, &u, value, v);
}

/* Only the bits down to the highest defined 1 matter: undefined if va has a bit above it. */
static ir_ref rule_clz(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    return spread(r, t, compare(r, IR_CMPLTU, t, low(r, t, op->a, v[0]), v[0]));
}

/* Only the bits up to the lowest defined 1, d, matter: d ^ (d - 1). */
static ir_ref rule_ctz(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref d = low(r, t, op->a, v[0]);
    ir_ref mask = ir_op2(r->out, IR_XOR, t, d, ir_op2(r->out, IR_SUB, t, d, ir_const(r->out, t, 1)));
    return cast(r, t, bit_and(r, t, v[0], mask));
}

/* ---- all or nothing ---- */
static ir_ref rule_all(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return cast(r, op->type, rules_or(r, op->type, v[0], v[1]));
}

static ir_ref rule_parity(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)op, (void)value;
    return rules_any(r, IR_I8, v[0]);
}

static enum ir_type type_of(struct rules *r, ir_ref a) { return rules_shadow_type(rules_result_type(&r->out->ops[a])); }

static ir_ref rule_opaque(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const ir_ref args[4] = { op->a, op->b, op->c, op->d };
    const enum ir_type t = rules_shadow_type(op->type);
    bool equal_types = op->lane != IR_VOID && op->type != IR_V512;
    for (int i = 0; i < 4; i++)
        equal_types &= !args[i] || type_of(r, args[i]) == t;
    ir_ref sum = IR_NONE;
    for (int i = 0; i < 4; i++)
        if (equal_types)
            sum = rules_or(r, t, sum, v[i]);
        else if (v[i])
            sum = rules_or(r, IR_I1, sum, rules_any(r, type_of(r, args[i]), v[i]));
    return equal_types ? cast_lanes(r, t, op->lane, sum) : spread(r, t, sum);
}

/* ---- vectors ---- */
static ir_ref rule_lanes(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return cast_lanes(r, op->type, op->lane, rules_or(r, op->type, v[0], v[1]));
}

/* Unsigned minimum: an operand's element that is a defined 0 decides alone. */
static ir_ref rule_vminu(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    const ir_ref args[2] = { op->a, op->b };
    ir_ref result = rule_lanes(r, op, value, v);
    for (int i = 0; result && i < 2; i++) {
        const ir_ref seen = v[i] ? ir_op2(r->out, IR_VOR, op->type, args[i], v[i]) : args[i];
        const ir_ref zero = ir_vop(r->out, IR_VCMPEQ, op->type, op->lane, seen, ir_vconst(r->out, op->type, 0), 0);
        result = ir_op2(r->out, IR_VANDN, op->type, zero, result);
    }
    return result;
}

static ir_ref low_words(struct rules *r, enum ir_type t, ir_ref count_v)
{
    return spread(r, t, rules_any(r, IR_I64, ir_convert(r->out, IR_VTRUNC, IR_I64, IR_V128, count_v)));
}

static ir_ref rule_vshift_count(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    return rules_or(r, op->type, moved, v[1] ? low_words(r, op->type, v[1]) : IR_NONE);
}

static ir_ref rule_vshift_lanes(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    return rules_or(r, op->type, moved, cast_lanes(r, op->type, op->lane, v[1]));
}

static ir_ref rule_vequal(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    ir_ref both = rules_or(r, t, v[0], v[1]);
    ir_ref differs = cast_lanes(r, t, op->lane, low(r, t, bit_xor(r, t, op->a, op->b), both));
    return ir_op2(r->out, IR_VANDN, t, differs, cast_lanes(r, t, op->lane, both));
}

static ir_ref sign_bits(struct rules *r, enum ir_type t, enum ir_type lane)
{
    const int width = 8 * ir_type_bytes(lane);
    ir_ref bit = ir_const(r->out, lane, (int64_t)(~0ull << (width - 1)));
    return ir_vop(r->out, IR_VSPLAT, t, lane, bit, IR_NONE, 0);
}

/* Least signed value: undefined sign bit 1, others 0. */
static ir_ref signed_min(struct rules *r, enum ir_type t, ir_ref a, ir_ref va, ir_ref sign)
{
    return va ? rules_or(r, t, low(r, t, a, va), bit_and(r, t, va, sign)) : a;
}

static ir_ref signed_max(struct rules *r, enum ir_type t, ir_ref a, ir_ref va, ir_ref sign)
{
    return va ? low(r, t, high(r, t, a, va), bit_and(r, t, va, sign)) : a;
}

static ir_ref rule_vgreater(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    if (same_value(r, op->a, op->b))
        return IR_NONE;
    ir_ref sign = sign_bits(r, t, op->lane);
    ir_ref may = again(r, op, signed_max(r, t, op->a, v[0], sign), signed_min(r, t, op->b, v[1], sign), IR_NONE);
    ir_ref must = again(r, op, signed_min(r, t, op->a, v[0], sign), signed_max(r, t, op->b, v[1], sign), IR_NONE);
    return bit_xor(r, t, may, must);
}

/* only the even i32 elements are read */
static ir_ref rule_vmuleven(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref even = ir_vconst(r->out, op->type, 0x0f0f0f0f);
    return cast_lanes(r, op->type, IR_I64, bit_and(r, op->type, rules_or(r, op->type, v[0], v[1]), even));
}

/* sums of 8 differences of bytes: 11 bits at most; the rest of the i64 is 0 */
static ir_ref rule_vsadbw(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref lanes = cast_lanes(r, op->type, IR_I64, rules_or(r, op->type, v[0], v[1]));
    return bit_and(r, op->type, lanes, ir_vconst(r->out, op->type, 0x03030303));
}

/* neighbours meet: 0 or -1 each, their sum is nonzero if one is */
static ir_ref rule_vhorizontal(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    struct ir_op add = *op;
    add.op = IR_VHADD;
    ir_ref a = full(r, op->type, cast_lanes(r, op->type, op->lane, v[0]));
    ir_ref b = full(r, op->type, cast_lanes(r, op->type, op->lane, v[1]));
    return cast_lanes(r, op->type, op->lane, again(r, &add, a, b, IR_NONE));
}

/* 0 and -1 stay what they are under signed saturation */
static ir_ref rule_vpack(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    struct ir_op pack = *op;
    pack.op = IR_VPACKSS;
    ir_ref a = full(r, op->type, cast_lanes(r, op->type, op->lane, v[0]));
    ir_ref b = full(r, op->type, cast_lanes(r, op->type, op->lane, v[1]));
    return again(r, &pack, a, b, IR_NONE);
}

static ir_ref rule_vpermute_bytes(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    return rules_or(r, op->type, moved, cast_lanes(r, op->type, IR_I8, v[1]));
}

/* three bits of each control element count */
static ir_ref rule_vpermd(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    ir_ref moved = v[0] ? again(r, op, v[0], op->b, IR_NONE) : IR_NONE;
    if (!v[1])
        return moved;
    ir_ref seven = ir_vop(r->out, IR_VSPLAT, op->type, IR_I32, ir_const(r->out, IR_I32, 7), IR_NONE, 0);
    return rules_or(r, op->type, moved, cast_lanes(r, op->type, IR_I32, bit_and(r, op->type, v[1], seven)));
}

static ir_ref rule_vblendv(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->type;
    ir_ref chosen = v[0] || v[1] ? again(r, op, full(r, t, v[0]), full(r, t, v[1]), op->c) : IR_NONE;
    if (!v[2])
        return chosen;
    ir_ref lanes = ir_vop(r->out, IR_VCMPGT, t, op->lane, rules_zero(r, t), v[2], 0); /* top bit set */
    ir_ref differs = rules_or(r, t, rules_or(r, t, v[0], v[1]), bit_xor(r, t, op->a, op->b));
    return rules_or(r, t, chosen, bit_and(r, t, lanes, differs));
}

static ir_ref rule_vinsert(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return again(r, op, full(r, op->type, v[0]), full(r, op->lane, v[1]), IR_NONE);
}

static ir_ref rule_vconcat(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type half = op->type - 1;
    return again(r, op, full(r, half, v[0]), full(r, half, v[1]), IR_NONE);
}

/* a defined 1 decides */
static ir_ref rule_vany(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    const enum ir_type t = op->lane;
    ir_ref decided = rules_any(r, t, low(r, t, op->a, v[0]));
    return ir_op2(r->out, IR_AND, IR_I1, rules_any(r, t, v[0]), ir_op1(r->out, IR_NOT, IR_I1, decided));
}

static ir_ref rule_hasbyte(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref *v)
{
    (void)value;
    return rules_any(r, op->lane, v[0]);
}

/* ---- the table ---- */
static const rule_fn table[IR_OPCODES] = {
#define RULE(op, fn) [IR_##op] = fn,
#include "rules.def"
#undef RULE
};

bool rules_has_row(int opcode) { return opcode < IR_OPCODES && table[opcode]; }

enum ir_type rules_result_type(const struct ir_op *op)
{
    enum { V, T, B, Q, D };
    static const uint8_t results[IR_OPCODES] = {
#define IR_OP(id, text, result, args, props) [IR_##id] = result,
#include "nagrind/ir_ops.def"
#undef IR_OP
    };
    static const uint8_t types[] = { [V] = IR_VOID, [B] = IR_I1, [Q] = IR_I64, [D] = IR_I32 };
    return results[op->op] == T ? (enum ir_type)op->type : (enum ir_type)types[results[op->op]];
}

/* v512 on any side: one word says whether anything is undefined. */
static ir_ref apply_wide(struct rules *r, const struct ir_op *op, const ir_ref v[4])
{
    const ir_ref args[4] = { op->a, op->b, op->c, op->d };
    ir_ref sum = IR_NONE;
    for (int i = 0; i < 4; i++)
        if (v[i])
            sum = rules_or(r, IR_I1, sum, rules_any(r, type_of(r, args[i]), v[i]));
    return spread(r, rules_shadow_type(rules_result_type(op)), sum);
}

ir_ref rules_apply(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref v[4])
{
    if (!(v[0] | v[1] | v[2] | v[3]))
        return IR_NONE;
    const ir_ref args[4] = { op->a, op->b, op->c, op->d };
    bool wide = op->type == IR_V512;
    for (int i = 0; i < 4; i++)
        wide |= v[i] && r->out->ops[args[i]].type == IR_V512;
    return wide || !table[op->op] ? apply_wide(r, op, v) : table[op->op](r, op, value, v);
}
