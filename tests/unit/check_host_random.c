/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: all of vex/ (ir, opt, guest_x86_64, host_x86_64), tests/unit/host_run.c, Zydis */
/* host_x86_64 against the IR interpreter: random tapes of ops, native instructions,
 * side exits, checks and helper calls, both register modes, optimised or not.
 * SEED= and N= in the environment choose the run. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host_run.h"
#include "vex/ir/interp.h"

#define MEMORY 0x20000000ull
enum { MEMORY_USED = 4096, MAX_LOG = 256 };

static unsigned below(unsigned n) { return (unsigned)(test_random() >> 33) % n; }

/* ---- helpers: log of calls ---- */
static struct call { uint64_t a, b, c, rip; } log_[MAX_LOG];
static unsigned n_log;
static struct x86_state *log_state;

__attribute__((noinline)) static uint64_t record(uint64_t a, uint64_t b, uint64_t c)
{
    if (n_log < MAX_LOG)
        log_[n_log++] = (struct call){ a, b, c, log_state->rip };
    return a * 3 + (b ^ c << 7) + 12345;
}

static uint64_t helper(uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t r = record(a, b, c);
    __asm__ volatile("vpcmpeqd %%ymm0,%%ymm0,%%ymm0; vpcmpeqd %%ymm1,%%ymm1,%%ymm1; vpcmpeqd %%ymm15,%%ymm15,%%ymm15;"
                     "mov $-1,%%rax; mov %%rax,%%rcx; mov %%rax,%%rdx; mov %%rax,%%rsi; mov %%rax,%%rdi; mov %%rax,%%r8;"
                     "mov %%rax,%%r9; mov %%rax,%%r10; mov %%rax,%%r11; add $1,%%rax"
                     ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm15", "cc");
    return r;
}

static uint64_t helper0(uint64_t a, uint64_t b, uint64_t c) { (void)a; (void)b; (void)c; return helper(0, 0, 0); }
static uint64_t helper1(uint64_t a, uint64_t b, uint64_t c) { (void)b; (void)c; return helper(a, 0, 0); }
static uint64_t helper2(uint64_t a, uint64_t b, uint64_t c) { (void)c; return helper(a, b, 0); }

/* ---- random tapes ---- */
struct gen { struct ir_block b; ir_ref refs[IR_TYPES][64]; unsigned n[IR_TYPES]; };

static ir_ref keep(struct gen *g, enum ir_type t, ir_ref r)
{
    g->refs[t][g->n[t] < 64 ? g->n[t] : below(64)] = r;
    if (g->n[t] < 64)
        g->n[t]++;
    return r;
}

static int64_t random_const(enum ir_type t)
{
    static const int64_t special[] = { 0, 1, -1, 2, 7, 8, 31, 63, 0x7f, 0x80, 0xff, 0x8000, 0x7fffffff, -0x80000000ll, INT64_MIN };
    int64_t v = below(2) ? special[below(sizeof special / sizeof *special)] : (int64_t)test_random() >> below(60);
    return (int64_t)ir_mask(t, (uint64_t)v);
}

static ir_ref fresh(struct gen *g, enum ir_type t)
{
    const int plane = below(4) ? 0 : 1;
    if (t == IR_I1)
        return ir_get(&g->b, t, plane, X86_CF + below(plane || below(8) ? 6 : 7), 0);
    if (ir_is_vector(t)) {
        if (!below(4))
            return ir_vconst(&g->b, t, test_random());
        return ir_get(&g->b, t, plane, plane || below(8) ? X86_YMM0 + below(16) : X86_SCRATCH0, t == IR_V128 && !below(3) ? 16 : 0);
    }
    if (!below(3))
        return ir_const(&g->b, t, random_const(t));
    const int n = ir_type_bytes(t);
    if (below(3))
        return ir_get(&g->b, t, plane, below(16), below(2) ? 0 : below(8 / n) * n);
    if (t == IR_I32 && below(2))
        return ir_get(&g->b, t, 2, below(X86_X87), 0);
    return ir_get(&g->b, t, plane, X86_YMM0 + below(16), below(32 / n) * n);
}

static ir_ref value(struct gen *g, enum ir_type t)
{
    if (!g->n[t] || !below(4))
        return keep(g, t, fresh(g, t));
    return g->refs[t][below(g->n[t])];
}

static enum ir_type int_type(void) { return IR_I8 + below(4); }
static enum ir_type vec_type(void) { return IR_V128 + below(2); }

static void integer_op(struct gen *g)
{
    static const uint8_t two[] = { IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_ADD, IR_AND, IR_OR, IR_PDEP, IR_PEXT };
    static const uint8_t one[] = { IR_NOT, IR_NEG, IR_CLZ, IR_CTZ, IR_POPCNT };
    const enum ir_type t = int_type(), wide = IR_I16 + below(3);
    struct ir_block *b = &g->b;
    switch (below(10)) {
    case 0: case 1: case 2: keep(g, t, ir_op2(b, two[below(sizeof two)], t, value(g, t), value(g, t))); break;
    case 3: keep(g, t, ir_op1(b, one[below(sizeof one)], t, value(g, t))); break;
    case 4: keep(g, t, ir_op2(b, IR_SHL + below(5), t, value(g, t), below(2) ? value(g, IR_I8) : ir_const(b, IR_I8, below(64)))); break;
    case 5: keep(g, wide, ir_op2(b, IR_MULHU + below(2), wide, value(g, wide), value(g, wide))); break;
    case 6: keep(g, wide, ir_op1(b, IR_BSWAP, wide, value(g, wide))); break;
    case 7: {
        const enum ir_type from = below(4) ? IR_I8 + below(wide - IR_I8) : IR_I1;
        keep(g, wide, ir_convert(b, IR_ZEXT + below(2), wide, from, value(g, from)));
        break;
    }
    case 8: {
        const enum ir_type to = below(4) ? IR_I8 + below(wide - IR_I8) : IR_I1;
        keep(g, to, ir_convert(b, IR_TRUNC, to, wide, value(g, wide)));
        break;
    }
    default: keep(g, t, ir_op3(b, IR_SELECT, t, value(g, IR_I1), value(g, t), value(g, t)));
    }
}

static ir_ref condition(struct gen *g)
{
    const enum ir_type t = int_type();
    return ir_append(&g->b, (struct ir_op){ .op = IR_CMPEQ + below(6), .type = IR_I1, .lane = t, .a = value(g, t), .b = value(g, t) });
}

static void bit_op(struct gen *g)
{
    switch (below(4)) {
    case 0: keep(g, IR_I1, condition(g)); break;
    case 1: keep(g, IR_I1, ir_op1(&g->b, IR_PARITY, IR_I1, value(g, IR_I8))); break;
    case 2: keep(g, IR_I1, ir_op2(&g->b, (uint8_t[]){ IR_AND, IR_OR, IR_XOR }[below(3)], IR_I1, value(g, IR_I1), value(g, IR_I1))); break;
    default: keep(g, IR_I1, ir_op1(&g->b, IR_NOT, IR_I1, value(g, IR_I1)));
    }
}

/* Lanes: one bit each for i8 i16 i32 i64. */
static const struct { uint8_t op, lanes, shape; } vector_ops[] = {
    { IR_VAND, 15, 2 }, { IR_VOR, 15, 2 }, { IR_VXOR, 15, 2 }, { IR_VANDN, 15, 2 }, { IR_VADD, 15, 2 }, { IR_VSUB, 15, 2 },
    { IR_VADDSS, 3, 2 }, { IR_VADDUS, 3, 2 }, { IR_VSUBSS, 3, 2 }, { IR_VSUBUS, 3, 2 }, { IR_VMULLO, 6, 2 }, { IR_VMULHS, 2, 2 },
    { IR_VMULHU, 2, 2 }, { IR_VMULHRS, 2, 2 }, { IR_VMULEVENU, 8, 2 }, { IR_VMULEVENS, 8, 2 }, { IR_VMADDWD, 4, 2 },
    { IR_VMADDUBSW, 2, 2 }, { IR_VSADBW, 8, 2 }, { IR_VAVGU, 3, 2 }, { IR_VMINU, 7, 2 }, { IR_VMINS, 7, 2 }, { IR_VMAXU, 7, 2 },
    { IR_VMAXS, 7, 2 }, { IR_VSIGN, 7, 2 }, { IR_VHADD, 6, 2 }, { IR_VHSUB, 6, 2 }, { IR_VHADDSS, 2, 2 }, { IR_VHSUBSS, 2, 2 },
    { IR_VCMPEQ, 15, 2 }, { IR_VCMPGT, 15, 2 }, { IR_VPACKSS, 6, 2 }, { IR_VPACKUS, 6, 2 }, { IR_VUNPACKLO, 15, 2 },
    { IR_VUNPACKHI, 15, 2 }, { IR_VSHUFB, 1, 2 }, { IR_VSHLV, 12, 2 }, { IR_VSHRV, 12, 2 }, { IR_VSARV, 4, 2 },
    { IR_VABS, 7, 1 }, { IR_VSHLI, 15, 3 }, { IR_VSHRI, 15, 3 }, { IR_VSARI, 15, 3 }, { IR_VBYTESHL, 1, 3 }, { IR_VBYTESHR, 1, 3 },
    { IR_VSHLC, 14, 4 }, { IR_VSHRC, 14, 4 }, { IR_VSARC, 6, 4 }, { IR_VSHUF32, 4, 5 }, { IR_VSHUFLO16, 2, 5 }, { IR_VSHUFHI16, 2, 5 },
    { IR_VSHUFPS, 4, 6 }, { IR_VSHUFPD, 8, 6 }, { IR_VALIGNR, 1, 7 }, { IR_VBLENDI, 14, 6 }, { IR_VBLENDV, 15, 8 },
    { IR_VPERMD, 4, 9 }, { IR_VPERMQI, 8, 10 }, { IR_VPERM128, 8, 11 },
};

static void vector_op(struct gen *g)
{
    const unsigned k = below(sizeof vector_ops / sizeof *vector_ops);
    struct ir_op op = { .op = vector_ops[k].op, .type = vec_type() };
    unsigned lane;
    do
        lane = below(4);
    while (!(vector_ops[k].lanes >> lane & 1));
    op.lane = IR_I8 + lane;
    const int shape = vector_ops[k].shape;
    if (shape >= 9)
        op.type = IR_V256;
    op.a = value(g, op.type);
    if (shape == 2 || shape == 6 || shape == 7 || shape == 8 || shape == 9 || shape == 11)
        op.b = value(g, op.type);
    if (shape == 4)
        op.b = value(g, IR_V128);
    if (shape == 8)
        op.c = value(g, op.type);
    if (shape == 3)
        op.imm = below(op.op == IR_VBYTESHL || op.op == IR_VBYTESHR ? 18 : 8 * ir_type_bytes(op.lane) + 2);
    else if (shape == 7)
        op.imm = below(34);
    else if (shape == 5 || shape == 6 || shape == 10 || shape == 11)
        op.imm = below(256);
    if (op.op == IR_VPERM128)
        op.imm &= 0xbb;
    keep(g, op.type, ir_append(&g->b, op));
}

static void shape_op(struct gen *g)
{
    struct ir_block *b = &g->b;
    const enum ir_type v = vec_type(), t = int_type();
    const unsigned elements = ir_type_bytes(v) / ir_type_bytes(t);
    switch (below(11)) {
    case 0: keep(g, v, ir_vop(b, IR_VINSERT, v, t, value(g, v), value(g, t), below(elements))); break;
    case 1: keep(g, t, ir_vop(b, IR_VEXTRACT, t, v, value(g, v), 0, below(elements))); break;
    case 2: keep(g, v, ir_convert(b, IR_VSPLAT, v, t, value(g, t))); break;
    case 3: keep(g, v, ir_convert(b, IR_VZEXT, v, t, value(g, t))); break;
    case 4: keep(g, IR_V256, ir_convert(b, IR_VZEXT, IR_V256, IR_V128, value(g, IR_V128))); break;
    case 5: keep(g, t, ir_convert(b, IR_VTRUNC, t, v, value(g, v))); break;
    case 6: keep(g, IR_V128, ir_convert(b, IR_VTRUNC, IR_V128, IR_V256, value(g, IR_V256))); break;
    case 7: keep(g, IR_V128, ir_op1(b, IR_VHIGH, IR_V128, value(g, IR_V256))); break;
    case 8: keep(g, IR_V256, ir_op2(b, IR_VCONCAT, IR_V256, value(g, IR_V128), value(g, IR_V128))); break;
    case 9: {
        const enum ir_type from = IR_I8 + below(3), to = from + 1 + below(IR_I64 - from);
        keep(g, v, ir_vop(b, IR_VZEXTLANES + below(2), v, from, value(g, IR_V128), 0, to));
        break;
    }
    default:
        if (below(2))
            keep(g, IR_I32, ir_vop(b, IR_VMOVMSK, IR_I32, t, value(g, v), 0, v));
        else if (below(2))
            keep(g, IR_I1, ir_vop(b, IR_VANY, IR_I1, v, value(g, v), 0, 0));
        else
            keep(g, IR_I1, ir_vop(b, IR_HASBYTE, IR_I1, v, value(g, v), 0, 1 + below(255)));
    }
    if (!below(6))
        keep(g, v, ir_op3(b, IR_SELECT, v, below(2) ? condition(g) : value(g, IR_I1), value(g, v), value(g, v)));
}

/* An address inside the test memory: constant, or a masked value plus constant. */
static struct ir_op place(struct gen *g, enum ir_type t, int plane)
{
    struct ir_op m = { .type = t, .plane = plane, .imm = (int64_t)(MEMORY + below(1024)) };
    if (!below(6)) { /* fs-relative: the base is the memory's start */
        m.aux = IR_SEG_FS + below(2);
        m.imm = below(1024);
    }
    if (below(3))
        m.a = ir_op2(&g->b, IR_AND, IR_I64, value(g, IR_I64), ir_const(&g->b, IR_I64, 0xff));
    if (below(2)) {
        m.b = ir_op2(&g->b, IR_AND, IR_I64, value(g, IR_I64), ir_const(&g->b, IR_I64, 0x3f));
        m.scale = below(4);
    }
    return m;
}

static enum ir_type any_type(void) { return below(2) ? int_type() : vec_type(); }

static void new_exit(struct gen *g, struct ir_op *op)
{
    op->imm = ir_block_add_exit(&g->b, (struct ir_exit){ .pc = 0x400000 + below(1000), .kind = below(2) ? IR_EXIT_JUMP : IR_EXIT_SYSCALL,
                                                         .aux = g->b.n_exits });
}

/* Origin tags: of a shadow that is zero here and there. */
static void tag_op(struct gen *g)
{
    const enum ir_type t = any_type();
    struct ir_op m = place(g, IR_I64, 0), tag = { .op = below(2) ? IR_LOAD_TAG : IR_STORE_TAG, .lane = t };
    m.op = IR_LEA;
    tag.a = ir_append(&g->b, m);
    tag.b = below(4) ? value(g, t) : ir_is_vector(t) ? ir_vconst(&g->b, t, below(2) ? 0 : 1u << below(16)) : ir_const(&g->b, t, below(2) << below(8));
    if (tag.op == IR_STORE_TAG) {
        tag.c = value(g, IR_I32);
        ir_append(&g->b, tag);
    } else {
        tag.type = IR_I32;
        keep(g, IR_I32, ir_append(&g->b, tag));
    }
}

static void memory_op(struct gen *g)
{
    if (!below(6)) {
        tag_op(g);
        return;
    }
    const int plane = below(3);
    const enum ir_type t = plane == 2 ? IR_I32 : any_type();
    struct ir_op m = place(g, t, plane);
    switch (below(8)) {
    case 0: case 1: case 2:
        m.op = IR_LOAD;
        keep(g, t, ir_append(&g->b, m));
        break;
    case 3: case 4: case 5:
        m.op = IR_STORE;
        m.c = value(g, t);
        ir_append(&g->b, m);
        break;
    case 6:
        m.op = IR_LEA;
        m.plane = 0;
        m.type = IR_I64;
        keep(g, IR_I64, ir_append(&g->b, m));
        break;
    default:
        if (below(2)) {
            m.op = IR_CAS;
            m.plane = 0;
            m.type = below(4) ? int_type() : IR_I64;
            m.c = value(g, m.type);
            m.d = value(g, m.type);
            keep(g, m.type, ir_append(&g->b, m));
        } else {
            struct ir_op x = { 0 };
            new_exit(g, &x);
            m.op = below(2) ? IR_CHECK : IR_CHECK_STORE;
            m.plane = 1;
            m.type = any_type();
            m.d = (ir_ref)x.imm;
            /* mostly clean: shadows are zero but at few places */
            ir_append(&g->b, m);
        }
    }
}

static void state_op(struct gen *g)
{
    const int plane = below(3) ? 0 : 1;
    const enum ir_type t = below(3) ? int_type() : vec_type();
    const int n = ir_type_bytes(t);
    if (!below(5))
        ir_put(&g->b, IR_I1, plane, X86_CF + below(6), 0, value(g, IR_I1));
    else if (!below(6))
        ir_put(&g->b, IR_I32, 2, below(X86_X87), 0, value(g, IR_I32));
    else if (ir_is_vector(t))
        ir_put(&g->b, t, plane, X86_YMM0 + below(16), t == IR_V128 && below(2) ? 16 : 0, value(g, t));
    else if (below(3)) {
        int slot = below(15); /* not rsp: native instructions may push */
        ir_put(&g->b, t, plane, slot >= X86_RSP ? slot + 1 : slot, t != IR_I64 && below(2) ? below(8 / n) * n : 0, value(g, t));
    } else
        ir_put(&g->b, t, plane, X86_YMM0 + below(16), below(32 / n) * n, value(g, t));
}

static void leave_op(struct gen *g)
{
    struct ir_op op = { .op = IR_EXIT_IF };
    new_exit(g, &op);
    switch (below(4)) {
    case 0:
        op.op = IR_EXIT_CC;
        op.aux = below(16);
        break;
    case 1:
        op.op = IR_EXIT_RCXZ;
        op.aux = below(2) ? 32 : 64;
        break;
    default:
        op.a = below(2) ? condition(g) : value(g, IR_I1);
    }
    ir_append(&g->b, op);
}

static void call_op(struct gen *g)
{
    ir_ref args[3] = { 0 };
    const int n = below(4); /* helper n looks at n arguments */
    for (int k = 0; k < n; k++)
        args[k] = value(g, below(8) ? int_type() : IR_I1);
    ir_ref guard = below(3) ? (below(2) ? condition(g) : value(g, IR_I1)) : IR_NONE;
    if (!below(3)) { /* decided by the bytes of a value, most of the time of the one it yields otherwise */
        const enum ir_type t = any_type(), looked = below(3) ? t : any_type();
        const ir_ref d = value(g, t), at = looked == t && below(4) ? d : value(g, looked);
        if (below(4))
            guard = ir_append(&g->b, (struct ir_op){ .op = IR_HASBYTE, .type = IR_I1, .lane = looked, .a = at, .imm = 1 + below(255) });
        keep(g, t, ir_append(&g->b, (struct ir_op){ .op = IR_CALL, .type = t, .aux = n, .a = guard, .b = n > 0 ? args[0] : IR_NONE,
                                                    .c = n > 1 ? args[1] : IR_NONE, .d = d, .imm = below(8),
                                                    .flags = IR_ELSE | (below(2) ? IR_PRESERVES : 0) }));
        return;
    }
    const ir_ref r = ir_call(&g->b, below(2) ? IR_I64 : IR_VOID, n, guard, args[0], args[1], args[2]);
    if (g->b.ops[r].type == IR_I64)
        keep(g, IR_I64, r);
}

/* Instructions as themselves; none that leaves flags undefined, which the back end may change. */
static const struct { const char *bytes; int length; } natives[] = {
#define T(s) { s, sizeof(s) - 1 }
    T("\x48\x01\xd8"), T("\x48\x11\xd8"), T("\x48\x83\xc0\x01"), T("\x48\xff\xc1"), T("\xff\xc9"), T("\x48\xd3\xe0"), T("\xd1\xd8"),
    T("\x00\xe3"), T("\x86\xcc"), T("\x4d\x89\xd0"), T("\x0f\x94\xc0"), T("\x0f\x42\xc8"), T("\x50"), T("\x5b"),
    T("\x99"), T("\x9f"), T("\x9e"), T("\xf5"), T("\xf8"), T("\xc4\xe2\xeb\xf6\xc1"),
    T("\x48\x8d\x44\x8b\x10"), T("\x66\x0f\xfc\xc1"), T("\xc5\xfd\xfc\xc1"), T("\xc4\x41\x7d\x6f\xc7"), T("\xc5\xf8\x77"),
    T("\x66\x48\x0f\x6e\xc0"), T("\xc5\xf9\xd7\xc1"), T("\x66\x0f\x2e\xc1"), T("\x8b\x04\x25\x10\x00\x00\x20"),
    T("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"), T("\x64\x89\x04\x25\x30\x00\x00\x00"), T("\x65\x4c\x8b\x3c\x25\x40\x00\x00\x00"),
    T("\x64\x88\x24\x25\x51\x00\x00\x00"), T("\x64\xc5\xfe\x6f\x0c\x25\x60\x00\x00\x00"), T("\x64\xf0\x48\x0f\xb1\x0c\x25\x80\x00\x00\x00"),
    T("\x64\xc4\x62\x7d\x18\x04\x25\x90\x00\x00\x00"), T("\x64\x66\xc7\x04\x25\x98\x00\x00\x00\x34\x12"),
};

static void native_op(struct gen *g)
{
    const unsigned k = below(sizeof natives / sizeof *natives);
    struct ir_block one;
    ir_block_init(&one);
    const struct vex_decode_request r = { .pc = 0x400000 + g->b.guest_bytes, .bytes = (const uint8_t *)natives[k].bytes,
                                          .n_bytes = natives[k].length, .form = IR_FORM_NATIVE, .max_insns = 1 };
    guest_x86_64_decode(&r, &one);
    test_native(&g->b, one.insns[0]);
    ir_block_free(&one);
}

static void generate(struct gen *g)
{
    memset(g->n, 0, sizeof g->n);
    ir_block_reset(&g->b);
    g->b.pc = 0x400000;
    g->b.form = below(2) ? IR_FORM_NATIVE : IR_FORM_PURE;
    g->b.flags_live_out = IR_FLAGS_ARITH;
    test_insn(&g->b, (struct ir_insn){ .len = 1, .mem_base = 0xff, .mem_index = 0xff });
    static void (*const make[])(struct gen *) = { integer_op, integer_op, integer_op, bit_op, vector_op, vector_op, shape_op, memory_op,
                                                  state_op, state_op, leave_op, call_op, native_op, native_op };
    for (unsigned n = 1 + below(1 << (2 + below(6))); n; n--)
        make[below(sizeof make / sizeof *make)](g);
    struct ir_op end = { .op = IR_EXIT };
    if (below(3)) {
        new_exit(g, &end);
    } else {
        end.imm = ir_block_add_exit(&g->b, (struct ir_exit){ .kind = IR_EXIT_RET, .aux = g->b.n_exits });
        end.a = value(g, IR_I64);
    }
    ir_append(&g->b, end);
}

/* ---- the reference ---- */
static uint8_t *plane_address(int plane, guest_addr a)
{
    return (uint8_t *)(plane == 2 ? (a & ~3ull) + TEST_PLANE_O : a + (plane ? TEST_PLANE_V : 0));
}
static int ref_load(void *arg, int plane, guest_addr a, void *to, int size)
{
    (void)arg;
    memcpy(to, plane_address(plane, a), size);
    return 0;
}
static int ref_store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    (void)arg;
    memcpy(plane_address(plane, a), from, size);
    return 0;
}
static int ref_cas(void *arg, guest_addr a, void *expected, const void *desired, int size)
{
    (void)arg;
    uint8_t old[16];
    memcpy(old, (void *)a, size);
    if (!memcmp(old, expected, size))
        memcpy((void *)a, desired, size);
    memcpy(expected, old, size);
    return 0;
}
static uint64_t ref_call(void *arg, int h, uint64_t a, uint64_t b, uint64_t c)
{
    (void)arg;
    return record(h > 0 ? a : 0, h > 1 ? b : 0, h > 2 ? c : 0);
}
static const int flag_bit[7] = { 0, 2, 4, 6, 7, 11, 10 };
static void flags_to_rflags(struct x86_state *s)
{
    s->rflags = 2;
    for (int k = 0; k < 7; k++)
        s->rflags |= (uint64_t)s->flag[k] << flag_bit[k];
}
static void flags_from_rflags(struct x86_state *s)
{
    for (int k = 0; k < 7; k++)
        s->flag[k] = s->rflags >> flag_bit[k] & 1;
}
static int ref_native(void *arg, const struct ir_insn *insn)
{
    struct x86_state *s = arg;
    const uint64_t rip = s->rip;
    flags_to_rflags(s);
    test_run_single(insn, s);
    flags_from_rflags(s);
    s->rip = rip;
    return 0;
}

/* What CHECK_STORE lets pass it also clears; the interpreter only looks. */
static bool has_check_store(const struct ir_block *b)
{
    for (uint32_t i = 1; i < b->n_ops; i++)
        if (b->ops[i].op == IR_CHECK_STORE)
            return true;
    return false;
}

/* Guest memory in three planes, and the stack around rsp, red zone included. */
enum { REGIONS = 4 };
static uint8_t before[REGIONS][MEMORY_USED], after[REGIONS][MEMORY_USED];
static void *region(int p)
{
    return p == 3 ? test_stack_top - MEMORY_USED / 2 : (void *)(MEMORY + (p == 2 ? TEST_PLANE_O : p ? TEST_PLANE_V : 0));
}

static void fill_memory(bool zero_shadow)
{
    for (int p = 0; p < REGIONS; p++)
        for (int i = 0; i < MEMORY_USED; i++)
            before[p][i] = p == 1 && zero_shadow ? 0 : (uint8_t)(test_random() >> 40);
}
static void set_memory(void)
{
    for (int p = 0; p < REGIONS; p++)
        memcpy(region(p), before[p], MEMORY_USED);
}

static const char *difference(const struct x86_state *a, const struct x86_state *b, bool identity)
{
    static char text[100];
    for (int i = 0; i < 16; i++)
        if (a->gpr[i] != b->gpr[i]) {
            snprintf(text, sizeof text, "gpr %d: %lx, not %lx", i, a->gpr[i], b->gpr[i]);
            return text;
        }
    for (int i = 0; i < 16; i++)
        if (memcmp(a->ymm[i], b->ymm[i], 32)) {
            snprintf(text, sizeof text, "ymm%d", i);
            return text;
        }
    if (memcmp(&a->v, &b->v, sizeof a->v))
        return "V shadows";
    if (memcmp(a->o, b->o, sizeof a->o))
        return "O shadows";
    if (a->rip != b->rip)
        return "rip";
    if (identity) {
        struct x86_state r = *a;
        flags_from_rflags(&r);
        for (int k = 0; k < 7; k++)
            if (r.flag[k] != b->flag[k]) {
                snprintf(text, sizeof text, "flag %d", k);
                return text;
            }
    } else if (memcmp(a->flag, b->flag, 7))
        return "flag bytes";
    return NULL;
}

static const char *compare(const struct ir_block *b, const struct ir_block *original, bool identity, const struct x86_state *start)
{
    static char text[120];
    struct x86_state host = *start, ref = *start;
    set_memory();
    n_log = 0;
    log_state = &test_state;
    const struct vex_exit *x = test_run(b, identity, &host);
    if (!x)
        return test_error == -ENOSPC ? NULL : "no code, or no exit";
    static struct call host_log[MAX_LOG];
    const unsigned n_host = n_log;
    memcpy(host_log, log_, sizeof log_);
    for (int p = 0; p < REGIONS; p++)
        memcpy(after[p], region(p), MEMORY_USED);
    const struct ir_exit taken = x->ir;

    set_memory();
    n_log = 0;
    log_state = &ref;
    const struct ir_interp_env env = { .state = &ref, .arg = &ref, .load = ref_load, .store = ref_store, .cas = ref_cas,
                                       .call = ref_call, .native = ref_native };
    const int exit = ir_interp_run(original, &env);
    if (exit != taken.aux) {
        snprintf(text, sizeof text, "exit %d, not %d", taken.aux, exit);
        return text;
    }
    for (int p = 0; p < REGIONS; p++)
        if (!(p == 1 && has_check_store(b)) && memcmp(after[p], region(p), MEMORY_USED))
            return "memory";
    if (n_host != n_log || memcmp(host_log, log_, n_log * sizeof *log_))
        return "calls";
    return difference(&host, &ref, identity);
}

START_TEST(test_random_tapes)
{
    struct gen g;
    ir_block_init(&g.b);
    const unsigned n = getenv("N") ? (unsigned)atoi(getenv("N")) : 3000;
    memcpy(test_helpers, (test_helper[]){ helper0, helper1, helper2, helper }, 4 * sizeof *test_helpers);
    for (unsigned k = 0; k < n; k++) {
        generate(&g);
        char error[200];
        ck_assert_msg(!ir_check(&g.b, error, sizeof error), "tape %u: %s", k, error);
        struct x86_state s;
        test_random_state(&s);
        s.fs_base = s.gs_base = MEMORY;
        if (!below(8))
            s.gpr[1] = below(2) ? 0 : 0xff00000000;
        fill_memory(below(4));
        char *original = NULL;
        size_t size;
        ir_print(&g.b, &original, &size);
        const bool optimised = below(2);
        struct ir_block reference = g.b; /* as generated */
        reference.ops = malloc(g.b.n_ops * sizeof *reference.ops);
        memcpy(reference.ops, g.b.ops, g.b.n_ops * sizeof *reference.ops);
        if (optimised)
            opt_run(&g.b, OPT_ALL);
        ck_assert_msg(!ir_check(&g.b, error, sizeof error), "tape %u, optimised: %s", k, error);
        for (int identity = 0; identity < 2; identity++) {
            const char *wrong = compare(&g.b, &reference, identity, &s);
            if (wrong) {
                char *text;
                ir_print(&g.b, &text, &size);
                fprintf(stderr, "%s\n", text);
                if (optimised)
                    fprintf(stderr, "before optimisation:\n%s\n", original);
                test_dump();
                ck_abort_msg("tape %u, identity %d: %s", k, identity, wrong);
            }
        }
        free(original);
        free(reference.ops);
    }
    ir_block_free(&g.b);
}
END_TEST

int main(void)
{
    test_init();
    Suite *s = suite_create("host_random");
    TCase *t = tcase_create("random");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, test_random_tapes);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
