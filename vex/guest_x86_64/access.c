/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/access: memory operands as memory ops.
 *
 * Base and index are the registers' 64-bit GETs themselves, so that the back
 * end can use the host's addressing.  What differs: the 67h prefix (the sum is
 * computed in 32 bits), bit strings, XLAT, pushes and pops, and masked vector
 * accesses, which become one access an element.  */
#include "internal.h"

bool x86_is_memory(const struct x86_ctx *c, int i)
{
    return i < c->zi->operand_count && c->zo[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

bool x86_accesses_memory(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || !(o->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_MASK_WRITE)))
        return false;
    if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM && o->mem.type != ZYDIS_MEMOP_TYPE_VSIB)
        return false;
    switch (zi->meta.category) {
    case ZYDIS_CATEGORY_NOP: case ZYDIS_CATEGORY_WIDENOP: case ZYDIS_CATEGORY_PREFETCH:
    case ZYDIS_CATEGORY_PREFETCHWT1: case ZYDIS_CATEGORY_CLDEMOTE:
        return false;
    default:
        break;
    }
    switch (zi->mnemonic) {
    case ZYDIS_MNEMONIC_CLFLUSH: case ZYDIS_MNEMONIC_CLFLUSHOPT: case ZYDIS_MNEMONIC_CLWB:
    case ZYDIS_MNEMONIC_LEA: case ZYDIS_MNEMONIC_INVLPG:
        return false;
    default:
        return true;
    }
}

enum ir_type x86_type(int bytes)
{
    switch (bytes) {
    case 1: return IR_I8;
    case 2: return IR_I16;
    case 4: return IR_I32;
    case 8: return IR_I64;
    case 16: return IR_V128;
    case 32: return IR_V256;
    default: return IR_VOID;
    }
}

/* ---- addresses ---- */
static ir_ref address_register(struct x86_ctx *c, ZydisRegister r)
{
    const int hw = x86_gpr_number(r, NULL);
    return hw < 0 ? IR_NONE : x86_get_gpr(c, hw, 0, IR_I64);
}

/* 67h: only the low 32 bits of the sum count; the segment base is added after. */
static void narrow_address(struct x86_ctx *c, struct ir_op *m)
{
    ir_ref sum = x86_const(c, IR_I32, (int32_t)m->imm);
    if (m->a)
        sum = ir_op2(c->b, IR_ADD, IR_I32, sum, ir_convert(c->b, IR_TRUNC, IR_I32, IR_I64, m->a));
    if (m->b) {
        ir_ref index = ir_convert(c->b, IR_TRUNC, IR_I32, IR_I64, m->b);
        if (m->scale)
            index = ir_op2(c->b, IR_SHL, IR_I32, index, x86_const(c, IR_I8, m->scale));
        sum = ir_op2(c->b, IR_ADD, IR_I32, sum, index);
    }
    m->a = ir_convert(c->b, IR_ZEXT, IR_I64, IR_I32, sum);
    m->b = IR_NONE;
    m->scale = 0;
    m->imm = 0;
}

/* BT and its kin with a register count: the byte that holds the bit. */
static void bit_string_address(struct x86_ctx *c, struct ir_op *m, int count)
{
    const enum ir_type t = x86_operand_type(c, count);
    ir_ref bits = x86_read(c, count, t);
    if (t != IR_I64)
        bits = ir_convert(c->b, IR_SEXT, IR_I64, t, bits);
    bits = ir_op2(c->b, IR_SAR, IR_I64, bits, x86_const(c, IR_I8, 3));
    if (m->b) /* base and index are taken: add the offset to the base */
        m->a = m->a ? ir_op2(c->b, IR_ADD, IR_I64, m->a, bits) : bits;
    else {
        m->b = bits;
        m->scale = 0;
    }
    m->type = IR_I8;
}

static bool is_bit_string(const struct x86_ctx *c, int i)
{
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_BT: case ZYDIS_MNEMONIC_BTS: case ZYDIS_MNEMONIC_BTR: case ZYDIS_MNEMONIC_BTC:
        return i == 0 && c->zo[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    default:
        return false;
    }
}

/* The stack's own operand of PUSH, POP, ENTER, LEAVE, which the decoder gives as [rsp]. */
static bool is_implicit_stack(const struct x86_ctx *c, int i)
{
    return c->zo[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && c->zo[i].mem.segment == ZYDIS_REGISTER_SS &&
           (c->zo[i].mem.base == ZYDIS_REGISTER_RSP || c->zi->mnemonic == ZYDIS_MNEMONIC_LEAVE);
}

static void stack_address(struct x86_ctx *c, int i, struct ir_op *m)
{
    const int bytes = c->zo[i].size / 8;
    if (is_implicit_stack(c, i)) {
        m->flags |= IR_STACK_REL;
        if (c->zo[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
            m->imm -= bytes;
    } else if (c->zi->mnemonic == ZYDIS_MNEMONIC_POP && c->zo[i].mem.base == ZYDIS_REGISTER_RSP)
        m->imm += bytes; /* the address is computed after the pop */
}

static uint8_t segment_of(const ZydisDecodedOperand *o)
{
    return o->mem.segment == ZYDIS_REGISTER_FS ? IR_SEG_FS : o->mem.segment == ZYDIS_REGISTER_GS ? IR_SEG_GS : IR_SEG_NONE;
}

struct ir_op x86_mem(struct x86_ctx *c, int i, enum ir_type t)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    struct ir_op m = { .type = t, .aux = segment_of(o), .imm = o->mem.disp.value };

    if (o->mem.base == ZYDIS_REGISTER_RIP || o->mem.base == ZYDIS_REGISTER_EIP) {
        m.imm += (int64_t)c->next;
        if (o->mem.base == ZYDIS_REGISTER_EIP)
            m.imm = (uint32_t)m.imm;
        return m;
    }
    m.a = address_register(c, o->mem.base);
    if (o->mem.type != ZYDIS_MEMOP_TYPE_VSIB) {
        m.b = address_register(c, o->mem.index);
        m.scale = m.b && o->mem.scale > 1 ? __builtin_ctz(o->mem.scale) : 0;
    }
    stack_address(c, i, &m);
    if (c->zi->mnemonic == ZYDIS_MNEMONIC_XLAT)
        m.b = ir_convert(c->b, IR_ZEXT, IR_I64, IR_I8, x86_get_gpr(c, X86_RAX, 0, IR_I8));
    if (c->zi->address_width == 32 && !(m.flags & IR_STACK_REL))
        narrow_address(c, &m);
    if (is_bit_string(c, i))
        bit_string_address(c, &m, 1);
    if (c->zi->attributes & ZYDIS_ATTRIB_HAS_LOCK || (c->zi->mnemonic == ZYDIS_MNEMONIC_XCHG && i < 2))
        m.flags |= IR_LOCKED;
    return m;
}

ir_ref x86_load(struct x86_ctx *c, struct ir_op mem)
{
    mem.op = IR_LOAD;
    mem.flags |= c->described;
    return ir_append(c->b, mem);
}

void x86_store(struct x86_ctx *c, struct ir_op mem, ir_ref v)
{
    mem.op = IR_STORE;
    mem.flags |= c->described;
    mem.c = v;
    ir_append(c->b, mem);
}

/* ---- masked vector accesses ---- */
bool x86_is_masked(const struct x86_ctx *c, int i)
{
    if (c->zo[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB)
        return true;
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_VMASKMOVPS: case ZYDIS_MNEMONIC_VMASKMOVPD:
    case ZYDIS_MNEMONIC_VPMASKMOVD: case ZYDIS_MNEMONIC_VPMASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVDQU: case ZYDIS_MNEMONIC_VMASKMOVDQU:
        return true;
    default: /* EVEX write masks, and MASKMOVQ, whose mask is in an MMX register */
        return c->zi->mnemonic == ZYDIS_MNEMONIC_MASKMOVQ ||
               (c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX && c->zi->avx.mask.reg > ZYDIS_REGISTER_K0);
    }
}

int x86_elements(struct x86_ctx *c, int i, enum ir_type *element)
{
    const ZydisDecodedOperand *o = &c->zo[i];
    *element = IR_I8;
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_VMASKMOVPS: case ZYDIS_MNEMONIC_VPMASKMOVD: *element = IR_I32; return o->size / 32;
    case ZYDIS_MNEMONIC_VMASKMOVPD: case ZYDIS_MNEMONIC_VPMASKMOVQ: *element = IR_I64; return o->size / 64;
    case ZYDIS_MNEMONIC_MASKMOVDQU: case ZYDIS_MNEMONIC_VMASKMOVDQU: return 16;
    default: break;
    }
    if (o->mem.type == ZYDIS_MEMOP_TYPE_VSIB && c->zi->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX) {
        const int index_bytes = o->mem.index >= ZYDIS_REGISTER_YMM0 ? 32 : 16;
        const bool qword_index = c->zi->mnemonic == ZYDIS_MNEMONIC_VPGATHERQD || c->zi->mnemonic == ZYDIS_MNEMONIC_VPGATHERQQ ||
                                 c->zi->mnemonic == ZYDIS_MNEMONIC_VGATHERQPS || c->zi->mnemonic == ZYDIS_MNEMONIC_VGATHERQPD;
        const int by_index = index_bytes / (qword_index ? 8 : 4), by_data = c->zo[0].size / (o->size ? o->size : 32);
        *element = x86_type(o->size / 8);
        return by_index < by_data ? by_index : by_data;
    }
    return 0; /* EVEX and MMX: not described */
}

static int mask_operand(const struct x86_ctx *c, int i)
{
    if (c->zo[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB)
        return 2;
    return 1; /* VMASKMOV loads and stores, and MASKMOVDQU, have it second */
}

/* Top bit of element n of the mask register. */
static ir_ref mask_bit(struct x86_ctx *c, int i, int n, enum ir_type element)
{
    const ZydisRegister r = c->zo[mask_operand(c, i)].reg.value;
    const enum ir_type v = r >= ZYDIS_REGISTER_YMM0 ? IR_V256 : IR_V128;
    ir_ref e = ir_append(c->b, (struct ir_op){ .op = IR_VEXTRACT, .type = element, .lane = v, .imm = n,
                                               .a = x86_get_vec(c, x86_vec_number(r), v) });
    e = ir_op2(c->b, IR_SHR, element, e, x86_const(c, IR_I8, 8 * ir_type_bytes(element) - 1));
    return ir_convert(c->b, IR_TRUNC, IR_I1, element, e);
}

static ir_ref vsib_index(struct x86_ctx *c, int i, int n)
{
    const ZydisRegister r = c->zo[i].mem.index;
    const enum ir_type v = r >= ZYDIS_REGISTER_YMM0 ? IR_V256 : IR_V128;
    const bool dword = c->zi->mnemonic == ZYDIS_MNEMONIC_VPGATHERDD || c->zi->mnemonic == ZYDIS_MNEMONIC_VPGATHERDQ ||
                       c->zi->mnemonic == ZYDIS_MNEMONIC_VGATHERDPS || c->zi->mnemonic == ZYDIS_MNEMONIC_VGATHERDPD;
    const enum ir_type t = dword ? IR_I32 : IR_I64;
    ir_ref e = ir_append(c->b, (struct ir_op){ .op = IR_VEXTRACT, .type = t, .lane = v, .imm = n,
                                               .a = x86_get_vec(c, x86_vec_number(r), v) });
    return dword ? ir_convert(c->b, IR_SEXT, IR_I64, IR_I32, e) : e;
}

struct ir_op x86_mem_element(struct x86_ctx *c, int i, int n, ir_ref *on)
{
    enum ir_type element;
    struct ir_op m;
    ir_ref address;

    x86_elements(c, i, &element);
    m = x86_mem(c, i, element);
    if (c->zo[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB) {
        m.b = vsib_index(c, i, n);
        m.scale = c->zo[i].mem.scale > 1 ? __builtin_ctz(c->zo[i].mem.scale) : 0;
        if (c->zi->address_width == 32)
            narrow_address(c, &m);
    } else
        m.imm += n * ir_type_bytes(element);
    *on = mask_bit(c, i, n, element);
    m.op = IR_LEA;
    m.type = IR_I64;
    address = ir_append(c->b, m);
    address = ir_append(c->b, (struct ir_op){ .op = IR_SELECT, .type = IR_I64, .a = *on, .b = address,
                                              .c = ir_append(c->b, (struct ir_op){ .op = IR_CONST, .type = IR_I64,
                                                                                   .flags = IR_GUEST_ADDR, .imm = (int64_t)c->pc }) });
    return (struct ir_op){ .type = element, .a = address };
}

/* ---- description without values ---- */
void x86_mem_pieces(struct x86_ctx *c, struct ir_op mem, int bytes, enum ir_opcode op)
{
    for (int size = 32; bytes > 0;) {
        if (size > bytes) {
            size /= 2;
            continue;
        }
        mem.type = x86_type(size);
        if (op == IR_LOAD)
            x86_load(c, mem);
        else
            x86_store(c, mem, IR_NONE);
        mem.imm += size;
        bytes -= size;
    }
}

static void describe_masked(struct x86_ctx *c, int i, enum ir_opcode op)
{
    enum ir_type element;
    const int n = x86_elements(c, i, &element);
    for (int k = 0; k < n; k++) {
        ir_ref on;
        const struct ir_op m = x86_mem_element(c, i, k, &on);
        if (op == IR_LOAD)
            x86_load(c, m);
        else
            x86_store(c, m, IR_NONE);
    }
}

static bool is_xsave(const struct x86_ctx *c)
{
    return c->zi->meta.category == ZYDIS_CATEGORY_XSAVE || c->zi->meta.category == ZYDIS_CATEGORY_XSAVEOPT;
}

static bool is_xrstor(const struct x86_ctx *c)
{
    return c->zi->mnemonic == ZYDIS_MNEMONIC_XRSTOR || c->zi->mnemonic == ZYDIS_MNEMONIC_XRSTOR64;
}

/* The decoder knows XSAVE's legacy region and header.  The upper halves of ymm0-15 follow, if asked for: a few bytes
 * too many make no difference to a check; the tool that wants it exactly, in TANDEM form, looks at the image. */
static int operand_bytes(const struct x86_ctx *c, int i)
{
    enum { WITH_UPPER_HALVES = 832 };
    return is_xsave(c) && c->form == IR_FORM_NATIVE ? WITH_UPPER_HALVES : c->zo[i].size / 8;
}

static void describe_operand(struct x86_ctx *c, int i, enum ir_opcode op)
{
    const int bytes = operand_bytes(c, i);
    struct ir_op m;

    if (x86_is_masked(c, i)) {
        describe_masked(c, i, op);
        return;
    }
    m = x86_mem(c, i, x86_type(bytes));
    if (c->zi->mnemonic == ZYDIS_MNEMONIC_ENTER) /* saved rbp, and the frame pointers of outer levels */
        for (int level = c->zo[1].imm.value.u & 31; level > 0; level--, m.imm -= 8)
            x86_mem_pieces(c, m, 8, op);
    x86_mem_pieces(c, m, m.type == IR_I8 ? 1 : bytes, op);
}

void x86_describe_memory(struct x86_ctx *c)
{
    const uint8_t accesses = c->insn->attrs & (IR_INSN_MEM_READ | IR_INSN_MEM_WRITE);
    if (!accesses)
        return;
    const bool saves = is_xsave(c) && !is_xrstor(c);
    for (int i = 0; i < c->zi->operand_count && accesses & IR_INSN_MEM_READ; i++)
        if (x86_accesses_memory(c->zi, &c->zo[i]) && (c->zo[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ) && !saves)
            describe_operand(c, i, IR_LOAD);
    for (int i = 0; i < c->zi->operand_count && accesses & IR_INSN_MEM_WRITE; i++)
        if (x86_accesses_memory(c->zi, &c->zo[i]) && (c->zo[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            describe_operand(c, i, IR_STORE);
}
