/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Front end: what the driver makes of control flow, the stack, memory operands
 * and the register masks.
 * needs: vex/guest_x86_64 (all), vex/ir (all) */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "vex/vex.h"

enum { PC = 0x400000 };
static struct ir_block b;
static struct vex_decode_request r;

static void decode_as(enum ir_form form, const char *bytes, size_t n)
{
    char error[200];
    r.pc = PC;
    r.bytes = (const uint8_t *)bytes;
    r.n_bytes = n;
    r.form = form;
    if (!r.max_insns)
        r.max_insns = 50;
    guest_x86_64_decode(&r, &b);
    ck_assert_msg(!ir_check(&b, error, sizeof error), "%s", error);
}

#define DECODE(bytes) decode_as(IR_FORM_NATIVE, bytes, sizeof(bytes) - 1)

static void setup(void)
{
    memset(&r, 0, sizeof r);
    ir_block_init(&b);
}

static void teardown(void)
{
    ir_block_free(&b);
}

/* The n-th op of this kind, counted from 0. */
static const struct ir_op *find(enum ir_opcode op, int n)
{
    for (uint32_t i = 1; i < b.n_ops; i++)
        if (b.ops[i].op == op && n-- == 0)
            return &b.ops[i];
    return NULL;
}

static int count(enum ir_opcode op)
{
    int n = 0;
    for (uint32_t i = 1; i < b.n_ops; i++)
        n += b.ops[i].op == op;
    return n;
}

static uint32_t position(const struct ir_op *op)
{
    ck_assert_ptr_nonnull(op);
    return op - b.ops;
}

static void is_get(ir_ref v, int slot)
{
    ck_assert_int_eq(b.ops[v].op, IR_GET);
    ck_assert_int_eq(b.ops[v].aux, slot);
    ck_assert_int_eq(b.ops[v].type, IR_I64);
}

static const struct ir_exit *last_exit(void)
{
    const struct ir_op *end = &b.ops[b.n_ops - 1];
    ck_assert_int_eq(end->op, IR_EXIT);
    return &b.exits[end->imm];
}

START_TEST(test_plain)
{
    DECODE("\x48\x8b\x44\x8b\x10\xc3"); /* mov rax,[rbx+rcx*4+0x10]; ret */
    const struct ir_op *load = find(IR_LOAD, 0);
    ck_assert_uint_eq(b.guest_bytes, 6);
    ck_assert_uint_eq(b.n_insns, 2);
    ck_assert_int_eq(load->type, IR_I64);
    ck_assert_int_eq(load->flags, IR_DESCRIBED);
    is_get(load->a, X86_RBX);
    is_get(load->b, X86_RCX);
    ck_assert_int_eq(load->scale, 2);
    ck_assert_int_eq(load->imm, 0x10);
    ck_assert(position(load) < position(find(IR_NATIVE, 0)));
    ck_assert_uint_eq(b.insns[0].gpr_read, 1u << X86_RBX | 1u << X86_RCX);
    ck_assert_uint_eq(b.insns[0].gpr_write, 1u << X86_RAX);
    ck_assert_int_eq(b.insns[0].mem_base, X86_RBX);
    ck_assert_int_eq(b.insns[0].mem_index, X86_RCX);
    ck_assert_int_eq(b.insns[0].mem_scale, 2);
    ck_assert_int_eq(b.insns[0].modrm_off, 2);
    ck_assert_int_eq(b.insns[0].sib_off, 3);
    ck_assert_int_eq(b.insns[0].disp_off, 4);
    ck_assert_int_eq(b.insns[0].disp_size, 1);
    ck_assert(b.insns[0].attrs & IR_INSN_REX);
}
END_TEST

START_TEST(test_rip_and_segment)
{
    DECODE("\x8b\x05\x10\x00\x00\x00\x64\x48\x8b\x04\x25\x28\x00\x00\x00\x48\x8d\x05\x01\x00\x00\x00");
    const struct ir_op *load = find(IR_LOAD, 0), *lea = find(IR_PUT, 0);
    ck_assert_uint_eq(load->a, 0);
    ck_assert_int_eq(load->imm, PC + 6 + 0x10);
    ck_assert_int_eq(b.insns[0].rip_relative, 1);
    ck_assert_int_eq(b.insns[0].disp, PC + 6 + 0x10);
    load = find(IR_LOAD, 1);
    ck_assert_int_eq(load->aux, IR_SEG_FS);
    ck_assert_int_eq(load->imm, 0x28);
    ck_assert_int_eq(b.insns[1].mem_seg, IR_SEG_FS);
    ck_assert_int_eq(b.insns[1].seg_off, 1);
    ck_assert_int_eq(count(IR_NATIVE), 2); /* lea is a constant */
    ck_assert_int_eq(b.ops[lea->a].op, IR_CONST);
    ck_assert(b.ops[lea->a].flags & IR_GUEST_ADDR);
    ck_assert_int_eq(b.ops[lea->a].imm, PC + 15 + 7 + 1);
}
END_TEST

START_TEST(test_address_size)
{
    DECODE("\x67\x8b\x44\x8b\x10"); /* mov eax,[ebx+ecx*4+0x10] */
    const struct ir_op *load = find(IR_LOAD, 0);
    ck_assert_int_eq(b.ops[load->a].op, IR_ZEXT);
    ck_assert_uint_eq(load->b, 0);
    ck_assert_int_eq(load->imm, 0);
    ck_assert_int_eq(b.insns[0].asz_off, 1);
}
END_TEST

static void check_sp(int n, int64_t delta)
{
    const struct ir_op *sp = find(IR_SP, n);
    ck_assert_ptr_nonnull(sp);
    ck_assert_uint_eq(sp->a, 0);
    ck_assert_int_eq(sp->imm, delta);
}

START_TEST(test_stack)
{
    /* push rbp; pop qword [rsp+8]; sub rsp,0x20; add rsp,8; lea rsp,[rsp-8]; pushf; popf; enter 16,0 */
    DECODE("\x55\x8f\x44\x24\x08\x48\x83\xec\x20\x48\x83\xc4\x08\x48\x8d\x64\x24\xf8\x9c\x9d\xc8\x10\x00\x00");
    const struct ir_op *push = find(IR_STORE, 0), *pop = find(IR_STORE, 1);
    ck_assert_int_eq(push->imm, -8);
    ck_assert_int_eq(push->flags, IR_DESCRIBED | IR_STACK_REL);
    ck_assert_int_eq(pop->imm, 16);
    ck_assert_int_eq(pop->flags, IR_DESCRIBED);
    static const int64_t deltas[] = { -8, 8, -0x20, 8, -8, -8, 8, -24 };
    for (int i = 0; i < 8; i++)
        check_sp(i, deltas[i]);
    ck_assert(position(find(IR_SP, 0)) > position(find(IR_NATIVE, 0)));
}
END_TEST

START_TEST(test_unknown_stack)
{
    DECODE("\x48\x83\xe4\xf0\xc9\x5c\x48\x89\xec"); /* and rsp,-16; leave; pop rsp; mov rsp,rbp */
    for (int i = 0; i < 4; i++) {
        const struct ir_op *sp = find(IR_SP, i);
        ck_assert_int_eq(sp->imm, 0);
        is_get(sp->a, X86_RSP);
        ck_assert(sp->a < position(find(IR_NATIVE, i)));
    }
}
END_TEST

START_TEST(test_call)
{
    DECODE("\xe8\x10\x00\x00\x00");
    const struct ir_op *store = find(IR_STORE, 0), *put = find(IR_PUT, 0);
    ck_assert_int_eq(count(IR_NATIVE), 0);
    ck_assert_int_eq(store->flags, IR_STACK_REL);
    ck_assert_int_eq(store->imm, -8);
    ck_assert_int_eq(b.ops[store->c].imm, PC + 5);
    ck_assert(b.ops[store->c].flags & IR_GUEST_ADDR);
    ck_assert_int_eq(put->aux, X86_RSP);
    ck_assert(position(store) < position(put) && position(put) < position(find(IR_SP, 0)));
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_CALL);
    ck_assert_uint_eq(last_exit()->pc, PC + 5 + 0x10);
    DECODE("\xff\x54\x24\x08"); /* call [rsp+8] */
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_ICALL);
    ck_assert_int_eq(find(IR_LOAD, 0)->imm, 8);
    ck_assert_uint_eq(b.ops[b.n_ops - 1].a, position(find(IR_LOAD, 0)));
}
END_TEST

START_TEST(test_ret)
{
    DECODE("\xc2\x10\x00");
    ck_assert_int_eq(find(IR_LOAD, 0)->flags, IR_STACK_REL);
    check_sp(0, 24);
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_RET);
    ck_assert_uint_eq(b.ops[b.n_ops - 1].a, position(find(IR_LOAD, 0)));
}
END_TEST

START_TEST(test_jumps)
{
    DECODE("\x0f\x84\x10\x00\x00\x00"); /* jz */
    ck_assert_int_eq(find(IR_EXIT_CC, 0)->aux, 4);
    ck_assert_uint_eq(find(IR_EXIT_CC, 0)->a, 0);
    ck_assert_uint_eq(b.exits[find(IR_EXIT_CC, 0)->imm].pc, PC + 0x16);
    ck_assert_uint_eq(last_exit()->pc, PC + 6);
    decode_as(IR_FORM_PURE, "\x0f\x84\x10\x00\x00\x00", 6);
    ck_assert_int_eq(count(IR_EXIT_CC), 0);
    ck_assert_int_eq(count(IR_EXIT_IF), 1);
    DECODE("\xeb\xfe");
    ck_assert_uint_eq(last_exit()->pc, PC);
    DECODE("\xff\xe0");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_INDIRECT);
    DECODE("\xe2\x10"); /* loop */
    ck_assert_int_eq(find(IR_PUT, 0)->aux, X86_RCX);
    ck_assert_int_eq(find(IR_EXIT_RCXZ, 0)->aux, 64);
    ck_assert_uint_eq(last_exit()->pc, PC + 0x12);
    DECODE("\xe1\x10"); /* loope leaves when not equal */
    ck_assert_int_eq(find(IR_EXIT_CC, 0)->aux, 5);
    DECODE("\x67\xe3\x10"); /* jecxz */
    ck_assert_int_eq(find(IR_EXIT_RCXZ, 0)->aux, 32);
}
END_TEST

START_TEST(test_folded_condition)
{
    decode_as(IR_FORM_TANDEM, "\x48\x39\xc8\x7c\x10", 5); /* cmp rax,rcx; jl */
    const struct ir_op *cc = find(IR_EXIT_CC, 0);
    ck_assert_int_eq(b.ops[cc->a].op, IR_CMPLTS);
    ck_assert_int_eq(b.ops[cc->a].lane, IR_I64);
    decode_as(IR_FORM_TANDEM, "\x48\x39\xc8\x48\xff\xc2\x7c\x10", 8); /* inc between */
    cc = find(IR_EXIT_CC, 0);
    ck_assert_int_eq(b.ops[cc->a].op, IR_XOR);
}
END_TEST

/* add; add: of the first one's flags none is described; add; adc: only the carry; add; div at an exit: all. */
START_TEST(test_overwritten_flags)
{
    decode_as(IR_FORM_TANDEM, "\x48\x01\xc8\x48\x01\xd1", 6);
    ck_assert_int_eq(count(IR_PUT), 2 + 6);
    decode_as(IR_FORM_TANDEM, "\x48\x01\xc8\x48\x11\xd1", 6);
    ck_assert_int_eq(count(IR_PUT), 2 + 7);
    ck_assert_int_eq(find(IR_PUT, 1)->aux, X86_CF);
    decode_as(IR_FORM_PURE, "\x48\x01\xc8\x48\x01\xd1", 6); /* the reference keeps them exact at every instruction */
    ck_assert_int_eq(count(IR_PUT), 2 + 12);
}
END_TEST

START_TEST(test_repeat)
{
    DECODE("\x90\xf3\xa4"); /* nop; rep movsb: a block of its own */
    ck_assert_uint_eq(b.guest_bytes, 1);
    ck_assert_uint_eq(last_exit()->pc, PC + 1);
    DECODE("\xf3\xa6"); /* repe cmpsb */
    ck_assert_uint_eq(b.guest_bytes, 2);
    ck_assert_uint_eq(b.exits[find(IR_EXIT_RCXZ, 0)->imm].pc, PC + 2);
    ck_assert_int_eq(b.insns[0].len, 1);
    ck_assert_int_eq(b.insns[0].bytes[0], 0xa6);
    ck_assert_int_eq(find(IR_EXIT_CC, 0)->aux, 5);
    ck_assert_uint_eq(last_exit()->pc, PC);
    ck_assert_int_eq(find(IR_PUT, 0)->aux, X86_RCX);
    ck_assert_uint_eq(b.insns[0].gpr_write, 1u << X86_RCX | 1u << X86_RSI | 1u << X86_RDI);
}
END_TEST

static void check_trap(const char *bytes, size_t n, int signal, uint64_t pc)
{
    decode_as(IR_FORM_NATIVE, bytes, n);
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_TRAP);
    ck_assert_int_eq(last_exit()->aux, signal);
    ck_assert_uint_eq(last_exit()->pc, pc);
    ck_assert_uint_ge(b.guest_bytes, 1);
}

START_TEST(test_traps)
{
    check_trap("\x0f\x0b", 2, SIGILL, PC);
    check_trap("\x06\x90\x90", 3, SIGILL, PC);
    check_trap("\xcc", 1, SIGTRAP, PC + 1);
    check_trap("\xf4", 1, SIGSEGV, PC);
    check_trap("\xe4\x10", 2, SIGSEGV, PC);
    check_trap("\xfa", 1, SIGSEGV, PC);
    check_trap("\x0f\x22\xc0", 3, SIGSEGV, PC); /* mov cr0,rax */
    check_trap("", 0, SIGSEGV, PC);
    check_trap("\x48\x8b", 2, SIGSEGV, PC); /* cut off by the end of the mapping */
    DECODE("\x90\x48\x8b");
    ck_assert_uint_eq(b.guest_bytes, 1);
    ck_assert_uint_eq(last_exit()->pc, PC + 1);
}
END_TEST

START_TEST(test_leaving)
{
    DECODE("\x0f\x05");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_SYSCALL);
    ck_assert_uint_eq(last_exit()->pc, PC + 2);
    DECODE("\x0f\xa2");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_CPUID);
    DECODE("\x8e\xe0"); /* mov fs,eax */
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_EMULATE);
    ck_assert_int_eq(count(IR_NATIVE), 0);
    DECODE("\xf3\x48\x0f\xae\xd0\xc3"); /* wrfsbase rax */
    ck_assert_int_eq(find(IR_PUT, 0)->aux, X86_FSBASE);
    r.hook = 7;
    DECODE("\x90");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_HOSTCALL);
    ck_assert_int_eq(last_exit()->aux, 7);
}
END_TEST

#define PREAMBLE "\x48\xc1\xc7\x03\x48\xc1\xc7\x0d\x48\xc1\xc7\x3d\x48\xc1\xc7\x33"
START_TEST(test_client_request)
{
    DECODE(PREAMBLE "\x48\x87\xdb\x90");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_CLIENTREQ);
    ck_assert_uint_eq(last_exit()->pc, PC + 19);
    ck_assert_uint_eq(b.guest_bytes, 19);
    DECODE(PREAMBLE "\x48\x87\xd2");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_EMULATE);
    ck_assert_int_eq(last_exit()->aux, 2);
    DECODE(PREAMBLE "\x48\x87\xdc");
    ck_assert_int_eq(last_exit()->kind, IR_EXIT_JUMP);
}
END_TEST

static size_t peek(void *arg, guest_addr pc, const uint8_t **bytes)
{
    *bytes = arg;
    return pc == PC + 2 ? 3 : 0;
}

static size_t peek_at_5(void *arg, guest_addr pc, const uint8_t **bytes)
{
    *bytes = arg;
    return pc == PC + 5 ? 3 : 0;
}

START_TEST(test_flags_live)
{
    r.peek = peek;
    r.peek_arg = "\x48\x39\xc8"; /* cmp rax,rcx */
    DECODE("\xeb\x00");
    ck_assert_uint_eq(b.flags_live_out, 0);
    r.peek_arg = "\x48\x11\xc8"; /* adc: reads the carry */
    DECODE("\xeb\x00");
    ck_assert_uint_eq(b.flags_live_out, IR_FLAG_C);
    r.peek_arg = "\xd3\xe0\x90"; /* shl eax,cl may write nothing */
    DECODE("\xeb\x00");
    ck_assert_uint_eq(b.flags_live_out, IR_FLAGS_ARITH);
    DECODE("\xc3");
    ck_assert_uint_eq(b.flags_live_out, 0);
    r.returns_flags = true;
    DECODE("\xc3");
    ck_assert_uint_eq(b.flags_live_out, IR_FLAGS_ARITH);
    r.returns_flags = false;
    DECODE("\xff\xe0");
    ck_assert_uint_eq(b.flags_live_out, 0);
    r.jumps_flags = true;
    DECODE("\xff\xe0");
    ck_assert_uint_eq(b.flags_live_out, IR_FLAGS_ARITH);
    r.jumps_flags = false;
}
END_TEST

static guest_addr go_past_branches(void *arg, const struct ir_block *block, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n)
{
    (void)arg, (void)block, (void)taken, (void)bytes, (void)n;
    return next;
}

/* jz +0x10; nop; jmp +0: only what the last instruction leads to is asked about its flags. */
START_TEST(test_past_a_branch)
{
    r.peek = peek;
    r.peek_arg = "\x90\x90\x90";
    DECODE("\x74\x10\x90\xeb\x00");
    ck_assert_uint_eq(b.n_insns, 1);
    ck_assert(!b.goes_on);
    r.follow = go_past_branches;
    r.peek = peek_at_5;
    r.peek_arg = "\x48\x39\xc8"; /* cmp rax,rcx */
    DECODE("\x74\x10\x90\xeb\x00");
    ck_assert_uint_eq(b.n_insns, 3);
    ck_assert(b.goes_on);
    ck_assert_uint_eq(b.n_extents, 0);
    ck_assert_uint_eq(b.guest_bytes, 5);
    ck_assert_uint_eq(b.exits[find(IR_EXIT_CC, 0)->imm].pc, PC + 0x12);
    ck_assert_uint_eq(last_exit()->pc, PC + 5);
    ck_assert_uint_eq(b.flags_live_out, 0);
    r.follow = NULL;
}
END_TEST

static guest_addr pointer_at(guest_addr at) { return at == PC + 1 + 6 + 0x100 ? 0x5000 : 0; }
static guest_addr go_nowhere(void *arg, const struct ir_block *block, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n)
{
    (void)arg, (void)block, (void)taken, (void)next, (void)bytes, (void)n;
    return 0;
}

/* nop; jmp or call [rip+0x100]: the block is left before it if the pointer is not what it was. */
START_TEST(test_through_a_pointer)
{
    r.follow = go_nowhere;
    r.pointer = pointer_at;
    DECODE("\x90\xff\x25\x00\x01\x00\x00");
    ck_assert_uint_eq(b.exits[find(IR_EXIT_IF, 0)->imm].pc, PC + 1);
    ck_assert_uint_eq(last_exit()->kind, IR_EXIT_JUMP);
    ck_assert_uint_eq(last_exit()->pc, 0x5000);
    DECODE("\x90\xff\x15\x00\x01\x00\x00");
    ck_assert_uint_eq(b.exits[find(IR_EXIT_IF, 0)->imm].pc, PC + 1);
    ck_assert_uint_eq(last_exit()->kind, IR_EXIT_CALL);
    ck_assert_uint_eq(last_exit()->pc, 0x5000);
    DECODE("\x90\xff\x25\x01\x01\x00\x00"); /* unreadable */
    ck_assert_uint_eq(last_exit()->kind, IR_EXIT_INDIRECT);
    DECODE("\xff\x25\x01\x01\x00\x00");     /* it would lead to itself */
    ck_assert_uint_eq(last_exit()->kind, IR_EXIT_INDIRECT);
    DECODE("\x90\x64\xff\x25\x00\x01\x00\x00"); /* fs: */
    ck_assert_uint_eq(last_exit()->kind, IR_EXIT_INDIRECT);
    r.follow = NULL;
    r.pointer = NULL;
}
END_TEST

static size_t peek_after_call(void *arg, guest_addr pc, const uint8_t **bytes)
{
    *bytes = arg;
    return pc == PC + 5 ? 3 : 0;
}

START_TEST(test_returned_flags)
{
    r.peek = peek_after_call;
    r.peek_arg = "\x72\x10\x90"; /* jc */
    DECODE("\xe8\x00\x10\x00\x00");
    ck_assert(b.sees_passed_flags);
    r.peek_arg = "\x85\xc0\x90"; /* test eax,eax */
    DECODE("\xe8\x00\x10\x00\x00");
    ck_assert(!b.sees_passed_flags);
}
END_TEST

START_TEST(test_masks)
{
    DECODE("\xd7\xd3\xe0\x88\xc4\x66\x0f\x6f\xca\xc5\xf9\x6f\xca\xd9\xe8\x0f\x42\xc1");
    const struct ir_insn *n = b.insns; /* xlat; shl eax,cl; mov ah,al; movdqa xmm1,xmm2; vmovdqa; fld1; cmovb eax,ecx */
    ck_assert_uint_eq(n[0].gpr_read, 1u << X86_RAX | 1u << X86_RBX);
    ck_assert_uint_eq(n[1].flags_read, IR_FLAGS_ARITH);
    ck_assert_uint_eq(n[1].flags_write, IR_FLAGS_ARITH);
    ck_assert(n[2].attrs & IR_INSN_HIGH8);
    ck_assert_uint_eq(n[3].vec_read, 6);
    ck_assert_uint_eq(n[3].vec_write, 2);
    ck_assert_uint_eq(n[4].vec_read, 4);
    ck_assert_int_eq(n[4].vex_len, 2);
    ck_assert(n[5].attrs & IR_INSN_X87);
    ck_assert_uint_eq(n[6].gpr_read, 3);
    ck_assert_uint_eq(n[6].flags_read, IR_FLAG_C);
    const uint64_t mask = guest_x86_64_block_mask(&b);
    ck_assert_uint_eq(mask, (X86_ATT_GPR(0) | X86_ATT_GPR(1) | X86_ATT_GPR(3) | X86_ATT_FLAGS | X86_ATT_X87 | X86_ATT_YMM(1) | X86_ATT_YMM(2)));
}
END_TEST

/* Registers that an instruction overwrites without a look at them. */
START_TEST(test_overwrites)
{
    enum { F = 1 << 16 };
#define V(i) X86_ATT_YMM(i)
    static const struct { const char *bytes; int n; uint64_t mask; } rows[] = {
#define ROW(text, mask) { text, sizeof(text) - 1, mask }
        ROW("\x48\x8b\x03", 1 << X86_RAX),                          /* mov rax, [rbx] */
        ROW("\x8b\x00", 0),                                         /* mov eax, [rax] */
        ROW("\xb0\x01", 0),                                         /* mov al, 1 */
        ROW("\x66\xb8\x01\x00", 0),                                 /* mov ax, 1 */
        ROW("\x31\xc0", 1 << X86_RAX | F),                          /* xor eax, eax */
        ROW("\x45\x31\xe4", 1 << X86_R12 | F),                      /* xor r12d, r12d */
        ROW("\x41\x31\xe4", F),                                     /* xor r12d, esp */
        ROW("\x66\x31\xc0", F),                                     /* xor ax, ax */
        ROW("\x30\xc0", F),                                         /* xor al, al */
        ROW("\x29\xc9", 1 << X86_RCX | F),                          /* sub ecx, ecx */
        ROW("\x19\xc9", 0),                                         /* sbb ecx, ecx */
        ROW("\x31\x00", F),                                         /* xor [rax], eax */
        ROW("\xff\xc0", 0),                                         /* inc eax: CF stays */
        ROW("\xd3\xe0", 0),                                         /* shl eax, cl */
        ROW("\x0f\x42\xc1", 0),                                     /* cmovb eax, ecx */
        ROW("\x0f\xbc\xc1", F),                                     /* bsf eax, ecx */
        ROW("\xf3\x0f\x6f\x0b", V(1)),                              /* movdqu xmm1, [rbx] */
        ROW("\xf3\x44\x0f\x6f\x0b", V(9)),                          /* movdqu xmm9, [rbx] */
        ROW("\x0f\x28\xc8", V(1)),                                  /* movaps xmm1, xmm0 */
        ROW("\x0f\x29\xc8", 0),                                     /* movaps xmm0, xmm1: the other way round */
        ROW("\xf3\x0f\x10\x0b", V(1)),                              /* movss xmm1, [rbx] */
        ROW("\xf3\x0f\x10\xc8", 0),                                 /* movss xmm1, xmm0 */
        ROW("\x0f\x12\x0b", 0),                                     /* movlps xmm1, [rbx] */
        ROW("\x66\x0f\xef\xc0", V(0)),                              /* pxor xmm0, xmm0 */
        ROW("\x66\x41\x0f\xef\xc0", 0),                             /* pxor xmm0, xmm8 */
        ROW("\x66\x0f\xef\xc1", 0),                                 /* pxor xmm0, xmm1 */
        ROW("\x0f\xef\xc0", 0),                                     /* pxor mm0, mm0 */
        ROW("\x66\x48\x0f\x6e\xc8", V(1)),                          /* movq xmm1, rax */
        ROW("\x66\x0f\x38\x30\xc8", V(1)),                          /* pmovzxbw xmm1, xmm0 */
        ROW("\xf3\x0f\x2a\xc8", 0),                                 /* cvtsi2ss xmm1, eax */
        ROW("\xc5\xf9\x6f\xca", V(1)),                              /* vmovdqa xmm1, xmm2 */
        ROW("\xc5\xf9\xfe\xc1", 0),                                 /* vpaddd xmm0, xmm0, xmm1 */
    };
#undef V
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        r.max_insns = 1;
        decode_as(IR_FORM_NATIVE, rows[i].bytes, rows[i].n);
        ck_assert_msg(ir_insn_overwrites(&b.insns[0]) == rows[i].mask, "row %zu: %lx", i, (unsigned long)ir_insn_overwrites(&b.insns[0]));
    }
}
END_TEST

START_TEST(test_wide_accesses)
{
    DECODE("\xdb\x28\x0f\xae\x00\x0f\xc7\x64\x24\x40\x0f\xae\x2f"); /* fld tbyte; fxsave; xsavec; xrstor */
    ck_assert_int_eq(find(IR_LOAD, 0)->type, IR_I64);
    ck_assert_int_eq(find(IR_LOAD, 1)->type, IR_I16);
    ck_assert_int_eq(find(IR_LOAD, 1)->imm, 8);
    enum { FXSAVE = 512 / 32, XSAVE = (512 + 64 + 256) / 32 }; /* 32 bytes a piece; with the upper halves of ymm0-15 */
    ck_assert_int_eq(count(IR_LOAD), 2 + XSAVE);
    ck_assert_int_eq(count(IR_STORE), FXSAVE + XSAVE);
}
END_TEST

START_TEST(test_gather)
{
    DECODE("\xc4\xe2\x65\x90\x0c\x90"); /* vpgatherdd ymm1,[rax+ymm2*4],ymm3 */
    ck_assert_int_eq(count(IR_LOAD), 8);
    ck_assert_int_eq(find(IR_LOAD, 0)->type, IR_I32);
    ck_assert_int_eq(count(IR_NATIVE), 1);
    ck_assert_uint_eq(b.insns[0].vec_read, 0xe);
}
END_TEST

START_TEST(test_max_insns)
{
    r.max_insns = 2;
    DECODE("\x90\x90\x90");
    ck_assert_uint_eq(b.n_insns, 2);
    ck_assert_uint_eq(last_exit()->pc, PC + 2);
}
END_TEST

START_TEST(test_lock)
{
    decode_as(IR_FORM_TANDEM, "\xf0\x48\x01\x03", 4);
    ck_assert_int_eq(find(IR_LOAD, 0)->flags, IR_DESCRIBED | IR_LOCKED);
    ck_assert_int_eq(find(IR_STORE, 0)->flags, IR_DESCRIBED | IR_LOCKED);
    decode_as(IR_FORM_PURE, "\xf0\x48\x01\x03", 4);
    ck_assert_int_eq(count(IR_NATIVE), 1);
    ck_assert_int_eq(count(IR_STORE), 0);
}
END_TEST

/* fs:lodsb cannot be re-encoded: its ops are the execution. */
START_TEST(test_segmented_string)
{
    DECODE("\x64\xac");
    ck_assert_int_eq(count(IR_NATIVE), 0);
    ck_assert_int_eq(find(IR_LOAD, 0)->flags, 0);
    ck_assert_int_eq(find(IR_LOAD, 0)->aux, IR_SEG_FS);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest_x86_64");
    TCase *t = tcase_create("decode");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_plain);
    tcase_add_test(t, test_rip_and_segment);
    tcase_add_test(t, test_address_size);
    tcase_add_test(t, test_stack);
    tcase_add_test(t, test_unknown_stack);
    tcase_add_test(t, test_call);
    tcase_add_test(t, test_ret);
    tcase_add_test(t, test_jumps);
    tcase_add_test(t, test_folded_condition);
    tcase_add_test(t, test_overwritten_flags);
    tcase_add_test(t, test_repeat);
    tcase_add_test(t, test_traps);
    tcase_add_test(t, test_leaving);
    tcase_add_test(t, test_client_request);
    tcase_add_test(t, test_flags_live);
    tcase_add_test(t, test_past_a_branch);
    tcase_add_test(t, test_through_a_pointer);
    tcase_add_test(t, test_returned_flags);
    tcase_add_test(t, test_masks);
    tcase_add_test(t, test_overwrites);
    tcase_add_test(t, test_wide_accesses);
    tcase_add_test(t, test_gather);
    tcase_add_test(t, test_max_insns);
    tcase_add_test(t, test_lock);
    tcase_add_test(t, test_segmented_string);
    suite_add_tcase(s, t);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
