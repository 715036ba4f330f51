/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/{instrument,instrument_clean,known,instrument_dirty,rules,helpers,meet,stack,shadow,shadow_fresh,shadow_side,registers,options}.c
 *        vex/guest_x86_64 (all), vex/ir (all) */
/* Both translation modes of memcheck, on real instructions, run by the IR
 * interpreter: guest code of this very file is decoded in PURE form (every effect
 * an op), instrumented, checked and run against shadow memory of its own.  */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "memcheck/instrument.h"
#include "vex/vex.h"

/* ---- the tool API, as far as the code under test calls it ---- */
enum { CODE = 0x400000, DATA = 0x10000000, DATA_SIZE = 1 << 20, STACK_TOP = DATA + DATA_SIZE - 4096 };
uint64_t ng_strip_size = 1ull << 42, ng_v_shift = 1ull << 42;
static struct x86_state state;
static ng_helper_fn helpers[64];
static int n_helpers, n_cond, n_value, n_reads, n_writes;
static guest_addr last_address;
static size_t last_size;

int ng_helper_register(const char *name, ng_helper_fn fn)
{
    (void)name;
    helpers[n_helpers] = fn;
    return n_helpers++;
}

struct ng_thread *ng_thread_self(void) { return (struct ng_thread *)&state; }
struct x86_state *ng_thread_state(struct ng_thread *t) { return (struct x86_state *)t; }
uint64_t ng_reg(struct ng_thread *t, int slot) { return slot <= X86_R15 ? ng_thread_state(t)->gpr[slot] : ng_thread_state(t)->rip; }
enum { FRAME_PC = 0x777 };
ng_trace ng_trace_of_pc(guest_addr pc) { return (ng_trace)pc; }
bool ng_frame_at(guest_addr a, enum ng_word (*kind)(guest_addr), struct ng_frame *f)
{
    (void)kind;
    *f = (struct ng_frame){ .pc = FRAME_PC, .low = a & ~63ull, .high = (a & ~63ull) + 64 };
    return true;
}
int ng_verbosity(void) { return 1; }
bool ng_option_xml(void) { return false; }
int requests_parse_ignore_ranges(const char *value) { (void)value; return -1; }
bool ng_option_value(const char *name, int64_t *value) { (void)name, (void)value; return false; }
void ng_umsg_v(int v, const char *fmt, ...) { (void)v, (void)fmt; }
void ng_fatal(const char *fmt, ...) { fputs(fmt, stderr); abort(); }
bool ng_segment_at(guest_addr a, struct ng_segment *out)
{
    *out = (struct ng_segment){ .start = DATA, .end = DATA + DATA_SIZE, .prot = 3 };
    return a >= out->start && a < out->end;
}
static const uint8_t *code_bytes;
static size_t code_size;
size_t ng_read(void *to, guest_addr from, size_t size)
{
    if (from >= CODE && from < CODE + code_size) {
        size = size < CODE + code_size - from ? size : CODE + code_size - from;
        memcpy(to, code_bytes + (from - CODE), size);
        return size;
    }
    if (from < DATA || from + size > DATA + DATA_SIZE)
        return 0;
    memcpy(to, (void *)from, size);
    return size;
}
void ng_discard_translations(void) { }
bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high)
{
    *low = DATA + DATA_SIZE / 2;
    *high = STACK_TOP;
    return sp >= *low && sp <= *high;
}
void ng_threads_each(void (*fn)(struct ng_thread *, void *), void *arg) { (void)fn, (void)arg; }
bool heap_keeps_shadow(guest_addr a) { (void)a; return false; }
bool heap_origin_at(guest_addr a, struct heap_origin *o) { (void)a, (void)o; return false; }
bool stack_heap_bounds(guest_addr sp, guest_addr *low, guest_addr *high) { (void)sp, (void)low, (void)high; return false; }
void errors_cond(struct ng_thread *t, origin_tag tag) { (void)t, (void)tag; n_cond++; }
void errors_value(struct ng_thread *t, size_t size, origin_tag tag) { (void)t, (void)size, (void)tag; n_value++; }
void errors_addr(struct ng_thread *t, guest_addr a, size_t size, bool write)
{
    (void)t;
    last_address = a;
    last_size = size;
    if (write)
        n_writes++;
    else
        n_reads++;
}

/* ---- running ---- */
static uint8_t *at(int plane, guest_addr a)
{
    const uint64_t distance[] = { 0, ng_v_shift, NG_PLANE_O };
    return (uint8_t *)(a + distance[plane]);
}

static bool is_data(guest_addr a, int size) { return a >= DATA && a + (uint64_t)size <= DATA + DATA_SIZE; }

static int load(void *arg, int plane, guest_addr a, void *to, int size)
{
    (void)arg;
    if (!is_data(a, size))
        return -1;
    memcpy(to, at(plane, a), (size_t)size);
    return 0;
}

static int store(void *arg, int plane, guest_addr a, const void *from, int size)
{
    (void)arg;
    if (!is_data(a, size))
        return -1;
    memcpy(at(plane, a), from, (size_t)size);
    return 0;
}

static uint64_t call(void *arg, int helper, uint64_t a0, uint64_t a1, uint64_t a2)
{
    (void)arg;
    return helpers[helper](a0, a1, a2);
}

static int native(void *arg, const struct ir_insn *insn)
{
    (void)arg, (void)insn;
    ck_abort_msg("an instruction without ops at %lx", (unsigned long)insn->pc);
    return -1;
}

static int dirty_blocks, clean_blocks;

/* What a block's head does: false if a register is in the way.  PURE blocks overwrite general registers only. */
static bool enter_clean(const struct ir_block *b)
{
    const uint64_t attention = state.attention & b->entry_mask;
    if (attention & ~b->entry_kill)
        return false;
    for (int i = 0; i < 16; i++)
        if (attention >> i & 1)
            state.v.gpr[i] = 0;
    state.attention &= ~attention;
    return true;
}

/* Runs code from its start until it reaches its end; false: it faulted. */
static bool run(const uint8_t *code, const uint8_t *end)
{
    struct ir_block in, out;
    const struct ir_interp_env env = { .state = &state, .load = load, .store = store, .call = call, .native = native };
    char error[256];
    int mode = MODE_CLEAN;
    ir_block_init(&in);
    ir_block_init(&out);
    dirty_blocks = clean_blocks = 0;
    code_bytes = code;
    code_size = (size_t)(end - code);
    state.rip = CODE;
    while (state.rip != CODE + (guest_addr)(end - code)) {
        const guest_addr pc = state.rip;
        struct vex_decode_request r = { .pc = pc, .bytes = code + (pc - CODE), .n_bytes = (size_t)(end - code) - (pc - CODE),
                                        .form = IR_FORM_PURE, .mode = mode, .max_insns = 50 };
        guest_x86_64_decode(&r, &in);
        ir_block_reset(&out);
        out.pc = in.pc;
        out.form = in.form;
        out.mode = in.mode;
        for (uint32_t i = 0; i < in.n_insns; i++)
            ir_block_add_insn(&out, &in.insns[i]);
        for (uint32_t i = 0; i < in.n_exits; i++)
            ir_block_add_exit(&out, in.exits[i]);
        struct ng_instrument job = { &in, &out, mode };
        if (mode == MODE_CLEAN)
            clean_instrument(&job);
        else
            dirty_instrument(&job);
        ck_assert_msg(!ir_check(&out, error, sizeof error), "mode %d: %s", mode, error);
        if (mode != MODE_DIRTY && !enter_clean(&out)) {
            mode = out.entry_mode;
            continue;
        }
        if (mode == MODE_CLEAN)
            clean_blocks++;
        else
            dirty_blocks++;
        const int exit = ir_interp_run(&out, &env);
        if (exit < 0)
            return false;
        mode = out.exits[exit].mode;
        ck_assert_int_lt(dirty_blocks + clean_blocks, 1000);
    }
    ir_block_free(&in);
    ir_block_free(&out);
    return true;
}

static void prepare(void)
{
    static bool mapped;
    if (!mapped) {
        for (int plane = 0; plane < 3; plane++)
            ck_assert_ptr_eq(mmap(at(plane, DATA), DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                             at(plane, DATA));
        helpers_register();
        mapped = true;
    }
    for (int plane = 0; plane < 3; plane++)
        memset(at(plane, DATA), 0, DATA_SIZE);
    memset(&state, 0, sizeof state);
    state.red_zone = ~0ull;
    state.gpr[X86_RDI] = DATA + 4096;
    state.gpr[X86_RSI] = DATA + 8192;
    state.gpr[X86_RSP] = STACK_TOP - 4096;
    memset(ng_v(DATA + DATA_SIZE / 2), VPAT_NOACCESS, STACK_TOP - 4096 - (DATA + DATA_SIZE / 2));
    n_cond = n_value = n_reads = n_writes = 0;
}

#define GUEST(name, text)                                                                      \
    extern const uint8_t name[], name##_end[];                                                 \
    __asm__(".pushsection .rodata\n" #name ":\n.intel_syntax noprefix\n" text                  \
            "\n.att_syntax prefix\n" #name "_end:\n.popsection");
#define RUN(name) ck_assert(run(name, name##_end))

/* ---- values ---- */
GUEST(copy_word, "mov rax, [rdi]\n mov [rsi], rax")
START_TEST(undefined_bits_travel)
{
    const uint64_t v = 0x00ff00d600010000;
    memcpy(ng_v(DATA + 4096), &v, 8);
    shadow_set_byte(DATA + 4096 + 4, 0xd6); /* a genuine one */
    RUN(copy_word);
    ck_assert(dirty_blocks == 1);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], v);
    ck_assert(state.attention & X86_ATT_GPR(X86_RAX));
    uint8_t byte;
    for (int i = 0; i < 8; i++) {
        ck_assert(shadow_get_byte(DATA + 8192 + i, &byte));
        ck_assert_uint_eq(byte, v >> 8 * i & 0xff);
    }
    ck_assert_int_eq(n_reads + n_writes + n_cond + n_value, 0);
}
END_TEST

START_TEST(clean_code_stays_clean)
{
    RUN(copy_word);
    ck_assert_int_eq(dirty_blocks, 0);
    ck_assert_uint_eq(state.attention, 0);
}
END_TEST

GUEST(overwrite, "mov rax, [rdi]\n mov eax, 5\n mov [rsi], rax")
START_TEST(attention_goes_away)
{
    memset(ng_v(DATA + 4096), 0xff, 8);
    RUN(overwrite);
    ck_assert_uint_eq(state.attention, 0);
    ck_assert(shadow_is_clean_word(DATA + 8192));
}
END_TEST

/* The first block ends behind the load (max_insns); rax is undefined at the start of the next. */
GUEST(reload, "mov rax, [rdi]\n jmp 1f\n1: mov rcx, [rsi]\n mov rax, [rsi]\n mov [rsi+8], rax")
GUEST(reload_late, "mov rax, [rdi]\n jmp 1f\n1: test ecx, ecx\n jz 2f\n mov rax, 1\n 2: mov [rsi], rax")
START_TEST(dead_registers_do_no_harm)
{
    memset(ng_v(DATA + 4096), 0xff, 8);
    RUN(reload);
    ck_assert_int_eq(dirty_blocks, 1);
    ck_assert_int_ge(clean_blocks, 2);
    ck_assert_uint_eq(state.attention, 0);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], 0);
    /* overwritten on one way only: it stays undefined on the other */
    prepare();
    memset(ng_v(DATA + 4096), 0xff, 8);
    RUN(reload_late);
    uint8_t byte;
    ck_assert(shadow_get_byte(DATA + 8192, &byte) && byte == 0xff);
}
END_TEST

GUEST(branch, "mov eax, [rdi]\n test eax, 4\n jz 1f\n nop\n1: nop")
START_TEST(condition_on_undefined)
{
    *ng_v(DATA + 4096) = 4;
    RUN(branch);
    ck_assert_int_eq(n_cond, 1);
    prepare();
    *ng_v(DATA + 4096) = 0xfb; /* not the bit that is tested */
    RUN(branch);
    ck_assert_int_eq(n_cond, 0);
}
END_TEST

/* if (a && b) with b tested first, a defined and 0: both ways end at label 1 */
GUEST(and_swapped, "cmp dword ptr [rdi], 3\n je 1f\n cmp dword ptr [rsi], 0\n jne 1f\n mov ecx, 1\n1: nop")
START_TEST(swapped_conditions_meet)
{
    memset(ng_v(DATA + 4096), 0xff, 4);
    *(int *)(DATA + 8192) = 1;
    RUN(and_swapped);
    ck_assert_int_eq(n_cond, 0);
    prepare();
    memset(ng_v(DATA + 4096), 0xff, 4); /* the second test does not lead there */
    RUN(and_swapped);
    ck_assert_int_eq(n_cond, 1);
    prepare();
    memset(ng_v(DATA + 4096), 0xff, 4); /* nor is it defined */
    *(int *)(DATA + 8192) = 1;
    memset(ng_v(DATA + 8192), 0xff, 4);
    RUN(and_swapped);
    ck_assert_int_ge(n_cond, 1);
}
END_TEST

GUEST(conditional_move, "cmp dword ptr [rdi], 3\n je 1f\n mov eax, 5\n1: nop")
START_TEST(an_effect_is_no_meeting)
{
    memset(ng_v(DATA + 4096), 0xff, 4);
    RUN(conditional_move);
    ck_assert_int_eq(n_cond, 1);
}
END_TEST

GUEST(deref, "mov rax, [rdi]\n mov rbx, [rax]")
START_TEST(undefined_address)
{
    const uint64_t to = DATA + 8192;
    memcpy((void *)(DATA + 4096), &to, 8);
    *ng_v(DATA + 4096) = 0xff;
    RUN(deref);
    ck_assert_int_eq(n_value, 1);
    ck_assert_uint_eq(state.attention, 0); /* reported: both count as defined */
}
END_TEST

GUEST(xor_self, "mov rax, [rdi]\n xor eax, eax\n sbb ebx, ebx\n pxor xmm1, xmm1")
START_TEST(idioms_are_defined)
{
    memset(ng_v(DATA + 4096), 0xff, 8);
    memset(state.v.ymm[1], 0xff, 16);
    registers_refresh_attention(&state);
    RUN(xor_self);
    ck_assert_uint_eq(state.attention, 0);
}
END_TEST

GUEST(vector_copy, "movdqu xmm3, [rdi]\n movdqu [rsi], xmm3")
START_TEST(vectors_travel)
{
    for (int i = 0; i < 16; i++)
        *ng_v(DATA + 4096 + i) = i == 5 ? 0 : i * 7;
    shadow_set_byte(DATA + 4096 + 9, 0xd6);
    RUN(vector_copy);
    ck_assert(state.attention & X86_ATT_YMM(3));
    for (int i = 0; i < 16; i++) {
        uint8_t byte;
        ck_assert(shadow_get_byte(DATA + 8192 + i, &byte));
        ck_assert_uint_eq(byte, i == 5 ? 0 : i == 9 ? 0xd6 : i * 7);
    }
    ck_assert_int_eq(n_reads + n_writes, 0);
}
END_TEST

/* ---- addressability ---- */
START_TEST(invalid_accesses)
{
    *ng_v(DATA + 4096 + 3) = VPAT_NOACCESS;
    shadow_make_noaccess(DATA + 8192, 16);
    mc_options.partial_loads_ok = false;
    RUN(copy_word);
    mc_options.partial_loads_ok = true;
    ck_assert_int_eq(n_reads, 1);
    ck_assert_int_eq(n_writes, 1);
    ck_assert_uint_eq(last_size, 8);
    ck_assert_uint_eq(last_address, DATA + 8192);
    ck_assert_uint_eq(*ng_v(DATA + 8192), VPAT_NOACCESS); /* stays so */
    ck_assert_uint_eq(state.v.gpr[X86_RAX], 0);
}
END_TEST

START_TEST(partial_load)
{
    *ng_v(DATA + 4096 + 7) = VPAT_NOACCESS;
    RUN(copy_word);
    ck_assert_int_eq(n_reads, 0);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], 0xff00000000000000);
    prepare();
    state.gpr[X86_RDI]++; /* not aligned: an error */
    *ng_v(DATA + 4096 + 8) = VPAT_NOACCESS;
    RUN(copy_word);
    ck_assert_int_eq(n_reads, 1);
}
END_TEST

/* ---- the stack ---- */
GUEST(frame, "push rbx\n push rcx\n sub rsp, 200\n mov [rsp], rdi\n mov rax, [rsp]\n add rsp, 200\n pop rcx\n pop rbx")
static void check_frame(void)
{
    const guest_addr sp = state.gpr[X86_RSP];
    RUN(frame);
    ck_assert_uint_eq(state.gpr[X86_RSP], sp);
    ck_assert_uint_eq(*ng_v(sp - RED_ZONE - 1), VPAT_NOACCESS);
    ck_assert_uint_eq(*ng_v(sp - 216 - RED_ZONE), VPAT_NOACCESS);
    ck_assert(shadow_is_clean(sp - 16, 16)); /* what was pushed */
    ck_assert_uint_eq(*ng_v(sp), 0);
    ck_assert_int_eq(n_reads + n_writes, 0);
}

START_TEST(stack_frame_clean)
{
    check_frame();
    ck_assert_int_eq(dirty_blocks, 1); /* PURE form has no CHECK_STORE: the store to fresh memory */
}
END_TEST

START_TEST(stack_frame_dirty)
{
    state.v.gpr[X86_RCX] = 0xff;
    registers_refresh_attention(&state);
    const guest_addr sp = state.gpr[X86_RSP];
    RUN(frame);
    ck_assert_int_eq(clean_blocks, 0);
    ck_assert_uint_eq(*ng_v(sp - 16), 0xff); /* pushed undefined, popped so */
    ck_assert_uint_eq(state.v.gpr[X86_RCX], 0xff);
    ck_assert_uint_eq(*ng_v(sp - RED_ZONE - 1), VPAT_NOACCESS);
    ck_assert_uint_eq(*ng_v(sp - 216 - RED_ZONE), VPAT_NOACCESS);
    ck_assert_int_eq(n_reads + n_writes, 0);
}
END_TEST

GUEST(unknown_sp, "mov rbp, rsp\n sub rsp, 64\n and rsp, -32\n mov [rsp], rdi\n mov rsp, rbp")
START_TEST(unknown_moves)
{
    const guest_addr sp = state.gpr[X86_RSP] += 8;
    memset(ng_v(sp - 8), 0, 8);
    RUN(unknown_sp);
    ck_assert_uint_eq(*ng_v(sp - RED_ZONE - 1), VPAT_NOACCESS);
    ck_assert_uint_eq(*ng_v(sp - 88 - RED_ZONE), VPAT_NOACCESS);
    ck_assert_int_eq(n_reads + n_writes, 0);
}
END_TEST

GUEST(big_frame, "sub rsp, 8000\n mov [rsp+16], rdi\n add rsp, 8000")
START_TEST(big_frames)
{
    const guest_addr sp = state.gpr[X86_RSP];
    RUN(big_frame);
    ck_assert_uint_eq(*ng_v(sp - 8000 - RED_ZONE), VPAT_NOACCESS);
    ck_assert_uint_eq(*ng_v(sp - RED_ZONE - 1), VPAT_NOACCESS);
    ck_assert_int_eq(n_reads + n_writes, 0);
}
END_TEST

GUEST(below, "sub rsp, 400\n mov eax, [rsp+256]\n test eax, eax\n js 1f\n1: add rsp, 400\n mov rbx, [rsp-300]")
START_TEST(stale_stack_is_not_addressable)
{
    RUN(below);
    ck_assert_int_eq(n_cond, 1);
    ck_assert_int_eq(n_reads, 1);
}
END_TEST

/* ---- what need not be checked ---- */
static int count_ops(const uint8_t *code, const uint8_t *end, int op)
{
    struct ir_block in, out;
    struct vex_decode_request r = { .pc = CODE, .bytes = code, .n_bytes = (size_t)(end - code), .form = IR_FORM_PURE, .mode = MODE_CLEAN,
                                    .max_insns = 50 };
    int n = 0;
    ir_block_init(&in);
    ir_block_init(&out);
    guest_x86_64_decode(&r, &in);
    out.form = in.form;
    for (uint32_t i = 0; i < in.n_insns; i++)
        ir_block_add_insn(&out, &in.insns[i]);
    for (uint32_t i = 0; i < in.n_exits; i++)
        ir_block_add_exit(&out, in.exits[i]);
    clean_instrument(&(struct ng_instrument){ &in, &out, MODE_CLEAN });
    for (uint32_t i = 1; i < out.n_ops; i++)
        n += out.ops[i].op == op;
    ir_block_free(&in);
    ir_block_free(&out);
    return n;
}
#define COUNT(name, op) count_ops(name, name##_end, op)

GUEST(pushed_popped, "push rbx\n push rcx\n mov rax, [rsp+8]\n mov edx, [rsp+4]\n pop rdx\n pop rbx")
GUEST(over_push, "mov rax, [rsp+16]\n mov rbx, [rdi]\n push rax\n mov rcx, [rsp+24]\n mov rbx, [rdi]\n pop rdx")
GUEST(over_frame, "mov rax, [rsp+16]\n mov rbx, [rdi]\n sub rsp, 24\n mov rcx, [rsp+40]\n mov rbx, [rdi]")
GUEST(in_new_frame, "mov rax, [rsp-16]\n sub rsp, 24\n mov rcx, [rsp+8]")
GUEST(popped_again, "mov rax, [rsp]\n mov rax, [rsp+8]\n add rsp, 8\n mov rcx, [rsp]\n mov rcx, [rsp-8]\n nop")
GUEST(over_unknown, "mov rax, [rsp+16]\n mov rsp, rcx\n mov rax, [rsp+16]")
START_TEST(known_is_not_checked)
{
    ck_assert_int_eq(COUNT(pushed_popped, IR_CHECK), 0);
    ck_assert_int_eq(COUNT(over_push, IR_CHECK), 2);
    ck_assert_int_eq(COUNT(over_frame, IR_CHECK), 3);   /* [rdi] may be anywhere */
    ck_assert_int_eq(COUNT(in_new_frame, IR_CHECK), 2);
    ck_assert_int_eq(COUNT(popped_again, IR_CHECK), 3); /* what was popped is checked */
    ck_assert_int_eq(COUNT(over_unknown, IR_CHECK), 2);
}
END_TEST

GUEST(wild_sp, "mov rsp, rax\n push rbx")
START_TEST(wild_stack_pointer)
{
    for (int strip = 1; strip < 8; strip++) {
        state.gpr[X86_RAX] = ng_strip_size * (unsigned)strip + DATA + 4096;
        ck_assert(!run(wild_sp, wild_sp_end)); /* the push faults */
        ck_assert(state.attention & X86_ATT_GPR(X86_RSP));
        for (int i = -256; i < 0; i++)
            ck_assert_uint_eq(*ng_v(DATA + 4096 + i), 0);
        prepare();
    }
}
END_TEST

/* ---- origins ---- */
enum { FRAME_TAG = FRAME_PC << 2 | ORIGIN_STACK, OTHER_TAG = 0x888 << 2 | ORIGIN_HEAP };

static void prepare_origins(void)
{
    prepare();
    mc_options.track_origins = true;
}

static void leave_origins(void) { mc_options.track_origins = false; }

/* Fresh memory of a frame gets its tag when it is read; so does what becomes of it. */
GUEST(read_fresh, "sub rsp, 200\n mov rax, [rsp+40]\n mov [rsi], rax\n mov dword ptr [rsi+8], eax")
START_TEST(fresh_frame_has_an_origin)
{
    const guest_addr local = state.gpr[X86_RSP] - 200 + 40;
    memset(ng_o(local & ~63ull), 0xee, 128); /* stale */
    RUN(read_fresh);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], ~0ull);
    ck_assert_uint_eq(state.o[X86_RAX], FRAME_TAG);
    ck_assert_uint_eq(*ng_v(local), VPAT_UNDEFINED);
    ck_assert_uint_eq(*ng_o(local), FRAME_TAG);
    for (int i = 0; i < 12; i++)
        ck_assert_uint_eq(*ng_v(DATA + 8192 + i), VPAT_UNDEFINED);
    ck_assert_uint_eq(*ng_v(DATA + 8192 + 12), 0);
    ck_assert_uint_eq(shadow_origin(DATA + 8192 + 8), FRAME_TAG);
    ck_assert_int_eq(n_reads + n_writes, 0);
}
END_TEST

/* What lies in a word already keeps its tag; what is stored brings its own. */
START_TEST(tags_of_words)
{
    uint8_t v;
    const guest_addr a = DATA + 4096;
    shadow_make_fresh(a, 8);
    shadow_make_undefined(a + 1, 1, OTHER_TAG);
    ck_assert_uint_eq(shadow_origin(a), OTHER_TAG); /* the word's */
    ck_assert_uint_eq(shadow_origin(a + 4), FRAME_TAG);
    shadow_make_fresh(a, 8);
    shadow_make_defined(a + 2, 4);
    shadow_settle(a, 8);
    ck_assert_uint_eq(*ng_v(a + 1), VPAT_UNDEFINED);
    ck_assert_uint_eq(*ng_v(a + 2), 0);
    ck_assert_uint_eq(*ng_v(a + 6), VPAT_UNDEFINED);
    ck_assert(shadow_get_byte(a + 6, &v));
    ck_assert_uint_eq(v, 0xff);
    ck_assert_uint_eq(*ng_o(a), FRAME_TAG);
}
END_TEST

/* V bits that look like a reserved pattern are what they are, also after a frame with such a variable is gone. */
START_TEST(genuine_patterns)
{
    const uint64_t v = 0xd700d6ffd7d6d5d8;
    uint64_t got = 0;
    for (int i = 0; i < 8; i++)
        shadow_set_byte(DATA + 4096 + i, v >> 8 * i & 0xff);
    shadow_set_origin(DATA + 4096, 8, OTHER_TAG);
    RUN(copy_word);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], v);
    ck_assert_uint_eq(state.o[X86_RAX], OTHER_TAG);
    for (int i = 0; i < 8; i++)
        ck_assert(shadow_get_byte(DATA + 8192 + i, (uint8_t *)&got + i));
    ck_assert_uint_eq(got, v);
    ck_assert_uint_eq(*ng_o(DATA + 8192 + 4), OTHER_TAG);
    ck_assert_int_eq(n_reads + n_writes, 0);
    /* the plane alone, as generated code marks it */
    memset(ng_v(DATA + 4096), VPAT_FRESH, 8);
    RUN(copy_word);
    ck_assert_uint_eq(state.v.gpr[X86_RAX], ~0ull);
    ck_assert_uint_eq(state.o[X86_RAX], FRAME_TAG);
}
END_TEST

GUEST(copy_partly, "movdqu xmm3, [rdi]\n mov [rsi+32], rax\n movdqu [rsi], xmm3\n movd ecx, xmm3")
START_TEST(vector_origins)
{
    shadow_make_undefined(DATA + 4096 + 6, 3, OTHER_TAG);
    RUN(copy_partly);
    for (int i = 0; i < 16; i++)
        ck_assert_uint_eq(*ng_v(DATA + 8192 + i), i >= 6 && i < 9 ? VPAT_UNDEFINED : 0);
    ck_assert_uint_eq(*ng_o(DATA + 8192 + 4), OTHER_TAG);
    ck_assert_uint_eq(*ng_o(DATA + 8192 + 8), OTHER_TAG);
    ck_assert_uint_eq(state.v.gpr[X86_RCX], 0);
}
END_TEST

/* A struct of which half was never stored to. */
GUEST(copy_struct, "movdqu xmm3, [rdi]\n movdqu [rsi], xmm3")
START_TEST(fresh_vectors)
{
    const guest_addr from = DATA + 4096, to = DATA + 8192;
    shadow_make_fresh(from + 8, 8);
    RUN(copy_struct);
    for (int i = 0; i < 16; i++) {
        ck_assert_uint_eq(*ng_v(from + i), i < 8 ? 0 : VPAT_UNDEFINED);
        ck_assert_uint_eq(*ng_v(to + i), i < 8 ? 0 : VPAT_UNDEFINED);
    }
    ck_assert_uint_eq(*ng_o(from + 8), FRAME_TAG);
    ck_assert_uint_eq(*ng_o(to + 12), FRAME_TAG);
    ck_assert_int_eq(n_reads, 0);
}
END_TEST

/* Its copy is left to MODE_DIRTY only for what is not addressable: at the load, and at the store. */
START_TEST(fresh_vectors_stay_light)
{
    struct ir_block in, out;
    int leaves = 0, calls = 0;
    ir_block_init(&in);
    ir_block_init(&out);
    struct vex_decode_request r = { .pc = CODE, .bytes = copy_struct, .n_bytes = (size_t)(copy_struct_end - copy_struct),
                                    .form = IR_FORM_TANDEM, .mode = MODE_LIGHT, .max_insns = 2 };
    guest_x86_64_decode(&r, &in);
    out.form = in.form;
    out.mode = in.mode;
    ir_block_add_insns(&out, in.insns, in.n_insns);
    for (uint32_t i = 0; i < in.n_exits; i++)
        ir_block_add_exit(&out, in.exits[i]);
    dirty_instrument(&(struct ng_instrument){ &in, &out, MODE_LIGHT });
    for (uint32_t i = 0; i < out.n_exits; i++)
        leaves += out.exits[i].mode == MODE_DIRTY;
    for (uint32_t i = 0; i < out.n_ops; i++)
        calls += out.ops[i].op == IR_CALL && out.ops[i].aux == helper_load_wide;
    ck_assert_int_eq(leaves, 2);
    ck_assert_int_eq(calls, 1);
    ir_block_free(&in);
    ir_block_free(&out);
}
END_TEST

/* memcpy and the like: what arrives is no longer where it was allocated. */
START_TEST(copied_origins)
{
    shadow_make_fresh(DATA + 4096, 100);
    shadow_make_undefined(DATA + 4096 + 40, 8, OTHER_TAG);
    shadow_make_noaccess(DATA + 8192 + 90, 1);
    shadow_copy_values(DATA + 4096, DATA + 8192, 100);
    ck_assert_uint_eq(*ng_v(DATA + 8192), VPAT_UNDEFINED);
    ck_assert_uint_eq(shadow_origin(DATA + 8192), FRAME_TAG);
    ck_assert_uint_eq(shadow_origin(DATA + 8192 + 44), OTHER_TAG);
    ck_assert_uint_eq(*ng_v(DATA + 8192 + 90), VPAT_NOACCESS);
    ck_assert_uint_eq(*ng_v(DATA + 8192 + 99), VPAT_UNDEFINED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memcheck instrumentation");
    TCase *t = tcase_create("modes");
    tcase_add_checked_fixture(t, prepare, NULL);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, undefined_bits_travel);
    tcase_add_test(t, clean_code_stays_clean);
    tcase_add_test(t, attention_goes_away);
    tcase_add_test(t, dead_registers_do_no_harm);
    tcase_add_test(t, condition_on_undefined);
    tcase_add_test(t, swapped_conditions_meet);
    tcase_add_test(t, an_effect_is_no_meeting);
    tcase_add_test(t, undefined_address);
    tcase_add_test(t, idioms_are_defined);
    tcase_add_test(t, vectors_travel);
    tcase_add_test(t, invalid_accesses);
    tcase_add_test(t, partial_load);
    tcase_add_test(t, stack_frame_clean);
    tcase_add_test(t, stack_frame_dirty);
    tcase_add_test(t, unknown_moves);
    tcase_add_test(t, big_frames);
    tcase_add_test(t, stale_stack_is_not_addressable);
    tcase_add_test(t, wild_stack_pointer);
    tcase_add_test(t, known_is_not_checked);
    suite_add_tcase(s, t);
    t = tcase_create("origins");
    tcase_add_checked_fixture(t, prepare_origins, leave_origins);
    tcase_add_test(t, fresh_frame_has_an_origin);
    tcase_add_test(t, fresh_vectors);
    tcase_add_test(t, fresh_vectors_stay_light);
    tcase_add_test(t, tags_of_words);
    tcase_add_test(t, genuine_patterns);
    tcase_add_test(t, vector_origins);
    tcase_add_test(t, copied_origins);
    tcase_add_test(t, undefined_bits_travel);
    tcase_add_test(t, condition_on_undefined);
    tcase_add_test(t, invalid_accesses);
    tcase_add_test(t, partial_load);
    tcase_add_test(t, attention_goes_away);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
