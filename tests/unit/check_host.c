/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: all of vex/ (ir, opt, guest_x86_64, host_x86_64), tests/unit/host_run.c, Zydis */
/* host_x86_64: leaving, native instructions and their re-encoding, checks,
 * faults and their side table, trampolines; blocks built by hand, emitted and run. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "host_run.h"

#define MEMORY 0x20000000ull
#define ARITH 0x8d5

static struct ir_block b;
static struct x86_state s, before;

static void setup(void)
{
    ir_block_init(&b);
    test_random_state(&s);
    s.fs_base = MEMORY;
    s.gs_base = MEMORY + 0x100;
    for (int i = 0; i < 4096; i++)
        test_memory[i] = test_random() >> 24;
    memset((void *)(MEMORY + TEST_PLANE_V), 0, 4096);
}
static void teardown(void) { ir_block_free(&b); }

/* The instruction at pc, from its bytes. */
static struct ir_insn insn(const char *bytes, int n, guest_addr pc)
{
    struct ir_block one;
    ir_block_init(&one);
    const struct vex_decode_request r = { .pc = pc, .bytes = (const uint8_t *)bytes, .n_bytes = n, .form = IR_FORM_NATIVE, .max_insns = 1 };
    guest_x86_64_decode(&r, &one);
    const struct ir_insn i = one.insns[0];
    ir_block_free(&one);
    return i;
}
#define INSN(text) insn(text, sizeof(text) - 1, 0x400000)

static void begin(enum ir_form form)
{
    ir_block_reset(&b);
    b.form = form;
    b.pc = 0x400000;
    b.flags_live_out = IR_FLAGS_ARITH;
}

static void registers_are_those_of_before(void)
{
    ck_assert(!memcmp(s.gpr, before.gpr, sizeof s.gpr));
    ck_assert(!memcmp(s.ymm, before.ymm, sizeof s.ymm));
}

static void registers_but(uint16_t changed)
{
    for (int i = 0; i < 16; i++)
        if (!(changed >> i & 1))
            ck_assert_msg(s.gpr[i] == before.gpr[i], "gpr %d changed", i);
    ck_assert(!memcmp(s.ymm, before.ymm, sizeof s.ymm));
    ck_assert(!((s.rflags ^ before.rflags) & ARITH));
}

static const struct vex_exit *run(void)
{
    before = s;
    return test_run(&b, true, &s);
}

START_TEST(test_jump)
{
    begin(IR_FORM_NATIVE);
    test_native(&b, INSN("\x48\x89\xd8")); /* mov rax, rbx */
    test_exit(&b, IR_EXIT_JUMP, 0x123456789abc);
    const struct vex_exit *x = run();
    ck_assert_int_eq(x->ir.kind, IR_EXIT_JUMP);
    ck_assert(x->chainable && x->jump_offset % 8 <= 4);
    ck_assert(s.rip == 0x123456789abc && s.gpr[0] == before.gpr[3]);
    registers_but(1);
}
END_TEST

/* ---- re-encoding ---- */
static uint64_t memory_word(int at)
{
    uint64_t v;
    memcpy(&v, test_memory + at, 8);
    return v;
}

static void one_native(const char *bytes, int n, guest_addr pc)
{
    begin(IR_FORM_NATIVE);
    test_native(&b, insn(bytes, n, pc));
    test_exit(&b, IR_EXIT_JUMP, 0);
    ck_assert(run() != NULL);
}
#define NATIVE(text, pc) one_native(text, sizeof(text) - 1, pc)

START_TEST(test_rip_relative)
{
    NATIVE("\x48\x8b\x05\x10\x00\x00\x00", MEMORY + 0x80); /* mov rax, [rip+16] */
    ck_assert(s.gpr[0] == memory_word(0x97));
    registers_but(1);
    NATIVE("\x4c\x8b\x3d\x10\x00\x00\x00", MEMORY + 0x80);
    ck_assert(s.gpr[15] == memory_word(0x97));
    NATIVE("\x66\xc7\x05\x10\x00\x00\x00\xcd\xab", MEMORY + 0x80); /* mov word [rip+16], 0xabcd */
    ck_assert((memory_word(0x99) & 0xffff) == 0xabcd);
    NATIVE("\x42\x8b\x05\x10\x00\x00\x00", MEMORY + 0x80); /* REX.X has no meaning here */
    ck_assert(s.gpr[0] == (uint32_t)memory_word(0x97));
    NATIVE("\xc5\xfe\x6f\x0d\x10\x00\x00\x00", MEMORY + 0x80); /* vmovdqu ymm1, [rip+16] */
    ck_assert(!memcmp(s.ymm[1], test_memory + 0x98, 32));
    NATIVE("\xc4\xe2\x7d\x18\x15\x10\x00\x00\x00", MEMORY + 0x80); /* vbroadcastss ymm2, [rip+16] */
    ck_assert(!memcmp(s.ymm[2] + 28, test_memory + 0x99, 4));
}
END_TEST

/* The same instructions, with their memory out of disp32's reach. */
START_TEST(test_rip_relative_far)
{
    uint8_t *far = mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ck_assert(far != MAP_FAILED);
    memcpy(far, test_memory, 4096);
    const guest_addr pc = (guest_addr)far + 0x80;
    NATIVE("\x48\x8b\x05\x10\x00\x00\x00", pc);
    ck_assert(s.gpr[0] == memory_word(0x97));
    registers_but(1);
    NATIVE("\x88\x25\x10\x00\x00\x00", pc); /* mov [rip+16], ah */
    ck_assert(far[0x96] == (uint8_t)(s.gpr[0] >> 8));
    registers_but(0);
    NATIVE("\xc5\xfe\x6f\x0d\x10\x00\x00\x00", pc);
    ck_assert(!memcmp(s.ymm[1], far + 0x98, 32));
    NATIVE("\x0f\xc7\x0d\x10\x00\x00\x00", pc); /* cmpxchg8b: rax rbx rcx rdx are taken */
    ck_assert((uint32_t)s.gpr[0] == (uint32_t)memory_word(0x97));
    munmap(far, 4096);
}
END_TEST

START_TEST(test_segments)
{
    NATIVE("\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 0x400000); /* mov rax, fs:[0x28] */
    ck_assert(s.gpr[0] == memory_word(0x28));
    registers_but(1);
    s.gpr[1] = 0x20;
    s.gpr[9] = 2;
    NATIVE("\x65\x42\x8b\x44\x89\x04", 0x400000); /* mov eax, gs:[rcx+r9*4+4] */
    ck_assert(s.gpr[0] == (uint32_t)memory_word(0x12c));
    registers_but(1);
    NATIVE("\x64\x88\x61\x02", 0x400000); /* mov fs:[rcx+2], ah */
    ck_assert(test_memory[0x22] == (uint8_t)(s.gpr[0] >> 8));
    registers_but(0);
    NATIVE("\x64\x48\xa1\x30\x00\x00\x00\x00\x00\x00\x00", 0x400000); /* mov rax, fs:[moffs 0x30] */
    ck_assert(s.gpr[0] == memory_word(0x30));
    NATIVE("\x64\xa2\x31\x00\x00\x00\x00\x00\x00\x00", 0x400000); /* mov fs:[moffs 0x31], al */
    ck_assert(test_memory[0x31] == (uint8_t)s.gpr[0]);
    s.gpr[1] = 0xffffffff00000020;
    NATIVE("\x64\x67\x8b\x41\x08", 0x400000); /* mov eax, fs:[ecx+8] */
    ck_assert(s.gpr[0] == (uint32_t)memory_word(0x28));
    NATIVE("\x64\xc5\xfa\x6f\x05\x00\x00\x00\x00", (guest_addr)-9); /* vmovdqu xmm0, fs:[rip+0] at pc -9 */
    ck_assert(!memcmp(s.ymm[0], test_memory, 16));
    s.gpr[1] = 0x40;
    memset(s.ymm[1], 0xff, 16); /* mask: all */
    memset(s.ymm[2], 0, 16);    /* indices */
    NATIVE("\x64\xc4\xe2\x71\x90\x04\x11", 0x400000); /* vpgatherdd xmm0, fs:[rcx+xmm2], xmm1 */
    ck_assert(!memcmp(s.ymm[0] + 12, test_memory + 0x40, 4));
}
END_TEST

/* ---- attention ---- */
START_TEST(test_attention)
{
    for (int flags = 0; flags < 2; flags++) {
        begin(IR_FORM_NATIVE);
        test_native(&b, flags ? INSN("\x0f\x92\xc0") : INSN("\x48\x31\xc0")); /* setb al; xor rax, rax */
        test_exit(&b, IR_EXIT_JUMP, 1);
        b.entry_mask = X86_ATT_GPR(0) | X86_ATT_YMM(3);
        b.entry_mode = 1;
        for (int k = 0; k < 4; k++) {
            static const uint64_t bits[4] = { X86_ATT_SIGNAL, X86_ATT_GPR(0), X86_ATT_YMM(3), X86_ATT_GPR(1) | X86_ATT_YMM(4) };
            static const int kinds[4] = { IR_EXIT_ATTENTION, IR_EXIT_MODE, IR_EXIT_MODE, IR_EXIT_JUMP };
            s.attention = bits[k];
            const struct vex_exit *x = run();
            ck_assert_int_eq(x->ir.kind, kinds[k]);
            ck_assert(s.attention == bits[k]);
            if (k < 3) {
                ck_assert(s.rip == 0x400000);
                for (int i = 0; i < 16; i++)
                    ck_assert(s.gpr[i] == before.gpr[i]);
                if (flags)
                    registers_but(0);
            }
            if (kinds[k] == IR_EXIT_MODE)
                ck_assert(x->ir.mode == 1 && x->chainable);
        }
    }
}
END_TEST

/* Registers that the block overwrites lose their shadow at its head; all others send it to the other mode. */
START_TEST(test_attention_kill)
{
    const uint64_t gprs = X86_ATT_GPR(0) | X86_ATT_GPR(2), vecs = X86_ATT_YMM(1) | X86_ATT_YMM(15);
    for (int flags = 0; flags < 2; flags++) {
        begin(IR_FORM_NATIVE);
        test_native(&b, flags ? INSN("\x0f\x92\xc0") : INSN("\x48\x31\xc0")); /* setb al; xor rax, rax */
        test_exit(&b, IR_EXIT_JUMP, 1);
        b.entry_kill = gprs | vecs | (flags ? 0 : X86_ATT_FLAGS);
        b.entry_mask = b.entry_kill | X86_ATT_GPR(7) | X86_ATT_YMM(3);
        b.entry_mode = 1;
        for (int k = 0; k < 7; k++) {
            static const uint64_t others[7] = { 0, X86_ATT_GPR(7), X86_ATT_YMM(3), X86_ATT_SIGNAL, 0, X86_ATT_GPR(3) | X86_ATT_YMM(4), 0 };
            test_random_state(&s);
            s.attention = b.entry_kill | others[k];
            memset(&s.v, k == 6 ? 0 : 0xa5, sizeof s.v);
            memset(s.v.flag, 1, sizeof s.v.flag - 2);
            s.v.flag[6] = k == 4;
            if (k == 6) /* the upper half of a vector register stays: it is in the way */
                s.v.ymm[15][20] = 1;
            else
                for (int i = 0; i < 16; i++)
                    memset(s.v.ymm[i] + 16, 0, 16);
            const struct x86_planes_v old = s.v;
            const struct vex_exit *x = run();
            const bool goes_on = k == 0 || k == 5 || (k == 4 && flags);
            ck_assert_int_eq(x->ir.kind, k == 3 ? IR_EXIT_ATTENTION : goes_on ? IR_EXIT_JUMP : IR_EXIT_MODE);
            for (int i = goes_on; i < 16; i++)
                ck_assert(s.gpr[i] == before.gpr[i]);
            if (flags)
                registers_but(goes_on);
            if (!goes_on) {
                if (k != 6)
                    ck_assert(s.attention == before.attention && !memcmp(&s.v, &old, sizeof old));
                else
                    ck_assert(s.attention & X86_ATT_YMM(15) && s.v.ymm[15][20] == 1);
                continue;
            }
            ck_assert_msg(s.attention == others[k], "%lx", (unsigned long)s.attention);
            for (int i = 0; i < 16; i++) {
                ck_assert(s.v.gpr[i] == (b.entry_kill >> i & 1 ? 0 : old.gpr[i]));
                for (int at = 0; at < 32; at++)
                    ck_assert(s.v.ymm[i][at] == (b.entry_kill >> (32 + i) & 1 ? 0 : old.ymm[i][at]));
            }
            for (int i = 0; i < 6; i++)
                ck_assert(s.v.flag[i] == flags);
        }
    }
}
END_TEST

/* ---- checks ---- */
static void check_once(enum ir_opcode op, enum ir_type t, const char *native, int native_size)
{
    begin(IR_FORM_NATIVE);
    const uint32_t i = test_insn(&b, insn(native, native_size, 0x400000));
    const uint32_t x = ir_block_add_exit(&b, (struct ir_exit){ .pc = 0x400000, .kind = IR_EXIT_MODE, .mode = 1 });
    const ir_ref base = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RCX, 0), index = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RDX, 0);
    ir_append(&b, (struct ir_op){ .op = op, .type = t, .plane = IR_PLANE_V, .a = base, .b = index, .scale = 2, .imm = 5, .d = x });
    ir_append(&b, (struct ir_op){ .op = IR_NATIVE, .imm = i });
    test_exit(&b, IR_EXIT_JUMP, 2);
}

START_TEST(test_check)
{
    uint8_t *v = (uint8_t *)(MEMORY + TEST_PLANE_V);
    static const struct { const char *bytes; int n; } natives[2] = { { "\x48\x31\xc0", 3 }, { "\x48\x11\xd8", 3 } }; /* flags dead, live */
    for (int k = 0; k < 2; k++)
        for (enum ir_type t = IR_I8; t <= IR_V256; t++)
            for (int op = IR_CHECK; op <= IR_CHECK_STORE; op++)
                for (int fill = 0; fill < 12; fill++) {
                    const int n = ir_type_bytes(t);
                    check_once(op, t, natives[k].bytes, natives[k].n);
                    s.gpr[1] = MEMORY + 0x100;
                    s.gpr[2] = 3;
                    memset(v, 0x55, 0x400);
                    memset(v + 0x111, fill == 1 ? 0xff : 0, n);
                    if (fill == 2)
                        v[0x111 + n - 1] = 4;
                    if (fill == 3) {
                        memset(v + 0x111, 0xff, n);
                        v[0x111 + n / 2] = 0x7f;
                    }
                    if (fill >= 5)
                        memset(v + 0x111, IR_PASS_BYTE, n);
                    if (fill == 6)
                        memset(v + 0x111, 0xff, n > 8 ? 8 : n);
                    if (fill == 7) /* one byte of the first, or only, word */
                        v[0x111 + (n > 8 ? 7 : n - 1)] ^= 0x10;
                    if (fill == 8) /* of the last */
                        v[0x111 + n - 1 - (n > 4) * 2] ^= 1;
                    if (fill >= 9) /* a mixture; addressable, or not, or across a page */
                        for (int i = 0; i < n; i++)
                            v[0x111 + i] = i & 1 ? 0xff : i & 2 ? IR_PASS_BYTE : n == 1;
                    if (fill == 10)
                        v[0x111 + n / 2] = IR_NOACCESS_BYTE;
                    if (fill == 11) {
                        s.gpr[1] += 0x1000 - 0x110 - n / 2;
                        memcpy(v + 0x1000 - n / 2 + 1, v + 0x111, n);
                    }
                    const uint8_t *at = v + (s.gpr[1] - MEMORY) + 0x11;
                    uint8_t old[34];
                    memcpy(old, at - 1, n + 2);
                    const struct vex_exit *x = run();
                    const bool one_page = ((uintptr_t)at & 4095) + n <= 4096;
                    const bool passes = fill == 0 || fill == 4 || (op == IR_CHECK_STORE && fill != 8 && fill != 10 && (fill != 11 || one_page));
                    ck_assert_int_eq(x->ir.kind, passes ? IR_EXIT_JUMP : IR_EXIT_MODE);
                    if (!passes && k)
                        registers_but(0);
                    for (int i = 1; i < 16; i++)
                        ck_assert(s.gpr[i] == before.gpr[i]);
                    for (int i = 0; i < n; i++)
                        ck_assert(at[i] == (passes ? 0 : old[i + 1]));
                    ck_assert(at[-1] == old[0] && at[n] == old[n + 1]);
                    if (k && passes) { /* adc saw the right carry */
                        ck_assert(s.gpr[0] == before.gpr[0] + before.gpr[3] + (before.rflags & 1));
                    }
                }
}
END_TEST

/* ---- the red zone ---- */
enum { ZONE_SP = MEMORY + 0x200 };
/* The state before: all below rsp not addressable, but for `used` bytes from red_zone on, which are v. */
static uint8_t *zone_begin(const char *native, int native_size, int64_t used, int n_used, uint8_t v)
{
    uint8_t *shadow = (uint8_t *)(ZONE_SP + TEST_PLANE_V);
    begin(IR_FORM_NATIVE);
    test_insn(&b, insn(native, native_size, 0x400000));
    s.gpr[4] = ZONE_SP;
    s.red_zone = used ? ZONE_SP - (uint64_t)used : ~0ull;
    memset(shadow - 0x200, IR_NOACCESS_BYTE, 0x200);
    memset(shadow, 0x55, 0x100);
    memset(shadow - used, v, (size_t)n_used);
    return shadow;
}

static bool zone_is(const uint8_t *from, const uint8_t *to, uint8_t v)
{
    while (from < to)
        if (*from++ != v)
            return false;
    return true;
}

static const struct { const char *bytes; int n; } zone_natives[2] = { { "\x48\x31\xc0", 3 }, { "\x48\x11\xd8", 3 } }; /* flags dead, live */

static void zone_run(enum ir_opcode op, int64_t at, int64_t imm, int aux)
{
    ir_ref a = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RSP, 0);
    if (at)
        a = ir_append(&b, (struct ir_op){ .op = IR_LEA, .type = IR_I64, .a = a, .imm = at });
    ir_append(&b, (struct ir_op){ .op = op, .a = a, .imm = imm, .aux = (uint16_t)aux });
    ir_append(&b, (struct ir_op){ .op = IR_NATIVE });
    test_exit(&b, IR_EXIT_JUMP, 2);
    run();
    for (int i = 1; i < 16; i++)
        ck_assert(s.gpr[i] == before.gpr[i]);
}

START_TEST(test_zone)
{
    for (int k = 0; k < 2; k++) {
        const char *bytes = zone_natives[k].bytes;
        const int n = zone_natives[k].n;
        const uint8_t *v = zone_begin(bytes, n, 0, 0, 0);
        zone_run(IR_ZONE_USED, -40, 0, 0);
        ck_assert(s.red_zone == ZONE_SP - 40);
        zone_begin(bytes, n, 64, 0, 0);
        zone_run(IR_ZONE_USED, -40, 0, 0);
        ck_assert(s.red_zone == ZONE_SP - 64);

        for (int used = 0; used <= 0x90; used += 7) { /* cleared, and nothing above rsp */
            v = zone_begin(bytes, n, used, used, 0);
            zone_run(IR_ZONE_CLEAR, 0, 0, 0);
            ck_assert(zone_is(v - 0x200, v, IR_NOACCESS_BYTE) && zone_is(v, v + 0x100, 0x55));
            ck_assert(s.red_zone == ~0ull);
        }
        zone_begin(bytes, n, 0, 0, 0);
        s.red_zone = ZONE_SP - 2 * IR_ZONE_FAR;
        zone_run(IR_ZONE_CLEAR, 0, 0, 0);
        ck_assert(zone_is(v, v + 0x100, 0x55) && s.red_zone == ~0ull);

        for (int by = 1; by <= 48; by++) /* all of it, or what is not in use */
            for (int pattern = 0; pattern < 3; pattern++) {
                const uint8_t to = pattern == 0 ? 0 : pattern == 1 ? 0xff : 0xd7;
                v = zone_begin(bytes, n, 0, 0, 0);
                zone_run(IR_ZONE_GROW, -by, by, to);
                ck_assert(zone_is(v - 0x200, v - by, IR_NOACCESS_BYTE) && zone_is(v - by, v, to) && zone_is(v, v + 0x100, 0x55));
                ck_assert(s.red_zone == ~0ull);
                v = zone_begin(bytes, n, 13, 6, 1);
                zone_run(IR_ZONE_GROW, -by, by, to);
                for (int i = 1; i <= 16 + by; i++)
                    ck_assert(v[-i] == (i >= 8 && i <= 13 ? 1 : i <= by ? to : IR_NOACCESS_BYTE));
                ck_assert(s.red_zone == (by >= 13 ? ~0ull : ZONE_SP - 13ull));
            }
    }
}
END_TEST

START_TEST(test_zone_store)
{
    static const int places[] = { -129, -128, -127, -64, -33, -32, -31, -16, -8, -7, -4, -2, -1, 0 };
    for (int k = 0; k < 2; k++)
        for (enum ir_type t = IR_I8; t <= IR_V256; t++)
            for (unsigned p = 0; p < sizeof places / sizeof *places; p++)
                for (int spoilt = 0; spoilt < (t == IR_I8 ? 1 : 2); spoilt++) { /* what has no byte of the pattern passes as well */
                    const int at = places[p], size = ir_type_bytes(t);
                    uint8_t *v = zone_begin(zone_natives[k].bytes, zone_natives[k].n, 0, 0, 0);
                    const uint32_t x = ir_block_add_exit(&b, (struct ir_exit){ .pc = 0x400000, .kind = IR_EXIT_MODE, .mode = 1 });
                    const ir_ref base = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RBP, 0), index = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RCX, 0);
                    ir_append(&b, (struct ir_op){ .op = IR_CHECK_STORE, .type = t, .flags = IR_RED_ZONE, .plane = IR_PLANE_V, .a = base, .b = index,
                                                  .scale = 1, .imm = 4, .d = x });
                    ir_append(&b, (struct ir_op){ .op = IR_NATIVE });
                    test_exit(&b, IR_EXIT_JUMP, 2);
                    s.gpr[5] = (uint64_t)(ZONE_SP + at - 10);
                    s.gpr[1] = 3;
                    memset(v, IR_NOACCESS_BYTE, 64); /* above rsp this means something else */
                    if (spoilt)
                        v[at + size - 1] = 0x12;
                    const bool passes = !spoilt && at >= -128 && at + size <= 0;
                    ck_assert_int_eq(run()->ir.kind, passes ? IR_EXIT_JUMP : IR_EXIT_MODE);
                    ck_assert(s.red_zone == (passes ? (uint64_t)(ZONE_SP + at) : ~0ull));
                    for (int i = 0; i < size - spoilt; i++)
                        ck_assert(v[at + i] == (passes ? 0 : IR_NOACCESS_BYTE));
                    for (int i = 1; i < 16; i++)
                        ck_assert(s.gpr[i] == before.gpr[i]);
                    if (k && passes) /* adc saw the right carry */
                        ck_assert(s.gpr[0] == before.gpr[0] + before.gpr[3] + (before.rflags & 1));
                }
}
END_TEST

/* ---- faults ---- */
static volatile int faulted;
static struct vex_side fault_side;

static void on_fault(int sig, siginfo_t *si, void *context)
{
    (void)sig; (void)si;
    ucontext_t *uc = context;
    const greg_t *g = uc->uc_mcontext.gregs;
    static const int order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    const uint32_t at = (uint32_t)((uint8_t *)g[REG_RIP] - test_placed);
    const struct vex_side *side = NULL;
    for (uint32_t i = 0; i < test_code.n_sides && test_code.sides[i].host_offset <= at; i++)
        side = &test_code.sides[i];
    if (!side)
        abort();
    fault_side = *side;
    faulted++;
    for (int i = 0; i < 16; i++)
        if (!(side->gpr_in_state >> i & 1))
            test_state.gpr[i] = g[order[i]];
    test_state.rflags = g[REG_EFL];
    test_state.exit_info = VEX_EXIT_FAULT;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)test_fault_tramp();
}

START_TEST(test_fault_state)
{
    static uint8_t stack[65536];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    sigaction(SIGSEGV, &sa, NULL);
    /* fs-relative accesses take scratch registers; the last one faults */
    begin(IR_FORM_NATIVE);
    test_native(&b, INSN("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"));
    test_native(&b, INSN("\x64\x88\x24\x25\x40\x00\x00\x00"));
    test_native(&b, INSN("\x64\x48\x8b\x1c\x25\x00\x00\x00\x40"));
    test_exit(&b, IR_EXIT_JUMP, 1);
    faulted = 0;
    ck_assert(run() == NULL);
    ck_assert_int_eq(faulted, 1);
    ck_assert(s.exit_info == VEX_EXIT_FAULT);
    ck_assert_int_eq(fault_side.insn, 2);
    ck_assert(!fault_side.after);
    ck_assert(s.gpr[0] == memory_word(0x28));
    for (int i = 1; i < 16; i++)
        ck_assert_msg(s.gpr[i] == before.gpr[i], "gpr %d", i);
    ck_assert(!((s.rflags ^ before.rflags) & ARITH));
    signal(SIGSEGV, SIG_DFL);
}
END_TEST

/* A comparison stands right before its jump, which can be patched, wherever the two begin; and if it faults it is known as itself. */
START_TEST(test_padded_comparison)
{
    static const char compare[] = "\x48\x83\x3b\x05"; /* cmp qword ptr [rbx], 5 */
    static uint8_t stack[65536];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    sigaction(SIGSEGV, &sa, NULL);
    int padded = 0;
    for (int before_it = 0; before_it < 16; before_it++) {
        begin(IR_FORM_NATIVE);
        for (int i = 0; i < before_it; i++)
            test_native(&b, INSN("\xf9")); /* stc: a byte */
        test_native(&b, insn(compare, 4, 0x400000));
        test_insn(&b, INSN("\x74\x00"));
        const uint32_t taken = ir_block_add_exit(&b, (struct ir_exit){ .kind = IR_EXIT_JUMP, .pc = 2 });
        ir_append(&b, (struct ir_op){ .op = IR_EXIT_CC, .aux = 4, .imm = taken });
        ir_append(&b, (struct ir_op){ .op = IR_EXIT, .imm = ir_block_add_exit(&b, (struct ir_exit){ .kind = IR_EXIT_JUMP, .pc = 1 }) });
        for (int k = 0; k < 3; k++) { /* equal, not equal, nothing there */
            const uint64_t word = k == 0 ? 5 : 6;
            memcpy(test_memory + 0x40, &word, 8);
            s.gpr[3] = k == 2 ? 0x40000000ull + MEMORY : MEMORY + 0x40;
            faulted = 0;
            const struct vex_exit *x = run();
            if (k < 2) {
                ck_assert(x && x->ir.pc == (k == 0 ? 2u : 1u));
                ck_assert(x->jump_offset % 8 <= 4);
            } else {
                ck_assert(!x && faulted == 1 && fault_side.insn == before_it && !fault_side.after);
            }
            registers_are_those_of_before();
        }
        uint32_t at = 0;
        while (memcmp(test_code.code + at, compare, 4))
            at++;
        ck_assert_uint_eq(test_code.code[at + 4], 0x0f); /* je, at once */
        ck_assert_uint_eq(test_code.code[at + 5], 0x84);
        padded += before_it && test_code.code[at - 1] != 0xf9;
    }
    ck_assert_int_gt(padded, 0);
    signal(SIGSEGV, SIG_DFL);
}
END_TEST

/* ---- trampolines ---- */
static bool helper_df;
static uint64_t flags_helper(uint64_t a, uint64_t b_, uint64_t c)
{
    (void)a; (void)b_; (void)c;
    uint64_t f;
    __asm__ volatile("pushfq; pop %0" : "=r"(f));
    helper_df = f & 0x40400;
    return 5;
}

START_TEST(test_call_keeps_everything)
{
    begin(IR_FORM_NATIVE);
    test_insn(&b, INSN("\x90"));
    ir_call(&b, IR_VOID, 0, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    test_exit(&b, IR_EXIT_JUMP, 1);
    test_helpers[0] = flags_helper;
    s.rflags |= 0x200400; /* ID, DF */
    ck_assert(run() != NULL);
    ck_assert(!helper_df);
    ck_assert((s.rflags & 0x200400) == 0x200400);
    registers_but(0);
    unsigned long f;
    __asm__ volatile("pushfq; pop %0" : "=r"(f));
    ck_assert(!(f & 0x40400));
}
END_TEST

static int leaving_calls;
static uint64_t leaving_helper(uint64_t size, uint64_t b_, uint64_t c)
{
    (void)b_; (void)c;
    leaving_calls++;
    if (test_state.host_gpr[X86_RCX] & 1)
        return 0;
    test_state.host_gpr[X86_RCX] = test_state.gpr[X86_RCX] = size; /* as coregrind/run/strings.c does */
    return 1;
}

/* A call under a guard leaves the block if it yields something, with what it did to registers. */
START_TEST(test_call_leaves)
{
    static const struct { uint64_t rcx; int calls; guest_addr to; uint64_t then; } rows[] = {
        { 24, 0, 0x2000, 24 }, { 25, 1, 0x2000, 25 }, { 26, 1, 0x1000, 8 }, { UINT64_MAX - 1, 1, 0x1000, 8 }, { 0, 0, 0x2000, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(IR_FORM_NATIVE);
        test_insn(&b, INSN("\x90"));
        const ir_ref guard = ir_append(&b, (struct ir_op){ .op = IR_CMPLTU, .type = IR_I1, .lane = IR_I64, .a = ir_const(&b, IR_I64, 24),
                                                            .b = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RCX, 0) });
        const ir_ref call = ir_call(&b, IR_VOID, 0, guard, ir_const(&b, IR_I64, 8), IR_NONE, IR_NONE);
        b.ops[call].flags = IR_LEAVES;
        b.ops[call].imm = ir_block_add_exit(&b, (struct ir_exit){ .pc = 0x1000, .kind = IR_EXIT_JUMP });
        test_exit(&b, IR_EXIT_JUMP, 0x2000);
        test_helpers[0] = leaving_helper;
        leaving_calls = 0;
        s.gpr[X86_RCX] = rows[i].rcx;
        s.rflags |= 0x8d5;
        const struct vex_exit *x = run();
        ck_assert(x != NULL);
        ck_assert_int_eq(leaving_calls, rows[i].calls);
        ck_assert_uint_eq(x->ir.pc, rows[i].to);
        ck_assert_uint_eq(s.gpr[X86_RCX], rows[i].then);
        registers_but(1 << X86_RCX);
    }
}
END_TEST

static void jumps_to(guest_addr pc, guest_addr lands)
{
    s.gpr[2] = pc;
    s.gpr[1] = 0x1111222233334444;
    s.rflags |= 0x8d5;
    ck_assert(run() != NULL);
    ck_assert_uint_eq(s.rip, lands);
    ck_assert_uint_eq(s.rflags & 0x8d5, 0x8d5);
    registers_but(0);
}

/* The second block is what the first one's target is known as: in both levels, in one of them, in the first for
 * another target (its entry must not believe it), in none. */
static void indirect_jump(enum ir_form form, guest_addr pc, bool in_line, uint8_t flags)
{
    struct ir_block second;
    ir_block_init(&second);
    second.pc = pc;
    second.flags_live_out = flags;
    const uint32_t x = ir_block_add_exit(&second, (struct ir_exit){ .kind = IR_EXIT_RET });
    const ir_ref seen = ir_const(&second, IR_I64, 0x777);
    ir_append(&second, (struct ir_op){ .op = IR_EXIT, .imm = x, .a = seen });
    begin(form);
    test_insn(&b, INSN("\x90"));
    const uint32_t y = ir_block_add_exit(&b, (struct ir_exit){ .kind = IR_EXIT_RET });
    const ir_ref to = ir_get(&b, IR_I64, IR_PLANE_GUEST, X86_RDX, 0);
    ir_append(&b, (struct ir_op){ .op = IR_EXIT, .imm = y, .a = to });
    uint8_t *const at = test_place_second(&second, in_line), *const entry = at + test_code.table_entry;
    test_cache(0x777, NULL, NULL);
    jumps_to(pc, pc);
    test_cache(pc, entry, entry);
    jumps_to(pc, 0x777);
    test_cache(pc, NULL, entry);
    jumps_to(pc, 0x777);
    ck_assert_ptr_eq(test_first_level(pc), entry); /* it moves there */
    test_cache(pc, entry, NULL);
    jumps_to(pc, 0x777);
    jumps_to(pc + 0x10000, pc + 0x10000);
    jumps_to(pc + 0x80000, pc + 0x80000); /* the same place in the first level */
    jumps_to(pc + 0x100000000, pc + 0x100000000);
    ck_assert_ptr_eq(test_first_level(pc), entry);
    test_cache(pc, NULL, NULL);
    ir_block_free(&second);
}

START_TEST(test_jump_cache)
{
    static const guest_addr at[] = { 0x400123, 0x7fff0456, 0x100000400789 };
    for (int i = 0; i < 12; i++)
        indirect_jump(i & 1 ? IR_FORM_TANDEM : IR_FORM_NATIVE, at[i % 3], i & 2, IR_FLAGS_ARITH);
}
END_TEST

/* A block that counts leaves by its hot exit when the counter has run out, with all registers and flags as they came. */
START_TEST(test_counts)
{
    for (int live = 0; live < 2; live++) {
        begin(IR_FORM_NATIVE);
        test_native(&b, INSN("\x90"));
        b.counts = true;
        b.flags_live_out = live ? IR_FLAGS_ARITH : 0;
        test_exit(&b, IR_EXIT_JUMP, 0x1234);
        *test_counter() = 2;
        int runs = 0;
        const struct vex_exit *e;
        for (;;) {
            s.rflags |= 0x8d5;
            e = run();
            ck_assert(e != NULL);
            if (!live)
                before.rflags = s.rflags; /* nobody wants them */
            registers_but(0);
            if (e->ir.kind != IR_EXIT_JUMP)
                break;
            ck_assert_uint_eq(s.rip, 0x1234);
            runs++;
        }
        ck_assert_int_eq(e->ir.kind, IR_EXIT_HOT);
        ck_assert_uint_eq(s.rip, b.pc);
        ck_assert_int_eq(runs, live ? 1 : 2); /* the one is asked for zero, the other for less */
        if (live)
            ck_assert_uint_eq(s.rflags & 0x8d5, 0x8d5);
        *test_counter() = INT32_MAX;
        ck_assert_int_eq(run()->ir.kind, IR_EXIT_JUMP); /* it goes on after that */
    }
}
END_TEST

/* What follows a branch in a block that counts is counted too, and flags are what they were if somebody wants them. */
START_TEST(test_parts_count)
{
    for (int live = 0; live < 2; live++) {
        begin(IR_FORM_NATIVE);
        test_native(&b, INSN("\x90"));
        b.counts = true;
        const uint32_t x = ir_block_add_exit(&b, (struct ir_exit){ .kind = IR_EXIT_JUMP, .pc = 0x888 });
        ir_append(&b, (struct ir_op){ .op = IR_EXIT_CC, .aux = 4, .imm = x });
        test_native(&b, INSN("\x90"));
        b.flags_live_out = live ? IR_FLAGS_ARITH : 0;
        test_exit(&b, IR_EXIT_JUMP, 0x1234);
        test_counter()[0] = 1000;
        test_counter()[1] = 0;
        for (int taken = 0; taken < 6; taken++) {
            s.rflags = (s.rflags & ~0x8d5ull) | (taken & 1 ? 0x8d5 : 0x815); /* all, or all but ZF and SF */
            const uint64_t flags = s.rflags;
            ck_assert(run() != NULL);
            ck_assert_uint_eq(s.rip, taken & 1 ? 0x888 : 0x1234);
            if (live || taken & 1)
                ck_assert_uint_eq(s.rflags & 0x8d5, flags & 0x8d5);
            before.rflags = s.rflags;
            registers_but(0);
        }
        ck_assert_int_eq(test_counter()[1], 3);
        ck_assert_int_eq(test_counter()[0], 994);
        ck_assert_uint_eq(test_code.n_parts, 2);
    }
}
END_TEST

START_TEST(test_deterministic)
{
    begin(IR_FORM_NATIVE);
    test_native(&b, INSN("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"));
    test_exit(&b, IR_EXIT_JUMP, 1);
    run();
    static uint8_t first[4096];
    const size_t n = test_code.size;
    memcpy(first, test_code.code, n);
    run();
    ck_assert(n == test_code.size && !memcmp(first, test_code.code, n));
}
END_TEST

/* Too many live values: an error, no crash. */
START_TEST(test_no_space)
{
    begin(IR_FORM_PURE);
    test_insn(&b, INSN("\x90"));
    ir_ref v[200];
    for (int i = 0; i < 200; i++)
        v[i] = ir_append(&b, (struct ir_op){ .op = IR_LOAD, .type = IR_V256, .imm = MEMORY + i });
    for (int i = 0; i < 200; i++)
        ir_append(&b, (struct ir_op){ .op = IR_STORE, .type = IR_V256, .imm = MEMORY + i, .c = v[i] });
    test_exit(&b, IR_EXIT_JUMP, 1);
    ck_assert(run() == NULL && test_error == -ENOSPC);
}
END_TEST

START_TEST(test_opaque_is_refused)
{
    begin(IR_FORM_PURE);
    test_insn(&b, INSN("\x90"));
    ir_put(&b, IR_I64, IR_PLANE_V, X86_RAX, 0, ir_op1(&b, IR_OPAQUE, IR_I64, ir_const(&b, IR_I64, 1)));
    test_exit(&b, IR_EXIT_JUMP, 1);
    ck_assert(run() == NULL && test_error == -EINVAL);
}
END_TEST

int main(void)
{
    test_init();
    Suite *suite = suite_create("host");
    TCase *t = tcase_create("host");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_jump);
    tcase_add_test(t, test_rip_relative);
    tcase_add_test(t, test_rip_relative_far);
    tcase_add_test(t, test_segments);
    tcase_add_test(t, test_attention);
    tcase_add_test(t, test_attention_kill);
    tcase_add_test(t, test_check);
    tcase_add_test(t, test_zone);
    tcase_add_test(t, test_zone_store);
    tcase_add_test(t, test_fault_state);
    tcase_add_test(t, test_padded_comparison);
    tcase_add_test(t, test_call_keeps_everything);
    tcase_add_test(t, test_call_leaves);
    tcase_add_test(t, test_jump_cache);
    tcase_add_test(t, test_counts);
    tcase_add_test(t, test_parts_count);
    tcase_add_test(t, test_deterministic);
    tcase_add_test(t, test_no_space);
    tcase_add_test(t, test_opaque_is_refused);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
