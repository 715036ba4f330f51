/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/control: what never runs as itself.
 *
 * Jumps, calls, returns, system calls and traps become EXITs; so do the
 * instructions that would act on the tool's own thread (segment bases).
 * Repeated string instructions become one iteration that jumps to itself.
 * All memory and register effects here are real ops in every form.  */
#include <signal.h>
#include <string.h>
#include "internal.h"

static ir_ref guest_address(struct x86_ctx *c, guest_addr a)
{
    return ir_append(c->b, (struct ir_op){ .op = IR_CONST, .type = IR_I64, .flags = IR_GUEST_ADDR, .imm = (int64_t)a });
}

static void put_now(struct x86_ctx *c, int slot, ir_ref v)
{
    ir_append(c->b, (struct ir_op){ .op = IR_PUT, .type = IR_I64, .flags = IR_KEEP_FLAGS, .aux = slot, .a = v });
}

static ir_ref add_now(struct x86_ctx *c, int slot, int64_t delta)
{
    const ir_ref sum = ir_op2(c->b, IR_ADD, IR_I64, x86_get_gpr(c, slot, 0, IR_I64), x86_const(c, IR_I64, delta));
    put_now(c, slot, sum);
    return sum;
}

static void move_sp(struct x86_ctx *c, int64_t delta)
{
    add_now(c, X86_RSP, delta);
    ir_append(c->b, (struct ir_op){ .op = IR_SP, .imm = delta });
}

static struct ir_op *latest_op(struct x86_ctx *c) { return &c->b->ops[c->b->n_ops - 1]; }

/* The block goes on into the call, or behind the return, that has just moved rsp. */
static void went_on(struct x86_ctx *c, uint8_t how)
{
    latest_op(c)->flags |= how;
    if (!c->r->returns_flags)
        latest_op(c)[-1].flags |= IR_FLAGS_DIE; /* the PUT of rsp */
}

static uint32_t new_exit(struct x86_ctx *c, enum ir_exit_kind kind, guest_addr pc, int aux)
{
    return ir_block_add_exit(c->b, (struct ir_exit){ .pc = pc, .kind = kind, .mode = c->r->mode, .aux = aux });
}

void x86_end(struct x86_ctx *c, enum ir_exit_kind kind, guest_addr pc, int aux, ir_ref target)
{
    const uint32_t exit = new_exit(c, kind, pc, aux);
    ir_append(c->b, (struct ir_op){ .op = IR_EXIT, .imm = exit, .a = target });
    c->ended = true;
}

void x86_trap(struct x86_ctx *c, int signal, guest_addr pc)
{
    x86_end(c, IR_EXIT_TRAP, pc, signal, IR_NONE);
}

/* Side exit on guest condition cc. */
static void exit_cc(struct x86_ctx *c, int cc, guest_addr to)
{
    const ir_ref condition = c->form == IR_FORM_NATIVE ? IR_NONE : x86_condition(c, cc);
    const uint32_t exit = new_exit(c, IR_EXIT_JUMP, to, 0);
    if (c->form == IR_FORM_PURE)
        ir_append(c->b, (struct ir_op){ .op = IR_EXIT_IF, .a = condition, .imm = exit });
    else
        ir_append(c->b, (struct ir_op){ .op = IR_EXIT_CC, .a = condition, .aux = cc, .imm = exit });
}

static void exit_rcxz(struct x86_ctx *c, guest_addr to)
{
    ir_append(c->b, (struct ir_op){ .op = IR_EXIT_RCXZ, .aux = c->zi->address_width == 32 ? 32 : 64,
                                    .imm = new_exit(c, IR_EXIT_JUMP, to, 0) });
}

/* rcx, or with 67h ecx, counts down. */
static void count_down(struct x86_ctx *c)
{
    if (c->zi->address_width == 32) {
        ir_ref ecx = ir_convert(c->b, IR_TRUNC, IR_I32, IR_I64, x86_get_gpr(c, X86_RCX, 0, IR_I64));
        ecx = ir_op2(c->b, IR_ADD, IR_I32, ecx, x86_const(c, IR_I32, -1));
        put_now(c, X86_RCX, ir_convert(c->b, IR_ZEXT, IR_I64, IR_I32, ecx));
    } else
        add_now(c, X86_RCX, -1);
}

static guest_addr branch_target(const struct x86_ctx *c)
{
    return c->next + c->zo[0].imm.value.u;
}

static bool is_direct(const struct x86_ctx *c)
{
    return c->zo[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static ir_ref indirect_target(struct x86_ctx *c)
{
    return x86_is_memory(c, 0) ? x86_load(c, x86_mem(c, 0, IR_I64)) : x86_read(c, 0, IR_I64);
}

/* Where a jump or call through a pointer at a fixed address (a PLT's, a table's of functions) would lead now, or 0.  The
 * block must not begin here: it is left to this very instruction if the pointer is another one some day. */
static guest_addr pointed_to(const struct x86_ctx *c)
{
    const ZydisDecodedOperand *o = &c->zo[0];
    if (!c->r->pointer || c->form != IR_FORM_NATIVE || c->pc == c->b->pc || !x86_is_memory(c, 0) || o->mem.base != ZYDIS_REGISTER_RIP ||
        o->mem.index != ZYDIS_REGISTER_NONE || o->mem.segment == ZYDIS_REGISTER_FS || o->mem.segment == ZYDIS_REGISTER_GS)
        return 0;
    return c->r->pointer(c->next + (guest_addr)o->mem.disp.value);
}

/* Leaves the block before this instruction unless `to` is `expected`. */
static void leave_unless(struct x86_ctx *c, ir_ref to, guest_addr expected, bool flags_dead)
{
    const ir_ref other = ir_append(c->b, (struct ir_op){ .op = IR_CMPNE, .type = IR_I1, .lane = IR_I64, .a = to, .b = guest_address(c, expected) });
    const uint32_t exit = new_exit(c, IR_EXIT_JUMP, c->pc, 0);
    c->b->exits[exit].flags_dead = flags_dead ? IR_FLAGS_ARITH : 0;
    ir_append(c->b, (struct ir_op){ .op = IR_EXIT_IF, .a = other, .imm = exit });
}

static void translate_call(struct x86_ctx *c)
{
    const ir_ref target = is_direct(c) ? IR_NONE : indirect_target(c);
    const guest_addr known = is_direct(c) ? branch_target(c) : pointed_to(c);
    if (target && known)
        leave_unless(c, target, known, !c->r->jumps_flags);
    const ir_ref sp = x86_get_gpr(c, X86_RSP, 0, IR_I64);
    x86_store(c, (struct ir_op){ .type = IR_I64, .a = sp, .imm = -8, .flags = IR_STACK_REL }, guest_address(c, c->next));
    move_sp(c, -8);
    if (!c->r->returns_flags && (x86_passed_flags_read(c->r, c->next) || (known && x86_passed_flags_read(c->r, known))))
        c->b->sees_passed_flags = true;
    const guest_addr back = c->next;
    if (!known) {
        x86_end(c, IR_EXIT_ICALL, 0, 0, target);
    } else if (c->n_open_calls < X86_MAX_OPEN_CALLS && x86_follow(c, known, 0)) {
        went_on(c, IR_CALL_SP);
        c->open_calls[c->n_open_calls++] = back;
    } else {
        x86_end(c, IR_EXIT_CALL, known, 0, IR_NONE);
    }
}

/* A return whose call is in the block, or whose target is guessed: goes on there if that is where it leads, else the block is
 * left before it. */
static bool follow_return(struct x86_ctx *c, int64_t pop)
{
    if (!c->n_open_calls || c->pc == c->b->pc) /* who leaves before a block's first instruction would come in again for ever */
        return false;
    const guest_addr back = c->open_calls[--c->n_open_calls];
    if (!x86_follow(c, back, 0))
        return false;
    const ir_ref to = x86_load(c, (struct ir_op){ .type = IR_I64, .a = x86_get_gpr(c, X86_RSP, 0, IR_I64), .flags = IR_STACK_REL });
    leave_unless(c, to, back, !c->r->returns_flags);
    move_sp(c, pop);
    went_on(c, IR_RET_SP);
    return true;
}

static void translate_ret(struct x86_ctx *c)
{
    const bool has_imm = c->zi->operand_count_visible && c->zo[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    const int64_t pop = 8 + (has_imm ? (int64_t)c->zo[0].imm.value.u : 0);
    if (follow_return(c, pop))
        return;
    const ir_ref sp = x86_get_gpr(c, X86_RSP, 0, IR_I64);
    const ir_ref to = x86_load(c, (struct ir_op){ .type = IR_I64, .a = sp, .flags = IR_STACK_REL });
    move_sp(c, pop);
    x86_end(c, IR_EXIT_RET, 0, 0, to);
}

static void translate_jmp(struct x86_ctx *c)
{
    const ir_ref target = is_direct(c) ? IR_NONE : indirect_target(c);
    const guest_addr known = is_direct(c) ? branch_target(c) : pointed_to(c);
    if (target && known)
        leave_unless(c, target, known, !c->r->jumps_flags);
    if (!known)
        x86_end(c, IR_EXIT_INDIRECT, 0, 0, target);
    else if (!x86_follow(c, known, 0))
        x86_end(c, IR_EXIT_JUMP, known, 0, IR_NONE);
}

static void jump_next(struct x86_ctx *c)
{
    x86_end(c, IR_EXIT_JUMP, c->next, 0, IR_NONE);
}

static void translate_jcc(struct x86_ctx *c, int cc, guest_addr taken, guest_addr next)
{
    if (!x86_follow(c, taken, next)) {
        exit_cc(c, cc, taken);
        jump_next(c);
    } else if (c->next == next) {
        exit_cc(c, cc, taken);
    } else {
        exit_cc(c, cc ^ 1, next);
    }
}

static void translate_conditional(struct x86_ctx *c)
{
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_JRCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JCXZ:
        exit_rcxz(c, branch_target(c));
        jump_next(c);
        return;
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
        count_down(c);
        exit_rcxz(c, c->next);
        if (c->zi->mnemonic != ZYDIS_MNEMONIC_LOOP)
            exit_cc(c, c->zi->mnemonic == ZYDIS_MNEMONIC_LOOPE ? 5 : 4, c->next);
        x86_end(c, IR_EXIT_JUMP, branch_target(c), 0, IR_NONE);
        return;
    case ZYDIS_MNEMONIC_XBEGIN: /* a transaction that always aborts, without reason */
        put_now(c, X86_RAX, x86_const(c, IR_I64, 0));
        x86_end(c, IR_EXIT_JUMP, branch_target(c), 0, IR_NONE);
        return;
    default:
        translate_jcc(c, c->zi->opcode & 15, branch_target(c), c->next);
    }
}

static void translate_interrupt(struct x86_ctx *c)
{
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_INT1:
        x86_trap(c, SIGTRAP, c->next);
        return;
    default: /* int n: only 3 is open to user code on a 64-bit system without 32-bit calls */
        if (c->zi->mnemonic == ZYDIS_MNEMONIC_INT && c->zo[0].imm.value.u == 3)
            x86_trap(c, SIGTRAP, c->next);
        else
            x86_trap(c, SIGSEGV, c->pc);
    }
}

/* ---- segments ---- */
static void translate_base(struct x86_ctx *c, int slot, bool reads)
{
    const bool wide = c->zo[0].size == 64;
    const int hw = x86_gpr_number(c->zo[0].reg.value, NULL);
    ir_ref v = reads ? ir_get(c->b, IR_I64, IR_PLANE_GUEST, slot, 0) : x86_get_gpr(c, hw, 0, IR_I64);
    if (!wide)
        v = ir_convert(c->b, IR_ZEXT, IR_I64, IR_I32, ir_convert(c->b, IR_TRUNC, IR_I32, IR_I64, v));
    put_now(c, reads ? hw : slot, v);
}

static bool is_tls_selector(ZydisRegister r)
{
    return r == ZYDIS_REGISTER_FS || r == ZYDIS_REGISTER_GS;
}

/* Loads of the fs and gs selectors: 64-bit programs have no use for them; ignored, but for their other effects. */
static bool translate_selector_load(struct x86_ctx *c)
{
    if ((c->zi->mnemonic == ZYDIS_MNEMONIC_MOV || c->zi->mnemonic == ZYDIS_MNEMONIC_POP) &&
        c->zo[0].type == ZYDIS_OPERAND_TYPE_REGISTER && is_tls_selector(c->zo[0].reg.value)) {
        if (x86_is_memory(c, 1))
            x86_load(c, x86_mem(c, 1, IR_I16));
        if (c->zi->mnemonic == ZYDIS_MNEMONIC_POP) {
            x86_load(c, (struct ir_op){ .type = IR_I16, .a = x86_get_gpr(c, X86_RSP, 0, IR_I64), .flags = IR_STACK_REL });
            move_sp(c, c->zi->operand_width == 16 ? 2 : 8);
        }
        x86_end(c, IR_EXIT_EMULATE, c->next, 0, IR_NONE);
        return true;
    }
    if (c->zi->mnemonic == ZYDIS_MNEMONIC_LFS || c->zi->mnemonic == ZYDIS_MNEMONIC_LGS) {
        x86_trap(c, SIGILL, c->pc);
        return true;
    }
    return false;
}

/* ---- single instructions that become ops ---- */
/* lea of a pc-relative address is a constant. */
static bool translate_constant_lea(struct x86_ctx *c)
{
    guest_addr a;
    if (c->zi->mnemonic != ZYDIS_MNEMONIC_LEA || !c->insn->rip_relative || c->zo[0].size < 32)
        return false;
    a = (guest_addr)c->insn->disp;
    if (c->zo[0].size == 32)
        a = (uint32_t)a;
    put_now(c, x86_gpr_number(c->zo[0].reg.value, NULL), guest_address(c, a));
    return true;
}

/* An implicit operand in fs or gs cannot be re-encoded: the row's ops are the execution. */
static bool translate_segmented_implicit(struct x86_ctx *c)
{
    if (!c->insn->mem_seg || c->insn->modrm_off || x86_rep_prefix(c->zi))
        return false;
    if (!x86_row_find(c->zi->mnemonic)) {
        x86_trap(c, SIGILL, c->pc);
        return true;
    }
    c->by_ops = true;
    x86_translate_plain(c);
    return true;
}

static bool is_privileged(const struct x86_ctx *c)
{
    if (c->zi->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
        return true;
    switch (c->zi->meta.category) {
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
        return true;
    default:
        break;
    }
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_CLI: case ZYDIS_MNEMONIC_STI: case ZYDIS_MNEMONIC_HLT: case ZYDIS_MNEMONIC_SWAPGS:
    case ZYDIS_MNEMONIC_XEND: case ZYDIS_MNEMONIC_SYSRET: case ZYDIS_MNEMONIC_SYSEXIT:
        return true;
    default:
        return false;
    }
}

static bool is_far(const struct x86_ctx *c)
{
    return c->zi->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR || c->zi->mnemonic == ZYDIS_MNEMONIC_IRET ||
           c->zi->mnemonic == ZYDIS_MNEMONIC_IRETD || c->zi->mnemonic == ZYDIS_MNEMONIC_IRETQ ||
           c->zi->mnemonic == ZYDIS_MNEMONIC_SYSENTER;
}

static bool translate_by_mnemonic(struct x86_ctx *c)
{
    switch (c->zi->mnemonic) {
    case ZYDIS_MNEMONIC_SYSCALL:
        x86_end(c, IR_EXIT_SYSCALL, c->next, 0, IR_NONE);
        return true;
    case ZYDIS_MNEMONIC_CPUID:
        x86_end(c, IR_EXIT_CPUID, c->next, 0, IR_NONE);
        return true;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
        x86_trap(c, SIGILL, c->pc);
        return true;
    case ZYDIS_MNEMONIC_RDFSBASE: translate_base(c, X86_FSBASE, true); return true;
    case ZYDIS_MNEMONIC_RDGSBASE: translate_base(c, X86_GSBASE, true); return true;
    case ZYDIS_MNEMONIC_WRFSBASE: translate_base(c, X86_FSBASE, false); return true;
    case ZYDIS_MNEMONIC_WRGSBASE: translate_base(c, X86_GSBASE, false); return true;
    default:
        return translate_constant_lea(c) || translate_selector_load(c) || translate_segmented_implicit(c);
    }
}

bool x86_control(struct x86_ctx *c)
{
    if (!c->quick && is_privileged(c)) {
        x86_trap(c, SIGSEGV, c->pc);
        return true;
    }
    if (!c->quick && is_far(c)) { /* other code segments: not for 64-bit programs */
        x86_trap(c, SIGILL, c->pc);
        return true;
    }
    switch (c->zi->meta.category) {
    case ZYDIS_CATEGORY_CALL: translate_call(c); return true;
    case ZYDIS_CATEGORY_RET: translate_ret(c); return true;
    case ZYDIS_CATEGORY_UNCOND_BR: translate_jmp(c); return true;
    case ZYDIS_CATEGORY_COND_BR: translate_conditional(c); return true;
    case ZYDIS_CATEGORY_INTERRUPT: translate_interrupt(c); return true;
    default: return c->quick ? translate_constant_lea(c) : translate_by_mnemonic(c);
    }
}

/* ---- repeated strings ---- */
/* The bytes of a single iteration: the same without the REP prefix. */
static void strip_prefix(struct ir_insn *n)
{
    int to = 0;
    for (int from = 0; from < n->len; from++) {
        const uint8_t p = n->bytes[from];
        if ((p == 0xf2 || p == 0xf3) && from < n->len - 1) {
            if (n->asz_off > from + 1)
                n->asz_off--;
            if (n->seg_off > from + 1)
                n->seg_off--;
            if (n->attrs & IR_INSN_REX && n->rex_off > from)
                n->rex_off--;
            continue;
        }
        n->bytes[to++] = p;
    }
    n->len = to;
}

/* Many elements at once, if somebody does that; then the block begins again, with what is left.  He is asked once in 256 elements,
 * so that it costs next to nothing where he declines. */
static void many_elements(struct x86_ctx *c)
{
    const int mnemonic = c->zi->mnemonic;
    const bool moves = mnemonic == ZYDIS_MNEMONIC_MOVSB || mnemonic == ZYDIS_MNEMONIC_MOVSW || mnemonic == ZYDIS_MNEMONIC_MOVSD ||
                       mnemonic == ZYDIS_MNEMONIC_MOVSQ;
    const bool stores = mnemonic == ZYDIS_MNEMONIC_STOSB || mnemonic == ZYDIS_MNEMONIC_STOSW || mnemonic == ZYDIS_MNEMONIC_STOSD ||
                        mnemonic == ZYDIS_MNEMONIC_STOSQ;
    if (!c->r->string_helper || c->form != IR_FORM_NATIVE || c->insn->mem_seg || c->zi->address_width != 64 || !(moves || stores))
        return;
    const ir_ref low = ir_convert(c->b, IR_TRUNC, IR_I8, IR_I64, x86_get_gpr(c, X86_RCX, 0, IR_I64)); /* of rcx, which is not 0 */
    const ir_ref many = ir_append(c->b, (struct ir_op){ .op = IR_CMPEQ, .type = IR_I1, .lane = IR_I8, .a = low, .b = x86_const(c, IR_I8, 0) });
    const ir_ref call = ir_call(c->b, IR_VOID, c->r->string_helper - 1, many, x86_const(c, IR_I64, c->zo[0].size / 8),
                                x86_const(c, IR_I64, moves), x86_const(c, IR_I64, 0));
    c->b->ops[call].flags = IR_LEAVES;
    c->b->ops[call].imm = new_exit(c, IR_EXIT_JUMP, c->pc, 0);
}

void x86_rep_string(struct x86_ctx *c, int prefix)
{
    const bool compares = c->insn->flags_write & IR_FLAG_Z;

    exit_rcxz(c, c->next);
    many_elements(c);
    if (c->insn->mem_seg)
        c->by_ops = true;
    else
        strip_prefix(c->insn);
    x86_translate_plain(c);
    c->gpr[X86_RCX] = IR_NONE;
    count_down(c);
    if (compares)
        exit_cc(c, prefix == 0xf3 ? 5 : 4, c->next);
    x86_end(c, IR_EXIT_JUMP, c->pc, 0, IR_NONE);
}
