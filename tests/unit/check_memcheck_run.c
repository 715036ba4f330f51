/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/{instrument,instrument_clean,known,instrument_dirty,rules,helpers,meet,stack,shadow,shadow_fresh,shadow_side,registers,options}.c
 *        all of vex/ (ir, opt, guest_x86_64, host_x86_64), tests/unit/host_run.c, Zydis */
/* Compiled C functions of this program under both modes of memcheck, as host code:
 * the results are the native ones whatever is undefined, defined input stays
 * defined without a report, undefined input arrives where it should.  */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host_run.h"
#include "memcheck/instrument.h"

#define BACK 0x7ffffff0ull /* where the function returns to */
#ifdef __clang__
#define GUEST __attribute__((noinline, no_stack_protector))
#else
#define GUEST __attribute__((noinline, noclone, optimize("no-stack-protector")))
#endif
extern char __executable_start[], _end[];

/* ---- the tool API, as far as it is called ---- */
uint64_t ng_strip_size = 1ull << 44, ng_v_shift = TEST_PLANE_V;
static int n_conditions, n_values, n_accesses;
int ng_helper_register(const char *name, ng_helper_fn fn)
{
    static int n;
    (void)name;
    test_helpers[n] = fn;
    return n++;
}
struct ng_thread *ng_thread_self(void) { return (struct ng_thread *)&test_state; }
struct x86_state *ng_thread_state(struct ng_thread *t) { return (struct x86_state *)t; }
uint64_t ng_reg(struct ng_thread *t, int slot)
{
    const struct x86_state *s = ng_thread_state(t);
    return slot > X86_R15 ? s->rip : s->call_gpr_in_state >> slot & 1 ? s->gpr[slot] : s->host_gpr[slot];
}
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
void ng_umsg_v(int v, const char *fmt, ...) { (void)v, (void)fmt; }
bool ng_option_value(const char *name, int64_t *value) { (void)name, (void)value; return false; }
int requests_parse_ignore_ranges(const char *value) { (void)value; return -1; }
void ng_fatal(const char *fmt, ...) { fputs(fmt, stderr); abort(); }
bool ng_segment_at(guest_addr a, struct ng_segment *out) { (void)a, (void)out; return false; }
size_t ng_read(void *to, guest_addr from, size_t size) { memcpy(to, (void *)from, size); return size; }
void ng_discard_translations(void) { }
bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high) { (void)sp, (void)low, (void)high; return false; }
void ng_threads_each(void (*fn)(struct ng_thread *, void *), void *arg) { (void)fn, (void)arg; }
bool heap_keeps_shadow(guest_addr a) { (void)a; return false; }
bool heap_origin_at(guest_addr a, struct heap_origin *o) { (void)a, (void)o; return false; }
bool stack_heap_bounds(guest_addr sp, guest_addr *low, guest_addr *high) { (void)sp, (void)low, (void)high; return false; }
void errors_cond(struct ng_thread *t, origin_tag tag) { (void)t, (void)tag; n_conditions++; }
void errors_value(struct ng_thread *t, size_t size, origin_tag tag) { (void)t, (void)size, (void)tag; n_values++; }
void errors_addr(struct ng_thread *t, guest_addr a, size_t size, bool write) { (void)t, (void)a, (void)size, (void)write; n_accesses++; }

/* ---- guest code: (memory, n) ---- */
GUEST static uint64_t guest_crc(const uint8_t *p, uint64_t n)
{
    uint32_t crc = ~0u;
    for (uint64_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

GUEST static uint64_t guest_sort(uint32_t *a, uint64_t n)
{
    if (n < 2)
        return 0;
    uint64_t i = 0, j = n - 1, swaps = 0;
    const uint32_t pivot = a[n / 2];
    for (;; i++, j--) {
        while (a[i] < pivot)
            i++;
        while (a[j] > pivot)
            j--;
        if (i >= j)
            break;
        const uint32_t t = a[i];
        a[i] = a[j];
        a[j] = t;
        swaps++;
    }
    swaps += guest_sort(a, i);
    return swaps * 31 + guest_sort(a + i, n - i);
}

GUEST static uint64_t guest_float(const uint32_t *a, uint64_t n)
{
    double s = 1;
    long double l = 0;
    for (uint64_t i = 0; i < n; i++) {
        s += __builtin_sqrt((double)a[i]) / (1.0 + s);
        l += s * (float)(int)a[i];
    }
    return (uint64_t)(s * 1e6) ^ (uint64_t)(int64_t)l;
}

/* Locals of all sizes, alloca, a variable-length array: the stack moves in every way. */
GUEST static uint64_t guest_frames(const uint8_t *p, uint64_t n)
{
    volatile char big[3000];
    char *small = __builtin_alloca(n % 40 + 1);
    uint64_t h = 0, vla[n % 7 + 1];
    for (unsigned i = 0; i < sizeof big; i += 11)
        big[i] = (char)p[n];
    small[0] = (char)p[0];
    for (uint64_t i = 0; i <= n % 7; i++)
        vla[i] = p[i] * n;
    if (n)
        h = guest_frames(p, n - 1) * 7;
    return h + (uint8_t)big[p[1] * 11] + (uint8_t)small[0] + vla[n % 7];
}

/* Copies a record whose padding and unused half were never written. */
GUEST static uint64_t guest_copy(uint64_t *p, uint64_t n)
{
    uint64_t used = 0;
    for (uint64_t i = 0; i < n; i++)
        p[n + i] = p[i];
    for (uint64_t i = 0; i < n; i += 2)
        used += (uint8_t)p[n + i];
    return used;
}

GUEST static uint64_t guest_strings(char *p, uint64_t n)
{
    char *to = p + n;
    __asm__ volatile("rep movsb" : "+S"(p), "+D"(to), "+c"(n)::"memory");
    return (uint8_t)to[-1];
}

typedef uint64_t (*guest_fn)(void *, uint64_t);
static const struct { const char *name; guest_fn fn; uint64_t n; } functions[] = {
    { "crc", (guest_fn)guest_crc, 100 },       { "sort", (guest_fn)guest_sort, 200 },  { "float", (guest_fn)guest_float, 20 },
    { "frames", (guest_fn)guest_frames, 8 }, { "copy", (guest_fn)guest_copy, 64 }, { "strings", (guest_fn)guest_strings, 100 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, CRC = 0, COPY = 4 };

/* ---- the dispatcher ---- */
enum { MODE_FREE, MODE_ALWAYS_DIRTY };
static int n_dirty, mode_policy;
static unsigned passes;

static const struct vex_exit *run_block(int mode, uint32_t max, struct x86_state *s)
{
    static struct ir_block in, out; /* reused */
    char error[200];
    const struct vex_decode_request r = { .pc = s->rip, .bytes = (const uint8_t *)s->rip, .n_bytes = 4096, .mode = mode,
                                          .form = mode == MODE_CLEAN ? IR_FORM_NATIVE : IR_FORM_TANDEM, .max_insns = max };
    guest_x86_64_decode(&r, &in);
    ir_block_reset(&out);
    out.pc = in.pc;
    out.guest_bytes = in.guest_bytes;
    out.form = in.form;
    out.mode = in.mode;
    out.flags_live_out = in.flags_live_out;
    for (uint32_t i = 0; i < in.n_insns; i++)
        ir_block_add_insn(&out, &in.insns[i]);
    for (uint32_t i = 0; i < in.n_exits; i++)
        ir_block_add_exit(&out, in.exits[i]);
    struct ng_instrument job = { &in, &out, mode };
    if (mode == MODE_CLEAN)
        clean_instrument(&job);
    else
        dirty_instrument(&job);
    opt_run(&out, passes);
    ck_assert_msg(!ir_check(&out, error, sizeof error), "%s", error);
    return test_run(&out, true, s);
}

static void run_guest(struct x86_state *s)
{
    int mode = mode_policy == MODE_ALWAYS_DIRTY ? MODE_DIRTY : MODE_CLEAN;
    while (s->rip != BACK) {
        const guest_addr pc = s->rip;
        const struct vex_exit *x = NULL;
        for (uint32_t max = mode != MODE_CLEAN ? 16 : 50; max && !x; max /= 2) {
            s->rip = pc;
            x = run_block(mode, max, s);
        }
        ck_assert_msg(x != NULL, "no exit from block at %lx", (unsigned long)pc);
        ck_assert_int_le(x->ir.kind, IR_EXIT_MODE);
        n_dirty += mode != MODE_CLEAN;
        mode = x->ir.kind == IR_EXIT_MODE ? x->ir.mode : MODE_CLEAN;
        if (mode_policy == MODE_ALWAYS_DIRTY)
            mode = MODE_DIRTY;
    }
}

/* Runs function k on fresh data; its input bytes that are undefined have V in undefined[]. */
static void run_function(unsigned k, const uint8_t *undefined, struct x86_state *s)
{
    static uint8_t data[8192], expected_memory[8192];
    uint64_t x = 42;
    for (size_t i = 0; i < sizeof data; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        data[i] = x >> 56;
    }
    memcpy(test_memory, data, sizeof data);
    const uint64_t expected = functions[k].fn(test_memory, functions[k].n);
    memcpy(expected_memory, test_memory, sizeof data);
    memcpy(test_memory, data, sizeof data);

    const guest_addr sp = (guest_addr)test_stack_top;
    test_random_state(s);
    memset(&s->v, 0, sizeof s->v);
    memcpy(ng_v((guest_addr)test_memory), undefined, sizeof data);
    memset(ng_v(sp - 0x8000), VPAT_NOACCESS, 0x8000);
    s->red_zone = ~0ull;
    memset(ng_v(sp), 0, 0x1000);
    s->rflags = 2;
    s->rip = (uint64_t)functions[k].fn;
    s->gpr[X86_RDI] = (uint64_t)test_memory;
    s->gpr[X86_RSI] = functions[k].n;
    s->gpr[X86_RSP] = sp;
    memcpy(test_stack_top, &(uint64_t){ BACK }, 8);
    n_conditions = n_values = n_accesses = n_dirty = 0;
    run_guest(s);
    ck_assert_msg(s->gpr[X86_RAX] == expected, "%s: %lx, not %lx", functions[k].name, (long)s->gpr[X86_RAX], (long)expected);
    ck_assert_msg(!memcmp(test_memory, expected_memory, sizeof data), "%s: memory", functions[k].name);
    ck_assert_int_eq(n_accesses, 0);
    ck_assert_uint_eq(s->gpr[X86_RSP], sp + 8);
    for (guest_addr a = sp - 0x8000; a < sp + 8; a++) /* all of its frame has gone, the return address with it */
        ck_assert_uint_eq(*ng_v(a), VPAT_NOACCESS);
}

static uint8_t none[8192], all[8192], some[8192];

START_TEST(defined_stays_defined)
{
    struct x86_state s;
    for (unsigned k = 0; k < FUNCTIONS; k++) {
        run_function(k, none, &s);
        ck_assert_int_eq(n_conditions + n_values, 0);
        ck_assert_uint_eq(s.attention, 0);
        ck_assert(shadow_is_clean((guest_addr)test_memory, 8192));
    }
}
END_TEST

START_TEST(undefined_input)
{
    struct x86_state s;
    for (unsigned k = 0; k < FUNCTIONS; k++) {
        run_function(k, all, &s);
        ck_assert_int_gt(n_dirty, 0);
        run_function(k, some, &s);
    }
}
END_TEST

/* The tag of the undefined word comes with it, to the register and to memory. */
START_TEST(origins_travel)
{
    struct x86_state s;
    static uint8_t one[8192];
    if (!mc_options.track_origins)
        return;
    memset(one, 0, sizeof one);
    memset(one + 16, VPAT_UNDEFINED, 4);
    memset(ng_o((guest_addr)test_memory), 0, 8192);
    *ng_o((guest_addr)test_memory + 16) = 0x1234;
    run_function(COPY, one, &s);
    ck_assert_uint_ne(s.v.gpr[X86_RAX], 0);
    ck_assert_uint_eq(s.o[X86_RAX], 0x1234);
    ck_assert_uint_eq(*ng_o((guest_addr)test_memory + 512 + 16), 0x1234);
    run_function(CRC, one, &s);
    ck_assert_uint_eq(s.o[X86_RAX], 0x1234);
}
END_TEST

/* Half a record is undefined: it is copied so, and what is used is not. */
START_TEST(half_defined_copy)
{
    struct x86_state s;
    static uint8_t half[8192];
    for (int i = 0; i < 512; i++)
        half[i] = i % 16 >= 8 ? 0xff : i % 16 >= 3 ? 0x55 : 0;
    run_function(COPY, half, &s);
    ck_assert_int_eq(n_conditions + n_values, 0);
    ck_assert_uint_eq(s.v.gpr[X86_RAX], 0);
    for (int i = 0; i < 512; i++) {
        uint8_t v;
        ck_assert(shadow_get_byte((guest_addr)test_memory + 512 + (unsigned)i, &v));
        ck_assert_uint_eq(v, half[i]);
    }
}
END_TEST

static void prepare(int policy, unsigned with, bool origins)
{
    mode_policy = policy;
    passes = with;
    mc_options.track_origins = origins;
}

static void free_optimised(void) { prepare(MODE_FREE, OPT_ALL, false); }
static void free_plain(void) { prepare(MODE_FREE, 0, false); }
static void dirty_optimised(void) { prepare(MODE_ALWAYS_DIRTY, OPT_ALL, false); }
static void free_origins(void) { prepare(MODE_FREE, OPT_ALL, true); }
static void dirty_plain(void) { prepare(MODE_ALWAYS_DIRTY, 0, false); }
static void dirty_origins(void) { prepare(MODE_ALWAYS_DIRTY, OPT_ALL, true); }

static void add_case(Suite *s, const char *name, void (*setup)(void))
{
    TCase *t = tcase_create(name);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, defined_stays_defined);
    tcase_add_test(t, undefined_input);
    tcase_add_test(t, half_defined_copy);
    tcase_add_test(t, origins_travel);
    suite_add_tcase(s, t);
}

/* V shadow of this program's own image, for constants and jump tables, and of the start of the strip;
 * O shadow of the stack. */
static void map_shadow(void)
{
    const uint64_t from = (uint64_t)__executable_start & -4096ull, size = (((uint64_t)_end + 4095) & -4096ull) - from;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap((void *)(from + TEST_PLANE_V), size, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ||
        mmap((void *)TEST_PLANE_V, 0x10000, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ||
        mmap((void *)(0x21000000 + TEST_PLANE_O), 0x10000, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
}

int main(void)
{
    test_init();
    map_shadow();
    helpers_register();
    memset(all, 0xff, 4096);
    for (int i = 0; i < 4096; i += 7)
        some[i] = (uint8_t)(i * 5) | 1; /* never the pattern of noaccess */
    Suite *s = suite_create("memcheck run");
    add_case(s, "clean and dirty", free_optimised);
    add_case(s, "clean and dirty, not optimised", free_plain);
    add_case(s, "dirty", dirty_optimised);
    add_case(s, "dirty, not optimised", dirty_plain);
    add_case(s, "clean and dirty with origins", free_origins);
    add_case(s, "dirty with origins", dirty_origins);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
