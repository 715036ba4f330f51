/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_alu: addition, subtraction, logic, compare-and-exchange. */
#include "translate.h"

static bool same_register(const struct x86_ctx *c)
{
    return c->zo[0].type == ZYDIS_OPERAND_TYPE_REGISTER && c->zo[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           c->zo[0].reg.value == c->zo[1].reg.value;
}

/* xor r,r and its like: the result does not depend on r. */
static void all_zero(struct x86_ctx *c, enum ir_type t, bool write)
{
    const ir_ref zero = x86_const(c, t, 0), no = x86_const(c, IR_I1, 0), yes = x86_const(c, IR_I1, 1);
    if (write)
        x86_write(c, 0, t, zero, false);
    x86_flags(c, no, yes, no, yes, no, no);
    x86_remember_flags(c, X86_LAST_LOGIC, t, zero, IR_NONE);
}

bool translate_add(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t), r = x86_op(c, IR_ADD, t, a, b);
    (void)row;
    x86_write(c, 0, t, r, false);
    x86_flags_add(c, t, a, b, r, x86_compare(c, IR_CMPLTU, t, r, a));
    return true;
}

/* Against 0 there is neither borrow nor overflow: only the operand's own bits count. */
static void compare_with_zero(struct x86_ctx *c, enum ir_type t, ir_ref a)
{
    x86_flags_logic(c, t, a);
}

bool translate_sub(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const bool write = !row->arg;
    ir_ref a, b;

    if (same_register(c)) {
        all_zero(c, t, write);
        return true;
    }
    a = x86_read(c, 0, t);
    if (!write && c->zo[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !x86_imm(c, 1)) {
        compare_with_zero(c, t, a);
        return true;
    }
    b = x86_read(c, 1, t);
    if (write)
        x86_write(c, 0, t, x86_op(c, IR_SUB, t, a, b), false);
    x86_flags_compare(c, t, a, b);
    return true;
}

bool translate_adc(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t);
    const ir_ref carry = x86_zext(c, t, IR_I1, x86_get_flag(c, X86_CF));
    const ir_ref sum = x86_op(c, IR_ADD, t, a, b), r = x86_op(c, IR_ADD, t, sum, carry);
    const ir_ref cf = x86_op(c, IR_OR, IR_I1, x86_compare(c, IR_CMPLTU, t, sum, a), x86_compare(c, IR_CMPLTU, t, r, sum));
    (void)row;
    x86_write(c, 0, t, r, false);
    x86_flags_add(c, t, a, b, r, cf);
    return true;
}

/* sbb r,r spreads the carry. */
static void spread_carry(struct x86_ctx *c, enum ir_type t)
{
    const ir_ref cf = x86_get_flag(c, X86_CF);
    x86_write(c, 0, t, ir_convert(c->b, IR_SEXT, t, IR_I1, cf), false);
    x86_flags(c, cf, x86_const(c, IR_I1, 1), cf, ir_op1(c->b, IR_NOT, IR_I1, cf), cf, x86_const(c, IR_I1, 0));
}

bool translate_sbb(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    ir_ref a, b, borrow, difference, r, cf;
    (void)row;
    if (same_register(c)) {
        spread_carry(c, t);
        return true;
    }
    a = x86_read(c, 0, t);
    b = x86_read(c, 1, t);
    borrow = x86_zext(c, t, IR_I1, x86_get_flag(c, X86_CF));
    difference = x86_op(c, IR_SUB, t, a, b);
    r = x86_op(c, IR_SUB, t, difference, borrow);
    cf = x86_op(c, IR_OR, IR_I1, x86_compare(c, IR_CMPLTU, t, a, b), x86_compare(c, IR_CMPLTU, t, difference, borrow));
    x86_write(c, 0, t, r, false);
    x86_flags_sub(c, t, a, b, r, cf, x86_is_zero(c, t, r));
    return true;
}

/* INC and DEC leave the carry alone; they overflow at one value. */
bool translate_incdec(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), one = x86_const(c, t, 1), r = x86_op(c, row->op, t, a, one);
    const ir_ref lowest = x86_const(c, t, (int64_t)(1ull << (x86_bits(t) - 1)));
    const ir_ref af = x86_bit(c, t, x86_op(c, IR_XOR, t, x86_op(c, IR_XOR, t, a, one), r), 4);
    x86_write(c, 0, t, r, false);
    x86_flags(c, IR_NONE, x86_parity(c, t, r), af, x86_is_zero(c, t, r), x86_top_bit(c, t, r),
              x86_compare(c, IR_CMPEQ, t, row->op == IR_ADD ? r : a, lowest));
    return true;
}

bool translate_neg(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), r = ir_op1(c->b, IR_NEG, t, a), zero = x86_const(c, t, 0);
    const ir_ref lowest = x86_const(c, t, (int64_t)(1ull << (x86_bits(t) - 1)));
    (void)row;
    x86_write(c, 0, t, r, false);
    x86_flags(c, x86_compare(c, IR_CMPNE, t, a, zero), x86_parity(c, t, r), x86_bit(c, t, x86_op(c, IR_XOR, t, a, r), 4),
              x86_compare(c, IR_CMPEQ, t, a, zero), x86_top_bit(c, t, r), x86_compare(c, IR_CMPEQ, t, a, lowest));
    return true;
}

bool translate_logic(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const bool write = !row->arg;
    ir_ref a, r;

    if (row->op == IR_XOR && same_register(c)) {
        all_zero(c, t, true);
        return true;
    }
    a = x86_read(c, 0, t);
    r = same_register(c) ? a : x86_op(c, row->op, t, a, x86_read(c, 1, t));
    if (write)
        x86_write(c, 0, t, r, false);
    x86_flags_logic(c, t, r);
    return true;
}

/* ADCX and ADOX: a carry chain in one flag. */
bool translate_adx(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), carry = x86_zext(c, t, IR_I1, x86_get_flag(c, row->arg));
    const ir_ref sum = x86_op(c, IR_ADD, t, a, x86_read(c, 1, t)), r = x86_op(c, IR_ADD, t, sum, carry);
    const ir_ref out = x86_op(c, IR_OR, IR_I1, x86_compare(c, IR_CMPLTU, t, sum, a), x86_compare(c, IR_CMPLTU, t, r, sum));
    x86_write(c, 0, t, r, false);
    x86_put(c, IR_I1, row->arg, 0, out);
    return true;
}

bool translate_xadd(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_read(c, 0, t), b = x86_read(c, 1, t), r = x86_op(c, IR_ADD, t, a, b);
    (void)row;
    x86_write(c, 1, t, a, false); /* first: xadd r,r ends with the sum */
    x86_write(c, 0, t, r, false);
    x86_flags_add(c, t, a, b, r, x86_compare(c, IR_CMPLTU, t, r, a));
    return true;
}

/* rax or rdx after a failed comparison: loaded; after a good one it is left as it was, upper half included. */
static void put_unless(struct x86_ctx *c, int hw, enum ir_type t, ir_ref equal, ir_ref loaded)
{
    if (t == IR_I32)
        x86_put(c, IR_I64, hw, 0, x86_select(c, IR_I64, equal, x86_get_gpr(c, hw, 0, IR_I64), x86_zext(c, IR_I64, t, loaded)));
    else
        x86_put(c, t, hw, 0, x86_select(c, t, equal, x86_get_gpr(c, hw, 0, t), loaded));
}

bool translate_cmpxchg(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    const ir_ref a = x86_get_gpr(c, X86_RAX, 0, t), old = x86_read(c, 0, t), equal = x86_compare(c, IR_CMPEQ, t, a, old);
    (void)row;
    put_unless(c, X86_RAX, t, equal, old);
    if (t == IR_I32 && !x86_is_memory(c, 0)) { /* here too: the upper half stays where nothing is written */
        const int hw = x86_gpr_number(c->zo[0].reg.value, NULL);
        x86_put(c, IR_I64, hw, 0, x86_select(c, IR_I64, equal, x86_zext(c, IR_I64, t, x86_read(c, 1, t)), x86_get_gpr(c, hw, 0, IR_I64)));
    } else
        x86_write(c, 0, t, x86_select(c, t, equal, x86_read(c, 1, t), old), false);
    x86_flags_compare(c, t, a, old);
    return true;
}

/* CMPXCHG8B and 16B: two halves, in rdx:rax and rcx:rbx. */
bool translate_cmpxchg_pair(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    struct ir_op low = x86_mem(c, 0, t), high = low;
    ir_ref old_low, old_high, equal;

    high.imm += ir_type_bytes(t);
    old_low = x86_load(c, low);
    old_high = x86_load(c, high);
    equal = x86_op(c, IR_AND, IR_I1, x86_compare(c, IR_CMPEQ, t, x86_get_gpr(c, X86_RAX, 0, t), old_low),
                   x86_compare(c, IR_CMPEQ, t, x86_get_gpr(c, X86_RDX, 0, t), old_high));
    x86_store(c, low, x86_select(c, t, equal, x86_get_gpr(c, X86_RBX, 0, t), old_low));
    x86_store(c, high, x86_select(c, t, equal, x86_get_gpr(c, X86_RCX, 0, t), old_high));
    put_unless(c, X86_RAX, t, equal, old_low);
    put_unless(c, X86_RDX, t, equal, old_high);
    x86_put(c, IR_I1, X86_ZF, 0, equal);
    return true;
}
