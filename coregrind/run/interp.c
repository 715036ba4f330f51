/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/interp: --jit=interp, the reference engine: blocks are decoded in PURE form and
 * interpreted, uninstrumented.  An instruction without a row runs natively, alone, as a
 * translation of a mode of its own.  Flags are bytes here and rflags everywhere else.  */
#include "run/internal.h"
#include "heap/redirect.h"
#include "kernel/kernel.h"
#include "kernel/signals.h"
#include "launch/options.h"
#include "space/space.h"

enum { SINGLE_MODE = 0xfe, BLOCK_INSNS = 32 };
static const uint8_t flag_bits[] = { 0, 2, 4, 6, 7, 11, 10 }; /* CF PF AF ZF SF OF DF in rflags */
enum { FLAGS = sizeof flag_bits };

static __thread struct ir_block *block __attribute__((tls_model("initial-exec")));

static void flags_to_bytes(struct x86_state *s)
{
    for (int i = 0; i < FLAGS; i++)
        s->flag[i] = s->rflags >> flag_bits[i] & 1;
}

static void flags_from_bytes(struct x86_state *s)
{
    for (int i = 0; i < FLAGS; i++)
        s->rflags = (s->rflags & ~(1ull << flag_bits[i])) | (uint64_t)(s->flag[i] & 1) << flag_bits[i];
}

/* Why an instruction was abandoned: raised once the interpreter has returned. */
struct run { struct ng_thread *t; guest_addr at; bool write, native; };

static int load(void *arg, int plane, guest_addr a, void *to, int size)
{
    struct run *r = arg;
    (void)plane;
    const size_t n = ng_read(to, a, (size_t)size);
    r->at = a + n;
    r->write = false;
    return n != (size_t)size;
}

static int store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    struct run *r = arg;
    (void)plane;
    const size_t n = ng_write(a, from, (size_t)size);
    r->at = a + n;
    r->write = true;
    return n != (size_t)size;
}

static bool cas_sized(guest_addr a, void *expected, const void *desired, int size)
{
    unsigned __int128 e = 0, d = 0;
    memcpy(&e, expected, (size_t)size);
    memcpy(&d, desired, (size_t)size);
    switch (size) {
    case 1: { uint8_t x = (uint8_t)e; __atomic_compare_exchange_n((uint8_t *)a, &x, (uint8_t)d, false, 5, 5); e = x; break; }
    case 2: { uint16_t x = (uint16_t)e; __atomic_compare_exchange_n((uint16_t *)a, &x, (uint16_t)d, false, 5, 5); e = x; break; }
    case 4: { uint32_t x = (uint32_t)e; __atomic_compare_exchange_n((uint32_t *)a, &x, (uint32_t)d, false, 5, 5); e = x; break; }
    case 8: { uint64_t x = (uint64_t)e; __atomic_compare_exchange_n((uint64_t *)a, &x, (uint64_t)d, false, 5, 5); e = x; break; }
    case 16: {
        uint64_t lo = (uint64_t)e, hi = (uint64_t)(e >> 64);
        __asm__ volatile("lock cmpxchg16b %0" : "+m"(*(unsigned __int128 *)a), "+a"(lo), "+d"(hi)
                         : "b"((uint64_t)d), "c"((uint64_t)(d >> 64)) : "cc");
        e = (unsigned __int128)hi << 64 | lo;
        break;
    }
    default: return false;
    }
    memcpy(expected, &e, (size_t)size);
    return true;
}

static int cas(void *arg, guest_addr a, void *expected_in_old_out, const void *desired, int size)
{
    struct run *r = arg;
    sigjmp_buf here;
    r->at = a;
    r->write = true;
    if (!ng_in_client(a) || sigsetjmp(here, 0)) {
        r->t->recover = NULL;
        return 1;
    }
    r->t->recover = &here;
    const bool known = cas_sized(a, expected_in_old_out, desired, size);
    r->t->recover = NULL;
    return !known;
}

static uint64_t call(void *arg, int helper, uint64_t a0, uint64_t a1, uint64_t a2)
{
    (void)arg, (void)helper, (void)a0, (void)a1, (void)a2;
    return 0; /* no tool, no helpers */
}

/* A translation of one instruction as itself, which then leaves. */
static struct translation *single(const struct ir_insn *insn)
{
    struct translation *x = code_find(insn->pc, SINGLE_MODE);
    if (x)
        return x;
    struct ir_block b;
    struct vex_code code;
    space_protect_code(insn->pc);
    ir_block_init(&b);
    vex_code_init(&code);
    b.pc = insn->pc;
    b.guest_bytes = insn->len;
    b.mode = SINGLE_MODE;
    b.flags_live_out = 0x7f;
    const uint32_t i = ir_block_add_insn(&b, insn);
    ir_append(&b, (struct ir_op){ .op = IR_IMARK, .imm = i });
    ir_append(&b, (struct ir_op){ .op = IR_NATIVE, .imm = i });
    const uint32_t e = ir_block_add_exit(&b, (struct ir_exit){ .pc = insn->pc + insn->len, .kind = IR_EXIT_JUMP });
    ir_append(&b, (struct ir_op){ .op = IR_EXIT, .imm = e });
    const struct vex_host host = run_vex_host();
    if (host_x86_64_emit(&b, &host, &code) == 0)
        x = code_insert(&b, &code);
    vex_code_free(&code);
    ir_block_free(&b);
    return x;
}

static int native(void *arg, const struct ir_insn *insn)
{
    struct run *r = arg;
    struct x86_state *s = &r->t->state;
    const struct translation *x = single(insn);
    if (!x)
        return 1;
    flags_from_bytes(s);
    const uint64_t attention = __atomic_exchange_n(&s->attention, 0, __ATOMIC_SEQ_CST); /* the block's head must not leave */
    run_enter(r->t, x);
    __atomic_or_fetch(&s->attention, attention, __ATOMIC_SEQ_CST);
    flags_to_bytes(s);
    r->native = s->exit_info == ~0ull;
    return r->native;
}

/* The block abandoned an instruction; the guest's rip is there. */
static void raise_fault(struct run *r)
{
    struct ng_segment seg;
    if (r->native)
        kernel_fault_raise(r->t);
    else if (((int64_t)(r->at << 16) >> 16) != (int64_t)r->at)
        kernel_signal_raise(r->t, SIGSEGV, SI_KERNEL, 0, 13, 0);
    else
        kernel_signal_raise(r->t, SIGSEGV, ng_segment_at(r->at, &seg) ? SEGV_ACCERR : SEGV_MAPERR, r->at, 14,
                            4 | (r->write ? 2 : 0) | (r->at >> 63 ? 1 : 0));
}

const struct ir_exit *run_interpret(struct ng_thread *t, guest_addr pc, guest_addr *fault_at)
{
    struct run r = { .t = t };
    const struct ir_interp_env env = { .state = &t->state, .arg = &r, .load = load, .store = store, .cas = cas, .call = call,
                                       .native = native };
    struct vex_decode_request d = { .pc = pc, .form = IR_FORM_PURE, .max_insns = BLOCK_INSNS, .hook = redirect_at(pc),
                                    .host_cpu = options.cpu == 1 };
    if (!block) {
        block = base_alloc(sizeof *block);
        ir_block_init(block);
    }
    *fault_at = 0;
    d.n_bytes = space_code_bytes(pc, &d.bytes, 512);
    if (!d.n_bytes && !d.hook) {
        *fault_at = pc;
        return NULL;
    }
    guest_x86_64_decode(&d, block);
    flags_to_bytes(&t->state);
    const int exit = ir_interp_run(block, &env);
    flags_from_bytes(&t->state);
    if (exit >= 0)
        return &block->exits[exit];
    raise_fault(&r);
    return NULL;
}
