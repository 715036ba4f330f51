/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/vector: vector ops, by one table of three-operand AVX2
 * instructions and a few functions for the irregular ones. */
#include "vex/host_x86_64/emit.h"

#define N(x) X86_OP(0, 1, x)     /* no prefix, map 0F */
#define P1(x) X86_OP(1, 1, x)    /* 66 0F */
#define P2(x) X86_OP(1, 2, x)    /* 66 0F38 */
#define P3(x) X86_OP(1, 3, x)    /* 66 0F3A */

/* dst = a op b: opcode by element 8 16 32 64; 0 none. */
struct simple { uint32_t op[4]; };
static const struct simple binary[IR_OPCODES] = {
    [IR_VAND] = {{ P1(0xdb), P1(0xdb), P1(0xdb), P1(0xdb) }},
    [IR_VOR] = {{ P1(0xeb), P1(0xeb), P1(0xeb), P1(0xeb) }},
    [IR_VXOR] = {{ P1(0xef), P1(0xef), P1(0xef), P1(0xef) }},
    [IR_VANDN] = {{ P1(0xdf), P1(0xdf), P1(0xdf), P1(0xdf) }},
    [IR_VADD] = {{ P1(0xfc), P1(0xfd), P1(0xfe), P1(0xd4) }},
    [IR_VSUB] = {{ P1(0xf8), P1(0xf9), P1(0xfa), P1(0xfb) }},
    [IR_VADDSS] = {{ P1(0xec), P1(0xed) }},
    [IR_VADDUS] = {{ P1(0xdc), P1(0xdd) }},
    [IR_VSUBSS] = {{ P1(0xe8), P1(0xe9) }},
    [IR_VSUBUS] = {{ P1(0xd8), P1(0xd9) }},
    [IR_VMULLO] = {{ 0, P1(0xd5), P2(0x40) }},
    [IR_VMULHS] = {{ 0, P1(0xe5) }},
    [IR_VMULHU] = {{ 0, P1(0xe4) }},
    [IR_VMULHRS] = {{ 0, P2(0x0b) }},
    [IR_VMULEVENU] = {{ P1(0xf4), P1(0xf4), P1(0xf4), P1(0xf4) }},
    [IR_VMULEVENS] = {{ P2(0x28), P2(0x28), P2(0x28), P2(0x28) }},
    [IR_VMADDWD] = {{ P1(0xf5), P1(0xf5), P1(0xf5), P1(0xf5) }},
    [IR_VMADDUBSW] = {{ P2(0x04), P2(0x04), P2(0x04), P2(0x04) }},
    [IR_VSADBW] = {{ P1(0xf6), P1(0xf6), P1(0xf6), P1(0xf6) }},
    [IR_VAVGU] = {{ P1(0xe0), P1(0xe3) }},
    [IR_VMINU] = {{ P1(0xda), P2(0x3a), P2(0x3b) }},
    [IR_VMINS] = {{ P2(0x38), P1(0xea), P2(0x39) }},
    [IR_VMAXU] = {{ P1(0xde), P2(0x3e), P2(0x3f) }},
    [IR_VMAXS] = {{ P2(0x3c), P1(0xee), P2(0x3d) }},
    [IR_VSIGN] = {{ P2(0x08), P2(0x09), P2(0x0a) }},
    [IR_VHADD] = {{ 0, P2(0x01), P2(0x02) }},
    [IR_VHSUB] = {{ 0, P2(0x05), P2(0x06) }},
    [IR_VHADDSS] = {{ 0, P2(0x03) }},
    [IR_VHSUBSS] = {{ 0, P2(0x07) }},
    [IR_VCMPEQ] = {{ P1(0x74), P1(0x75), P1(0x76), P2(0x29) }},
    [IR_VCMPGT] = {{ P1(0x64), P1(0x65), P1(0x66), P2(0x37) }},
    [IR_VSHLC] = {{ 0, P1(0xf1), P1(0xf2), P1(0xf3) }},
    [IR_VSHRC] = {{ 0, P1(0xd1), P1(0xd2), P1(0xd3) }},
    [IR_VSARC] = {{ 0, P1(0xe1), P1(0xe2) }},
    [IR_VPACKSS] = {{ 0, P1(0x63), P1(0x6b) }},
    [IR_VPACKUS] = {{ 0, P1(0x67), P2(0x2b) }},
    [IR_VUNPACKLO] = {{ P1(0x60), P1(0x61), P1(0x62), P1(0x6c) }},
    [IR_VUNPACKHI] = {{ P1(0x68), P1(0x69), P1(0x6a), P1(0x6d) }},
    [IR_VSHUFB] = {{ P2(0x00), P2(0x00), P2(0x00), P2(0x00) }},
};
/* As above, with imm8 = imm. */
static const struct simple binary_imm[IR_OPCODES] = {
    [IR_VSHUFPS] = {{ N(0xc6), N(0xc6), N(0xc6), N(0xc6) }},
    [IR_VSHUFPD] = {{ P1(0xc6), P1(0xc6), P1(0xc6), P1(0xc6) }},
    [IR_VALIGNR] = {{ P3(0x0f), P3(0x0f), P3(0x0f), P3(0x0f) }},
    [IR_VBLENDI] = {{ 0, P3(0x0e), P3(0x02), P3(0x0d) }},
    [IR_VPERM128] = {{ P3(0x46), P3(0x46), P3(0x46), P3(0x46) }},
};
/* dst = op a, imm8 = imm. */
static const struct simple unary_imm[IR_OPCODES] = {
    [IR_VSHUF32] = {{ P1(0x70), P1(0x70), P1(0x70), P1(0x70) }},
    [IR_VSHUFLO16] = {{ X86_OP(3, 1, 0x70), X86_OP(3, 1, 0x70), X86_OP(3, 1, 0x70), X86_OP(3, 1, 0x70) }},
    [IR_VSHUFHI16] = {{ X86_OP(2, 1, 0x70), X86_OP(2, 1, 0x70), X86_OP(2, 1, 0x70), X86_OP(2, 1, 0x70) }},
    [IR_VPERMQI] = {{ P3(0x00) | X86_W, P3(0x00) | X86_W, P3(0x00) | X86_W, P3(0x00) | X86_W }},
};

static int element(int lane) { return lane >= IR_I8 && lane <= IR_I64 ? lane - IR_I8 : 0; }

static int length(struct emitter *e, int type)
{
    if (type != IR_V128 && type != IR_V256)
        emit_fail(e, -EINVAL);
    return type == IR_V256 ? 32 : 16;
}

static void imm8(struct emitter *e, int64_t v) { asm_imm(e->c, (uint64_t)v, 1); }

/* ---- shifts by a constant ---- */
static void shift_imm(struct emitter *e, int group, int element_bits, int l, int to, int from, int64_t count)
{
    const uint32_t op = P1(element_bits == 16 ? 0x71 : element_bits == 32 ? 0x72 : 0x73);
    asm_vrr(e->c, op, l, group, to, from);
    imm8(e, count < 0 || count > 255 ? 255 : count);
}

/* 8-bit elements: as 16-bit ones, and the bits that came over are masked off.
 * Arithmetic: (x >> n) with its sign bit spread by (x ^ m) - m, m = 0x80 >> n. */
static void shift_bytes(struct emitter *e, const struct ir_op *op, int l)
{
    const int a = vec_use(e, op->a), r = vec_def(e), t = vec_alloc(e);
    const bool left = op->op == IR_VSHLI, arithmetic = op->op == IR_VSARI;
    int n = op->imm < 0 || op->imm > 8 ? 8 : (int)op->imm;
    if (arithmetic && n == 8)
        n = 7;
    if (n == 8) {
        asm_vrr(e->c, P1(0xef), l, r, r, r);
        return;
    }
    shift_imm(e, left ? 6 : 2, 16, l, r, a, n);
    asm_vrr(e->c, P1(0x76), l, t, t, t);             /* ones */
    shift_imm(e, 2, 16, l, t, t, 8 + n);
    if (left)
        shift_imm(e, 6, 16, l, t, t, n);
    asm_vrr(e->c, P1(0x67), l, t, t, t);             /* packuswb: a byte everywhere */
    asm_vrr(e->c, P1(0xdb), l, r, r, t);
    if (!arithmetic)
        return;
    asm_vrr(e->c, P1(0x76), l, t, t, t);
    shift_imm(e, 2, 16, l, t, t, 15);
    shift_imm(e, 6, 16, l, t, t, 7 - n);
    asm_vrr(e->c, P1(0x67), l, t, t, t);
    asm_vrr(e->c, P1(0xef), l, r, r, t);
    asm_vrr(e->c, P1(0xf8), l, r, r, t);
}

/* 64-bit arithmetic shift: logical, and copies of the sign put above. */
static void shift_sar64(struct emitter *e, const struct ir_op *op, int l)
{
    const int a = vec_use(e, op->a), r = vec_def(e), t = vec_alloc(e);
    const int64_t n = op->imm < 0 || op->imm > 63 ? 63 : op->imm;
    asm_vrr(e->c, P1(0xef), l, t, t, t);
    asm_vrr(e->c, P2(0x37), l, t, t, a);             /* 0 > a */
    if (n == 0) {
        asm_vmov_rr(e->c, l, r, a);
        return;
    }
    shift_imm(e, 2, 64, l, r, a, n);
    shift_imm(e, 6, 64, l, t, t, 64 - n);
    asm_vrr(e->c, P1(0xeb), l, r, r, t);
}

static void emit_shift_const(struct emitter *e, const struct ir_op *op, int l)
{
    const int group = op->op == IR_VSHLI ? 6 : op->op == IR_VSHRI ? 2 : 4;
    if (op->lane == IR_I8) {
        shift_bytes(e, op, l);
    } else if (op->lane == IR_I64 && group == 4) {
        shift_sar64(e, op, l);
    } else if (op->lane < IR_I16 || op->lane > IR_I64) {
        emit_fail(e, -EINVAL);
    } else {
        const int a = vec_use(e, op->a);
        shift_imm(e, group, 8 * ir_type_bytes(op->lane), l, vec_def(e), a, op->imm);
    }
}

/* ---- elements ---- */
static void emit_insert(struct emitter *e, const struct ir_op *op)
{
    static const uint32_t opcode[4] = { P3(0x20), P1(0xc4), P3(0x22), P3(0x22) | X86_W };
    const int l = length(e, op->type), bytes = ir_type_bytes(op->lane), at = (int)op->imm * bytes;
    const int a = vec_use(e, op->a), v = gpr_use(e, op->b), r = vec_def(e);
    const uint32_t o = opcode[element(op->lane)];
    if (l == 16) {
        asm_vrr(e->c, o, 16, r, a, v);
        imm8(e, op->imm);
        return;
    }
    const int half = vec_alloc(e), high = at >= 16;
    asm_vrr(e->c, P3(0x39), 32, a, 0, half);         /* vextracti128 */
    imm8(e, high);
    asm_vrr(e->c, o, 16, half, half, v);
    imm8(e, at % 16 / bytes);
    if (high) {
        asm_vrr(e->c, P3(0x38), 32, r, a, half);     /* vinserti128 */
        imm8(e, 1);
    } else {
        asm_vrr(e->c, P3(0x02), 32, r, a, half);     /* vpblendd: low half from half */
        imm8(e, 0x0f);
    }
}

static void emit_extract(struct emitter *e, const struct ir_op *op)
{
    static const uint32_t opcode[4] = { P3(0x14), P3(0x15), P3(0x16), P3(0x16) | X86_W };
    const int bytes = ir_type_bytes(op->type), at = (int)op->imm * bytes;
    int a = vec_use(e, op->a);
    if (type_is_vec(op->type)) {
        asm_vrr(e->c, P3(0x39), 32, a, 0, vec_def(e));
        imm8(e, at >= 16);
        return;
    }
    if (at >= 16) {
        const int half = vec_alloc(e);
        asm_vrr(e->c, P3(0x39), 32, a, 0, half);
        imm8(e, 1);
        a = half;
    }
    const int r = gpr_def(e);
    if (at % 16 == 0 && bytes >= 4) {
        asm_vrr(e->c, P1(0x7e) | (bytes == 8 ? X86_W : 0), 16, a, 0, r); /* vmovd, vmovq */
        return;
    }
    asm_vrr(e->c, opcode[element(op->type)], 16, a, 0, r);
    imm8(e, at % 16 / bytes);
}

static void from_gpr(struct emitter *e, int bytes, int to, int from)
{
    asm_vrr(e->c, P1(0x6e) | (bytes == 8 ? X86_W : 0), 16, to, 0, from);
}

/* A constant of one byte all over, in the pool: its number. */
static uint32_t pool_splat(struct emitter *e, uint8_t byte)
{
    uint8_t bytes[32];
    memset(bytes, byte, sizeof bytes);
    for (uint32_t n = 0; n < e->n_pool; n++)
        if (!memcmp(e->pool[n].bytes, bytes, sizeof bytes))
            return n;
    const uint32_t n = EMIT_ARRAY(e->pool, e->n_pool, e->cap_pool);
    memcpy(e->pool[n].bytes, bytes, sizeof bytes);
    return n;
}

static void emit_splat(struct emitter *e, const struct ir_op *op, int l)
{
    static const uint32_t opcode[4] = { P2(0x78), P2(0x79), P2(0x58), P2(0x59) };
    int64_t k;
    if (value_const(e, op->a, &k) && (uint64_t)k == 0x0101010101010101u * (uint8_t)k) {
        emit_fixup(e, asm_vrm_rip(e->c, X86_OP(2, 1, 0x6f), l, vec_def(e), 0), TO_POOL, 32 * pool_splat(e, (uint8_t)k));
        return;
    }
    const int v = gpr_use(e, op->a), r = vec_def(e);
    from_gpr(e, ir_type_bytes(op->lane), r, v);
    asm_vrr(e->c, opcode[element(op->lane)], l, r, 0, r);
}

static void emit_vzext(struct emitter *e, const struct ir_op *op)
{
    if (type_is_vec(op->lane)) {
        const int a = vec_use(e, op->a);
        asm_vmov_rr(e->c, ir_type_bytes(op->lane) == 16 ? 16 : 32, vec_def(e), a);
        return;
    }
    const int bytes = ir_type_bytes(op->lane);
    int v = gpr_use(e, op->a);
    if (bytes < 4) {
        const int wide = gpr_alloc(e);
        asm_rr(e->c, X86_OP(0, 1, bytes == 1 ? 0xb6 : 0xb7) | (bytes == 1 ? X86_RM8 : 0), 4, wide, v);
        v = wide;
    }
    from_gpr(e, bytes, vec_def(e), v);
}

static void emit_vtrunc(struct emitter *e, const struct ir_op *op)
{
    if (type_is_vec(op->type)) {
        value_define_alias(e, op->a);
        return;
    }
    const int a = vec_use(e, op->a), r = gpr_def(e);
    asm_vrr(e->c, P1(0x7e) | (op->type == IR_I64 ? X86_W : 0), 16, a, 0, r);
    if (op->type == IR_I1) {
        flags_clobber(e);
        asm_alu_ri(e->c, 4, 4, r, 1);
    }
}

static void emit_widen(struct emitter *e, const struct ir_op *op, int l)
{
    /* pmovsx bw bd bq wd wq dq are 20-25; pmovzx 30-35 */
    static const uint8_t opcode[4][4] = { { 0, 0, 1, 2 }, { 0, 0, 3, 4 }, { 0, 0, 0, 5 } };
    const int from = element(op->lane), to = element((int)op->imm), a = vec_use(e, op->a);
    if (to <= from)
        emit_fail(e, -EINVAL);
    const int code = from == 0 && to == 1 ? 0 : opcode[from][to];
    asm_vrr(e->c, P2((op->op == IR_VSEXTLANES ? 0x20 : 0x30) + code), l, vec_def(e), 0, a);
}

static void emit_movmsk(struct emitter *e, const struct ir_op *op)
{
    const int l = length(e, (int)op->imm);
    int a = vec_use(e, op->a);
    if (op->lane == IR_I16) { /* sign bytes together, then drop the doubles */
        const int t = vec_alloc(e);
        asm_vrr(e->c, P1(0x63), l, t, a, a);
        const int mask = gpr_alloc(e), r = gpr_def(e);
        asm_vrr(e->c, P1(0xd7), l, r, 0, t);
        asm_mov_imm(e->c, mask, 0x00ff00ff);
        asm_vrr(e->c, X86_OP(2, 2, 0xf5), 16, r, r, mask); /* pext */
        return;
    }
    const uint32_t opcode = op->lane == IR_I32 ? N(0x50) : op->lane == IR_I64 ? P1(0x50) : P1(0xd7);
    asm_vrr(e->c, opcode, l, gpr_def(e), 0, a);
}

static void emit_vconst(struct emitter *e, const struct ir_op *op, int l)
{
    const int r = vec_def(e);
    const uint64_t all = l == 32 ? 0xffffffffu : 0xffffu, mask = (uint64_t)op->imm & all;
    if (mask == 0) {
        asm_vrr(e->c, P1(0xef), 16, r, r, r);
        return;
    }
    if (mask == all) {
        asm_vrr(e->c, P1(0x76), l, r, r, r);
        return;
    }
    const uint32_t n = EMIT_ARRAY(e->pool, e->n_pool, e->cap_pool);
    for (int i = 0; i < 32; i++)
        e->pool[n].bytes[i] = mask >> i & 1 ? 0xff : 0;
    emit_fixup(e, asm_vrm_rip(e->c, X86_OP(2, 1, 0x6f), l, r, 0), TO_POOL, 32 * n);
}

static void emit_blendv(struct emitter *e, const struct ir_op *op, int l)
{
    const int a = vec_use(e, op->a), b = vec_use(e, op->b);
    int mask = vec_use(e, op->c);
    if (op->lane == IR_I16) {
        const int t = vec_alloc(e);
        shift_imm(e, 4, 16, l, t, mask, 15);
        mask = t;
    }
    const uint32_t opcode = P3(op->lane == IR_I32 ? 0x4a : op->lane == IR_I64 ? 0x4b : 0x4c);
    asm_vrr(e->c, opcode, l, vec_def(e), a, b);
    imm8(e, mask << 4);
}

int emit_vector_condition(struct emitter *e, const struct ir_op *op)
{
    const int l = length(e, op->lane);
    int a = vec_use(e, op->a);
    if (op->op == IR_HASBYTE) {
        const int t = vec_alloc(e);
        emit_fixup(e, asm_vrm_rip(e->c, P1(0x74), l, t, a), TO_POOL, 32 * pool_splat(e, (uint8_t)op->imm)); /* vpcmpeqb */
        a = t;
    }
    asm_vrr(e->c, P2(0x17), l, a, 0, a);                                          /* vptest */
    return CC_NE;
}

static void emit_any(struct emitter *e, const struct ir_op *op)
{
    flags_clobber(e);
    const int cc = emit_vector_condition(e, op);
    asm_rr(e->c, X86_OP(0, 1, 0x90 | cc), 1, 0, gpr_def(e));
}

static bool emit_irregular(struct emitter *e, const struct ir_op *op, int l)
{
    static const uint8_t variable[3] = { 0x47, 0x45, 0x46 };
    switch (op->op) {
    case IR_VCONST:
        emit_vconst(e, op, l);
        return true;
    case IR_VSHLI: case IR_VSHRI: case IR_VSARI:
        emit_shift_const(e, op, l);
        return true;
    case IR_VBYTESHL: case IR_VBYTESHR: {
        const int a = vec_use(e, op->a);
        shift_imm(e, op->op == IR_VBYTESHL ? 7 : 3, 64, l, vec_def(e), a, op->imm);
        return true;
    }
    case IR_VSHLV: case IR_VSHRV: case IR_VSARV: {
        const int a = vec_use(e, op->a), b = vec_use(e, op->b);
        asm_vrr(e->c, P2(variable[op->op - IR_VSHLV]) | (op->lane == IR_I64 ? X86_W : 0), l, vec_def(e), a, b);
        return true;
    }
    case IR_VABS: {
        const int a = vec_use(e, op->a);
        asm_vrr(e->c, P2(0x1c + element(op->lane)), l, vec_def(e), 0, a);
        return true;
    }
    case IR_VPERMD: {
        const int a = vec_use(e, op->a), b = vec_use(e, op->b);
        asm_vrr(e->c, P2(0x36), 32, vec_def(e), b, a);
        return true;
    }
    case IR_VBLENDV:
        emit_blendv(e, op, l);
        return true;
    case IR_VSPLAT:
        emit_splat(e, op, l);
        return true;
    case IR_VCONCAT: {
        const int a = vec_use(e, op->a), b = vec_use(e, op->b);
        asm_vrr(e->c, P3(0x38), 32, vec_def(e), a, b);
        imm8(e, 1);
        return true;
    }
    case IR_VHIGH: {
        const int a = vec_use(e, op->a);
        asm_vrr(e->c, P3(0x39), 32, a, 0, vec_def(e));
        imm8(e, 1);
        return true;
    }
    case IR_VZEXTLANES: case IR_VSEXTLANES:
        emit_widen(e, op, l);
        return true;
    default:
        return false;
    }
}

bool emit_vector(struct emitter *e, const struct ir_op *op)
{
    switch (op->op) { /* those whose op.type is no vector, or may be none */
    case IR_VEXTRACT: emit_extract(e, op); return true;
    case IR_VTRUNC: emit_vtrunc(e, op); return true;
    case IR_VMOVMSK: emit_movmsk(e, op); return true;
    case IR_VANY: emit_any(e, op); return true;
    case IR_HASBYTE:
        if (!type_is_vec(op->lane))
            return false;
        emit_any(e, op);
        return true;
    case IR_VINSERT: emit_insert(e, op); return true;
    case IR_VZEXT: emit_vzext(e, op); return true;
    }
    const int k = element(op->lane);
    uint32_t o;
    if ((o = binary[op->op].op[k])) {
        const int l = length(e, op->type), a = vec_use(e, op->a), b = vec_use(e, op->b);
        asm_vrr(e->c, o, l, vec_def(e), a, b);
        return true;
    }
    if ((o = binary_imm[op->op].op[k])) {
        const int l = length(e, op->type), a = vec_use(e, op->a), b = vec_use(e, op->b);
        asm_vrr(e->c, o, l, vec_def(e), a, b);
        imm8(e, op->imm);
        return true;
    }
    if ((o = unary_imm[op->op].op[k])) {
        const int l = length(e, op->type), a = vec_use(e, op->a);
        asm_vrr(e->c, o, l, vec_def(e), 0, a);
        imm8(e, op->imm);
        return true;
    }
    return type_is_vec(op->type) && emit_irregular(e, op, length(e, op->type));
}
