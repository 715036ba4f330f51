/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/overwrite: which registers an instruction overwrites without
 * looking at them.
 *
 * The decoder counts a partial write as a read too, so what remains are: legacy SSE
 * instructions, which keep the upper half of the ymm but may write all of the lower
 * one, and those whose result is the same whatever is in the register (xor of a
 * register with itself).  Where in doubt the answer is that nothing is overwritten. */
#include "vex/vex.h"

enum prefix { NONE = 1, P66 = 2, PF3 = 4, PF2 = 8, MEMORY_ONLY = 16, SAME_ONLY = 32 };

/* Legacy SSE: by opcode, with which prefixes all 128 bits of ModRM.reg are written and not read. */
static const uint8_t map_0f[256] = {
    [0x10] = NONE | P66, [0x12] = PF3 | PF2, [0x16] = PF3, [0x28] = NONE | P66,
    [0x51] = NONE | P66, [0x52] = NONE, [0x53] = NONE, [0x57] = NONE | P66 | SAME_ONLY, [0x5a] = NONE | P66,
    [0x5b] = NONE | P66 | PF3, [0x6e] = P66, [0x6f] = P66 | PF3, [0x70] = P66 | PF3 | PF2,
    [0x74] = P66 | SAME_ONLY, [0x75] = P66 | SAME_ONLY, [0x76] = P66 | SAME_ONLY, [0x7e] = PF3,
    [0xe6] = P66 | PF3 | PF2, [0xef] = P66 | SAME_ONLY, [0xf0] = PF2,
    [0xf8] = P66 | SAME_ONLY, [0xf9] = P66 | SAME_ONLY, [0xfa] = P66 | SAME_ONLY, [0xfb] = P66 | SAME_ONLY,
};
static const uint8_t map_0f38[256] = {
    [0x1c] = P66, [0x1d] = P66, [0x1e] = P66,
    [0x20] = P66, [0x21] = P66, [0x22] = P66, [0x23] = P66, [0x24] = P66, [0x25] = P66,
    [0x30] = P66, [0x31] = P66, [0x32] = P66, [0x33] = P66, [0x34] = P66, [0x35] = P66,
};

static int register_of(const struct ir_insn *n) /* ModRM.reg */
{
    const int rex = n->attrs & IR_INSN_REX ? n->bytes[n->rex_off] : 0;
    return (n->bytes[n->modrm_off] >> 3 & 7) | (rex & 4) << 1;
}

static bool is_memory(const struct ir_insn *n) { return n->bytes[n->modrm_off] < 0xc0; }

/* Both operands are one register. */
static bool is_same(const struct ir_insn *n)
{
    const int rex = n->attrs & IR_INSN_REX ? n->bytes[n->rex_off] : 0;
    return !is_memory(n) && register_of(n) == ((n->bytes[n->modrm_off] & 7) | (rex & 1) << 3);
}

/* The mandatory prefix: F3 and F2 win over 66.  opcode: its first byte (0F). */
static int prefix_of(const struct ir_insn *n, int opcode)
{
    int found = NONE;
    for (int i = 0; i < opcode; i++) {
        if (n->bytes[i] == 0xf3 || n->bytes[i] == 0xf2)
            found = n->bytes[i] == 0xf3 ? PF3 : PF2;
        else if (n->bytes[i] == 0x66 && found == NONE)
            found = P66;
    }
    return found;
}

static bool legacy_vec(const struct ir_insn *n)
{
    const int at = n->modrm_off;
    if (at < 2)
        return false;
    const bool long_opcode = at >= 3 && n->bytes[at - 3] == 0x0f && n->bytes[at - 2] == 0x38;
    if (!long_opcode && n->bytes[at - 2] != 0x0f)
        return false;
    const uint8_t row = (long_opcode ? map_0f38 : map_0f)[n->bytes[at - 1]];
    const int prefix = prefix_of(n, at - (long_opcode ? 3 : 2));
    if (!long_opcode && n->bytes[at - 1] == 0x10 && prefix >= PF3)
        return is_memory(n); /* movss, movsd: from a register they merge */
    return row & prefix && (!(row & SAME_ONLY) || is_same(n));
}

/* XOR and SUB of a whole register with itself. */
static bool clears_gpr(const struct ir_insn *n)
{
    const int at = n->modrm_off;
    if (!at || n->vec_write || n->attrs & IR_INSN_X87 || (at >= 2 && n->bytes[at - 2] == 0x0f))
        return false;
    const uint8_t opcode = n->bytes[at - 1];
    if (opcode != 0x31 && opcode != 0x33 && opcode != 0x29 && opcode != 0x2b)
        return false;
    return is_same(n) && !(n->gpr_write & (n->gpr_write - 1)) && prefix_of(n, at - 1) == NONE;
}

/* Shifts by a count that may be 0, and repeated string instructions with rcx 0. */
bool insn_may_keep_flags(const struct ir_insn *n)
{
    if (n->vex_len)
        return false;
    if (!n->modrm_off) {
        const uint8_t opcode = n->len ? n->bytes[n->len - 1] : 0;
        if ((opcode & 0xfe) != 0xa6 && (opcode & 0xfe) != 0xae)
            return false;
        for (int i = 0; i < n->len - 1; i++)
            if (n->bytes[i] == 0xf2 || n->bytes[i] == 0xf3)
                return true;
        return false;
    }
    const uint8_t opcode = n->bytes[n->modrm_off - 1];
    const bool map1 = n->modrm_off >= 2 && n->bytes[n->modrm_off - 2] == 0x0f;
    const uint8_t count = n->imm_size ? n->bytes[n->imm_off] & 31 : 1;
    if (map1)
        return opcode == 0xa5 || opcode == 0xad || ((opcode == 0xa4 || opcode == 0xac) && count == 0);
    return opcode == 0xd2 || opcode == 0xd3 || ((opcode == 0xc0 || opcode == 0xc1) && count == 0);
}

uint64_t ir_insn_overwrites(const struct ir_insn *n)
{
    uint64_t mask = (uint16_t)(n->gpr_write & ~n->gpr_read);
    if (n->gpr_write && n->modrm_off && !n->vex_len && clears_gpr(n))
        mask |= n->gpr_write;
    if (n->vex_len && !(n->attrs & IR_INSN_EVEX))
        mask |= (uint64_t)(n->vec_write & ~n->vec_read & 0xffff) << 32;
    else if (!n->vex_len && n->modrm_off && n->vec_write && legacy_vec(n))
        mask |= (uint64_t)(n->vec_write & 1u << register_of(n)) << 32;
    if ((n->flags_write & IR_FLAGS_ARITH) == IR_FLAGS_ARITH && !n->flags_read && !insn_may_keep_flags(n))
        mask |= X86_ATT_FLAGS;
    return mask;
}
