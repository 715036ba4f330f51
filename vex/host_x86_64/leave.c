/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/leave: block head, exits, and calls into C.
 *
 * At every exit all guest registers and live flags are in the host's own. */
#include "vex/host_x86_64/emit.h"

#define SAVED_RAX (STATE(tmp) + 48)  /* of cold code that needs rax for a moment */

void emit_jump_to_main(struct emitter *e, uint32_t to)
{
    emit_fixup(e, asm_jmp32(e->c), TO_MAIN, to);
}

void emit_reloc(struct emitter *e, uint32_t at, int kind, int value)
{
    /* Bit 31 marks cold ones until everything has its place. */
    const uint32_t n = EMIT_ARRAY(e->out->relocs, e->out->n_relocs, e->out->cap_relocs);
    e->out->relocs[n] = (struct vex_reloc){ at | (is_cold(e) ? 1u << 31 : 0), kind, value };
}

static void fill_side(const struct emitter *e, struct vex_side *s, bool spilled)
{
    s->host_offset = e->c->n;
    s->insn = e->insn;
    s->gpr_in_state = gprs_in_state(e);
    s->vec_in_state = vecs_in_state(e);
    s->flags_in_spill = spilled;
    s->after = e->after;
}

void emit_side(struct emitter *e)
{
    const bool spilled = e->identity && !e->flags_host && e->flags_image;
    if (is_cold(e)) {
        const uint32_t n = EMIT_ARRAY(e->cold_sides, e->n_cold_sides, e->cap_cold_sides);
        fill_side(e, &e->cold_sides[n], spilled);
        return;
    }
    const uint64_t key = 1ull << 63 | (uint64_t)e->insn << 40 | (uint64_t)gprs_in_state(e) << 24 | (uint64_t)vecs_in_state(e) << 8 |
                         spilled << 1 | e->after;
    if (e->last_side == key)
        return;
    e->last_side = key;
    const uint32_t n = EMIT_ARRAY(e->out->sides, e->out->n_sides, e->out->cap_sides);
    fill_side(e, &e->out->sides[n], spilled);
}

/* ---- stubs ---- */
static bool is_chainable(int kind)
{
    return kind == IR_EXIT_JUMP || kind == IR_EXIT_CALL || kind == IR_EXIT_MODE;
}

static bool is_indirect(int kind)
{
    return kind == IR_EXIT_INDIRECT || kind == IR_EXIT_ICALL || kind == IR_EXIT_RET;
}

static void store_rip(struct emitter *e, guest_addr pc)
{
    if ((int64_t)pc == (int32_t)pc) {
        asm_store_imm(e->c, 8, state_mem(e, STATE(rip)), (int32_t)pc);
    } else {
        asm_store_imm(e->c, 4, state_mem(e, STATE(rip)), (int32_t)pc);
        asm_store_imm(e->c, 4, state_mem(e, STATE(rip) + 4), (int32_t)(pc >> 32));
    }
}

static void jump_tramp(struct emitter *e, enum vex_tramp t)
{
    emit_reloc(e, asm_jmp32(e->c), VEX_RELOC_TRAMP32, t);
}

/* Records exit x, whose jump (if chainable) is at `jump`, its stub here: the number of the exit. */
static uint32_t add_exit(struct emitter *e, struct ir_exit x, bool jump_in_cold, uint32_t jump)
{
    const uint32_t n = EMIT_ARRAY(e->out->exits, e->out->n_exits, e->out->cap_exits), here = e->c->n | (is_cold(e) ? 1u << 31 : 0);
    struct vex_exit *to = &e->out->exits[n];
    to->chainable = is_chainable(x.kind);
    to->jump_offset = to->chainable ? jump | (jump_in_cold ? 1u << 31 : 0) : here;
    to->stub_offset = here;
    to->ir.pc = x.pc;
    to->ir.kind = x.kind;
    to->ir.mode = x.mode;
    to->ir.aux = x.aux;
    to->ir.flags_dead = x.flags_dead;
    return n;
}

static void leave_with_id(struct emitter *e, enum vex_tramp tramp)
{
    asm_store_state_imm(e->c, e->h->state_offset + STATE(exit_info) + 4, 0);
    emit_reloc(e, e->c->n - 4, VEX_RELOC_ID32, 0);
    jump_tramp(e, tramp);
}

/* All stubs of the block end in one tail, that of the first in the cold part. */
static void emit_stub(struct emitter *e, struct ir_exit x, bool jump_in_cold, uint32_t jump)
{
    const uint32_t n = add_exit(e, x, jump_in_cold, jump);
    struct asm_buf *c = e->c;
    asm_store_state_imm(c, e->h->state_offset + STATE(exit_info), n);
    if (!e->stub_tail) {
        if (is_cold(e))
            e->stub_tail = c->n;
        leave_with_id(e, VEX_TRAMP_EXIT);
    } else if (is_cold(e) && c->n - e->stub_tail < 120) {
        const uint32_t back = asm_jmp8(c);
        c->p[back] = e->stub_tail - (back + 1);
    } else {
        emit_fixup(e, asm_jmp32(c), TO_COLD, e->stub_tail);
    }
}

/* A chainable jump here, to its stub in the cold part. */
static void chainable_jump(struct emitter *e, struct ir_exit x)
{
    asm_nop(e->c, asm_patch_pad(e->c, 1));
    const uint32_t at = asm_jmp32(e->c);
    const bool cold = is_cold(e);
    emit_fixup(e, at, TO_COLD, e->cold.n);
    struct asm_buf *c = e->c;
    e->c = &e->cold;
    emit_stub(e, x, cold, at);
    e->c = c;
}

/* Code that brings guest registers and live flags home; the allocator's state is not changed. */
static void homecoming(struct emitter *e)
{
    if (!e->identity)
        return;
    struct asm_buf *c = e->c;
    uint16_t gprs = gprs_in_state(e);
    for (uint16_t vecs = vecs_in_state(e); vecs; vecs &= vecs - 1)
        emit_vec_home(e, __builtin_ctz(vecs), !e->flags_host || !e->flags_live[e->i]);
    if (!e->flags_host && e->flags_image && e->flags_live[e->i]) {
        if (!(gprs & 1) && !(e->g_mem & 1))
            asm_store(c, 8, state_mem(e, STATE(gpr)), RAX);
        gprs |= 1;
        asm_load(c, 2, RAX, state_mem(e, STATE(flags_spill)));
        asm_alu_ri(c, 0, 1, RAX, 127);
        asm_need(c);
        asm_byte(c, 0x9e);
    }
    for (; gprs; gprs &= gprs - 1)
        asm_load(c, 8, __builtin_ctz(gprs), state_mem(e, STATE(gpr) + 8 * __builtin_ctz(gprs)));
}

static bool is_home(const struct emitter *e)
{
    return !e->identity || (!gprs_in_state(e) && !vecs_in_state(e) && (e->flags_host || !e->flags_image || !e->flags_live[e->i]));
}

static void leave_here(struct emitter *e, struct ir_exit x)
{
    homecoming(e);
    if (is_chainable(x.kind)) {
        chainable_jump(e, x);
    } else if (x.kind == IR_EXIT_HOSTCALL && e->identity && e->h->hostcall) {
        add_exit(e, x, false, 0);
        store_rip(e, x.pc);
        asm_store_imm(e->c, 4, state_mem(e, STATE(call_args)), x.aux);
        jump_tramp(e, e->h->hook_keeps(x.aux) ? VEX_TRAMP_HOSTCALL_KEEP : VEX_TRAMP_HOSTCALL);
    } else {
        emit_stub(e, x, false, 0);
    }
}

/* Through the thread's table of code addresses; what stands there verifies the target.  Guest rcx waits in its image. */
static void leave_by_table(struct emitter *e, const struct ir_op *op)
{
    struct asm_buf *c = e->c;
    const int to = gpr_use(e, op->a);
    asm_store(c, 8, state_mem(e, STATE(rip)), to);
    if (bit(e->g.guest, RCX))
        guest_sync_gpr(e, RCX);
    else if (to != RCX)
        gpr_take(e, RCX);
    asm_vrr(c, X86_OP(3, 3, 0xf0) | X86_W, 16, RCX, 0, to);                       /* rorx: leaves flags alone */
    asm_imm(c, X86_JUMP_SHIFT, 1);
    asm_rr(c, X86_OP(0, 1, 0xb7), 4, RCX, RCX);                                   /* movzx ecx, low 16 bits */
    _Static_assert(X86_JUMPS == 65536, "the index is a 16-bit register");
    hold_guest(&e->g, RCX);                                                       /* not to be brought home */
    homecoming(e);
    asm_rm(c, 0xff, 4, 4, (struct asm_mem){ X86_SEG_FS, REG_NONE, RCX, 3, e->h->jumps_offset });
}

static bool has_table(const struct emitter *e) { return e->identity && e->h->jumps_offset; }

void emit_exit(struct emitter *e, const struct ir_op *op)
{
    const struct ir_exit x = e->b->exits[op->imm];
    if (!is_indirect(x.kind)) {
        leave_here(e, x);
    } else if (has_table(e) && x.mode == 0) {
        leave_by_table(e, op);
    } else {
        asm_store(e->c, 8, state_mem(e, STATE(rip)), gpr_use(e, op->a));
        leave_here(e, x);
    }
}

/* ---- side exits ---- */
/* Cold code that goes home and leaves; checks of one instruction share it.  Call from main code only, or
 * before cold code begins. */
uint32_t emit_way_out(struct emitter *e, uint32_t exit)
{
    const uint16_t g = gprs_in_state(e), v = vecs_in_state(e);
    const uint8_t flags = !e->flags_live[e->i] ? 0 : e->flags_host ? 4 : e->flags_image ? 1 | (e->g_mem & 1) << 1 : 0;
    if (!e->shared_exit.valid || e->shared_exit.exit != exit || e->shared_exit.g != g || e->shared_exit.v != v ||
        e->shared_exit.flags != flags) {
        struct asm_buf *c = e->c;
        e->c = &e->cold;
        e->shared_exit.valid = true;
        e->shared_exit.exit = exit;
        e->shared_exit.g = g;
        e->shared_exit.v = v;
        e->shared_exit.flags = flags;
        e->shared_exit.at = e->cold.n;
        leave_here(e, e->b->exits[exit]);
        e->c = c;
    }
    return e->shared_exit.at;
}

void emit_side_exit(struct emitter *e, uint32_t exit, uint32_t from)
{
    emit_fixup(e, from, TO_COLD, emit_way_out(e, exit));
}

/* Makes room before a conditional jump, and not between it and the instruction that sets the flags, for the processor decodes the
 * two as one. */
static void pad_condition(struct emitter *e)
{
    const unsigned n = asm_patch_pad(e->c, 2);
    const struct vex_code *out = e->out;
    if (!n || e->movable.end != e->c->n || e->movable.n_relocs != out->n_relocs || e->movable.n_fixups != e->n_fixups) {
        asm_nop(e->c, n);
        return;
    }
    asm_nop_before(e->c, e->movable.begin, n);
    for (uint32_t i = out->n_sides; i-- > 0 && out->sides[i].host_offset >= e->movable.begin;)
        out->sides[i].host_offset += n;
}

/* A conditional jump out; straight to the chained block if all is at home. */
static void side_jump(struct emitter *e, int cc, uint32_t exit)
{
    const struct ir_exit x = e->b->exits[exit];
    if (!is_home(e) || !is_chainable(x.kind)) {
        emit_side_exit(e, exit, asm_jcc32(e->c, cc));
        return;
    }
    pad_condition(e);
    const uint32_t at = asm_jcc32(e->c, cc);
    emit_fixup(e, at, TO_COLD, e->cold.n);
    e->c = &e->cold;
    emit_stub(e, x, false, at);
    e->c = &e->main;
}

void emit_exit_if(struct emitter *e, const struct ir_op *op)
{
    int64_t v;
    if (value_const(e, op->a, &v)) {
        if (v)
            emit_side_exit(e, op->imm, asm_jmp32(e->c));
        return;
    }
    flags_clobber(e);
    emit_begin_movable(e);
    const int cc = emit_condition(e, op->a);
    emit_end_movable(e);
    side_jump(e, cc, op->imm);
}

/* Guest condition from state.flag[] (foreign mode). */
static int foreign_condition(struct emitter *e, int cc)
{
    const int r = gpr_alloc(e), flag = STATE(flag) - X86_CF;
    static const uint8_t first[8] = { X86_OF, X86_CF, X86_ZF, X86_CF, X86_SF, X86_PF, X86_SF, X86_SF };
    asm_load(e->c, 1, r, state_mem(e, flag + first[cc >> 1]));
    if (cc >> 1 == 3)
        asm_rm(e->c, 0x0a, 1, r, state_mem(e, flag + X86_ZF));
    if (cc >> 1 >= 6)
        asm_rm(e->c, 0x32, 1, r, state_mem(e, flag + X86_OF));
    if (cc >> 1 == 7)
        asm_rm(e->c, 0x0a, 1, r, state_mem(e, flag + X86_ZF));
    asm_rr(e->c, 0x84, 1, r, r);
    return cc & 1 ? CC_E : CC_NE;
}

/* An access to the counter of a part of the block, by the bytes before its disp32. */
static void counter_access(struct emitter *e, uint8_t opcode, uint8_t reg, uint32_t part)
{
    asm_need(e->c);
    asm_byte(e->c, opcode);
    asm_byte(e->c, reg << 3 | 5);
    asm_imm(e->c, 0, 4);
    emit_reloc(e, e->c->n - 4, VEX_RELOC_COUNTER32, part);
}

/* What follows the branch, the current op, counts its runs. */
static void count_part(struct emitter *e)
{
    const uint32_t part = ++e->out->n_parts;
    if (e->flags_live[e->i + 1] && e->flags_host && !e->flags_image) {
        const int r = gpr_alloc_low(e);
        counter_access(e, 0x8b, r, part);
        asm_lea(e->c, 4, r, (struct asm_mem){ 0, r, REG_NONE, 0, 1 });
        counter_access(e, 0x89, r, part);
    } else {
        counter_access(e, 0xff, 0, part);                                         /* inc */
        e->flags_host = false;
    }
}

void emit_exit_cc(struct emitter *e, const struct ir_op *op)
{
    if (e->identity) {
        flags_to_host(e);
        side_jump(e, op->aux & 15, op->imm);
        if (e->b->counts && e->insn + 1 < e->b->n_insns)
            count_part(e);
    } else if (op->a) {
        emit_exit_if(e, op);
    } else {
        side_jump(e, foreign_condition(e, op->aux & 15), op->imm);
    }
}

void emit_exit_rcxz(struct emitter *e, const struct ir_op *op)
{
    struct asm_buf *c = e->c;
    if (e->identity)
        guest_home_gpr(e, RCX);
    else {
        gpr_take(e, RCX);
        asm_load(c, 8, RCX, state_mem(e, STATE(gpr) + 8 * RCX));
    }
    const uint32_t zero = asm_jrcxz8(c, op->aux == 32 ? 4 : 8), over = asm_jmp8(c);
    asm_here8(c, zero);
    emit_side_exit(e, op->imm, asm_jmp32(c));
    asm_here8(c, over);
}

/* ---- block head ---- */
static void test_attention(struct emitter *e, int half, uint32_t mask)
{
    asm_test_state_imm(e->c, e->h->state_offset + STATE(attention) + 4 * half, mask);
}

static void exit_from_head(struct emitter *e, struct ir_exit x, bool flags)
{
    struct asm_buf *c = e->c;
    if (flags) {
        asm_alu_ri(c, 0, 1, RAX, 127);
        asm_need(c);
        asm_byte(c, 0x9e);
        asm_load(c, 8, RAX, state_mem(e, SAVED_RAX));
    }
    if (is_chainable(x.kind))
        chainable_jump(e, x);
    else
        emit_stub(e, x, false, 0);
}

void emit_tramp_with_data(struct emitter *e, enum vex_tramp t)
{
    struct asm_buf *c = e->c;
    asm_need(c);
    asm_byte(c, 0x48); /* lea rax, [rip + behind the jump] */
    asm_byte(c, 0x8d);
    asm_byte(c, 0x05);
    asm_imm(c, 5, 4);
    jump_tramp(e, t);
}

/* Only registers that the block overwrites may be in the way: VEX_TRAMP_KILL looks, and goes on at `to` or behind here. */
static void head_kills(struct emitter *e, int to_kind, uint32_t to)
{
    const uint64_t kill = e->b->entry_kill, must = e->b->entry_mask & ~kill;
    struct asm_buf *c = e->c;
    asm_store(c, 8, state_mem(e, STATE(tmp)), RAX);
    emit_tramp_with_data(e, VEX_TRAMP_KILL);
    asm_need(c);
    asm_imm(c, must, 4);
    asm_imm(c, must >> 32, 2);
    asm_imm(c, kill, 4);
    asm_imm(c, kill >> 32, 2);
    asm_imm(c, 0, 4);
    emit_fixup(e, c->n - 4, to_kind, to);
}

/* Somebody wants attention: an event, else a register that the block uses and that is not fully defined.  Where the
 * block goes on all the same: at `to`. */
static void head_leaves(struct emitter *e, bool flags, int to_kind, uint32_t to)
{
    const struct ir_block *b = e->b;
    test_attention(e, 0, (uint32_t)X86_ATT_EVENTS);
    const uint32_t no_event = b->entry_mask ? asm_jcc32(e->c, CC_E) : 0;
    exit_from_head(e, (struct ir_exit){ .pc = b->pc, .kind = IR_EXIT_ATTENTION, .mode = b->mode }, flags);
    if (!no_event)
        return;
    emit_fixup(e, no_event, TO_COLD, e->c->n);
    if (b->entry_kill & b->entry_mask)
        head_kills(e, to_kind, to);
    exit_from_head(e, (struct ir_exit){ .pc = b->pc, .kind = IR_EXIT_MODE, .mode = b->entry_mode }, flags);
}

static struct ir_exit hot_exit(const struct emitter *e)
{
    return (struct ir_exit){ .pc = e->b->pc, .kind = IR_EXIT_HOT, .mode = e->b->mode };
}

static void count_run(struct emitter *e)
{
    counter_access(e, 0xff, 1, 0);                                                  /* dec */
    emit_fixup(e, asm_jcc32(e->c, CC_S), TO_COLD, e->cold.n);
    e->c = &e->cold;
    emit_stub(e, hot_exit(e), false, 0);
    e->c = &e->main;
}

/* The same without flags, by rcx, which is put aside. */
static void count_run_keeping_flags(struct emitter *e, struct asm_mem rcx)
{
    struct asm_buf *c = e->c;
    counter_access(e, 0x8b, RCX, 0);
    asm_lea(c, 4, RCX, (struct asm_mem){ 0, RCX, REG_NONE, 0, -1 });
    counter_access(e, 0x89, RCX, 0);
    const uint32_t hot = asm_jrcxz8(c, 4), over = asm_jmp8(c);
    asm_here8(c, hot);
    emit_fixup(e, asm_jmp32(c), TO_COLD, e->cold.n);
    asm_here8(c, over);
    e->c = &e->cold;
    asm_load(e->c, 8, RCX, rcx);
    emit_stub(e, hot_exit(e), false, 0);
    e->c = &e->main;
}

/* Flags are live: they and rax are put aside; most of the time the block goes on. */
static void head_keeping_flags(struct emitter *e, uint32_t low, uint32_t high)
{
    struct asm_buf *c = e->c;
    const struct asm_mem rcx = state_mem(e, STATE(tmp) + 56);
    asm_store(c, 8, rcx, RCX);
    asm_load(c, 8, RCX, state_mem(e, STATE(attention)));
    const uint32_t calm = asm_jrcxz8(c, 8);
    asm_load(c, 8, RCX, rcx);
    emit_fixup(e, asm_jmp32(c), TO_COLD, e->cold.n);
    asm_here8(c, calm);
    if (e->b->counts)
        count_run_keeping_flags(e, rcx);
    asm_load(c, 8, RCX, rcx);
    const uint32_t back = c->n;
    if (!e->b->counts)
        e->out->calm_entry = back;

    c = e->c = &e->cold;
    asm_store(c, 8, state_mem(e, SAVED_RAX), RAX);
    asm_need(c);
    asm_byte(c, 0x9f);
    asm_rr(c, X86_OP(0, 1, 0x90), 1, 0, RAX);
    uint32_t leave[2], n = 0;
    test_attention(e, 0, low);
    leave[n++] = asm_jcc32(c, CC_NE);
    if (high) {
        test_attention(e, 1, high);
        leave[n++] = asm_jcc32(c, CC_NE);
    }
    const uint32_t go_on = c->n;
    asm_alu_ri(c, 0, 1, RAX, 127);
    asm_need(c);
    asm_byte(c, 0x9e);
    asm_load(c, 8, RAX, state_mem(e, SAVED_RAX));
    emit_jump_to_main(e, back);
    while (n)
        emit_fixup(e, leave[--n], TO_COLD, c->n);
    head_leaves(e, true, TO_COLD, go_on);
    e->c = &e->main;
}

void emit_head(struct emitter *e)
{
    const uint64_t mask = e->b->entry_mask | X86_ATT_EVENTS;
    _Static_assert(X86_ATT_EVENTS == (uint32_t)X86_ATT_EVENTS, "one test sees events and general registers");
    if (e->identity && e->b->n_ops > 1 && e->flags_live[1]) {
        head_keeping_flags(e, (uint32_t)mask, mask >> 32);
        return;
    }
    for (int half = 0; half < 2; half++)
        if ((uint32_t)(mask >> 32 * half)) {
            test_attention(e, half, (uint32_t)(mask >> 32 * half));
            emit_fixup(e, asm_jcc32(e->c, CC_NE), TO_COLD, e->cold.n);
        }
    e->flags_host = false;
    e->c = &e->cold;
    head_leaves(e, false, TO_MAIN, e->main.n);
    e->c = &e->main;
    e->out->calm_entry = e->c->n;
    if (e->b->counts)
        count_run(e);
}

/* ---- entry of indirect jumps ---- */
/* Is state.rip this block?  Else to the trampoline, which looks further. */
static void verify_target(struct emitter *e, bool flags)
{
    struct asm_buf *c = e->c;
    const guest_addr pc = e->b->pc;
    const struct asm_mem rip = state_mem(e, STATE(rip));
    struct asm_mem high = rip;
    high.disp += 4;
    if (!flags && (int64_t)pc == (int32_t)pc) {
        asm_alu_mi(c, 7, 8, rip, (int32_t)pc);
        emit_reloc(e, asm_jcc32(c, CC_NE), VEX_RELOC_TRAMP32, VEX_TRAMP_INDIRECT);
    } else if (!flags) {
        asm_alu_mi(c, 7, 4, rip, (int32_t)pc);
        emit_reloc(e, asm_jcc32(c, CC_NE), VEX_RELOC_TRAMP32, VEX_TRAMP_INDIRECT);
        asm_alu_mi(c, 7, 4, high, (int32_t)(pc >> 32));
        emit_reloc(e, asm_jcc32(c, CC_NE), VEX_RELOC_TRAMP32, VEX_TRAMP_INDIRECT);
    } else if (pc < INT32_MAX) {
        asm_load(c, 8, RCX, rip);
        asm_lea(c, 8, RCX, (struct asm_mem){ 0, RCX, REG_NONE, 0, -(int32_t)pc });
        const uint32_t same = asm_jrcxz8(c, 8);
        jump_tramp(e, VEX_TRAMP_INDIRECT);
        asm_here8(c, same);
    } else {
        for (int half = 0; half < 2; half++) {
            asm_load(c, 4, RCX, half ? high : rip);
            asm_lea(c, 4, RCX, (struct asm_mem){ 0, RCX, REG_NONE, 0, (int32_t)-(uint32_t)(pc >> 32 * half) });
            const uint32_t same = asm_jrcxz8(c, 4);
            jump_tramp(e, VEX_TRAMP_INDIRECT);
            asm_here8(c, same);
        }
    }
}

/* Ends before the head if that follows, else in a jump to it. */
void emit_indirect_entry(struct emitter *e, bool in_line)
{
    if (!has_table(e) || e->b->mode != 0)
        return;
    const uint32_t cold = in_line ? 0 : 1u << 31; /* until everything has its place */
    if (!in_line)
        e->c = &e->cold;
    e->out->table_entry = e->c->n | cold;
    verify_target(e, e->b->n_ops > 1 && e->flags_live[1]);
    if (e->h->count_jumps)
        asm_count(e->c, state_mem(e, STATE(jump_hits)), RCX);
    asm_load(e->c, 8, RCX, state_mem(e, STATE(gpr) + 8 * RCX));
    if (!in_line)
        emit_jump_to_main(e, e->out->entry);
    e->c = &e->main;
}

/* ---- replaced functions ---- */
/* Stands first in its block: all guest registers are at home.  C gets them as they are, on the host stack; all are in the
 * state too, with the hook's pc as rip, for traces and for a fault (kernel/signals.c: which knows the call by its return address).  Those that C may change come back:
 * programs are not to see what it left there, but for vectors and flags. */
void emit_hook(struct emitter *e, const struct ir_op *op)
{
    static const uint8_t changed[] = { RCX, RSI, RDI, R8, R9, R10, R11, RDX };
    const struct ir_exit x = e->b->exits[op->imm];
    const ng_fast_fn fast = e->h->fast_hook ? e->h->fast_hook(x.aux) : NULL;
    struct asm_buf *c = e->c;
    if (!e->identity || !fast) {
        emit_side_exit(e, op->imm, asm_jmp32(c));
        return;
    }
    for (int i = 0; i < 16; i++)
        asm_store(c, 8, state_mem(e, STATE(gpr) + 8 * i), i);
    if (e->h->hook_pc)
        asm_store_imm(c, 8, state_mem(e, STATE(rip)), (int32_t)e->h->hook_pc(x.aux));
    asm_load(c, 8, RSP, state_mem(e, STATE(host_rsp)));
    asm_need(c);
    asm_byte(c, 0xc5);                       /* vzeroupper: C may be SSE code */
    asm_byte(c, 0xf8);
    asm_byte(c, 0x77);
    asm_byte(c, 0xfc);                       /* cld */
    asm_mov_imm(c, RAX, (uint64_t)(uintptr_t)fast);
    asm_rr(c, 0xff, 4, 2, RAX);              /* call */
    asm_load(c, 8, RSP, state_mem(e, STATE(gpr) + 8 * RSP));
    asm_rr(c, 0x85, 4, RDX, RDX);            /* test: done? */
    for (unsigned i = 0; i < sizeof changed; i++)
        asm_load(c, 8, changed[i], state_mem(e, STATE(gpr) + 8 * changed[i]));
    const uint32_t refused = asm_jcc32(c, CC_E);
    e->g_mem |= (uint16_t)~(1u << RAX | 1u << RSP);
    e->flags_host = true;
    emit_fixup(e, refused, TO_COLD, e->cold.n);
    e->c = &e->cold;
    asm_load(e->c, 8, RAX, state_mem(e, STATE(gpr) + 8 * RAX));
    leave_here(e, x);
    e->c = &e->main;
}

/* ---- helper calls ---- */
/* Code only: an argument into call_args[k]; rax may be changed (it is in SAVED_RAX). */
static void call_argument(struct emitter *e, int k, ir_ref ref)
{
    struct asm_buf *c = e->c;
    const struct asm_mem to = state_mem(e, STATE(call_args) + 8 * k);
    const int bytes = ir_type_bytes(e->b->ops[ref].type);
    const uint32_t root = value_root(e, ref);
    const struct value *v = &e->val[root];
    int64_t imm;
    if (value_const(e, ref, &imm)) {
        const uint64_t u = bytes == 8 ? (uint64_t)imm : (uint64_t)imm & ((1ull << 8 * bytes) - 1);
        if ((int64_t)u == (int32_t)u) {
            asm_store_imm(c, 8, to, (int32_t)u);
        } else {
            asm_mov_imm(c, RAX, u);
            asm_store(c, 8, to, RAX);
        }
        return;
    }
    const int rax_at = SAVED_RAX;
    struct asm_mem from = { 0 };
    int reg = REG_NONE;
    if (v->kind == VALUE_CONST) { /* tool object */
        asm_need(c);
        asm_byte(c, 0x48);
        asm_byte(c, 0xb8);
        emit_reloc(e, c->n, VEX_RELOC_OBJECT64, e->b->ops[root].imm);
        asm_imm(c, 0, 8);
        asm_store(c, 8, to, RAX);
        return;
    } else if (v->kind == VALUE_GUEST) {
        if (bit(e->g.guest, v->guest) || v->guest == RSP)
            reg = v->guest;
        else
            from = state_mem(e, STATE(gpr) + 8 * v->guest);
    } else if (v->kind == VALUE_LIVE && !v->vec) {
        if (v->reg != REG_NONE)
            reg = v->reg;
        else
            from = state_mem(e, STATE(spill) + 8 * (v->slot - 1));
    } else {
        emit_fail(e, -EINVAL);
    }
    if (reg == RAX)
        from = state_mem(e, rax_at);
    if (reg == REG_NONE || reg == RAX) {
        asm_load(c, bytes, RAX, from); /* zero-extends */
        asm_store(c, 8, to, RAX);
        return;
    }
    if (bytes != 8)
        asm_store_imm(c, 8, to, 0);
    asm_store(c, bytes, to, reg);
}

/* What a call does with its result. */
struct call_result {
    int reg;                 /* REG_NONE: nothing */
    bool wanted;             /* else the helper gets a vector from reg, and nothing comes back */
    bool is_else;            /* reg holds the value for when there is no call; a vector goes to the helper, too */
    ir_ref has_byte;         /* HASBYTE that the trampoline decides, IR_NONE: call in any case */
};

/* A vector on its way to the helper, or back. */
static void call_vector(struct emitter *e, const struct ir_op *op, int reg, bool to)
{
    const struct asm_mem slot = state_mem(e, STATE(scratch) + 32 * (int)(op->imm & 7));
    if (to) {
        asm_vmov_store(e->c, ir_type_bytes(op->type), slot, reg);
        asm_store_imm(e->c, 8, state_mem(e, STATE(call_args) + 16), (int32_t)op->imm);
    } else {
        asm_vmov_load(e->c, ir_type_bytes(op->type), reg, slot);
    }
}

/* For VEX_TRAMP_CALL_BYTE: what it looks at, and the result without a call. */
static void call_byte(struct emitter *e, const struct ir_op *op, struct call_result r)
{
    const struct ir_op *has = &e->b->ops[r.has_byte];
    const struct asm_mem result = state_mem(e, STATE(call_result));
    const int bytes = ir_type_bytes(op->type);
    call_argument(e, 3, has->a);
    asm_store_imm(e->c, 4, state_mem(e, STATE(call_byte)), (uint8_t)has->imm);
    if (!r.is_else || bytes != 8)
        asm_store_imm(e->c, 8, result, 0);
    if (!r.is_else || r.reg == REG_NONE)
        return;
    if (r.reg == RAX) /* where an argument may have passed */
        asm_load(e->c, 8, RAX, state_mem(e, SAVED_RAX));
    asm_store(e->c, bytes, result, r.reg);
}

static void call_sequence(struct emitter *e, const struct ir_op *op, struct call_result r)
{
    struct asm_buf *c = e->c;
    const struct asm_mem saved = state_mem(e, SAVED_RAX);
    const bool vector = type_is_vec(op->type);
    const ir_ref args[3] = { op->b, op->c, vector ? IR_NONE : op->d };
    asm_store(c, 8, saved, RAX);
    if (r.has_byte)
        call_byte(e, op, r);
    for (int k = 0; k < 3; k++)
        if (args[k])
            call_argument(e, k, args[k]);
    if (vector)
        call_vector(e, op, r.reg, true);
    store_rip(e, e->pc);
    asm_store_imm(c, 4, state_mem(e, STATE(call_gpr_in_state)), gprs_in_state(e));
    asm_store_imm(c, 4, state_mem(e, STATE(call_vec_in_state)), vecs_in_state(e));
    asm_store_imm(c, 4, state_mem(e, STATE(call_flags_in_spill)), e->identity && !e->flags_host && e->flags_image);
    asm_need(c);
    asm_byte(c, 0x48);
    asm_byte(c, 0xb8);
    emit_reloc(e, c->n, VEX_RELOC_HELPER64, op->aux);
    asm_imm(c, 0, 8);
    asm_store(c, 8, state_mem(e, STATE(call_fn)), RAX);
    asm_need(c);
    asm_byte(c, 0x48); /* lea rax, [rip + after the jump] */
    asm_byte(c, 0x8d);
    asm_byte(c, 0x05);
    asm_imm(c, 0, 4);
    const uint32_t ret = c->n;
    asm_store(c, 8, state_mem(e, STATE(call_ret)), RAX);
    asm_load(c, 8, RAX, saved);
    jump_tramp(e, r.has_byte ? VEX_TRAMP_CALL_BYTE : VEX_TRAMP_CALL);
    const uint32_t distance = c->n - ret;
    memcpy(c->p + ret - 4, &distance, 4);
    if (vector && r.wanted)
        call_vector(e, op, r.reg, false);
    else if (!vector && r.wanted)
        asm_load(c, 8, r.reg, state_mem(e, STATE(call_result)));
}

/* The register of the result, holding what it is without a call. */
static struct call_result call_prepare(struct emitter *e, const struct ir_op *op, bool guarded)
{
    const bool wanted = op->type != IR_VOID && e->val[e->i].last, vector = type_is_vec(op->type);
    struct call_result r = { .reg = REG_NONE, .wanted = wanted, .is_else = op->flags & IR_ELSE };
    if (vector)
        r.reg = wanted ? vec_def_from(e, op->d) : vec_use(e, op->d);
    else if (wanted && r.is_else)
        r.reg = gpr_def_from(e, op->d);
    else if (wanted)
        r.reg = gpr_def(e);
    if (wanted && guarded && !r.is_else)
        asm_mov_imm(e->c, r.reg, 0);
    return r;
}

void emit_call(struct emitter *e, const struct ir_op *op)
{
    struct asm_buf *c = e->c;
    int64_t guard = 1;
    const bool leaves = op->flags & IR_LEAVES, fixed = !leaves && (!op->a || value_const(e, op->a, &guard));
    if (fixed) {
        const struct call_result r = call_prepare(e, op, !guard);
        if (guard)
            call_sequence(e, op, r);
        return;
    }
    flags_clobber(e);
    struct call_result r = call_prepare(e, op, true);
    const struct ir_op *g = &e->b->ops[op->a];
    int cc = CC_NE;
    if (e->val[op->a].kind == VALUE_FUSED && g->op == IR_HASBYTE && !type_is_vec(g->lane)) {
        const int v = gpr_use(e, g->a), size = ir_type_bytes(g->lane);
        r.has_byte = op->a;
        asm_rr(c, size == 1 ? 0x84 : 0x85, size, v, v); /* 0 has none: the trampoline looks further */
    } else {
        cc = emit_condition(e, op->a);
    }
    const uint32_t jump = asm_jcc32(c, cc), out = leaves ? emit_way_out(e, (uint32_t)op->imm) : 0;
    emit_fixup(e, jump, TO_COLD, e->cold.n);
    e->c = &e->cold;
    call_sequence(e, op, r);
    if (leaves) {
        asm_alu_mi(e->c, 7, 8, state_mem(e, STATE(call_result)), 0);
        emit_fixup(e, asm_jcc32(e->c, CC_NE), TO_COLD, out);
    }
    emit_jump_to_main(e, c->n);
    e->c = c;
}
