/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/native: a guest instruction executed as itself.
 *
 * Its bytes are copied but for memory operands that mean something else here:
 *   [rip + x]     becomes [absolute disp32], or [scratch] above 2 GiB
 *   fs: and gs:   become [scratch + ...], scratch = the guest's segment base
 * A scratch is one of the first eight registers, so that no REX prefix has to be
 * put before an instruction that uses ah..bh, and a two-byte VEX prefix will do. */
#include "vex/host_x86_64/emit.h"

struct native {
    const struct ir_insn *n;
    uint16_t gprs, gpr_write, vecs, vec_write;
    int new_base;         /* scratch that replaces the base, REG_NONE: no change */
    bool absolute;        /* disp32 alone */
    bool plain;           /* [new_base] is the whole address */
    bool drop_seg, drop_asz;
    int32_t disp;
    int adjusted;         /* string instruction with a segment: register moved by the base, REG_NONE none */
    int adjust_by;
};

/* Saves or restores all vector registers, which the decoder does not list. */
static bool touches_all_vectors(const struct ir_insn *n)
{
    if (n->vex_len)
        return !n->modrm_off && n->bytes[n->len - 1] == 0x77; /* vzeroall, vzeroupper */
    if (n->modrm_off < 2 || n->bytes[n->modrm_off - 2] != 0x0f || n->bytes[n->modrm_off] >= 0xc0)
        return false;
    const uint8_t opcode = n->bytes[n->modrm_off - 1], reg = n->bytes[n->modrm_off] >> 3 & 7;
    return (opcode == 0xae && (reg < 2 || (reg >= 4 && reg <= 6))) || (opcode == 0xc7 && reg >= 3 && reg <= 5);
}

static bool is_lea(const struct ir_insn *n)
{
    return n->modrm_off && !n->vex_len && n->bytes[n->modrm_off - 1] == 0x8d &&
           (n->modrm_off < 2 || n->bytes[n->modrm_off - 2] != 0x0f);
}

static bool has_index(const struct ir_insn *n)
{
    return n->mem_index != 0xff || n->attrs & IR_INSN_VSIB;
}

static void load_segment(struct emitter *e, int r, int seg)
{
    asm_load(e->c, 8, r, state_mem(e, seg == IR_SEG_FS ? STATE(fs_base) : STATE(gs_base)));
}

static void prepare_segment(struct emitter *e, struct native *t)
{
    const struct ir_insn *n = t->n;
    const int s = gpr_alloc_low(e);
    t->drop_seg = true;
    load_segment(e, s, n->mem_seg);
    if (!n->modrm_off) {
        if (n->mem_base == 0xff)                    /* mov moffs */
            t->new_base = s;
        else {                                      /* lods movs cmps outs xlat */
            t->adjusted = n->mem_base;
            t->adjust_by = s;
        }
        return;
    }
    t->new_base = s;
    t->disp = (int32_t)n->disp;
    if (n->rip_relative) {
        const int k = gpr_alloc(e);
        asm_mov_imm(e->c, k, (uint64_t)n->disp);
        asm_lea(e->c, 8, s, (struct asm_mem){ 0, s, k, 0, 0 });
        t->plain = true;
        gpr_unpin(e, k);
    } else if (n->asz_off && !(n->attrs & IR_INSN_VSIB)) { /* the offset wraps at 32 bits, the sum does not */
        const int k = gpr_alloc(e);
        const struct asm_mem m = { 0, n->mem_base, n->mem_index, n->mem_scale, t->disp };
        if (m.base == REG_NONE && m.index == REG_NONE)
            asm_mov_imm(e->c, k, (uint32_t)t->disp);
        else
            asm_lea(e->c, 4, k, m);
        asm_lea(e->c, 8, s, (struct asm_mem){ 0, s, k, 0, 0 });
        t->plain = t->drop_asz = true;
        gpr_unpin(e, k);
    } else if (n->mem_base != 0xff) {
        asm_lea(e->c, 8, s, (struct asm_mem){ 0, s, n->mem_base, 0, 0 });
    }
}

/* Decides how the memory operand is written; emits what must come before. */
static void prepare(struct emitter *e, struct native *t)
{
    const struct ir_insn *n = t->n;
    const bool memory = n->modrm_off ? n->bytes[n->modrm_off] < 0xc0 : n->mem_seg != IR_SEG_NONE;
    t->new_base = t->adjusted = REG_NONE;
    if (!memory)
        return;
    if (n->mem_seg != IR_SEG_NONE && !is_lea(n)) {
        prepare_segment(e, t);
    } else if (n->rip_relative && (uint64_t)n->disp < 0x80000000u && n->len < 15) {
        t->absolute = true;
        t->disp = (int32_t)n->disp;
    } else if (n->rip_relative) {
        t->new_base = gpr_alloc_low(e);
        t->plain = true;
        asm_mov_imm(e->c, t->new_base, (uint64_t)n->disp);
    }
}

/* Prefixes and opcode: all bytes before ModRM, with the extension bits of the new operand. */
static void emit_before_modrm(struct asm_buf *c, const struct native *t, bool index)
{
    const struct ir_insn *n = t->n;
    for (int i = 0; i < n->modrm_off; i++) {
        uint8_t v = n->bytes[i];
        if ((t->drop_seg && i == n->seg_off - 1) || (t->drop_asz && i == n->asz_off - 1))
            continue;
        if (n->attrs & IR_INSN_REX && i == n->rex_off)
            v &= index ? ~1 : ~3;
        if (n->vex_len >= 3 && i == n->vex_off + 1)
            v |= index ? 0x20 : 0x60;
        asm_byte(c, v);
    }
}

static void emit_with_modrm(struct emitter *e, const struct native *t)
{
    const struct ir_insn *n = t->n;
    struct asm_buf *c = e->c;
    const uint8_t modrm = n->bytes[n->modrm_off], mod = modrm >> 6, rm = modrm & 7;
    const bool sib = rm == 4;
    const uint8_t old_sib = sib ? n->bytes[n->modrm_off + 1] : 0;
    const int disp_size = mod == 1 ? 1 : mod == 2 || rm == 5 || (sib && (old_sib & 7) == 5) ? 4 : 0;
    if (t->absolute) {
        emit_before_modrm(c, t, false);
        asm_byte(c, (modrm & 0x38) | 4);
        asm_byte(c, 0x25);
        asm_imm(c, (uint32_t)t->disp, 4);
    } else {
        const bool index = !t->plain && has_index(n), small = t->disp == (int8_t)t->disp && !(n->attrs & IR_INSN_EVEX);
        const int32_t disp = t->plain ? 0 : t->disp;
        const int new_mod = disp == 0 && t->new_base != RBP ? 0 : small || disp == 0 ? 1 : 2;
        emit_before_modrm(c, t, index);
        asm_byte(c, new_mod << 6 | (modrm & 0x38) | (index ? 4 : t->new_base));
        if (index)
            asm_byte(c, (old_sib & 0xf8) | t->new_base);
        if (new_mod)
            asm_imm(c, (uint32_t)disp, new_mod == 1 ? 1 : 4);
    }
    for (int i = n->modrm_off + 1 + sib + disp_size; i < n->len; i++)
        asm_byte(c, n->bytes[i]);
}

/* mov al/eax/rax, fs:[moffs] and back. */
static void emit_moffs(struct emitter *e, const struct native *t)
{
    const struct ir_insn *n = t->n;
    const int asz = n->asz_off ? 4 : 8;
    const uint8_t opcode = n->bytes[n->len - asz - 1];
    uint64_t offset = 0;
    memcpy(&offset, n->bytes + n->len - asz, asz);
    int size = opcode & 1 ? 4 : 1;
    for (int i = 0; i < n->len - asz - 1 && size > 1; i++) {
        if (n->bytes[i] == 0x66 && size != 8)
            size = 2;
        if ((n->bytes[i] & 0xf8) == 0x48)
            size = 8;
    }
    struct asm_mem m = { 0, t->new_base, REG_NONE, 0, (int32_t)offset };
    if ((int64_t)offset != (int32_t)offset) {
        m.index = gpr_alloc(e);
        m.disp = 0;
        asm_mov_imm(e->c, m.index, offset);
    }
    emit_side(e);
    asm_rm(e->c, opcode < 0xa2 ? (size == 1 ? 0x8a : 0x8b) : (size == 1 ? 0x88 : 0x89), size, RAX, m);
}

static void emit_bytes(struct emitter *e, const struct native *t)
{
    const struct ir_insn *n = t->n;
    struct asm_buf *c = e->c;
    if (!n->modrm_off && t->new_base != REG_NONE) {
        emit_moffs(e, t);
        return;
    }
    if (t->adjusted != REG_NONE) {
        guest_sync_gpr(e, t->adjusted);
        asm_lea(c, 8, t->adjusted, (struct asm_mem){ 0, t->adjusted, t->adjust_by, 0, 0 });
        hold_nothing(&e->g, t->adjusted); /* at a fault the state's image counts */
        emit_side(e);
        hold_guest(&e->g, t->adjusted);
        asm_need(c);
        for (int i = 0; i < n->len; i++)
            if (i != n->seg_off - 1)
                asm_byte(c, n->bytes[i]);
        asm_rr(c, 0xf7, 8, 2, t->adjust_by); /* not */
        asm_lea(c, 8, t->adjusted, (struct asm_mem){ 0, t->adjusted, t->adjust_by, 0, 1 });
        return;
    }
    emit_side(e);
    asm_need(c);
    if (t->absolute || t->new_base != REG_NONE) {
        emit_with_modrm(e, t);
        return;
    }
    memcpy(c->p + c->n, n->bytes, 15);
    c->n += n->len;
}

/* Guest registers into the host's, and values out of them. */
static void bring_home(struct emitter *e, struct native *t)
{
    e->g_pin |= t->gprs;
    e->v_pin |= t->vecs;
    for (uint16_t m = t->gprs & e->g.value; m; m &= m - 1)
        gpr_take(e, __builtin_ctz(m));
    for (uint16_t m = t->gpr_write; m; m &= m - 1)
        guest_written_gpr(e, __builtin_ctz(m));
    for (uint16_t m = t->vec_write; m; m &= m - 1)
        guest_written_vec(e, __builtin_ctz(m));
    for (uint16_t m = t->gprs & ~e->g.guest; m; m &= m - 1)
        guest_home_gpr(e, __builtin_ctz(m));
    for (uint16_t m = t->vecs & ~e->v.guest; m; m &= m - 1)
        guest_home_vec(e, __builtin_ctz(m));
}

static void native_identity(struct emitter *e, struct native *t)
{
    const struct ir_insn *n = t->n;
    const uint8_t write = n->flags_write & IR_FLAGS_ARITH, read = n->flags_read & IR_FLAGS_ARITH,
                  live_after = e->i + 1 < e->b->n_ops ? e->flags_live[e->i + 1] : IR_FLAGS_ARITH;
    if ((read | write) && (read || live_after & (insn_may_keep_flags(n) ? 0xff : ~write)))
        flags_to_host(e);
    bring_home(e, t);
    prepare(e, t);
    emit_bytes(e, t);
    e->g_mem &= ~t->gpr_write;
    e->v_mem &= ~t->vec_write;
    if (write) {
        e->flags_host = true;
        e->flags_image = false;
    }
}

/* Registers of the instruction in the host's for its duration. */
static void native_foreign(struct emitter *e, struct native *t)
{
    struct asm_buf *c = e->c;
    const bool sp = t->gprs >> RSP & 1, flags = t->n->flags_read || t->n->flags_write;
    const struct asm_mem host_sp = state_mem(e, STATE(tmp) + 40), guest_sp = state_mem(e, STATE(gpr) + 8 * RSP);
    if (flags) {
        gpr_take(e, RDX); /* for storing them afterwards */
        flags_foreign_load(e);
        gpr_take(e, RAX);
    }
    bring_home(e, t);
    prepare(e, t);
    if (sp) {
        asm_store(c, 8, host_sp, RSP);
        asm_load(c, 8, RSP, guest_sp);
    }
    emit_bytes(e, t);
    if (sp) {
        asm_store(c, 8, guest_sp, RSP);
        asm_load(c, 8, RSP, host_sp);
    }
    for (uint16_t m = t->gprs & ~(1u << RSP); m; m &= m - 1) {
        const int i = __builtin_ctz(m);
        asm_store(c, 8, state_mem(e, STATE(gpr) + 8 * i), i);
        hold_nothing(&e->g, i);
    }
    for (uint16_t m = t->vecs; m; m &= m - 1) {
        const int i = __builtin_ctz(m);
        asm_vmov_store(c, 32, state_mem(e, STATE(ymm) + 32 * i), i);
        hold_nothing(&e->v, i);
    }
    if (flags)
        flags_foreign_store(e, insn_may_keep_flags(t->n) ? 0x7f : t->n->flags_write);
}

void emit_native(struct emitter *e, const struct ir_op *op)
{
    const struct ir_insn *n = &e->b->insns[op->imm];
    struct native t = { .n = n, .gprs = insn_gprs(n), .gpr_write = n->gpr_write, .vecs = n->vec_read | n->vec_write,
                        .vec_write = n->vec_write };
    if (touches_all_vectors(n))
        t.vecs = t.vec_write = 0xffff;
    emit_begin_movable(e);
    if (e->identity)
        native_identity(e, &t);
    else
        native_foreign(e, &t);
    emit_end_movable(e);
    e->after = true;
}
