/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/flags: which flags an instruction reads and writes, conditions
 * as IR, and the look at a successor's first instructions.  */
#include "quick.h"

enum { LOOK_AHEAD = 8 };

uint8_t x86_flags_from_zydis(uint32_t mask)
{
    return (mask & ZYDIS_CPUFLAG_CF ? IR_FLAG_C : 0) | (mask & ZYDIS_CPUFLAG_PF ? IR_FLAG_P : 0) |
           (mask & ZYDIS_CPUFLAG_AF ? IR_FLAG_A : 0) | (mask & ZYDIS_CPUFLAG_ZF ? IR_FLAG_Z : 0) |
           (mask & ZYDIS_CPUFLAG_SF ? IR_FLAG_S : 0) | (mask & ZYDIS_CPUFLAG_OF ? IR_FLAG_O : 0) |
           (mask & ZYDIS_CPUFLAG_DF ? IR_FLAG_D : 0);
}

/* Shifts and rotates whose count may be 0 leave all flags as they were then. */
static bool count_may_be_zero(const ZydisDecodedInstruction *zi)
{
    const uint8_t op = zi->opcode;
    if (zi->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
        return false;
    if (zi->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
        if (op == 0xd2 || op == 0xd3)
            return true;
        if (op == 0xc0 || op == 0xc1)
            return !(zi->raw.imm[0].value.u & (zi->operand_width == 64 ? 63 : 31));
    }
    if (zi->opcode_map == ZYDIS_OPCODE_MAP_0F) {
        if (op == 0xa5 || op == 0xad)
            return true;
        if (op == 0xa4 || op == 0xac)
            return !(zi->raw.imm[0].value.u & (zi->operand_width == 64 ? 63 : 31));
    }
    return false;
}

/* What the decoder says; writes that may not happen count as writes.  true: it was quick.c. */
static bool stated_flags(const ZydisDecodedInstruction *zi, uint8_t *tested, uint8_t *written)
{
    const ZydisAccessedFlags *f = zi->cpu_flags;
    if (x86_quick_flags(f, tested, written))
        return true;
    *tested = f ? x86_flags_from_zydis(f->tested) : 0;
    *written = f ? x86_flags_from_zydis(f->modified | f->set_0 | f->set_1 | f->undefined) : 0;
    switch (zi->mnemonic) {
    case ZYDIS_MNEMONIC_VPTEST: /* clears the others, which the decoder omits */
    case ZYDIS_MNEMONIC_VTESTPS:
    case ZYDIS_MNEMONIC_VTESTPD:
        *written = IR_FLAGS_ARITH;
        break;
    default:
        break;
    }
    return false;
}

static bool may_leave_flags(const ZydisDecodedInstruction *zi)
{
    return count_may_be_zero(zi) || x86_rep_prefix(zi);
}

bool x86_flags_of(const ZydisDecodedInstruction *zi, uint8_t *read, uint8_t *written)
{
    const bool quick = stated_flags(zi, read, written);
    if (*written && may_leave_flags(zi))
        *read |= *written;
    return quick;
}

int x86_rep_prefix(const ZydisDecodedInstruction *zi)
{
    int prefix = 0;
    if (zi->meta.category != ZYDIS_CATEGORY_STRINGOP || zi->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
        return 0;
    for (int i = 0; i < zi->raw.prefix_count; i++)
        if (zi->raw.prefixes[i].value == 0xf2 || zi->raw.prefixes[i].value == 0xf3)
            prefix = zi->raw.prefixes[i].value;
    return prefix;
}

/* Where zi, a direct jump or call at pc, goes; 0 if it is not one. */
static guest_addr direct_target(const ZydisDecodedInstruction *zi, guest_addr pc)
{
    const bool jumps = zi->meta.category == ZYDIS_CATEGORY_CALL || zi->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    return jumps && zi->raw.imm[0].is_relative ? pc + zi->length + zi->raw.imm[0].value.u : 0;
}

static bool ends_look(const ZydisDecodedInstruction *zi)
{
    switch (zi->meta.category) {
    case ZYDIS_CATEGORY_CALL: case ZYDIS_CATEGORY_RET: case ZYDIS_CATEGORY_UNCOND_BR: case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_SYSCALL: case ZYDIS_CATEGORY_INTERRUPT: case ZYDIS_CATEGORY_SYSTEM:
        return true;
    default:
        return false;
    }
}

/* *read_first: flags that are read before they are written at pc; *neither: neither, as far as the look goes, or
 * written only perhaps (a shift by 0). */
static void look(const struct vex_decode_request *r, guest_addr pc, uint8_t *read_first, uint8_t *neither)
{
    const uint8_t *bytes;
    uint8_t live = 0, unknown = IR_FLAGS_ARITH;
    ZydisDecoder decoder;
    size_t n = r->peek ? r->peek(r->peek_arg, pc, &bytes) : 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (int i = 0; i < LOOK_AHEAD && n && unknown; i++) {
        ZydisDecodedInstruction zi;
        uint8_t tested, written;
        guest_addr target;
        if (!x86_quick_decode(bytes, n, &zi, NULL) && ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, n, &zi)))
            break;
        stated_flags(&zi, &tested, &written);
        live |= tested & unknown;
        target = direct_target(&zi, pc);
        if (target) {
            pc = target;
            n = r->peek(r->peek_arg, pc, &bytes);
            continue;
        }
        if (ends_look(&zi)) {
            if (zi.meta.category == ZYDIS_CATEGORY_RET && !r->returns_flags)
                unknown = 0;
            break;
        }
        if (written && !may_leave_flags(&zi))
            unknown &= ~(written & ~tested);
        pc += zi.length;
        bytes += zi.length;
        n -= zi.length;
    }
    *read_first = live;
    *neither = unknown;
}

uint8_t x86_flags_live_at(const struct vex_decode_request *r, guest_addr pc)
{
    uint8_t live, unknown;
    look(r, pc, &live, &unknown);
    return live | unknown;
}

bool x86_passed_flags_read(const struct vex_decode_request *r, guest_addr pc)
{
    uint8_t live, unknown;
    look(r, pc, &live, &unknown);
    return live;
}

ir_ref x86_get_flag(struct x86_ctx *c, int slot)
{
    return ir_get(c->b, IR_I1, IR_PLANE_GUEST, slot, 0);
}

/* ---- conditions ---- */
static ir_ref compare(struct x86_ctx *c, enum ir_opcode op, ir_ref a, ir_ref b)
{
    return ir_append(c->b, (struct ir_op){ .op = op, .type = IR_I1, .lane = c->last.t, .a = a, .b = b });
}

/* Even condition codes after a comparison of a with b; IR_NONE where the flags themselves are as good. */
static ir_ref after_sub(struct x86_ctx *c, int cc)
{
    const ir_ref a = c->last.a, b = c->last.b;
    switch (cc) {
    case 2: return compare(c, IR_CMPLTU, a, b);
    case 4: return compare(c, IR_CMPEQ, a, b);
    case 6: return compare(c, IR_CMPLEU, a, b);
    case 12: return compare(c, IR_CMPLTS, a, b);
    case 14: return compare(c, IR_CMPLES, a, b);
    default: return IR_NONE;
    }
}

/* After and, or, xor, test, and comparison with 0: no carry, no overflow. */
static ir_ref after_logic(struct x86_ctx *c, int cc)
{
    const ir_ref a = c->last.a;
    switch (cc) {
    case 0:
    case 2: return x86_const(c, IR_I1, 0);
    case 4:
    case 6: return compare(c, IR_CMPEQ, a, x86_const(c, c->last.t, 0));
    case 12: return x86_get_flag(c, X86_SF);
    case 14: return compare(c, IR_CMPLES, a, x86_const(c, c->last.t, 0));
    default: return IR_NONE;
    }
}

static ir_ref from_flags(struct x86_ctx *c, int cc)
{
    ir_ref less;
    switch (cc) {
    case 0: return x86_get_flag(c, X86_OF);
    case 2: return x86_get_flag(c, X86_CF);
    case 4: return x86_get_flag(c, X86_ZF);
    case 6: return ir_op2(c->b, IR_OR, IR_I1, x86_get_flag(c, X86_CF), x86_get_flag(c, X86_ZF));
    case 8: return x86_get_flag(c, X86_SF);
    case 10: return x86_get_flag(c, X86_PF);
    default:
        less = ir_op2(c->b, IR_XOR, IR_I1, x86_get_flag(c, X86_SF), x86_get_flag(c, X86_OF));
        return cc == 12 ? less : ir_op2(c->b, IR_OR, IR_I1, x86_get_flag(c, X86_ZF), less);
    }
}

ir_ref x86_condition(struct x86_ctx *c, int cc)
{
    ir_ref v = IR_NONE;
    if (c->last.kind == X86_LAST_SUB)
        v = after_sub(c, cc & 14);
    else if (c->last.kind == X86_LAST_LOGIC)
        v = after_logic(c, cc & 14);
    if (!v)
        v = from_flags(c, cc & 14);
    return cc & 1 ? ir_op1(c->b, IR_NOT, IR_I1, v) : v;
}

void x86_remember_flags(struct x86_ctx *c, int kind, enum ir_type t, ir_ref a, ir_ref b)
{
    c->last.kind = kind;
    c->last.t = t;
    c->last.a = a;
    c->last.b = b;
    c->last.fresh = true;
}
