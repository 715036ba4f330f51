/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/decode: the driver.  One pass: decode, describe, append.
 *
 * Each instruction is IMARK, its loads and stores, NATIVE, its register writes
 * and SP, in this order; or, if it cannot run as itself, the real ops of
 * control.c.  A block ends at control flow, at max_insns, before bytes that may
 * not be read, and before a repeated string instruction.  */
#include <signal.h>
#include <string.h>
#include "quick.h"

/* Client requests: rol rdi by 3, 13, 61, 51, then xchg of a register with itself. */
static const uint8_t request_preamble[16] = { 0x48, 0xc1, 0xc7, 0x03, 0x48, 0xc1, 0xc7, 0x0d,
                                              0x48, 0xc1, 0xc7, 0x3d, 0x48, 0xc1, 0xc7, 0x33 };
enum { REQUEST_BYTES = 19, EMULATE_GET_ORIGINAL = 1, EMULATE_CALL_ORIGINAL = 2 };

static const uint8_t *bytes_at(const struct x86_ctx *c, guest_addr pc)
{
    return c->bytes + (pc - c->bytes_pc);
}

static size_t bytes_left(const struct x86_ctx *c, guest_addr pc)
{
    return c->n_bytes - (pc - c->bytes_pc);
}

/* c->insn: the next instruction, to be filled in. */
static void new_insn(struct x86_ctx *c)
{
    const uint32_t i = ir_block_new_insn(c->b);
    c->insn = &c->b->insns[i];
    c->imark = ir_append(c->b, (struct ir_op){ .op = IR_IMARK, .imm = i });
    c->first_exit = c->b->n_exits;
}

static void add_insn(struct x86_ctx *c, const struct ir_insn *n)
{
    new_insn(c);
    *c->insn = *n;
}

/* A place without an instruction: what the fetch or the decoder refuses. */
static void bad_instruction(struct x86_ctx *c, int signal)
{
    const size_t left = bytes_left(c, c->pc);
    struct ir_insn n = { .pc = c->pc, .mem_base = 0xff, .mem_index = 0xff };
    n.len = left < 15 ? left : 15;
    memcpy(n.bytes, bytes_at(c, c->pc), n.len);
    if (!n.len)
        n.len = 1;
    c->next = c->pc + n.len;
    add_insn(c, &n);
    x86_trap(c, signal, c->pc);
}

static bool client_request(struct x86_ctx *c)
{
    const uint8_t *p = bytes_at(c, c->pc);
    struct ir_insn n = { .pc = c->pc, .len = REQUEST_BYTES, .mem_base = 0xff, .mem_index = 0xff,
                         .gpr_read = 1u << X86_RAX | 1u << X86_RDX, .gpr_write = 1u << X86_RDX };
    enum ir_exit_kind kind;
    int aux = 0;

    if (bytes_left(c, c->pc) < REQUEST_BYTES || memcmp(p, request_preamble, sizeof request_preamble) || p[16] != 0x48 || p[17] != 0x87)
        return false;
    switch (p[18]) {
    case 0xdb: kind = IR_EXIT_CLIENTREQ; break;
    case 0xc9: kind = IR_EXIT_EMULATE; aux = EMULATE_GET_ORIGINAL; break;
    case 0xd2: kind = IR_EXIT_EMULATE; aux = EMULATE_CALL_ORIGINAL; break;
    default: return false;
    }
    memcpy(n.bytes, p, sizeof n.bytes);
    c->next = c->pc + REQUEST_BYTES;
    add_insn(c, &n);
    x86_end(c, kind, c->next, aux, IR_NONE);
    return true;
}

static void end_extent(struct x86_ctx *c, guest_addr end)
{
    ir_block_add_extent(c->b, (struct ir_extent){ c->bytes_pc, (uint32_t)(end - c->bytes_pc) });
}

bool x86_follow(struct x86_ctx *c, guest_addr taken, guest_addr next)
{
    const uint8_t *bytes;
    size_t n;
    if (!c->r->follow || c->form != IR_FORM_NATIVE || c->b->n_insns >= c->r->max_insns)
        return false;
    const guest_addr to = c->r->follow(c->r->follow_arg, c->b, taken, next, &bytes, &n);
    if (!to)
        return false;
    c->b->goes_on = true;
    if (to != c->next) {
        end_extent(c, c->next);
        c->bytes = bytes;
        c->bytes_pc = to;
        c->n_bytes = n;
        c->next = to;
    }
    return true;
}

static void jump_to(struct x86_ctx *c, guest_addr pc)
{
    x86_end(c, IR_EXIT_JUMP, pc, 0, IR_NONE);
}

static void one_instruction(struct x86_ctx *c)
{
    const int rep = x86_rep_prefix(c->zi);

    if (c->zi->mnemonic == ZYDIS_MNEMONIC_ROL && client_request(c))
        return;
    if (rep && c->b->n_insns) { /* it jumps to itself: a block of its own */
        c->next = c->pc;
        jump_to(c, c->pc);
        return;
    }
    new_insn(c);
    x86_insn_fill(c->insn, c->zi, c->zo, c->pc, bytes_at(c, c->pc));
    c->n_puts = 0;
    c->described = 0;
    c->by_ops = false;
    c->last.fresh = false;
    if (rep && c->zi->meta.category == ZYDIS_CATEGORY_STRINGOP)
        x86_rep_string(c, rep);
    else if (!x86_control(c))
        x86_translate_plain(c);
    if (c->insn->flags_write && !c->last.fresh)
        c->last.kind = X86_LAST_NONE;
}

/* With REX.B, F3 90 is an exchange with r8, whatever the decoder says: decoded with another prefix for F3. */
static ZyanStatus decode_pause(const ZydisDecoder *decoder, const uint8_t *bytes, ZydisDecodedInstruction *zi, ZydisDecodedOperand *zo)
{
    uint8_t copy[15];
    if (!zi->raw.rex.B)
        return ZYAN_STATUS_SUCCESS;
    memcpy(copy, bytes, zi->length);
    for (int i = 0; i < zi->raw.prefix_count; i++)
        if (copy[i] == 0xf3)
            copy[i] = 0x3e;
    return ZydisDecoderDecodeFull(decoder, copy, zi->length, zi, zo);
}

static void decode_block(struct x86_ctx *c)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction zi;
    ZydisDecodedOperand zo[ZYDIS_MAX_OPERAND_COUNT];

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    c->zi = &zi;
    c->zo = zo;
    while (!c->ended) {
        const size_t left = bytes_left(c, c->pc);
        ZyanStatus status = ZYDIS_STATUS_NO_MORE_DATA;
        c->next = c->pc;
        if (c->b->n_insns == (c->r->max_insns ? c->r->max_insns : 1)) {
            jump_to(c, c->pc);
            return;
        }
        c->quick = x86_quick_decode(bytes_at(c, c->pc), left, &zi, zo);
        if (c->quick)
            status = ZYAN_STATUS_SUCCESS;
        else if (left)
            status = ZydisDecoderDecodeFull(&decoder, bytes_at(c, c->pc), left < 15 ? left : 15, &zi, zo);
        if (ZYAN_SUCCESS(status) && zi.mnemonic == ZYDIS_MNEMONIC_PAUSE)
            status = decode_pause(&decoder, bytes_at(c, c->pc), &zi, zo);
        if (ZYAN_SUCCESS(status) && zi.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX)
            status = ZYDIS_STATUS_ILLEGAL_LEGACY_PFX; /* of a processor that is gone */
        if (status == ZYDIS_STATUS_NO_MORE_DATA && left < 15) {
            if (c->b->n_insns)
                jump_to(c, c->pc);
            else
                bad_instruction(c, SIGSEGV);
        } else if (ZYAN_FAILED(status))
            bad_instruction(c, SIGILL);
        else {
            c->next = c->pc + zi.length;
            one_instruction(c);
        }
        c->pc = c->next;
    }
    c->zi = NULL;
    c->zo = NULL;
}

/* A replaced function: left by its exit, or, if there is a fast way and that does, by a return. */
static void decode_hook(struct x86_ctx *c)
{
    static const uint8_t ret = 0xc3;
    if (c->form != IR_FORM_NATIVE || !c->r->hook_gprs) {
        x86_end(c, IR_EXIT_HOSTCALL, c->pc, (int)c->r->hook, IR_NONE);
        return;
    }
    const uint32_t exit = ir_block_add_exit(c->b, (struct ir_exit){ .pc = c->pc, .kind = IR_EXIT_HOSTCALL, .aux = (uint16_t)c->r->hook });
    ir_append(c->b, (struct ir_op){ .op = IR_HOOK, .aux = c->r->hook_gprs, .imm = exit });
    c->bytes = &ret;
    c->n_bytes = sizeof ret;
    c->pc = c->next = c->bytes_pc = c->r->hook_ret;
    decode_block(c);
}

/* Flags that a successor of the last instruction may read: all, unless every way out is known and writes them first.  Calls, returns
 * and indirect jumps give none unless r says so. */
static uint8_t live_out(const struct x86_ctx *c)
{
    const struct ir_block *b = c->b;
    const struct vex_decode_request *r = c->r;
    uint8_t live = 0;
    for (uint32_t i = c->first_exit; i < b->n_exits && live != IR_FLAGS_ARITH; i++)
        if (b->exits[i].kind == IR_EXIT_JUMP || (b->exits[i].kind == IR_EXIT_CALL && r->returns_flags))
            live |= x86_flags_live_at(r, b->exits[i].pc) & IR_FLAGS_ARITH;
        else if (b->exits[i].kind == IR_EXIT_RET || b->exits[i].kind == IR_EXIT_CALL ? r->returns_flags :
                 b->exits[i].kind == IR_EXIT_INDIRECT || b->exits[i].kind == IR_EXIT_ICALL ? r->jumps_flags : true)
            live = IR_FLAGS_ARITH;
    return live;
}

void guest_x86_64_decode(const struct vex_decode_request *r, struct ir_block *b)
{
    struct x86_ctx c;
    memset(&c, 0, offsetof(struct x86_ctx, puts));
    c.b = b;
    c.r = r;
    c.pc = c.next = c.bytes_pc = r->pc;
    c.form = r->form;
    c.bytes = r->bytes;
    c.n_bytes = r->n_bytes;
    if (r->return_to)
        c.open_calls[c.n_open_calls++] = r->return_to;

    ir_block_reset(b);
    b->pc = r->pc;
    b->form = r->form;
    b->mode = r->mode;
    if (r->hook) {
        decode_hook(&c);
        b->guest_bytes = 1;
        b->end = r->pc + 1;
    } else {
        decode_block(&c);
        if (b->n_extents)
            end_extent(&c, c.next);
        b->guest_bytes = b->n_extents ? b->extents[0].bytes : (uint32_t)(c.next - r->pc);
        b->end = c.next;
        if (r->form == IR_FORM_TANDEM)
            x86_prune(b);
    }
    b->flags_live_out = live_out(&c);
}

static uint64_t slot_bits(int slot)
{
    if (slot <= X86_R15)
        return X86_ATT_GPR(slot);
    if (slot <= X86_DF)
        return X86_ATT_FLAGS;
    if (slot < X86_X87)
        return X86_ATT_YMM(slot - X86_YMM0);
    return slot == X86_X87 ? X86_ATT_X87 : slot == X86_WIDE ? X86_ATT_WIDE : 0;
}

static uint64_t insn_bits(const struct ir_insn *n)
{
    const uint32_t vec = n->vec_read | n->vec_write;
    uint64_t mask = (uint64_t)(n->gpr_read | n->gpr_write) | (uint64_t)(vec & 0xffff) << 32;
    if (n->flags_read || n->flags_write)
        mask |= X86_ATT_FLAGS;
    if (n->attrs & IR_INSN_X87)
        mask |= X86_ATT_X87;
    if (n->attrs & IR_INSN_EVEX || vec >> 16 || (n->mnemonic >= ZYDIS_MNEMONIC_KADDB && n->mnemonic <= ZYDIS_MNEMONIC_KXORW))
        mask |= X86_ATT_WIDE;
    return mask;
}

uint64_t guest_x86_64_block_mask(const struct ir_block *b)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < b->n_insns; i++)
        mask |= insn_bits(&b->insns[i]);
    for (uint32_t i = 1; i < b->n_ops; i++)
        if ((b->ops[i].op == IR_GET || b->ops[i].op == IR_PUT) && b->ops[i].plane == IR_PLANE_GUEST)
            mask |= slot_bits(b->ops[i].aux);
        else if (b->ops[i].op == IR_EXIT_RCXZ)
            mask |= X86_ATT_GPR(X86_RCX);
        else if (b->ops[i].op == IR_EXIT_CC)
            mask |= X86_ATT_FLAGS;
        else if (b->ops[i].op == IR_HOOK)
            mask |= b->ops[i].aux | X86_ATT_GPR(X86_RAX);
    return mask;
}
