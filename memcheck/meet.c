/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meet: see meet.h.  A decoder for the few instructions that stand between two
 * tests: loads, LEA, TEST, CMP, BT, jumps.  Intel SDM volume 2, appendix A.  */
#include "meet.h"

enum { BRANCHES_MAX = 4, INSNS_MAX = 24 };
enum { CF = 1, PF = 2, ZF = 4, SF = 8, OF = 16, ALL_FLAGS = 31 };

struct walk {
    uint64_t r[16], v[16]; /* registers and their V bits on this way */
    unsigned flags, undefined;
    const uint8_t *p;      /* current instruction's bytes left */
    size_t left;
    guest_addr pc;         /* after the bytes consumed */
    /* current instruction */
    int size;              /* operand size in bytes */
    unsigned rex;
    bool is_register;
    int reg, rm;           /* with REX bits */
    guest_addr address;
    uint64_t address_v;
    bool rip_relative;
    bool bad;
};

struct operand { uint64_t x, v; };

/* ---- bytes ---- */
static uint64_t take(struct walk *w, size_t n)
{
    uint64_t x = 0;
    if (w->left < n) {
        w->bad = true;
        return 0;
    }
    memcpy(&x, w->p, n);
    w->p += n;
    w->left -= n;
    w->pc += n;
    return x;
}

static int64_t take_signed(struct walk *w, size_t n)
{
    const int shift = 64 - 8 * (int)n;
    return (int64_t)(take(w, n) << shift) >> shift;
}

static uint64_t mask_of(int size) { return size == 8 ? ~0ull : (1ull << 8 * size) - 1; }

/* ---- operands ---- */
static void add_to_address(struct walk *w, int reg, int scale)
{
    w->address += w->r[reg] << scale;
    w->address_v |= w->v[reg];
}

static void take_modrm(struct walk *w)
{
    const unsigned modrm = (unsigned)take(w, 1), mod = modrm >> 6;
    w->reg = (int)((modrm >> 3 & 7) | (w->rex & 4) << 1);
    w->rm = (int)((modrm & 7) | (w->rex & 1) << 3);
    w->is_register = mod == 3;
    w->address = w->address_v = 0;
    w->rip_relative = false;
    if (w->is_register)
        return;
    bool no_base = false;
    if ((modrm & 7) == 4) {
        const unsigned sib = (unsigned)take(w, 1), base = sib & 7, index = (sib >> 3 & 7) | (w->rex & 2) << 2;
        no_base = base == 5 && !mod;
        if (!no_base)
            add_to_address(w, (int)(base | (w->rex & 1) << 3), 0);
        if (index != 4)
            add_to_address(w, (int)index, (int)(sib >> 6));
    } else if ((modrm & 7) == 5 && !mod) {
        w->rip_relative = no_base = true;
    } else
        add_to_address(w, w->rm, 0);
    if (mod == 1)
        w->address += (uint64_t)take_signed(w, 1);
    else if (mod == 2 || no_base)
        w->address += (uint64_t)take_signed(w, 4);
}

/* pc-relative addresses count from the next instruction; imm: bytes that follow. */
static void finish_address(struct walk *w, size_t imm)
{
    if (w->rip_relative)
        w->address += w->pc + imm;
}

static struct operand register_operand(struct walk *w, int reg)
{
    if (w->size == 1 && !w->rex && reg >= 4 && reg < 8) /* ah..bh */
        w->bad = true;
    return (struct operand){ w->r[reg] & mask_of(w->size), w->v[reg] & mask_of(w->size) };
}

static struct operand memory_operand(struct walk *w, int size)
{
    struct operand o = { 0, 0 };
    if (w->address_v || !ng_in_client(w->address) || !ng_in_client(w->address + 8) ||
        ng_read(&o.x, w->address, (size_t)size) != (size_t)size) {
        w->bad = true;
        return o;
    }
    for (int i = 0; i < size; i++) {
        uint8_t v;
        if (!shadow_get_byte(w->address + (unsigned)i, &v))
            w->bad = true;
        o.v |= (uint64_t)v << 8 * i;
    }
    return o;
}

static struct operand rm_operand(struct walk *w)
{
    return w->is_register ? register_operand(w, w->rm) : memory_operand(w, w->size);
}

static void write_register(struct walk *w, int reg, int size, struct operand o)
{
    if (size < 4) {
        w->bad = true; /* partial writes: not worth it */
        return;
    }
    w->r[reg] = o.x & mask_of(size);
    w->v[reg] = o.v & mask_of(size);
}

/* ---- flags ---- */
static void set_flags(struct walk *w, uint64_t result, uint64_t v, bool carry, bool overflow)
{
    const uint64_t mask = mask_of(w->size), sign = 1ull << (8 * w->size - 1);
    w->flags = (carry ? CF : 0) | (overflow ? OF : 0) | (result & mask ? 0 : ZF) | (result & sign ? SF : 0) |
               (__builtin_parity(result & 0xff) ? 0 : PF);
    w->undefined = (v & sign ? SF : 0) | (v & 0xff ? PF : 0) | (v && !(result & ~v & mask) ? ZF : 0);
}

static void do_test(struct walk *w, struct operand a, struct operand b)
{
    const uint64_t v = (a.v & (b.x | b.v)) | (b.v & a.x);
    set_flags(w, a.x & b.x, v, false, false);
}

static void do_compare(struct walk *w, struct operand a, struct operand b)
{
    const uint64_t d = a.x - b.x, sign = 1ull << (8 * w->size - 1), v = a.v | b.v;
    set_flags(w, d, v, a.x < b.x, ((a.x ^ b.x) & (a.x ^ d) & sign) != 0);
    if (v) /* equality is exact, the rest may all change */
        w->undefined = (ALL_FLAGS & ~ZF) | ((a.x ^ b.x) & ~v ? 0 : ZF);
}

/* 1, 0, or -1: depends on an undefined flag. */
static int condition(const struct walk *w, int cc)
{
    static const uint8_t reads[8] = { OF, CF, ZF, CF | ZF, SF, PF, SF | OF, SF | OF | ZF };
    const unsigned f = w->flags;
    const bool less = !(f & SF) != !(f & OF);
    const bool values[8] = { f & OF, f & CF, f & ZF, f & (CF | ZF), f & SF, f & PF, less, less || f & ZF };
    if (w->undefined & reads[cc >> 1])
        return -1;
    return values[cc >> 1] != (cc & 1);
}

/* ---- instructions ---- */
static struct operand immediate(struct walk *w, size_t bytes)
{
    return (struct operand){ (uint64_t)take_signed(w, bytes) & mask_of(w->size), 0 };
}

static void group_compare(struct walk *w, unsigned opcode) /* 80 81 83 /7 */
{
    const size_t imm = opcode == 0x81 ? (w->size > 4 ? 4 : (size_t)w->size) : 1;
    take_modrm(w);
    finish_address(w, imm);
    struct operand a = rm_operand(w), b = immediate(w, imm);
    if ((w->reg & 7) != 7)
        w->bad = true;
    do_compare(w, a, b);
}

static void group_test(struct walk *w) /* F6 F7 /0 */
{
    const size_t imm = w->size > 4 ? 4 : (size_t)w->size;
    take_modrm(w);
    if (w->reg & 7) {
        w->bad = true;
        return;
    }
    finish_address(w, imm);
    struct operand a = rm_operand(w);
    do_test(w, a, immediate(w, imm));
}

static void load_extended(struct walk *w, int from, bool is_signed)
{
    const int to = w->size;
    take_modrm(w);
    finish_address(w, 0);
    w->size = from;
    struct operand o = rm_operand(w);
    const int shift = 64 - 8 * from;
    if (is_signed) {
        o.x = (uint64_t)((int64_t)(o.x << shift) >> shift);
        o.v = (uint64_t)((int64_t)(o.v << shift) >> shift);
    }
    write_register(w, w->reg, to, o);
}

static void two_byte(struct walk *w)
{
    const unsigned op = (unsigned)take(w, 1);
    switch (op) {
    case 0xb6: load_extended(w, 1, false); break;
    case 0xb7: load_extended(w, 2, false); break;
    case 0xbe: load_extended(w, 1, true); break;
    case 0xbf: load_extended(w, 2, true); break;
    case 0x1f: take_modrm(w); break;
    case 0xba: { /* BT r/m, imm8 */
        take_modrm(w);
        finish_address(w, 1);
        struct operand a = rm_operand(w);
        const unsigned bit = (unsigned)take(w, 1) & (8u * (unsigned)w->size - 1);
        if ((w->reg & 7) != 4)
            w->bad = true;
        w->flags = (w->flags & ~CF) | (a.x >> bit & 1 ? CF : 0);
        w->undefined = (w->undefined & ZF) | (ALL_FLAGS & ~(CF | ZF)) | (a.v >> bit & 1 ? CF : 0);
        break;
    }
    default: w->bad = true;
    }
}

/* One instruction that is no jump. */
static void step(struct walk *w, unsigned op)
{
    struct operand a, b;
    switch (op) {
    case 0x0f: two_byte(w); return;
    case 0x90: return;
    case 0x38: case 0x39: case 0x3a: case 0x3b: case 0x84: case 0x85:
        take_modrm(w);
        finish_address(w, 0);
        a = rm_operand(w);
        b = register_operand(w, w->reg);
        if (op >= 0x84)
            do_test(w, a, b);
        else if (op & 2)
            do_compare(w, b, a);
        else
            do_compare(w, a, b);
        return;
    case 0x3c: case 0x3d: case 0xa8: case 0xa9:
        a = register_operand(w, 0);
        b = immediate(w, op & 1 ? (w->size > 4 ? 4 : (size_t)w->size) : 1);
        if (op >= 0xa8)
            do_test(w, a, b);
        else
            do_compare(w, a, b);
        return;
    case 0x80: case 0x81: case 0x83: group_compare(w, op); return;
    case 0xf6: case 0xf7: group_test(w); return;
    case 0x63: load_extended(w, 4, true); return;
    case 0x8b: /* loads only: a register copy would tell the ways apart */
        take_modrm(w);
        finish_address(w, 0);
        if (w->is_register)
            w->bad = true;
        else
            write_register(w, w->reg, w->size, memory_operand(w, w->size));
        return;
    case 0x8d:
        take_modrm(w);
        finish_address(w, 0);
        write_register(w, w->reg, w->size, (struct operand){ w->address, w->address_v ? ~0ull : 0 });
        return;
    default: w->bad = true;
    }
}

static bool is_byte_form(unsigned op)
{
    return op == 0x38 || op == 0x3a || op == 0x3c || op == 0x80 || op == 0x84 || op == 0xa8 || op == 0xf6;
}

/* Prefixes; the opcode. */
static unsigned begin(struct walk *w)
{
    unsigned op = (unsigned)take(w, 1);
    w->rex = 0;
    w->size = 4;
    if (op == 0x66) {
        w->size = 2;
        op = (unsigned)take(w, 1);
    }
    if ((op & 0xf0) == 0x40) {
        w->rex = op;
        if (op & 8)
            w->size = 8;
        op = (unsigned)take(w, 1);
    }
    if (is_byte_form(op))
        w->size = 1;
    return op;
}

/* Follows the code from w->pc until it arrives at `to` after at least one defined condition. */
static bool arrives(struct walk *w, guest_addr to)
{
    int branches = 0;
    for (int n = 0; n < INSNS_MAX && branches <= BRANCHES_MAX; n++) {
        uint8_t bytes[15];
        if (w->pc == to)
            return branches > 0;
        w->p = bytes;
        w->left = ng_read(bytes, w->pc, sizeof bytes);
        const unsigned op = begin(w);
        int cc = -1;
        if ((op & 0xf0) == 0x70)
            cc = op & 15;
        else if (op == 0x0f && w->left && (w->p[0] & 0xf0) == 0x80)
            cc = (int)take(w, 1) & 15;
        if (cc >= 0 || op == 0xeb || op == 0xe9) {
            const int64_t offset = take_signed(w, op == 0xeb || (op & 0xf0) == 0x70 ? 1 : 4);
            const int holds = cc < 0 ? 1 : condition(w, cc);
            if (w->bad || holds < 0)
                return false;
            branches += cc >= 0;
            w->pc += holds ? (uint64_t)offset : 0;
            continue;
        }
        step(w, op);
        if (w->bad)
            return false;
    }
    return false;
}

static bool way_arrives(struct ng_thread *t, guest_addr from, guest_addr to)
{
    struct walk w = { .pc = from, .undefined = ALL_FLAGS };
    const struct x86_state *s = ng_thread_state(t);
    for (int i = 0; i < 16; i++) {
        w.r[i] = ng_reg(t, X86_RAX + i);
        w.v[i] = s->v.gpr[i];
    }
    return arrives(&w, to);
}

bool ways_meet(struct ng_thread *t, guest_addr taken, guest_addr next)
{
    return t && taken != next && (way_arrives(t, next, taken) || way_arrives(t, taken, next));
}
