/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/integer: integer ops.  Narrow types compute in 32 bits where the
 * garbage above does not matter, and are widened first where it does. */
#include "vex/host_x86_64/emit.h"

static int bits_of(int type) { return 8 * ir_type_bytes(type); }

static void movzx(struct emitter *e, int type, int to, int from)
{
    if (type == IR_I1 || type == IR_I8)
        asm_rr(e->c, X86_OP(0, 1, 0xb6) | X86_RM8, 4, to, from);
    else if (type == IR_I16)
        asm_rr(e->c, X86_OP(0, 1, 0xb7), 4, to, from);
    else
        asm_mov_rr(e->c, type == IR_I64 ? 8 : 4, to, from);
}

static void movsx(struct emitter *e, int type, int to, int from)
{
    if (type == IR_I1 || type == IR_I8)
        asm_rr(e->c, X86_OP(0, 1, 0xbe) | X86_RM8, 8, to, from);
    else if (type == IR_I16)
        asm_rr(e->c, X86_OP(0, 1, 0xbf), 8, to, from);
    else if (type == IR_I32)
        asm_rr(e->c, 0x63, 8, to, from);
    else
        asm_mov_rr(e->c, 8, to, from);
}

/* ---- ADD SUB AND OR XOR ---- */
static void emit_add_keeping_flags(struct emitter *e, const struct ir_op *op, int64_t k)
{
    const int a = gpr_use(e, op->a), r = gpr_def(e);
    asm_lea(e->c, type_calc(op->type), r, (struct asm_mem){ 0, a, REG_NONE, 0, (int32_t)k });
}

static void emit_alu(struct emitter *e, const struct ir_op *op, int group)
{
    ir_ref a = op->a, b = op->b;
    int64_t k;
    const int size = type_calc(op->type);
    if (op->op != IR_SUB && value_const(e, a, &k)) {
        a = op->b;
        b = op->a;
    }
    const bool constant = value_const(e, b, &k) && k == (int32_t)k && k != INT32_MIN;
    if (constant && group == 0) {
        emit_add_keeping_flags(e, &(struct ir_op){ .type = op->type, .a = a }, k);
        return;
    }
    if (constant && group == 5) {
        emit_add_keeping_flags(e, &(struct ir_op){ .type = op->type, .a = a }, -k);
        return;
    }
    flags_clobber(e);
    if (constant) {
        asm_alu_ri(e->c, group, size, gpr_def_from(e, a), (int32_t)k);
        return;
    }
    const int rb = gpr_use(e, b), r = gpr_def_from(e, a);
    asm_alu_rr(e->c, group, size, r, rb);
}

/* ---- shifts ---- */
static void shift_const(struct emitter *e, const struct ir_op *op, int count)
{
    const int t = op->type, bits = bits_of(t), size = type_calc(t);
    count &= bits - 1;
    if (!count) {
        gpr_def_from(e, op->a);
        return;
    }
    flags_clobber(e);
    const int r = gpr_def_from(e, op->a);
    if (op->op == IR_SHL) {
        asm_shift_ri(e->c, 4, size, r, count);
    } else if (op->op == IR_SHR) {
        if (bits < 32)
            movzx(e, t, r, r);
        asm_shift_ri(e->c, 5, size, r, count);
    } else if (op->op == IR_SAR) {
        if (bits < 32)
            movsx(e, t, r, r);
        asm_shift_ri(e->c, 7, size, r, count);
    } else {
        asm_shift_ri(e->c, op->op == IR_ROL ? 0 : 1, bits / 8, r, count);
    }
}

static void shift_variable(struct emitter *e, const struct ir_op *op)
{
    const int t = op->type, bits = bits_of(t), size = type_calc(t);
    flags_clobber(e);
    if (op->op == IR_ROL || op->op == IR_ROR) {
        gpr_take(e, RCX);
        const int count = gpr_use(e, op->b);
        asm_mov_rr(e->c, 4, RCX, count);
        const int r = gpr_def_from(e, op->a);
        asm_rr(e->c, bits == 8 ? 0xd2 : 0xd3, bits / 8, op->op == IR_ROL ? 0 : 1, r);
        return;
    }
    static const uint32_t shlx[3] = { X86_OP(1, 2, 0xf7), X86_OP(3, 2, 0xf7), X86_OP(2, 2, 0xf7) };
    int count, from = gpr_use(e, op->a);
    if (bits < 32) {
        count = gpr_copy(e, op->b);
        asm_alu_ri(e->c, 4, 4, count, bits - 1);
        if (op->op != IR_SHL) {
            const int wide = gpr_alloc(e);
            (op->op == IR_SHR ? movzx : movsx)(e, t, wide, from);
            from = wide;
        }
    } else {
        count = gpr_use(e, op->b);
    }
    const int r = gpr_def(e);
    asm_vrr(e->c, shlx[op->op - IR_SHL] | (size == 8 ? X86_W : 0), 16, r, count, from);
}

static void emit_shift(struct emitter *e, const struct ir_op *op)
{
    int64_t k;
    if (value_const(e, op->b, &k))
        shift_const(e, op, (int)k);
    else
        shift_variable(e, op);
}

/* ---- multiplication ---- */
static void emit_mul(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    const int b = gpr_use(e, op->b), r = gpr_def_from(e, op->a);
    asm_rr(e->c, X86_OP(0, 1, 0xaf), type_calc(op->type), r, b);
}

static void emit_mul_high(struct emitter *e, const struct ir_op *op)
{
    const bool is_signed = op->op == IR_MULHS;
    flags_clobber(e);
    if (op->type != IR_I64) { /* in 64 bits, then down */
        const int a = gpr_use(e, op->a), b = gpr_use(e, op->b), t = gpr_alloc(e), r = gpr_def(e);
        (is_signed ? movsx : movzx)(e, op->type, t, a);
        (is_signed ? movsx : movzx)(e, op->type, r, b);
        asm_rr(e->c, X86_OP(0, 1, 0xaf), 8, r, t);
        asm_shift_ri(e->c, 5, 8, r, bits_of(op->type));
        return;
    }
    gpr_take(e, RAX);
    gpr_take(e, RDX);
    const int a = gpr_use(e, op->a), b = gpr_use(e, op->b);
    asm_mov_rr(e->c, 8, RAX, a);
    asm_rr(e->c, 0xf7, 8, is_signed ? 5 : 4, b);
    asm_mov_rr(e->c, 8, gpr_def(e), RDX);
}

/* ---- bytes ---- */
/* With x the value with the byte's pattern turned over: (x - 0x01..) & ~x has a top bit set at the lowest zero byte. */
static void emit_has_byte(struct emitter *e, const struct ir_op *op)
{
    const int size = op->lane == IR_I64 ? 8 : 4;
    const uint64_t each = 0x0101010101010101ull;
    struct asm_buf *c = e->c;
    flags_clobber(e);
    const int x = gpr_copy(e, op->a), not = gpr_alloc(e), k = gpr_alloc(e);
    if (op->lane < IR_I32)
        movzx(e, op->lane, x, x); /* the bytes above become the pattern, which is not 0 */
    asm_mov_imm(c, k, size == 8 ? each * (uint8_t)op->imm : (uint32_t)(each * (uint8_t)op->imm));
    asm_alu_rr(c, 6, size, x, k);
    asm_mov_rr(c, size, not, x);
    asm_rr(c, 0xf7, size, 2, not);
    asm_mov_imm(c, k, size == 8 ? each : (uint32_t)each);
    asm_alu_rr(c, 5, size, x, k);
    asm_alu_rr(c, 4, size, x, not);
    asm_mov_imm(c, k, size == 8 ? each << 7 : (uint32_t)(each << 7));
    asm_rr(c, 0x85, size, k, x);
    asm_rr(c, X86_OP(0, 1, 0x90 | CC_NE), 1, 0, gpr_def(e));
}

/* ---- comparisons ---- */
static const uint8_t compare_cc[] = { CC_E, CC_NE, CC_B, CC_BE, CC_L, CC_LE };
static const uint8_t swapped_cc[] = { CC_E, CC_NE, CC_A, CC_AE, CC_G, CC_GE };

static int emit_compare(struct emitter *e, const struct ir_op *op)
{
    const int size = ir_type_bytes(op->lane), which = op->op - IR_CMPEQ;
    int64_t k;
    if (e->val[op->a].kind == VALUE_FUSED && e->b->ops[op->a].op == IR_AND) { /* of state.attention */
        const struct ir_op *and = &e->b->ops[op->a];
        asm_test_state_imm(e->c, e->h->state_offset + STATE(attention) + (int)e->b->ops[and->a].imm, (uint32_t)e->b->ops[and->b].imm);
        return CC_NE;
    }
    if (e->val[op->a].kind == VALUE_FUSED) { /* a load */
        value_const(e, op->b, &k);
        const struct asm_mem m = emit_address(e, &e->b->ops[op->a]);
        emit_side(e);
        asm_alu_mi(e->c, 7, size, m, (int32_t)k);
        return compare_cc[which];
    }
    if (value_const(e, op->b, &k) && k == (int32_t)k) {
        const int a = gpr_use(e, op->a);
        if (!k)
            asm_rr(e->c, size == 1 ? 0x84 : 0x85, size, a, a);
        else
            asm_alu_ri(e->c, 7, size, a, (int32_t)k);
        return compare_cc[which];
    }
    if (value_const(e, op->a, &k) && k == (int32_t)k) {
        asm_alu_ri(e->c, 7, size, gpr_use(e, op->b), (int32_t)k);
        return swapped_cc[which];
    }
    const int a = gpr_use(e, op->a), b = gpr_use(e, op->b);
    asm_alu_rr(e->c, 7, size, a, b);
    return compare_cc[which];
}

int emit_condition(struct emitter *e, ir_ref cond)
{
    if (e->val[cond].kind == VALUE_FUSED)
        return type_is_vec(e->b->ops[cond].lane) ? emit_vector_condition(e, &e->b->ops[cond]) : emit_compare(e, &e->b->ops[cond]);
    const int r = gpr_use(e, cond);
    asm_rr(e->c, 0x84, 1, r, r);
    return CC_NE;
}

static void set_cc(struct emitter *e, int cc)
{
    asm_rr(e->c, X86_OP(0, 1, 0x90 | cc), 1, 0, gpr_def(e));
}

static void emit_select(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    if (type_is_vec(op->type)) {
        const int a = vec_use(e, op->b), b = vec_use(e, op->c), r = vec_def(e);
        asm_vmov_rr(e->c, value_vec_bytes(e), r, a);
        const uint32_t skip = asm_jcc8(e->c, emit_condition(e, op->a));
        asm_vmov_rr(e->c, value_vec_bytes(e), r, b);
        asm_here8(e->c, skip);
        return;
    }
    const int then = gpr_use(e, op->b), r = gpr_alloc(e);
    const int other = gpr_use(e, op->c);
    asm_mov_rr(e->c, 8, r, other);
    const int cc = emit_condition(e, op->a);
    asm_rr(e->c, X86_OP(0, 1, 0x40 | cc), 8, r, then);
    gpr_unpin(e, r);
    e->val[e->i].kind = VALUE_LIVE;
    e->val[e->i].reg = r;
    hold_value(&e->g, r, e->i);
}

/* ---- conversions ---- */
static void emit_convert(struct emitter *e, const struct ir_op *op)
{
    if (op->op == IR_TRUNC && op->type != IR_I1) {
        value_define_alias(e, op->a);
    } else if (op->op == IR_TRUNC) {
        flags_clobber(e);
        asm_alu_ri(e->c, 4, 4, gpr_def_from(e, op->a), 1);
    } else if (op->op == IR_ZEXT) {
        const int a = gpr_use(e, op->a), r = gpr_def(e);
        movzx(e, op->lane, r, a);
    } else if (op->lane == IR_I1) {
        flags_clobber(e);
        const int a = gpr_use(e, op->a), r = gpr_def(e);
        movzx(e, IR_I8, r, a);
        asm_rr(e->c, 0xf7, 8, 3, r); /* neg */
    } else {
        const int a = gpr_use(e, op->a), r = gpr_def(e);
        movsx(e, op->lane, r, a);
    }
}

/* ---- bits ---- */
static void emit_count(struct emitter *e, const struct ir_op *op)
{
    static const uint32_t opcode[3] = { X86_OP(2, 1, 0xbd), X86_OP(2, 1, 0xbc), X86_OP(2, 1, 0xb8) }; /* lzcnt tzcnt popcnt */
    const int which = op->op - IR_CLZ, bits = bits_of(op->type);
    flags_clobber(e);
    const int a = gpr_use(e, op->a), r = gpr_def(e);
    if (bits >= 32) {
        asm_rr(e->c, opcode[which], bits / 8, r, a);
        return;
    }
    movzx(e, op->type, r, a);
    if (which == 1) { /* a one above ends the search */
        asm_rr(e->c, X86_OP(0, 1, 0xba), 4, 5, r); /* bts */
        asm_imm(e->c, bits, 1);
    }
    asm_rr(e->c, opcode[which], 4, r, r);
    if (which == 0)
        asm_alu_ri(e->c, 5, 4, r, 32 - bits);
}

static void emit_bswap(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    const int r = gpr_def_from(e, op->a);
    if (op->type == IR_I8)
        return;
    asm_need(e->c);
    asm_byte(e->c, 0x40 | (op->type == IR_I64) << 3 | r >> 3);
    asm_byte(e->c, 0x0f);
    asm_byte(e->c, 0xc8 | (r & 7));
    if (op->type == IR_I16)
        asm_shift_ri(e->c, 5, 4, r, 16);
}

static void emit_deposit(struct emitter *e, const struct ir_op *op)
{
    const int a = gpr_use(e, op->a);
    int b = gpr_use(e, op->b);
    if (bits_of(op->type) < 32) { /* only so much mask */
        const int wide = gpr_alloc(e);
        movzx(e, op->type, wide, b);
        b = wide;
    }
    const int r = gpr_def(e);
    asm_vrr(e->c, X86_OP(op->op == IR_PDEP ? 3 : 2, 2, 0xf5) | (op->type == IR_I64 ? X86_W : 0), 16, r, a, b);
}

static void emit_unary(struct emitter *e, const struct ir_op *op)
{
    if (op->op == IR_NEG || op->type == IR_I1)
        flags_clobber(e);
    const int r = gpr_def_from(e, op->a);
    if (op->op == IR_NEG && op->type != IR_I1)
        asm_rr(e->c, 0xf7, type_calc(op->type), 3, r);
    else if (op->op == IR_NOT && op->type != IR_I1)
        asm_rr(e->c, 0xf7, type_calc(op->type), 2, r);
    else if (op->op == IR_NOT)
        asm_alu_ri(e->c, 6, 4, r, 1);
}

bool emit_integer(struct emitter *e, const struct ir_op *op)
{
    switch (op->op) {
    case IR_ADD: /* i1: as xor */
        emit_alu(e, op, op->type == IR_I1 ? 6 : 0);
        return true;
    case IR_SUB:
        emit_alu(e, op, op->type == IR_I1 ? 6 : 5);
        return true;
    case IR_AND:
        emit_alu(e, op, 4);
        return true;
    case IR_OR:
        emit_alu(e, op, 1);
        return true;
    case IR_XOR:
        emit_alu(e, op, 6);
        return true;
    case IR_MUL:
        emit_mul(e, op);
        return true;
    case IR_MULHU: case IR_MULHS:
        emit_mul_high(e, op);
        return true;
    case IR_NOT: case IR_NEG:
        emit_unary(e, op);
        return true;
    case IR_SHL: case IR_SHR: case IR_SAR: case IR_ROL: case IR_ROR:
        emit_shift(e, op);
        return true;
    case IR_CMPEQ: case IR_CMPNE: case IR_CMPLTU: case IR_CMPLEU: case IR_CMPLTS: case IR_CMPLES:
        flags_clobber(e);
        set_cc(e, emit_compare(e, op));
        return true;
    case IR_ZEXT: case IR_SEXT: case IR_TRUNC:
        emit_convert(e, op);
        return true;
    case IR_SELECT:
        emit_select(e, op);
        return true;
    case IR_CLZ: case IR_CTZ: case IR_POPCNT:
        emit_count(e, op);
        return true;
    case IR_BSWAP:
        emit_bswap(e, op);
        return true;
    case IR_PARITY: {
        flags_clobber(e);
        const int a = gpr_use(e, op->a);
        asm_rr(e->c, 0x84, 1, a, a);
        set_cc(e, CC_P);
        return true;
    }
    case IR_HASBYTE:
        if (type_is_vec(op->lane))
            return false;
        emit_has_byte(e, op);
        return true;
    case IR_PDEP: case IR_PEXT:
        emit_deposit(e, op);
        return true;
    default:
        return false;
    }
}
