/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/state: GET and PUT of guest registers and their shadows. */
#include "vex/host_x86_64/emit.h"

static bool in_host(const struct emitter *e, const struct ir_op *op)
{
    return e->identity && op->plane == IR_PLANE_GUEST;
}
static bool is_ymm(int slot) { return slot >= X86_YMM0 && slot < X86_X87; }
static bool is_flag(int slot) { return slot >= X86_CF && slot <= X86_DF; }

/* Of the slot in its plane; O has one tag a slot. */
static int slot_place(const struct ir_op *op)
{
    const int offset = x86_slot_offset(op->aux, op->plane);
    return offset < 0 || op->plane == IR_PLANE_O ? offset : offset + (int)op->imm;
}

static void get_memory(struct emitter *e, const struct ir_op *op)
{
    const int offset = slot_place(op), bytes = ir_type_bytes(op->type);
    if (offset < 0 || bytes > 32) {
        emit_fail(e, -EINVAL);
        return;
    }
    const struct asm_mem m = state_mem(e, offset);
    if (type_is_vec(op->type))
        asm_vmov_load(e->c, bytes, vec_def(e), m);
    else
        asm_load(e->c, bytes, gpr_def(e), m);
}

static void get_gpr(struct emitter *e, const struct ir_op *op)
{
    const int i = op->aux;
    if (!op->imm) {
        value_define_guest(e, i);
    } else if (bit(e->g.guest, i) || i == RSP) {
        const int r = gpr_def(e); /* may have evicted i: its register still has the value unless it was taken */
        asm_vrr(e->c, X86_OP(3, 3, 0xf0) | X86_W, 16, r, 0, i); /* rorx */
        asm_imm(e->c, 8 * op->imm, 1);
    } else {
        get_memory(e, op);
    }
}

static void get_ymm(struct emitter *e, const struct ir_op *op)
{
    const int i = op->aux - X86_YMM0;
    if (type_is_vec(op->type) && !op->imm) {
        value_define_guest(e, i);
    } else if (!type_is_vec(op->type) && op->imm < 16 && bit(e->v.guest, i)) {
        static const uint8_t opcode[9] = { [1] = 0x14, [2] = 0x15, [4] = 0x16, [8] = 0x16 };
        const int bytes = ir_type_bytes(op->type);
        if (op->imm % bytes) {
            guest_sync_vec(e, i);
            get_memory(e, op);
            return;
        }
        asm_vrr(e->c, X86_OP(1, 3, opcode[bytes]) | (bytes == 8 ? X86_W : 0), 16, i, 0, gpr_def(e)); /* vpextr */
        asm_imm(e->c, op->imm / bytes, 1);
    } else {
        guest_sync_vec(e, i);
        get_memory(e, op);
    }
}

void emit_get(struct emitter *e, const struct ir_op *op)
{
    if (is_flag(op->aux) && op->plane == IR_PLANE_GUEST)
        emit_get_flag(e, op->aux);
    else if (in_host(e, op) && op->aux < X86_CF)
        get_gpr(e, op);
    else if (in_host(e, op) && is_ymm(op->aux))
        get_ymm(e, op);
    else
        get_memory(e, op);
}

static void put_memory(struct emitter *e, const struct ir_op *op)
{
    const int offset = slot_place(op), bytes = ir_type_bytes(op->type);
    if (offset < 0 || bytes > 32) {
        emit_fail(e, -EINVAL);
        return;
    }
    const struct asm_mem m = state_mem(e, offset);
    int64_t v;
    if (type_is_vec(op->type))
        asm_vmov_store(e->c, bytes, m, vec_use(e, op->a));
    else if (value_const(e, op->a, &v) && v == (int32_t)v)
        asm_store_imm(e->c, bytes, m, (int32_t)v);
    else
        asm_store(e->c, bytes, m, gpr_use(e, op->a));
}

/* The whole guest register i := r. */
static void put_whole_gpr(struct emitter *e, int i, ir_ref ref)
{
    struct asm_buf *c = e->c;
    int64_t k;
    if (e->val[ref].kind == VALUE_FUSED) {
        const struct ir_op *sum = &e->b->ops[ref];
        const int from = gpr_use(e, sum->a), disp = (int)e->b->ops[sum->b].imm;
        e->g_pin |= 1u << i;
        guest_written_gpr(e, i);
        if (bit(e->g.value, i))
            gpr_take(e, i);
        asm_lea(c, 8, i, (struct asm_mem){ 0, from, REG_NONE, 0, sum->op == IR_ADD ? disp : -disp });
    } else if (value_const(e, ref, &k)) {
        e->g_pin |= 1u << i;
        guest_written_gpr(e, i);
        if (bit(e->g.value, i))
            gpr_take(e, i);
        asm_mov_imm(c, i, (uint64_t)k);
    } else {
        const int r = gpr_use(e, ref);
        e->g_pin |= 1u << i;
        guest_written_gpr(e, i);
        if (bit(e->g.value, i)) { /* i is taken: into the state */
            asm_store(c, 8, state_mem(e, STATE(gpr) + 8 * i), r);
            e->g_mem |= 1u << i;
            return;
        }
        if (r != i)
            asm_mov_rr(c, 8, i, r);
    }
    if (i != RSP)
        hold_guest(&e->g, i);
    e->g_mem &= ~(1u << i);
}

static void put_gpr(struct emitter *e, const struct ir_op *op)
{
    const int i = op->aux;
    if (op->type == IR_I64 && !op->imm) {
        put_whole_gpr(e, i, op->a);
        return;
    }
    int64_t k;
    if (!value_const(e, op->a, &k))
        gpr_use(e, op->a);
    e->g_pin |= 1u << i;
    guest_written_gpr(e, i);
    if (i == RSP)
        guest_sync_gpr(e, i);
    else
        guest_to_state_gpr(e, i);
    put_memory(e, op);
    if (i == RSP)
        asm_load(e->c, 8, RSP, state_mem(e, STATE(gpr) + 8 * RSP));
}

static void put_ymm(struct emitter *e, const struct ir_op *op)
{
    const int i = op->aux - X86_YMM0;
    const int r = type_is_vec(op->type) ? vec_use(e, op->a) : 0;
    e->v_pin |= 1u << i;
    guest_written_vec(e, i);
    if (op->type == IR_V256 && !bit(e->v.value, i)) {
        if (r != i)
            asm_vmov_rr(e->c, 32, i, r);
        hold_guest(&e->v, i);
        e->v_mem &= ~(1u << i);
        return;
    }
    guest_to_state_vec(e, i);
    put_memory(e, op);
}

void emit_put(struct emitter *e, const struct ir_op *op)
{
    if (op->flags & IR_DESCRIBED)
        return;
    if (is_flag(op->aux) && op->plane == IR_PLANE_GUEST)
        emit_put_flag(e, op->aux, op->a);
    else if (in_host(e, op) && op->aux < X86_CF)
        put_gpr(e, op);
    else if (in_host(e, op) && is_ymm(op->aux))
        put_ymm(e, op);
    else
        put_memory(e, op);
}
