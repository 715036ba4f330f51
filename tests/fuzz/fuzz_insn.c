/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_insn: random instructions with random state, four ways:
 *
 *   cpu      the instruction itself, through host_x86_64_emit_single
 *   interp   its PURE form in the interpreter
 *   jit      its PURE form through the back end, unoptimised and optimised
 *   tandem   a run of instructions in TANDEM form with every described value kept,
 *            in the identity mapping, against the cpu and the interpreter
 *
 * Registers, memory and all flags the manual defines must agree.
 * SEED= and N= come from the environment.  On a mismatch: bytes, disassembly,
 * and the state that shows it. */
#include <Zydis/Zydis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vex/guest_x86_64/internal.h"

static __thread struct x86_state state __attribute__((tls_model("initial-exec")));
static struct vex_host host;
static uint8_t *zone;                     /* trampolines, then code */
static uint32_t tramps[2][VEX_TRAMPS];    /* guest registers in memory, in host registers */
enum { ZONE = 1 << 16, CODE_AT = 8192, MEM = 512, MEM_AT = 256, MAX_RUN = 6 };
#define PC 0x10000ull
static uint8_t memory[MEM] __attribute__((aligned(64)));
static uint64_t rng;
static ZydisDecoder decoder;

static uint64_t next(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1dull;
}

static uint64_t interesting(void)
{
    static const uint64_t special[] = { 0, 1, 2, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
                                        0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, ~0ull, 0x0101010101010101 };
    switch (next() & 3) {
    case 0: return special[next() % (sizeof special / sizeof *special)];
    case 1: return next() & 0x3f;
    default: return next();
    }
}

/* ---- random instructions ---- */

static int random_bytes(uint8_t *p)
{
    int n = 0;
    const int kind = next() % 8;
    if (kind == 0 && next() % 2) /* x87 */
        p[n++] = 0xd8 | (next() & 7);
    else if (kind < 5) {
        static const uint8_t prefixes[] = { 0x66, 0xf2, 0xf3 };
        if (next() % 3 == 0)
            p[n++] = prefixes[next() % 3];
        if (next() & 1)
            p[n++] = 0x40 | (next() & 15);
        if (kind >= 2)
            p[n++] = 0x0f;
        if (kind == 4)
            p[n++] = next() & 1 ? 0x38 : 0x3a;
    } else {
        p[n++] = 0xc4;
        p[n++] = 0xe0 - (next() & 0xe0) * (next() & 1) + 1 + next() % 3;
        p[n++] = next() & (next() & 1 ? 0xff : 0x7f);
    }
    if (n != 1 || p[0] >> 3 != 0xd8 >> 3)
        p[n++] = next();
    p[n] = next();
    if (next() % 3 == 0) /* memory at [rbx + disp8] */
        p[n] = (p[n] & 0x38) | 0x43;
    n++;
    while (n < 15)
        p[n++] = next();
    return n;
}

/* Only what reads and writes registers, flags and [rbx + disp8]. */
static bool usable(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *zo)
{
    if (!x86_row_find(zi->mnemonic) || zi->attributes & (ZYDIS_ATTRIB_IS_PRIVILEGED | ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_SEGMENT))
        return false;
    if (zi->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX || zi->address_width != 64 || zi->meta.category == ZYDIS_CATEGORY_STRINGOP)
        return false;
    if (zi->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE || zi->meta.category == ZYDIS_CATEGORY_CALL || zi->meta.category == ZYDIS_CATEGORY_RET)
        return false;
    if (zi->mnemonic == ZYDIS_MNEMONIC_PUSHFQ || zi->mnemonic == ZYDIS_MNEMONIC_POPFQ || zi->mnemonic == ZYDIS_MNEMONIC_ENTER ||
        zi->mnemonic == ZYDIS_MNEMONIC_LEAVE || zi->mnemonic == ZYDIS_MNEMONIC_XLAT || zi->mnemonic == ZYDIS_MNEMONIC_MASKMOVDQU ||
        zi->mnemonic == ZYDIS_MNEMONIC_STD || zi->mnemonic == ZYDIS_MNEMONIC_PUSHF || zi->mnemonic == ZYDIS_MNEMONIC_POPF)
        return false;
    switch (zi->mnemonic) { /* 3DNow is gone; what loads control words, and what stores instruction pointers */
    case ZYDIS_MNEMONIC_FEMMS: case ZYDIS_MNEMONIC_FLDCW: case ZYDIS_MNEMONIC_FLDENV: case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSAVE: case ZYDIS_MNEMONIC_FNSTENV:
        return false;
    default: break;
    }
    for (int i = 0; i < zi->operand_count; i++) {
        const ZydisDecodedOperand *o = &zo[i];
        if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
            if (o->reg.value == ZYDIS_REGISTER_RSP || o->reg.value == ZYDIS_REGISTER_ESP || o->reg.value == ZYDIS_REGISTER_SP || o->reg.value == ZYDIS_REGISTER_SPL)
                return false;
            if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE && ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o->reg.value) == ZYDIS_REGISTER_RBX)
                return false;
            if (ZydisRegisterGetClass(o->reg.value) == ZYDIS_REGCLASS_SEGMENT)
                return false;
        }
        if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
            (o->mem.base != ZYDIS_REGISTER_RBX || o->mem.index != ZYDIS_REGISTER_NONE || zi->raw.disp.size != 8))
            return false;
        if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.segment != ZYDIS_REGISTER_DS && o->mem.segment != ZYDIS_REGISTER_SS)
            return false;
    }
    return true;
}

/* A usable instruction at p; aligned forms get an aligned displacement.  Its length. */
static int random_insn(uint8_t *p, ZydisDecodedInstruction *zi, uint64_t *tries)
{
    ZydisDecodedOperand zo[ZYDIS_MAX_OPERAND_COUNT];
    for (;; ++*tries) {
        random_bytes(p);
        if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, p, 15, zi, zo)) || !usable(zi, zo))
            continue;
        if (zi->raw.disp.size == 8)
            p[zi->raw.disp.offset] &= 0xe0;
        /* register bit offsets reach far memory */
        if ((zi->mnemonic == ZYDIS_MNEMONIC_BT || zi->mnemonic == ZYDIS_MNEMONIC_BTS || zi->mnemonic == ZYDIS_MNEMONIC_BTR || zi->mnemonic == ZYDIS_MNEMONIC_BTC) &&
            zo[0].type == ZYDIS_OPERAND_TYPE_MEMORY && zo[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        if (zi->mnemonic == ZYDIS_MNEMONIC_BSWAP && zi->operand_width == 16)
            continue; /* undefined */
        if ((zi->mnemonic == ZYDIS_MNEMONIC_SHLD || zi->mnemonic == ZYDIS_MNEMONIC_SHRD) && zi->operand_width == 16 &&
            (!zi->raw.imm[0].size || (zi->raw.imm[0].value.u & 31) > 16))
            continue; /* undefined for counts above 16 */
        if (zi->mnemonic == ZYDIS_MNEMONIC_DIV || zi->mnemonic == ZYDIS_MNEMONIC_IDIV)
            continue; /* most would fault */
        return zi->length;
    }
}

/* ---- state ---- */

struct snapshot { struct x86_state s; uint8_t mem[MEM]; uint8_t fx[512] __attribute__((aligned(16))); };

static void random_snapshot(struct snapshot *k)
{
    memset(k, 0, sizeof *k);
    for (int i = 0; i < 16; i++)
        k->s.gpr[i] = interesting();
    k->s.gpr[X86_RBX] = (uint64_t)memory + MEM_AT;
    for (int i = 0; i < 16; i++)
        for (int q = 0; q < 4; q++) {
            uint64_t v = interesting();
            memcpy(k->s.ymm[i] + 8 * q, &v, 8);
        }
    k->s.rflags = 0x202 | (next() & 0x8d5);
    for (int i = 0; i < MEM; i++)
        k->mem[i] = next() & 3 ? next() : 0xff * (next() & 1);
    __asm__ volatile("fninit; fxsave %0" : "=m"(k->fx));
    for (int i = 32; i < 160; i++)
        k->fx[i] = i % 16 < 10 ? next() : 0;
    k->fx[4] = next() & 3 ? next() : 0; /* which registers are in use */
    k->fx[3] = next() & 0x38;           /* top of the stack */
}

static const uint8_t flag_bits[6] = { 0, 2, 4, 6, 7, 11 };

static void flags_to_slots(struct x86_state *s)
{
    for (int i = 0; i < 6; i++)
        s->flag[i] = s->rflags >> flag_bits[i] & 1;
}

static void slots_to_flags(struct x86_state *s)
{
    for (int i = 0; i < 6; i++)
        s->rflags = (s->rflags & ~(1ull << flag_bits[i])) | (uint64_t)s->flag[i] << flag_bits[i];
}

static void restore(const struct snapshot *k)
{
    memcpy(&state, &k->s, sizeof state);
    memcpy(memory, k->mem, MEM);
    __asm__ volatile("fxrstor %0" : : "m"(k->fx) : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                     "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static void save(struct snapshot *k)
{
    memcpy(&k->s, &state, sizeof state);
    memcpy(k->mem, memory, MEM);
    __asm__ volatile("fxsave %0" : "=m"(k->fx));
}

/* ---- running host code ---- */

static void run_code(const struct vex_code *c, bool identity)
{
    uint8_t *at = zone + CODE_AT;
    memcpy(at, c->code, c->size);
    for (uint32_t i = 0; i < c->n_relocs; i++) {
        const struct vex_reloc *r = &c->relocs[i];
        uint32_t v = 1;
        if (r->kind == VEX_RELOC_TRAMP32)
            v = (uint32_t)(tramps[identity][r->value] - (CODE_AT + r->offset + 4));
        memcpy(at + r->offset, &v, 4);
    }
    ((void (*)(struct x86_state *, void *))(zone + tramps[identity][VEX_TRAMP_ENTER]))(&state, at);
}

static int interp_load(void *arg, int plane, guest_addr a, void *to, int size)
{
    (void)arg;
    memcpy(to, plane ? (void *)to : (void *)a, size);
    return 0;
}

static int interp_store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    (void)arg;
    (void)plane;
    memcpy((void *)a, from, size);
    return 0;
}

static int native_refused(void *arg, const struct ir_insn *insn)
{
    (void)insn;
    *(bool *)arg = true;
    return 0;
}

static struct vex_code code;

static int run_single(void *arg, const struct ir_insn *insn)
{
    (void)arg;
    vex_code_reset(&code);
    host_x86_64_emit_single(insn, &host, &code);
    run_code(&code, true);
    return 0;
}

/* ---- comparing ---- */

static uint64_t undefined_flags(const ZydisDecodedInstruction *zi)
{
    uint64_t m = zi->cpu_flags ? zi->cpu_flags->undefined : 0;
    /* shifts and rotates: OF is defined for a count of 1 only; nothing changes for a count of 0 */
    switch (zi->mnemonic) {
    case ZYDIS_MNEMONIC_SHL: case ZYDIS_MNEMONIC_SHR: case ZYDIS_MNEMONIC_SAR: case ZYDIS_MNEMONIC_SHLD: case ZYDIS_MNEMONIC_SHRD:
    case ZYDIS_MNEMONIC_ROL: case ZYDIS_MNEMONIC_ROR: case ZYDIS_MNEMONIC_RCL: case ZYDIS_MNEMONIC_RCR:
        m |= 0x800 | 0x10;
        if (zi->operand_width < 32)
            m |= 1; /* CF of counts beyond the width */
        if (zi->mnemonic == ZYDIS_MNEMONIC_SHLD || zi->mnemonic == ZYDIS_MNEMONIC_SHRD)
            m |= zi->operand_width < 32 ? 0x8d5 : 0;
    default: break;
    }
    return m;
}

static int complain(const char *way, const uint8_t *bytes, int len, const struct snapshot *k, const char *what, uint64_t want, uint64_t got)
{
    ZydisDisassembledInstruction d;
    printf("MISMATCH %s: %s: want %#lx, got %#lx\n    .byte", way, what, want, got);
    for (int i = 0; i < len; i++)
        printf("%s0x%02x", i ? "," : " ", bytes[i]);
    for (int at = 0; at < len && ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, 0, bytes + at, len - at, &d)); at += d.info.length)
        printf("\n    %s", d.text);
    printf("\n    flags=%#lx", k->s.rflags);
    for (int i = 0; i < 16; i++)
        printf(" %s=%#lx", ir_slot_name(i), k->s.gpr[i]);
    printf("\n");
    return 1;
}

static int compare(const char *way, const uint8_t *bytes, int len, const struct snapshot *before, const struct snapshot *want,
                   const struct snapshot *got, uint64_t ignore)
{
    char what[40];
    for (int i = 0; i < 16; i++)
        if (want->s.gpr[i] != got->s.gpr[i])
            return complain(way, bytes, len, before, ir_slot_name(i), want->s.gpr[i], got->s.gpr[i]);
    uint64_t mask = 0x8d5 & ~ignore;
    if ((want->s.rflags ^ got->s.rflags) & mask)
        return complain(way, bytes, len, before, "flags", want->s.rflags & mask, got->s.rflags & mask);
    for (int i = 0; i < 16; i++)
        for (int q = 0; q < 4; q++)
            if (memcmp(want->s.ymm[i] + 8 * q, got->s.ymm[i] + 8 * q, 8)) {
                uint64_t w, g;
                memcpy(&w, want->s.ymm[i] + 8 * q, 8);
                memcpy(&g, got->s.ymm[i] + 8 * q, 8);
                snprintf(what, sizeof what, "ymm%d.%d", i, q);
                return complain(way, bytes, len, before, what, w, g);
            }
    for (int i = 2; i < 160; i++) /* status, tags, registers; not the pointers */
        if ((i < 5 || i >= 32) && want->fx[i] != got->fx[i]) {
            snprintf(what, sizeof what, "x87 image[%d]", i);
            return complain(way, bytes, len, before, what, want->fx[i], got->fx[i]);
        }
    for (int i = 0; i < MEM; i++)
        if (want->mem[i] != got->mem[i]) {
            snprintf(what, sizeof what, "memory[%d]", i - MEM_AT);
            return complain(way, bytes, len, before, what, want->mem[i], got->mem[i]);
        }
    return 0;
}

/* ---- the four ways ---- */

static void decode(struct ir_block *b, const uint8_t *bytes, int len, enum ir_form form, uint32_t max)
{
    struct vex_decode_request r = { .pc = PC, .bytes = bytes, .n_bytes = len, .form = form, .max_insns = max };
    guest_x86_64_decode(&r, b);
}

/* Parse after print gives the same block. */
static bool reads_back(const struct ir_block *b)
{
    static struct ir_block again;
    char *text, error[200];
    size_t size;
    ir_print(b, &text, &size);
    const bool same = ir_parse(text, &again, error, sizeof error) == 0 && again.n_ops == b->n_ops && again.pc == b->pc &&
                      again.n_insns == b->n_insns && again.n_exits == b->n_exits &&
                      !memcmp(again.ops, b->ops, b->n_ops * sizeof *b->ops) &&
                      !memcmp(again.insns, b->insns, b->n_insns * sizeof *b->insns);
    if (!same)
        printf("TEXT FORM DIFFERS (%s)\n%s", error, text);
    free(text);
    return same;
}

static int check_block(const struct ir_block *b, const uint8_t *bytes, int len)
{
    char error[200];
    if (ir_check(b, error, sizeof error) == 0)
        return !reads_back(b);
    printf("ILL-FORMED IR: %s\n    .byte", error);
    for (int i = 0; i < len; i++)
        printf("%s0x%02x", i ? "," : " ", bytes[i]);
    puts("");
    return 1;
}

static int one_pure(const uint8_t *bytes, int len, uint64_t ignore, bool *was_native)
{
    static struct snapshot before, cpu, got;
    static struct ir_block b;
    struct ir_interp_env env = { .state = &state, .arg = was_native, .load = interp_load, .store = interp_store, .native = native_refused };
    int bad;
    random_snapshot(&before);
    *was_native = false;
    decode(&b, bytes, len, IR_FORM_PURE, 1);
    if ((bad = check_block(&b, bytes, len)))
        return bad;
    restore(&before);
    flags_to_slots(&state);
    ir_interp_run(&b, &env);
    if (*was_native)
        return 0;
    slots_to_flags(&state);
    save(&got);
    restore(&before);
    run_single(NULL, &b.insns[0]);
    save(&cpu);
    if ((bad = compare("interp", bytes, len, &before, &cpu, &got, ignore)))
        return bad;
    struct vex_host in_memory = host;
    in_memory.guest_in_host_regs = false;
    for (int optimise = 0; optimise < 2; optimise++) {
        if (optimise)
            opt_run(&b, OPT_ALL);
        vex_code_reset(&code);
        if (host_x86_64_emit(&b, &in_memory, &code) != 0)
            continue;
        restore(&before);
        flags_to_slots(&state);
        run_code(&code, false);
        slots_to_flags(&state);
        save(&got);
        if ((bad = compare(optimise ? "jit -O" : "jit", bytes, len, &before, &cpu, &got, ignore)))
            return bad;
    }
    return 0;
}

/* Copies a TANDEM block, and keeps every described value in the scratch slots, so that the back end must compute it. */
static void keep_values(const struct ir_block *in, struct ir_block *out)
{
    static uint8_t opaque[100000];
    static ir_ref map[100000];
    ir_block_reset(out);
    out->pc = in->pc;
    out->guest_bytes = in->guest_bytes;
    out->form = in->form;
    out->flags_live_out = in->flags_live_out;
    for (uint32_t i = 0; i < in->n_insns; i++)
        ir_block_add_insn(out, &in->insns[i]);
    for (uint32_t i = 0; i < in->n_exits; i++)
        ir_block_add_exit(out, in->exits[i]);
    int k = 0;
    for (ir_ref i = 1; i < in->n_ops; i++) {
        struct ir_op op = in->ops[i];
        opaque[i] = op.op == IR_OPAQUE || opaque[op.a] || opaque[op.b] || opaque[op.c] || opaque[op.d];
        /* CHECKs' d is an exit; there are none here */
        if (opaque[i] && (op.op == IR_PUT || op.op == IR_STORE)) {
            map[i] = 0;
            continue;
        }
        op.a = map[op.a], op.b = map[op.b], op.c = map[op.c], op.d = map[op.d];
        map[i] = ir_append(out, op);
        const bool value = op.op == IR_GET || op.op == IR_LOAD || (op.op >= IR_ADD && op.op != IR_OPAQUE);
        enum ir_type t = op.op >= IR_CMPEQ && op.op <= IR_CMPLES ? IR_I1 : op.op == IR_PARITY || op.op == IR_VANY ? IR_I1 :
                         op.op == IR_VMOVMSK ? IR_I32 : op.type;
        if (value && !opaque[i]) {
            ir_put(out, t, IR_PLANE_GUEST, X86_SCRATCH0 + k % 8, 0, map[i]);
            k += 1 + (next() & 1);
        }
    }
}

/* For the interpreter, flags are in their slots between instructions. */
static int step_native(void *arg, const struct ir_insn *insn)
{
    slots_to_flags(&state);
    run_single(arg, insn);
    flags_to_slots(&state);
    return 0;
}

/* The last values that keep_values left in the scratch slots. */
static int compare_kept(const uint8_t *bytes, int len, const struct snapshot *before, const struct snapshot *want, const struct snapshot *got)
{
    for (int k = 0; k < 8; k++)
        for (int q = 0; q < 4; q++) {
            char what[40];
            uint64_t w, g;
            memcpy(&w, want->s.scratch[k] + 8 * q, 8);
            memcpy(&g, got->s.scratch[k] + 8 * q, 8);
            snprintf(what, sizeof what, "kept value, scratch%d.%d", k, q);
            if (w != g)
                return complain("tandem", bytes, len, before, what, w, g);
        }
    return 0;
}

static int one_tandem(uint8_t *bytes, int len, int n, uint64_t ignore)
{
    static struct snapshot before, cpu, interp, got;
    static struct ir_block b, kept;
    static struct vex_code block_code;
    struct ir_interp_env env = { .state = &state, .load = interp_load, .store = interp_store, .native = step_native };
    int bad;
    memcpy((void *)PC, bytes, len);
    decode(&b, bytes, len, IR_FORM_TANDEM, n);
    if ((bad = check_block(&b, bytes, len)) || b.n_insns != (uint32_t)n)
        return bad;
    keep_values(&b, &kept);
    if ((bad = check_block(&kept, bytes, len)))
        return bad;
    random_snapshot(&before);
    restore(&before);
    for (uint32_t i = 0; i < b.n_insns; i++)
        run_single(NULL, &b.insns[i]);
    save(&cpu);
    restore(&before);
    flags_to_slots(&state);
    ir_interp_run(&kept, &env);
    slots_to_flags(&state);
    save(&interp);
    if ((bad = compare("tandem interp", bytes, len, &before, &cpu, &interp, ignore)))
        return bad;
    if (next() & 1)
        opt_run(&kept, OPT_ALL);
    vex_code_reset(&block_code);
    if (host_x86_64_emit(&kept, &host, &block_code) != 0)
        return printf("tandem: the back end refuses\n"), complain("tandem", bytes, len, &before, "emit", 0, 1);
    restore(&before);
    run_code(&block_code, true);
    save(&got);
    if ((bad = compare("tandem", bytes, len, &before, &cpu, &got, ignore)))
        return bad;
    return compare_kept(bytes, len, &before, &interp, &got);
}

static long env_number(const char *name, long otherwise)
{
    const char *v = getenv(name);
    return v ? atol(v) : otherwise;
}

/* Instructions that this CPU does not have are left out. */
static sigjmp_buf refused;
static void on_sigill(int signal)
{
    siglongjmp(refused, signal);
}

static void catch_sigill(void)
{
    static uint8_t stack[1 << 16];
    const stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction a = { .sa_handler = on_sigill, .sa_flags = SA_ONSTACK };
    sigaltstack(&ss, NULL); /* rsp is the guest's */
    sigaction(SIGILL, &a, NULL);
}

static uint64_t tries, native, unknown_here;
static int campaign(long n)
{
    static uint32_t seen[ZYDIS_MNEMONIC_MAX_VALUE + 1];
    static uint8_t bytes[15 * MAX_RUN + 15];
    static volatile int mismatches;
    static int mnemonics;
    for (volatile long i = 0; i < n && mismatches < 10; i++) {
        if (sigsetjmp(refused, 1)) {
            unknown_here++;
            if (getenv("SHOW_UNKNOWN"))
                complain("unknown", bytes, 15, &(struct snapshot){ 0 }, "", 0, 0);
            continue;
        }
        ZydisDecodedInstruction zi;
        bool was_native;
        int len = random_insn(bytes, &zi, &tries);
        mnemonics += !seen[zi.mnemonic]++;
        mismatches += one_pure(bytes, len, undefined_flags(&zi), &was_native);
        native += was_native;
        if (i % 4 == 0) {
            uint64_t unknown = 0; /* flags that the manual leaves undefined: they may depend on what was before */
            int total = 0, count = 0;
            for (int k = next() % MAX_RUN; k >= 0; k--) {
                const int n = random_insn(bytes + total, &zi, &tries);
                uint8_t read, written;
                x86_flags_of(&zi, &read, &written);
                if (read & x86_flags_from_zydis(unknown))
                    continue;
                if (zi.cpu_flags)
                    unknown &= ~(uint64_t)(zi.cpu_flags->modified | zi.cpu_flags->set_0 | zi.cpu_flags->set_1);
                unknown |= undefined_flags(&zi);
                total += n;
                count++;
            }
            mismatches += one_tandem(bytes, total, count, unknown);
        }
    }
    printf("%ld instructions of %d mnemonics, %lu without a pure form, %lu unknown to this CPU, seed %ld\n", n, mnemonics, native, unknown_here, env_number("SEED", 1));
    return mismatches;
}

int main(void)
{
    rng = 0x9e3779b97f4a7c15ull * (uint64_t)env_number("SEED", 1) + 1;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    setvbuf(stdout, NULL, _IOLBF, 0);
    host.state_offset = (int32_t)((char *)&state - (char *)__builtin_thread_pointer());
    host.guest_in_host_regs = true;
    host.v_shift = 1ull << 44;
    host.plane_o = 3ull << 44;
    zone = mmap(NULL, ZONE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    host_x86_64_emit_tramps(zone + 4096, &host, tramps[true]);
    for (int i = 0; i < VEX_TRAMPS; i++)
        tramps[true][i] += 4096;
    struct vex_host in_memory = host;
    in_memory.guest_in_host_regs = false;
    host_x86_64_emit_tramps(zone, &in_memory, tramps[false]);
    if (mmap((void *)PC, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != (void *)PC)
        return 77; /* masked accesses look there */
    vex_code_init(&code);
    catch_sigill();
    int mismatches = campaign(env_number("N", 20000));
    printf("%d passed, %d failed\n", mismatches == 0, mismatches);
    return mismatches != 0;
}
