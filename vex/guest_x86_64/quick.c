/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/quick: the usual instructions, decoded in a tenth of the full
 * decoder's time.  It fills only those fields that this folder reads:
 *
 *   instruction  mnemonic length encoding opcode_map opcode operand_width address_width operand counts
 *                attributes (HAS_MODRM, HAS_SIB, HAS_REX) cpu_flags, meta's category isa_ext,
 *                raw's prefixes rex modrm.offset sib.offset disp imm
 *   operand      type visibility actions encoding (MODRM_RM or not) size reg mem imm
 *
 * and leaves out the hidden operands rip and rflags.  At most one prefix of
 * 66 F2 F3, then REX: the rest is refused, as is what is cut off.  */
#include "quick.h"

/* Which operands there are.  O: register in the opcode; A: rax; Z: 16 or 32 bits; U: unsigned. */
enum form { FORM_FULL, FORM_RM_R, FORM_R_RM, FORM_R_M, FORM_M_R, FORM_RM, FORM_LEA, FORM_RM_IB, FORM_RM_IBU, FORM_RM_IZ, FORM_RM_1,
            FORM_RM_CL, FORM_MOV_IMM, FORM_R_RM_IB, FORM_R_RM_IZ, FORM_CALL_RM, FORM_PUSH_RM, FORM_GROUP, FORMS_WITH_MODRM,
            FORM_A_IB = FORMS_WITH_MODRM, FORM_A_IZ, FORM_O_IB, FORM_O_IV, FORM_PUSH_O, FORM_POP_O, FORM_PUSH_IB, FORM_PUSH_IZ,
            FORM_J8, FORM_J32, FORM_CALL_J, FORM_RET };
enum size { SIZE_0, SIZE_B, SIZE_W, SIZE_D, SIZE_Q, SIZE_V, SIZE_X, SIZE_X64, SIZE_X32 };
enum access { ACCESS_READ, ACCESS_SET, ACCESS_UPDATE, ACCESS_CONDITIONAL };
enum flags { FLAGS_NONE, FLAGS_ARITH, FLAGS_CARRY, FLAGS_BORROW, FLAGS_LOGIC, FLAGS_COUNT, FLAGS_SHIFT, FLAGS_ROTATE, FLAGS_IMUL, FLAGS_BIT,
             FLAGS_O, FLAGS_B, FLAGS_Z, FLAGS_BE, FLAGS_S, FLAGS_P, FLAGS_L, FLAGS_LE };
enum group { GROUP_ALU_B, GROUP_ALU_Z, GROUP_ALU_S, GROUP_SHIFT_B, GROUP_SHIFT_V, GROUP_SHIFT_B1, GROUP_SHIFT_V1, GROUP_SHIFT_BC,
             GROUP_SHIFT_VC, GROUP_UNARY_B, GROUP_UNARY_V, GROUP_CALLS, GROUPS };

struct row { uint16_t mnemonic; uint8_t form, a, b, access, flags, category, ext; };

static const ZydisAccessedFlags flag_sets[] = { /* tested, modified, set to 0, to 1, undefined */
    [FLAGS_ARITH] = { 0, 0x8d5, 0, 0, 0 }, [FLAGS_CARRY] = { 1, 0x8d5, 0, 0, 0 }, [FLAGS_BORROW] = { 1, 0x8c5, 0, 0, 0x10 }, [FLAGS_LOGIC] = { 0, 0xc4, 0x801, 0, 0x10 },
    [FLAGS_COUNT] = { 0, 0x8d4, 0, 0, 0 }, [FLAGS_SHIFT] = { 0, 0xc5, 0, 0, 0x810 }, [FLAGS_ROTATE] = { 0, 1, 0, 0, 0x800 },
    [FLAGS_IMUL] = { 0, 0x801, 0, 0, 0xd4 }, [FLAGS_BIT] = { 0, 1, 0, 0, 0x894 },
    [FLAGS_O] = { 0x800, 0, 0, 0, 0 }, [FLAGS_B] = { 1, 0, 0, 0, 0 }, [FLAGS_Z] = { 0x40, 0, 0, 0, 0 }, [FLAGS_BE] = { 0x41, 0, 0, 0, 0 },
    [FLAGS_S] = { 0x80, 0, 0, 0, 0 }, [FLAGS_P] = { 4, 0, 0, 0, 0 }, [FLAGS_L] = { 0x880, 0, 0, 0, 0 }, [FLAGS_LE] = { 0x8c0, 0, 0, 0, 0 },
};

/* The same as IR_FLAG_*: read, written. */
static const struct { uint8_t read, written; } ir_flag_sets[] = {
    [FLAGS_NONE] = { 0, 0 }, [FLAGS_ARITH] = { 0, 63 }, [FLAGS_CARRY] = { 1, 63 }, [FLAGS_BORROW] = { 1, 63 }, [FLAGS_LOGIC] = { 0, 63 },
    [FLAGS_COUNT] = { 0, 62 }, [FLAGS_SHIFT] = { 0, 63 }, [FLAGS_ROTATE] = { 0, 33 }, [FLAGS_IMUL] = { 0, 63 }, [FLAGS_BIT] = { 0, 63 - 8 },
    [FLAGS_O] = { 32, 0 }, [FLAGS_B] = { 1, 0 }, [FLAGS_Z] = { 8, 0 }, [FLAGS_BE] = { 9, 0 }, [FLAGS_S] = { 16, 0 }, [FLAGS_P] = { 2, 0 },
    [FLAGS_L] = { 48, 0 }, [FLAGS_LE] = { 56, 0 },
};

bool x86_quick_flags(const ZydisAccessedFlags *f, uint8_t *read, uint8_t *written)
{
    const uintptr_t distance = (uintptr_t)f - (uintptr_t)flag_sets;
    const size_t i = distance / sizeof *flag_sets;
    if (distance >= sizeof flag_sets)
        return false;
    *read = ir_flag_sets[i].read;
    *written = ir_flag_sets[i].written;
    return true;
}

/* ---- the tables ---- */
#define ROW(mnemonic, form, a, b, access, flags, category, ext) \
    { ZYDIS_MNEMONIC_##mnemonic, FORM_##form, SIZE_##a, SIZE_##b, ACCESS_##access, FLAGS_##flags, ZYDIS_CATEGORY_##category, ZYDIS_ISA_EXT_##ext }
#define EACH_CONDITION(X) X(0, O, O) X(1, NO, O) X(2, B, B) X(3, NB, B) X(4, Z, Z) X(5, NZ, Z) X(6, BE, BE) X(7, NBE, BE) \
    X(8, S, S) X(9, NS, S) X(10, P, P) X(11, NP, P) X(12, L, L) X(13, NL, L) X(14, LE, LE) X(15, NLE, LE)

#define LONGMODE(opcode, mnemonic, form, a, b, access, flags, category) \
    [opcode] = ROW(mnemonic, form, a, b, access, flags, category, LONGMODE),
#define ONE(opcode, mnemonic, form, a, b, access, flags, category) \
    [opcode] = ROW(mnemonic, form, a, b, access, flags, category, BASE),
#define ALU(base, mnemonic, access, flags, category) \
    ONE(base, mnemonic, RM_R, B, B, access, flags, category) ONE(base + 1, mnemonic, RM_R, V, V, access, flags, category) \
    ONE(base + 2, mnemonic, R_RM, B, B, access, flags, category) ONE(base + 3, mnemonic, R_RM, V, V, access, flags, category) \
    ONE(base + 4, mnemonic, A_IB, B, B, access, flags, category) ONE(base + 5, mnemonic, A_IZ, V, V, access, flags, category)
#define EIGHT(base, mnemonic, form, a, b, access, category) \
    ONE(base, mnemonic, form, a, b, access, NONE, category) ONE(base + 1, mnemonic, form, a, b, access, NONE, category) \
    ONE(base + 2, mnemonic, form, a, b, access, NONE, category) ONE(base + 3, mnemonic, form, a, b, access, NONE, category) \
    ONE(base + 4, mnemonic, form, a, b, access, NONE, category) ONE(base + 5, mnemonic, form, a, b, access, NONE, category) \
    ONE(base + 6, mnemonic, form, a, b, access, NONE, category) ONE(base + 7, mnemonic, form, a, b, access, NONE, category)
#define PUSHES(base, mnemonic, form, access) EIGHT(base, mnemonic, form, Q, 0, access, mnemonic)
#define MOVES(base, form, size) EIGHT(base, MOV, form, size, size, SET, DATAXFER)
#define JCC8(cc, name, flags) ONE(0x70 + cc, J##name, J8, Q, B, READ, flags, COND_BR)
#define JUMPS(base) EACH_CONDITION(JCC8)
#define GROUP_OF(opcode, group) [opcode] = { .form = FORM_GROUP, .a = GROUP_##group },
#define GROUP(...)
#define ALU_GROUP(...)
#define SHIFTS(...)
#define TWO(...)
#define CONDITIONS
static const struct row one_byte[256] = {
#include "quick.def"
};
#undef ONE
#undef LONGMODE
#undef ALU
#undef PUSHES
#undef MOVES
#undef JUMPS
#undef GROUP_OF
#undef GROUP
#undef ALU_GROUP
#undef SHIFTS
#define ONE(...)
#define LONGMODE(...)
#define ALU(...)
#define PUSHES(...)
#define MOVES(...)
#define JUMPS(...)
#define GROUP_OF(...)
#define GROUP(group, reg, mnemonic, form, a, b, access, flags, category) \
    [GROUP_##group][reg] = ROW(mnemonic, form, a, b, access, flags, category, BASE),
#define ALU_GROUP(group, form, size) \
    GROUP(group, 0, ADD, form, size, size, UPDATE, ARITH, BINARY) GROUP(group, 1, OR, form, size, size, UPDATE, LOGIC, LOGICAL) \
    GROUP(group, 2, ADC, form, size, size, UPDATE, CARRY, BINARY) GROUP(group, 3, SBB, form, size, size, UPDATE, BORROW, BINARY) \
    GROUP(group, 4, AND, form, size, size, UPDATE, LOGIC, LOGICAL) GROUP(group, 5, SUB, form, size, size, UPDATE, ARITH, BINARY) \
    GROUP(group, 6, XOR, form, size, size, UPDATE, LOGIC, LOGICAL) GROUP(group, 7, CMP, form, size, size, READ, ARITH, BINARY)
#define SHIFTS(group, form, size) \
    GROUP(group, 0, ROL, form, size, B, UPDATE, ROTATE, ROTATE) GROUP(group, 1, ROR, form, size, B, UPDATE, ROTATE, ROTATE) \
    GROUP(group, 4, SHL, form, size, B, UPDATE, SHIFT, SHIFT) GROUP(group, 5, SHR, form, size, B, UPDATE, SHIFT, SHIFT) \
    GROUP(group, 7, SAR, form, size, B, UPDATE, SHIFT, SHIFT)
static const struct row groups[GROUPS][8] = {
#include "quick.def"
};
#undef GROUP
#undef ALU_GROUP
#undef SHIFTS
#undef TWO
#undef CONDITIONS
#define GROUP(...)
#define ALU_GROUP(...)
#define SHIFTS(...)
#define TWO(prefix, opcode, mnemonic, form, a, b, access, flags, category, ext) \
    [prefix][opcode] = ROW(mnemonic, form, a, b, access, flags, category, ext),
#define CC_ROWS(cc, name, flags) TWO(0, 0x40 + cc, CMOV##name, R_RM, V, V, CONDITIONAL, flags, CMOV, BASE) \
    TWO(0, 0x80 + cc, J##name, J32, Q, D, READ, flags, COND_BR, BASE) TWO(0, 0x90 + cc, SET##name, RM, B, 0, SET, flags, SETCC, BASE)
#define CONDITIONS EACH_CONDITION(CC_ROWS)
static const struct row two_byte[4][256] = { /* no prefix, 66, F3, F2 */
#include "quick.def"
};

/* ---- reading ---- */
struct cursor {
    const uint8_t *p;
    unsigned at;
    uint8_t rex, prefix;   /* prefix: 0, 1 for 66, 2 for F3, 3 for F2 */
    uint8_t modrm;
    uint8_t width;         /* of SIZE_V, in bits */
};

static int64_t read_signed(const uint8_t *p, int bytes)
{
    switch (bytes) {
    case 1: return (int8_t)p[0];
    case 2: return (int16_t)(p[0] | p[1] << 8);
    case 4: { int32_t v; __builtin_memcpy(&v, p, 4); return v; }
    default: { int64_t v; __builtin_memcpy(&v, p, 8); return v; }
    }
}

static int size_bits(const struct cursor *k, int size)
{
    static const uint8_t bits[] = { [SIZE_B] = 8, [SIZE_W] = 16, [SIZE_D] = 32, [SIZE_Q] = 64, [SIZE_X] = 128, [SIZE_X64] = 64, [SIZE_X32] = 32 };
    return size == SIZE_V ? k->width : bits[size];
}

static ZydisRegister register_of(const struct cursor *k, int size, int number)
{
    switch (size) {
    case SIZE_B: return ZYDIS_REGISTER_AL + number + (k->rex && number >= 4 ? 4 : number >= 8 ? 4 : 0);
    case SIZE_W: return ZYDIS_REGISTER_AX + number;
    case SIZE_D: return ZYDIS_REGISTER_EAX + number;
    case SIZE_Q: return ZYDIS_REGISTER_RAX + number;
    case SIZE_V: return (k->width == 16 ? ZYDIS_REGISTER_AX : k->width == 32 ? ZYDIS_REGISTER_EAX : ZYDIS_REGISTER_RAX) + number;
    default: return ZYDIS_REGISTER_XMM0 + number;
    }
}

/* ---- operands ---- */
static void common(ZydisDecodedOperand *o, ZydisOperandType type, int bits, int actions)
{
    o->type = type;
    o->visibility = ZYDIS_OPERAND_VISIBILITY_EXPLICIT;
    o->encoding = ZYDIS_OPERAND_ENCODING_NONE;
    o->size = bits;
    o->actions = actions;
}

static void put_register(const struct cursor *k, ZydisDecodedOperand *o, int size, int number, int actions)
{
    common(o, ZYDIS_OPERAND_TYPE_REGISTER, size_bits(k, size), actions);
    o->reg.value = register_of(k, size, number);
}

static void put_immediate(ZydisDecodedOperand *o, int bits, int64_t v)
{
    common(o, ZYDIS_OPERAND_TYPE_IMMEDIATE, bits, ZYDIS_OPERAND_ACTION_READ);
    o->imm.value.s = v;
}

static void put_memory(ZydisDecodedOperand *o, int bits, int actions, ZydisRegister segment, ZydisRegister base)
{
    common(o, ZYDIS_OPERAND_TYPE_MEMORY, bits, actions);
    o->mem.type = ZYDIS_MEMOP_TYPE_MEM;
    o->mem.segment = segment;
    o->mem.base = base;
    o->mem.index = ZYDIS_REGISTER_NONE;
    o->mem.scale = 0;
    o->mem.disp.value = 0;
}

/* rsp and [rsp], as pushes and pops have them; two operands. */
static void put_stack(const struct cursor *k, ZydisDecodedOperand *o, int actions)
{
    put_register(k, o, SIZE_Q, 4, ZYDIS_OPERAND_ACTION_READWRITE);
    o->visibility = ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    put_memory(o + 1, 64, actions, ZYDIS_REGISTER_SS, ZYDIS_REGISTER_RSP);
    o[1].visibility = ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}

/* The place that ModRM names. */
static void put_rm(const struct cursor *k, ZydisDecodedOperand *o, const ZydisDecodedInstruction *zi, int size, int actions)
{
    const int mod = k->modrm >> 6;
    int base = k->modrm & 7;
    if (mod == 3)
        put_register(k, o, size, base | (k->rex & 1) << 3, actions);
    else {
        put_memory(o, size_bits(k, size), actions, ZYDIS_REGISTER_DS, ZYDIS_REGISTER_NONE);
        o->mem.disp.value = zi->raw.disp.size ? zi->raw.disp.value : 0;
        if (base == 4) {
            const uint8_t sib = k->p[zi->raw.sib.offset];
            const int index = (sib >> 3 & 7) | (k->rex & 2) << 2;
            base = sib & 7;
            if (index != 4) {
                o->mem.index = ZYDIS_REGISTER_RAX + index;
                o->mem.scale = 1 << (sib >> 6);
            }
            if (base != 5 || mod)
                o->mem.base = ZYDIS_REGISTER_RAX + (base | (k->rex & 1) << 3);
        } else if (base == 5 && !mod)
            o->mem.base = ZYDIS_REGISTER_RIP;
        else
            o->mem.base = ZYDIS_REGISTER_RAX + (base | (k->rex & 1) << 3);
        if (o->mem.base == ZYDIS_REGISTER_RSP || o->mem.base == ZYDIS_REGISTER_RBP)
            o->mem.segment = ZYDIS_REGISTER_SS;
    }
    o->encoding = ZYDIS_OPERAND_ENCODING_MODRM_RM;
}

static void put_reg(const struct cursor *k, ZydisDecodedOperand *o, int size, int actions)
{
    put_register(k, o, size, (k->modrm >> 3 & 7) | (k->rex & 4) << 1, actions);
}

/* Fills zo; returns how many, of which *visible are visible. */
static int put_operands(const struct cursor *k, const struct row *r, const ZydisDecodedInstruction *zi, ZydisDecodedOperand *zo, int *visible)
{
    static const uint8_t actions[] = { [ACCESS_READ] = ZYDIS_OPERAND_ACTION_READ, [ACCESS_SET] = ZYDIS_OPERAND_ACTION_WRITE,
                                       [ACCESS_UPDATE] = ZYDIS_OPERAND_ACTION_READWRITE, [ACCESS_CONDITIONAL] = ZYDIS_OPERAND_ACTION_CONDWRITE };
    const int first = actions[r->access], second = ZYDIS_OPERAND_ACTION_READ;
    const int in_opcode = (zi->opcode & 7) | (k->rex & 1) << 3;
    const int64_t imm = zi->raw.imm[0].value.s;
    const int imm_bits = zi->raw.imm[0].size;

    *visible = 2;
    switch (r->form) {
    case FORM_RM_R: case FORM_M_R:
        put_rm(k, &zo[0], zi, r->a, first);
        put_reg(k, &zo[1], r->b, second);
        return 2;
    case FORM_R_RM: case FORM_R_M:
        put_reg(k, &zo[0], r->a, first);
        put_rm(k, &zo[1], zi, r->b, second);
        return 2;
    case FORM_LEA:
        put_reg(k, &zo[0], r->a, first);
        put_rm(k, &zo[1], zi, SIZE_Q, 0);
        zo[1].mem.type = ZYDIS_MEMOP_TYPE_AGEN;
        return 2;
    case FORM_RM:
        put_rm(k, &zo[0], zi, r->a, first);
        return *visible = 1;
    case FORM_RM_IB: case FORM_RM_IBU: case FORM_RM_IZ: case FORM_MOV_IMM:
        put_rm(k, &zo[0], zi, r->a, first);
        put_immediate(&zo[1], imm_bits, imm);
        return 2;
    case FORM_RM_1:
        put_rm(k, &zo[0], zi, r->a, first);
        put_immediate(&zo[1], 8, 1);
        zo[1].visibility = ZYDIS_OPERAND_VISIBILITY_IMPLICIT;
        return 2;
    case FORM_RM_CL:
        put_rm(k, &zo[0], zi, r->a, first);
        put_register(k, &zo[1], SIZE_B, 1, second);
        zo[1].visibility = ZYDIS_OPERAND_VISIBILITY_IMPLICIT;
        return 2;
    case FORM_R_RM_IB: case FORM_R_RM_IZ:
        put_reg(k, &zo[0], r->a, first);
        put_rm(k, &zo[1], zi, r->b, second);
        put_immediate(&zo[2], imm_bits, imm);
        return *visible = 3;
    case FORM_A_IB: case FORM_A_IZ:
        put_register(k, &zo[0], r->a, 0, first);
        zo[0].visibility = ZYDIS_OPERAND_VISIBILITY_IMPLICIT;
        put_immediate(&zo[1], imm_bits, imm);
        return 2;
    case FORM_O_IB: case FORM_O_IV:
        put_register(k, &zo[0], r->a, in_opcode, first);
        put_immediate(&zo[1], imm_bits, imm);
        return 2;
    case FORM_PUSH_O: case FORM_POP_O:
        put_register(k, &zo[0], SIZE_Q, in_opcode, first);
        put_stack(k, &zo[1], r->form == FORM_PUSH_O ? ZYDIS_OPERAND_ACTION_WRITE : ZYDIS_OPERAND_ACTION_READ);
        *visible = 1;
        return 3;
    case FORM_PUSH_RM: case FORM_CALL_RM:
        put_rm(k, &zo[0], zi, SIZE_Q, first);
        put_stack(k, &zo[1], ZYDIS_OPERAND_ACTION_WRITE);
        *visible = 1;
        return 3;
    case FORM_PUSH_IB: case FORM_PUSH_IZ: case FORM_CALL_J:
        put_immediate(&zo[0], imm_bits, imm);
        put_stack(k, &zo[1], ZYDIS_OPERAND_ACTION_WRITE);
        *visible = 1;
        return 3;
    case FORM_J8: case FORM_J32:
        put_immediate(&zo[0], imm_bits, imm);
        return *visible = 1;
    default: /* FORM_RET */
        put_stack(k, &zo[0], ZYDIS_OPERAND_ACTION_READ);
        *visible = 0;
        return 2;
    }
}

/* ---- the encoding ---- */
static int immediate_bytes(const struct cursor *k, int form)
{
    switch (form) {
    case FORM_RM_IB: case FORM_RM_IBU: case FORM_R_RM_IB: case FORM_A_IB: case FORM_O_IB: case FORM_PUSH_IB: case FORM_J8:
        return 1;
    case FORM_RM_IZ: case FORM_R_RM_IZ: case FORM_A_IZ:
        return k->width == 16 ? 2 : 4;
    case FORM_PUSH_IZ: case FORM_J32: case FORM_CALL_J:
        return 4;
    case FORM_O_IV:
        return k->width / 8;
    default:
        return 0;
    }
}

/* SIB and displacement of a memory operand. */
static void scan_memory(struct cursor *k, ZydisDecodedInstruction *zi)
{
    const int mod = k->modrm >> 6, rm = k->modrm & 7;
    int bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    zi->raw.disp.size = 0;
    if (mod == 3)
        return;
    if (rm == 4) {
        zi->attributes |= ZYDIS_ATTRIB_HAS_SIB;
        zi->raw.sib.offset = k->at;
        if (!mod && (k->p[k->at] & 7) == 5)
            bytes = 4;
        k->at++;
    } else if (rm == 5 && !mod)
        bytes = 4;
    if (bytes) {
        zi->raw.disp.size = 8 * bytes;
        zi->raw.disp.offset = k->at;
        zi->raw.disp.value = read_signed(k->p + k->at, bytes);
        k->at += bytes;
    }
}

static void scan_immediate(struct cursor *k, ZydisDecodedInstruction *zi, const struct row *r)
{
    const int bytes = r->form == FORM_MOV_IMM ? (r->a == SIZE_B ? 1 : k->width == 16 ? 2 : 4) : immediate_bytes(k, r->form);
    zi->raw.imm[0].size = 8 * bytes;
    zi->raw.imm[1].size = 0;
    zi->raw.imm[0].is_relative = r->form == FORM_J8 || r->form == FORM_J32 || r->form == FORM_CALL_J;
    if (!bytes)
        return;
    zi->raw.imm[0].offset = k->at;
    zi->raw.imm[0].value.s = read_signed(k->p + k->at, bytes);
    if (r->form == FORM_RM_IBU)
        zi->raw.imm[0].value.u &= 0xff;
    k->at += bytes;
}

/* Prefixes up to the opcode. */
static void scan_prefixes(struct cursor *k, ZydisDecodedInstruction *zi)
{
    zi->raw.prefix_count = 0;
    switch (k->p[0]) {
    case 0x66: k->prefix = 1; break;
    case 0xf3: k->prefix = 2; break;
    case 0xf2: k->prefix = 3; break;
    }
    if (k->prefix)
        zi->raw.prefixes[zi->raw.prefix_count++].value = k->p[k->at++];
    zi->attributes = 0;
    if ((k->p[k->at] & 0xf0) == 0x40) {
        k->rex = k->p[k->at];
        zi->raw.rex.offset = k->at;
        zi->raw.rex.B = k->rex & 1;
        zi->attributes = ZYDIS_ATTRIB_HAS_REX;
        zi->raw.prefixes[zi->raw.prefix_count++].value = k->p[k->at++];
    }
    k->width = k->rex & 8 ? 64 : k->prefix == 1 ? 16 : 32;
}

/* The row of the opcode at k->at; k goes past it. */
static const struct row *find_row(struct cursor *k, ZydisDecodedInstruction *zi)
{
    const struct row *r;
    uint8_t op = k->p[k->at++];
    bool sized; /* a prefix 66 says the size of operands: nothing else then */

    zi->opcode_map = ZYDIS_OPCODE_MAP_DEFAULT;
    if (op == 0x0f) {
        op = k->p[k->at++];
        zi->opcode_map = ZYDIS_OPCODE_MAP_0F;
        r = &two_byte[k->prefix][op];
        if (k->prefix == 1 && !r->form)
            r = &two_byte[0][op];
        sized = r->a == SIZE_V || r->a == SIZE_X;
        if (k->prefix == 1 && r >= two_byte[0] && r < two_byte[1])
            sized = r->a == SIZE_V;
    } else {
        r = &one_byte[op];
        if (r->form == FORM_GROUP)
            r = &groups[r->a][k->p[k->at] >> 3 & 7];
        if (k->prefix > 1)
            return NULL;
        sized = r->a == SIZE_V && op != 0x63; /* MOVSXD then has a source of 16 bits */
    }
    zi->opcode = op;
    return r->form == FORM_FULL || (k->prefix == 1 && !sized) ? NULL : r;
}

static int operand_width(const struct cursor *k, const struct row *r)
{
    if (r->a >= SIZE_X)
        return k->rex & 8 ? 64 : 32;
    return size_bits(k, r->a);
}

bool x86_quick_decode(const uint8_t *bytes, size_t n, ZydisDecodedInstruction *zi, ZydisDecodedOperand *zo)
{
    struct cursor k = { .p = bytes };
    const struct row *r;
    int visible;

    if (n < 15) /* an instruction of at most 15 bytes is not cut off */
        return false;
    scan_prefixes(&k, zi);
    r = find_row(&k, zi);
    if (!r)
        return false;
    if (r->form < FORMS_WITH_MODRM) {
        zi->attributes |= ZYDIS_ATTRIB_HAS_MODRM;
        zi->raw.modrm.offset = k.at;
        k.modrm = k.p[k.at++];
        if ((r->form == FORM_R_M || r->form == FORM_M_R || r->form == FORM_LEA) && k.modrm >= 0xc0)
            return false;
        if (r->form == FORM_MOV_IMM && k.modrm & 0x38)
            return false;
        scan_memory(&k, zi);
    } else
        zi->raw.disp.size = 0;
    scan_immediate(&k, zi, r);
    zi->mnemonic = r->mnemonic;
    zi->length = k.at;
    zi->encoding = ZYDIS_INSTRUCTION_ENCODING_LEGACY;
    zi->operand_width = operand_width(&k, r);
    zi->address_width = 64;
    zi->cpu_flags = &flag_sets[r->flags];
    zi->meta.category = r->category;
    zi->meta.isa_ext = r->ext;
    if (zo) {
        zi->operand_count = put_operands(&k, r, zi, zo, &visible);
        zi->operand_count_visible = visible;
    }
    return true;
}
