/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/memory: addresses in the three planes, loads, stores and checks.
 *
 * V plane: gs prefix.  O plane: the tag of the aligned 4 bytes, at address & ~3
 * plus the plane's distance; it needs a scratch register. */
#include "vex/host_x86_64/emit.h"

bool address_clobbers_flags(const struct ir_op *op)
{
    return op->plane == IR_PLANE_O;
}

/* Adds register r to the address. */
static void add_part(struct emitter *e, struct asm_mem *m, int r)
{
    if (m->base == REG_NONE) {
        m->base = r;
    } else if (m->index == REG_NONE) {
        m->index = r;
        m->scale = 0;
    } else {
        asm_lea(e->c, 8, r, (struct asm_mem){ 0, r, m->base, 0, 0 });
        m->base = r;
    }
}

/* rsp is no index. */
static void fix_rsp_index(struct emitter *e, struct asm_mem *m)
{
    if (m->index != RSP)
        return;
    if (!m->scale && m->base != RSP) {
        m->index = m->base;
        m->base = RSP;
    } else {
        const int r = gpr_alloc(e);
        asm_mov_rr(e->c, 8, r, RSP);
        m->index = r;
    }
}

static struct asm_mem address(struct emitter *e, const struct ir_op *op, uint64_t plus, bool align)
{
    struct asm_mem m = { 0, REG_NONE, REG_NONE, 0, 0 };
    uint64_t k = (uint64_t)op->imm + plus;
    int64_t v;
    if (op->a && value_const(e, op->a, &v))
        k += v;
    else if (op->a)
        m.base = gpr_use(e, op->a);
    if (op->b && value_const(e, op->b, &v)) {
        k += (uint64_t)v << op->scale;
    } else if (op->b) {
        m.index = gpr_use(e, op->b);
        m.scale = op->scale;
        fix_rsp_index(e, &m);
    }
    if (op->aux == IR_SEG_FS || op->aux == IR_SEG_GS) {
        const int r = gpr_alloc(e);
        asm_load(e->c, 8, r, state_mem(e, op->aux == IR_SEG_FS ? STATE(fs_base) : STATE(gs_base)));
        add_part(e, &m, r);
    }
    if ((int64_t)k == (int32_t)k && (int64_t)k >= INT32_MIN + VEX_GS_BIAS) {
        m.disp = (int32_t)k;
    } else {
        const int r = gpr_alloc(e);
        asm_mov_imm(e->c, r, k);
        add_part(e, &m, r);
    }
    if (align) {
        const int r = gpr_alloc(e);
        asm_lea(e->c, 8, r, m);
        asm_alu_ri(e->c, 4, 8, r, -4);
        m = (struct asm_mem){ 0, r, REG_NONE, 0, 0 };
    }
    return asm_mem_of(0, m.base, m.index, m.scale, m.disp);
}

struct asm_mem emit_address(struct emitter *e, const struct ir_op *op)
{
    const struct asm_mem m = address(e, op, op->plane == IR_PLANE_O ? e->h->plane_o : 0, op->plane == IR_PLANE_O);
    return asm_mem_of(op->plane == IR_PLANE_V ? X86_SEG_GS : X86_SEG_NONE, m.base, m.index, m.scale, m.disp);
}

/* Does the current op's value go to an indirect jump only?  That wants it in rcx. */
static bool is_jump_target(const struct emitter *e)
{
    const struct value *v = &e->val[e->i];
    const struct ir_op *user = &e->b->ops[v->last];
    return e->identity && v->uses == 1 && user->op == IR_EXIT && user->a == e->i && !bit(e->g_pin, RCX);
}

void emit_load(struct emitter *e, const struct ir_op *op)
{
    if (address_clobbers_flags(op))
        flags_clobber(e);
    const struct asm_mem m = emit_address(e, op);
    const int bytes = ir_type_bytes(op->type), r = type_is_vec(op->type) ? vec_def(e) : is_jump_target(e) ? gpr_def_in(e, RCX) : gpr_def(e);
    emit_side(e);
    if (bytes > 32)
        emit_fail(e, -EINVAL);
    else if (type_is_vec(op->type))
        asm_vmov_load(e->c, bytes, r, m);
    else
        asm_load(e->c, bytes, r, m);
}

void emit_store(struct emitter *e, const struct ir_op *op)
{
    if (address_clobbers_flags(op))
        flags_clobber(e);
    const int bytes = ir_type_bytes(op->type);
    const struct asm_mem m = emit_address(e, op);
    int64_t v;
    if (bytes > 32) {
        emit_fail(e, -EINVAL);
    } else if (type_is_vec(op->type)) {
        const int r = vec_use(e, op->c);
        emit_side(e);
        asm_vmov_store(e->c, bytes, m, r);
    } else if (value_const(e, op->c, &v) && v == (int32_t)v) {
        emit_side(e);
        asm_store_imm(e->c, bytes, m, (int32_t)v);
    } else {
        const int r = gpr_use(e, op->c);
        emit_side(e);
        asm_store(e->c, bytes, m, r);
    }
}

void emit_lea(struct emitter *e, const struct ir_op *op)
{
    const uint64_t plus = op->plane == IR_PLANE_V ? e->h->v_shift : op->plane == IR_PLANE_O ? e->h->plane_o : 0;
    const struct asm_mem m = address(e, op, plus, false);
    const int r = gpr_def(e);
    if (m.base == REG_NONE && m.index == REG_NONE)
        asm_mov_imm(e->c, r, (uint64_t)(int64_t)m.disp);
    else
        asm_lea(e->c, 8, r, m);
}

/* ---- checks ---- */
/* Each word of the access: jumps to `to` in the cold part unless it is zero. */
static void check_words(struct emitter *e, struct asm_mem m, int bytes, bool keep_flags, uint32_t to)
{
    struct asm_buf *c = e->c;
    const int word = bytes > 8 ? 8 : bytes;
    for (int at = 0; at < bytes; at += word, m.disp += word) {
        if (!keep_flags) {
            asm_alu_mi(c, 7, word, m, 0);
            emit_fixup(e, asm_jcc32(c, CC_NE), TO_COLD, to);
        } else {
            asm_load(c, word, RCX, m);
            const uint32_t zero = asm_jrcxz8(c, 8);
            emit_fixup(e, asm_jmp32(c), TO_COLD, to);
            asm_here8(c, zero);
        }
    }
}

/* The operand of a check.  Native code keeps live flags with jrcxz, which needs rcx; in tandem code
 * they are in their image most of the time. */
static struct asm_mem check_address(struct emitter *e, const struct ir_op *op, bool *keep_flags)
{
    *keep_flags = e->b->form == IR_FORM_NATIVE && flags_must_stay(e) && !address_clobbers_flags(op);
    if (*keep_flags)
        gpr_take(e, RCX);
    else
        flags_clobber(e);
    struct asm_mem m = emit_address(e, op);
    if (m.disp > INT32_MAX - 64) { /* later words */
        const int r = gpr_alloc(e);
        asm_lea(e->c, 8, r, m);
        m = (struct asm_mem){ m.seg, r, REG_NONE, 0, 0 };
    }
    return m;
}

void emit_check(struct emitter *e, const struct ir_op *op)
{
    bool keep;
    const struct asm_mem m = check_address(e, op, &keep);
    const uint32_t out = emit_way_out(e, op->d);
    emit_side(e);
    check_words(e, m, ir_type_bytes(op->type), keep, out);
}

/* Cold code: goes on if the word at m is all ones.  Yields a jump over what comes next (an 8-bit one). */
static uint32_t skip_if_ones(struct emitter *e, struct asm_mem m, int word, bool keep_flags)
{
    struct asm_buf *c = e->c;
    if (!keep_flags) {
        asm_alu_mi(c, 7, word, m, -1);
        return asm_jcc8(c, CC_E);
    }
    if (word == 8)
        asm_load(c, 8, RCX, m);
    else if (word == 4)
        asm_rm(c, 0x63, 8, RCX, m);
    else
        asm_rm(c, X86_OP(0, 1, word == 1 ? 0xbe : 0xbf), 8, RCX, m);
    asm_rr(c, 0xf7, 8, 2, RCX); /* not */
    return asm_jrcxz8(c, 8);
}

/* Jumps in cold code to a place there that is not known yet. */
struct jumps { uint32_t at[8]; int n; };

/* Cold code: jumps unless all bytes of the word at m are IR_PASS_BYTE. */
static void jump_unless_pass_byte(struct emitter *e, struct asm_mem m, int word, bool keep_flags, struct jumps *j)
{
    struct asm_buf *c = e->c;
    const int size = word > 4 ? 4 : word;
    const int32_t pattern = (int32_t)(0x01010101u * IR_PASS_BYTE & (size == 4 ? ~0u : (1u << 8 * size) - 1));
    for (int at = 0; at < word; at += size, m.disp += size)
        if (!keep_flags) {
            asm_alu_mi(c, 7, size, m, size == 1 ? (int8_t)pattern : size == 2 ? (int16_t)pattern : pattern);
            j->at[j->n++] = asm_jcc32(c, CC_NE);
        } else {
            asm_load(c, size, RCX, m);
            asm_lea(c, 4, RCX, (struct asm_mem){ 0, RCX, REG_NONE, 0, (int32_t)(0u - (uint32_t)pattern) });
            const uint32_t same = asm_jrcxz8(c, 8);
            j->at[j->n++] = asm_jmp32(c);
            asm_here8(c, same);
        }
}

/* Cold code: the trampoline looks at a mixture, and clears it and goes on, or comes back to leave.  Yields the number of
 * the fixup that says where to go on. */
static uint32_t clear_mixture(struct emitter *e, struct asm_mem m, int bytes, uint32_t out)
{
    struct asm_buf *c = e->c;
    m.seg = X86_SEG_NONE;
    asm_store(c, 8, state_mem(e, STATE(tmp)), RAX);
    asm_lea(c, 8, RAX, m);
    asm_store(c, 8, state_mem(e, STATE(tmp) + 8), RAX);
    emit_tramp_with_data(e, VEX_TRAMP_CLEAR);
    asm_need(c);
    asm_imm(c, (uint64_t)bytes, 1);
    asm_imm(c, 0, 4);
    const uint32_t go_on = e->n_fixups;
    emit_fixup(e, c->n - 4, TO_MAIN, 0);
    emit_fixup(e, asm_jmp32(c), TO_COLD, out);
    return go_on;
}

/* Undefined, about to be overwritten: the shadow becomes zero and the store goes on.
 * Clearing it before the store is as good as after: where the shadow says so the memory
 * is the client's own. */
void emit_check_store(struct emitter *e, const struct ir_op *op)
{
    bool keep;
    const int bytes = ir_type_bytes(op->type), word = bytes > 8 ? 8 : bytes;
    const struct asm_mem m = check_address(e, op, &keep);
    struct jumps other = { .n = 0 };
    const uint32_t out = emit_way_out(e, op->d), mixture = e->cold.n;
    e->c = &e->cold;
    const uint32_t go_on = clear_mixture(e, m, bytes, out), stub = e->cold.n;
    e->c = &e->main;
    emit_side(e);
    check_words(e, m, bytes, keep, stub);
    const uint32_t back = e->fixups[go_on].to = e->c->n;
    struct asm_buf *c = e->c = &e->cold;
    emit_side(e);
    struct asm_mem at = m;
    for (int i = 0; i < bytes; i += word, at.disp += word) {
        const uint32_t ones = skip_if_ones(e, at, word, keep);
        jump_unless_pass_byte(e, at, word, keep, &other);
        asm_here8(c, ones);
    }
    at = m;
    for (int i = 0; i < bytes; i += word, at.disp += word)
        asm_store_imm(c, word, at, 0);
    emit_jump_to_main(e, back);
    const bool zone = op->flags & IR_RED_ZONE && e->identity;
    while (other.n)
        emit_fixup(e, other.at[--other.n], TO_COLD, zone ? c->n : mixture);
    if (zone)
        emit_zone_store(e, m, bytes, keep, back, mixture);
    e->c = &e->main;
}

/* ---- compare and swap ---- */
static void cas16(struct emitter *e, const struct ir_op *op)
{
    static const uint8_t fixed[4] = { RAX, RDX, RBX, RCX };
    struct asm_buf *c = e->c;
    for (int k = 0; k < 4; k++)
        gpr_take(e, fixed[k]);
    const struct asm_mem m = emit_address(e, op);
    const int old = vec_use(e, op->c), new = vec_use(e, op->d);
    for (int k = 0; k < 4; k++) {
        asm_vrr(c, X86_OP(1, 3, 0x16) | X86_W, 16, k < 2 ? old : new, 0, fixed[k]); /* vpextrq */
        asm_imm(c, k & 1, 1);
    }
    emit_side(e);
    asm_need(c);
    asm_byte(c, 0xf0);
    asm_rm(c, X86_OP(0, 1, 0xc7), 8, 1, m);
    const int r = vec_def(e);
    asm_vrr(c, X86_OP(1, 1, 0x6e) | X86_W, 16, r, 0, RAX);
    asm_vrr(c, X86_OP(1, 3, 0x22) | X86_W, 16, r, r, RDX);
    asm_imm(c, 1, 1);
}

void emit_cas(struct emitter *e, const struct ir_op *op)
{
    if (op->flags & IR_DESCRIBED) { /* its value: what is there */
        emit_load(e, op);
        return;
    }
    flags_clobber(e);
    if (type_is_vec(op->type)) {
        cas16(e, op);
        return;
    }
    const int bytes = ir_type_bytes(op->type);
    gpr_take(e, RAX);
    const struct asm_mem m = emit_address(e, op);
    const int old = gpr_use(e, op->c), new = gpr_use(e, op->d);
    asm_mov_rr(e->c, 8, RAX, old);
    emit_side(e);
    asm_need(e->c);
    asm_byte(e->c, 0xf0);
    asm_rm(e->c, X86_OP(0, 1, bytes == 1 ? 0xb0 : 0xb1), bytes, new, m);
    if (e->val[e->i].last)
        asm_mov_rr(e->c, 8, gpr_def(e), RAX);
}
