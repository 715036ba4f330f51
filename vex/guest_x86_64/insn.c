/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/insn: struct ir_insn from the decoder's view.
 *
 * The masks are what the back end and the tools rely on, so everything the
 * decoder leaves out (string pointers, XLAT's al, whole-state instructions,
 * merged upper halves of vector registers) is added here.  */
#include <string.h>
#include "internal.h"

/* By ZydisRegister: hardware number, 16 more for ah ch dh bh. */
static const uint8_t gprs[] = {
    0xff,
    0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, /* al cl dl bl ah ch dh bh spl ... */
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
};
_Static_assert(ZYDIS_REGISTER_NONE == 0 && ZYDIS_REGISTER_AL == 1 && ZYDIS_REGISTER_AH == 5 && ZYDIS_REGISTER_SPL == 9 && ZYDIS_REGISTER_AX == 21 &&
               ZYDIS_REGISTER_EAX == 37 && ZYDIS_REGISTER_RAX == 53 && ZYDIS_REGISTER_R15 + 1 == sizeof gprs, "gprs goes by them");

int x86_gpr_number(ZydisRegister r, int *byte_offset)
{
    const uint8_t n = (size_t)r < sizeof gprs ? gprs[r] : 0xff;
    if (byte_offset)
        *byte_offset = n != 0xff && n >> 4;
    return n == 0xff ? -1 : n & 15;
}

int x86_vec_number(ZydisRegister r)
{
    if (r >= ZYDIS_REGISTER_XMM0 && r <= ZYDIS_REGISTER_XMM31)
        return r - ZYDIS_REGISTER_XMM0;
    if (r >= ZYDIS_REGISTER_YMM0 && r <= ZYDIS_REGISTER_YMM31)
        return r - ZYDIS_REGISTER_YMM0;
    if (r >= ZYDIS_REGISTER_ZMM0 && r <= ZYDIS_REGISTER_ZMM31)
        return r - ZYDIS_REGISTER_ZMM0;
    return -1;
}

static int vec_bytes(ZydisRegister r)
{
    return r >= ZYDIS_REGISTER_ZMM0 ? 64 : r >= ZYDIS_REGISTER_YMM0 ? 32 : 16;
}

static bool is_x87_or_mmx(ZydisRegister r)
{
    return (r >= ZYDIS_REGISTER_ST0 && r <= ZYDIS_REGISTER_ST7) || (r >= ZYDIS_REGISTER_MM0 && r <= ZYDIS_REGISTER_MM7) ||
           r == ZYDIS_REGISTER_X87CONTROL || r == ZYDIS_REGISTER_X87STATUS || r == ZYDIS_REGISTER_X87TAG;
}

static void fill_gpr(struct ir_insn *n, int hw, bool reads, bool writes)
{
    if (reads)
        n->gpr_read |= 1u << hw;
    if (writes)
        n->gpr_write |= 1u << hw;
}

static void fill_register(struct ir_insn *n, const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *o)
{
    const bool writes = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    const bool keeps = o->actions & ZYDIS_OPERAND_ACTION_CONDWRITE;
    bool reads = (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) || keeps;
    const ZydisRegister r = o->reg.value;
    int offset;
    const int hw = x86_gpr_number(r, &offset), vec = x86_vec_number(r);

    if (hw >= 0) {
        const bool partial = r < ZYDIS_REGISTER_EAX; /* the enum goes by width */
        fill_gpr(n, hw, reads || (partial && writes), writes);
        if (offset)
            n->attrs |= IR_INSN_HIGH8;
    } else if (vec >= 0) {
        const bool merges = zi->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY || zi->encoding == ZYDIS_INSTRUCTION_ENCODING_3DNOW;
        if (reads || (writes && merges))
            n->vec_read |= 1u << vec;
        if (writes)
            n->vec_write |= 1u << vec;
        if (vec_bytes(r) > n->vec_bytes)
            n->vec_bytes = vec_bytes(r);
    } else if (is_x87_or_mmx(r))
        n->attrs |= IR_INSN_X87;
}

static void fill_modrm_memory(struct ir_insn *n, const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *o)
{
    const int base = x86_gpr_number(o->mem.base, NULL);
    int index = x86_gpr_number(o->mem.index, NULL);
    const bool is_rip = o->mem.base == ZYDIS_REGISTER_RIP || o->mem.base == ZYDIS_REGISTER_EIP;

    if (o->mem.type == ZYDIS_MEMOP_TYPE_VSIB) {
        n->attrs |= IR_INSN_VSIB;
        index = -1;
    }
    n->mem_base = base >= 0 ? base : 0xff;
    n->mem_index = index >= 0 ? index : 0xff;
    n->mem_scale = o->mem.scale > 1 ? __builtin_ctz(o->mem.scale) : 0;
    n->mem_size = o->size / 8;
    n->disp = o->mem.disp.value;
    if (is_rip) {
        n->rip_relative = 1;
        n->disp += (int64_t)(n->pc + zi->length);
        if (o->mem.base == ZYDIS_REGISTER_EIP)
            n->disp = (uint32_t)n->disp;
    }
}

static void fill_memory(struct ir_insn *n, const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *o)
{
    const int base = x86_gpr_number(o->mem.base, NULL), index = x86_gpr_number(o->mem.index, NULL);
    const int vindex = x86_vec_number(o->mem.index);

    if (base >= 0)
        fill_gpr(n, base, true, zi->meta.category == ZYDIS_CATEGORY_STRINGOP);
    if (index >= 0)
        fill_gpr(n, index, true, false);
    if (vindex >= 0) {
        n->vec_read |= 1u << vindex;
        if (vec_bytes(o->mem.index) > n->vec_bytes)
            n->vec_bytes = vec_bytes(o->mem.index);
    }
    if (x86_accesses_memory(zi, o)) {
        if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
            n->attrs |= IR_INSN_MEM_READ;
        if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
            n->attrs |= IR_INSN_MEM_WRITE;
    }
    if (o->mem.segment == ZYDIS_REGISTER_FS)
        n->mem_seg = IR_SEG_FS;
    else if (o->mem.segment == ZYDIS_REGISTER_GS)
        n->mem_seg = IR_SEG_GS;
    if (o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM)
        fill_modrm_memory(n, zi, o);
}

/* Where the parts of the encoding stand. */
static void fill_encoding(struct ir_insn *n, const ZydisDecodedInstruction *zi)
{
    const ZydisDecodedInstructionRaw *raw = &zi->raw;
    if (zi->attributes & ZYDIS_ATTRIB_HAS_MODRM) {
        n->modrm_off = raw->modrm.offset;
        if (zi->attributes & ZYDIS_ATTRIB_HAS_SIB)
            n->sib_off = raw->sib.offset;
    }
    if (raw->disp.size) {
        n->disp_off = raw->disp.offset;
        n->disp_size = raw->disp.size / 8;
    }
    if (raw->imm[0].size) {
        n->imm_off = raw->imm[0].offset;
        n->imm_size = (raw->imm[0].size + raw->imm[1].size) / 8;
    }
    switch (zi->encoding) {
    case ZYDIS_INSTRUCTION_ENCODING_VEX:
        n->vex_off = raw->vex.offset;
        n->vex_len = raw->vex.size;
        break;
    case ZYDIS_INSTRUCTION_ENCODING_XOP:
        n->vex_off = raw->xop.offset;
        n->vex_len = 3;
        break;
    case ZYDIS_INSTRUCTION_ENCODING_EVEX:
        n->vex_off = raw->evex.offset;
        n->vex_len = 4;
        n->attrs |= IR_INSN_EVEX;
        break;
    default:
        if (zi->attributes & ZYDIS_ATTRIB_HAS_REX) {
            n->rex_off = raw->rex.offset;
            n->attrs |= IR_INSN_REX;
        }
    }
    for (int i = 0; i < raw->prefix_count; i++) {
        const uint8_t p = raw->prefixes[i].value;
        if (p == 0x67)
            n->asz_off = i + 1;
        else if (p == 0x64 || p == 0x65)
            n->seg_off = i + 1;
    }
}

/* What the decoder does not say. */
static void fill_special(struct ir_insn *n, const ZydisDecodedInstruction *zi)
{
    switch (zi->mnemonic) {
    case ZYDIS_MNEMONIC_XLAT:
        n->gpr_read |= 1u << X86_RAX;
        break;
    case ZYDIS_MNEMONIC_BSF:
    case ZYDIS_MNEMONIC_BSR: /* the destination is kept if the source is 0 */
        n->gpr_read |= n->gpr_write;
        break;
    case ZYDIS_MNEMONIC_VZEROUPPER:
        n->vec_read |= 0xffff;
        n->vec_write |= 0xffff;
        n->vec_bytes = 32;
        break;
    case ZYDIS_MNEMONIC_VZEROALL:
        n->vec_write |= 0xffff;
        n->vec_bytes = 32;
        break;
    case ZYDIS_MNEMONIC_XSAVE: case ZYDIS_MNEMONIC_XSAVE64: case ZYDIS_MNEMONIC_XSAVEC: case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XSAVEOPT: case ZYDIS_MNEMONIC_XSAVEOPT64: case ZYDIS_MNEMONIC_FXSAVE: case ZYDIS_MNEMONIC_FXSAVE64:
        n->vec_read |= 0xffff;
        n->vec_bytes = 32;
        n->attrs |= IR_INSN_X87;
        break;
    case ZYDIS_MNEMONIC_XRSTOR: case ZYDIS_MNEMONIC_XRSTOR64:
    case ZYDIS_MNEMONIC_FXRSTOR: case ZYDIS_MNEMONIC_FXRSTOR64:
        n->vec_read |= 0xffff;
        n->vec_write |= 0xffff;
        n->vec_bytes = 32;
        n->attrs |= IR_INSN_X87;
        break;
    default:
        break;
    }
    switch (zi->meta.isa_ext) {
    case ZYDIS_ISA_EXT_X87:
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_AMD3DNOW:
        n->attrs |= IR_INSN_X87;
        break;
    default:
        break;
    }
}

/* Integer instructions on registers cannot fault; of all others it is assumed that they can. */
static bool may_fault(const struct ir_insn *n, const ZydisDecodedInstruction *zi)
{
    if (n->attrs & (IR_INSN_MEM_READ | IR_INSN_MEM_WRITE))
        return true;
    switch (zi->meta.isa_ext) {
    case ZYDIS_ISA_EXT_BASE:
    case ZYDIS_ISA_EXT_LONGMODE:
        return zi->mnemonic == ZYDIS_MNEMONIC_DIV || zi->mnemonic == ZYDIS_MNEMONIC_IDIV ||
               zi->meta.category == ZYDIS_CATEGORY_SYSTEM;
    case ZYDIS_ISA_EXT_BMI1:
    case ZYDIS_ISA_EXT_BMI2:
        return false;
    default:
        return true;
    }
}

void x86_insn_fill(struct ir_insn *n, const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *zo,
                   guest_addr pc, const uint8_t *bytes)
{
    *n = (struct ir_insn){ .pc = pc, .len = zi->length, .mnemonic = zi->mnemonic, .mem_base = 0xff, .mem_index = 0xff };
    memcpy(n->bytes, bytes, zi->length);
    fill_encoding(n, zi);
    for (int i = 0; i < zi->operand_count; i++) {
        if (zo[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            fill_register(n, zi, &zo[i]);
        else if (zo[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            fill_memory(n, zi, &zo[i]);
    }
    if (!x86_flags_of(zi, &n->flags_read, &n->flags_write))
        fill_special(n, zi); /* of quick.def there are none */
    if (may_fault(n, zi))
        n->attrs |= IR_INSN_FAULTS;
}
