/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/symbols/objects.c coregrind/symbols/dynamic.c coregrind/symbols/elf.c coregrind/symbols/names.c coregrind/symbols/scopes.c coregrind/symbols/describe.c coregrind/symbols/rules.c coregrind/symbols/unwind.c coregrind/symbols/known.c coregrind/symbols/trace.c coregrind/base/landing.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c */
/* Symbols of this very program and its libraries: objects, names, lines, inlining, unwinding, trace store; and of
 * damaged files.  Compile with -g. */
#include <check.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "heap/redirect.h"
#include "launch/options.h"
#include "run/run.h"
#include "base/landing.h"
#include "symbols/internal.h"
#include "symbols/known.h"

/* ---- the rest of nagrind: the client is this process ---- */

struct options options = { .num_callers = 12, .demangle = true, .read_inline_info = true };
uint64_t ng_strip_size = 1ull << 47;
__thread struct ng_thread run_self __attribute__((tls_model("initial-exec")));
__thread bool run_is_guest __attribute__((tls_model("initial-exec")));
struct symbols_regs { uint64_t r[16], pc; };
static __thread struct symbols_regs now;

uint64_t ng_reg(struct ng_thread *t, int slot) { (void)t; return slot == X86_RIP ? now.pc : now.r[slot]; }

static struct ng_segment maps[512];
static int n_maps;

static int prot_of(const char *p) { return (p[0] == 'r') | (p[1] == 'w') << 1 | (p[2] == 'x') << 2; }
static void read_maps(void)
{
    char line[4096], prot[8], path[4096];
    FILE *f = fopen("/proc/self/maps", "r");
    for (n_maps = 0; n_maps < 512 && fgets(line, sizeof line, f); n_maps++) {
        unsigned long start, end, offset;
        path[0] = 0;
        sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095s", &start, &end, prot, &offset, path);
        maps[n_maps] = (struct ng_segment){ .start = start, .end = end, .prot = (uint8_t)prot_of(prot), .offset = offset,
                                            .path = path[0] == '/' ? strdup(path) : NULL };
    }
    fclose(f);
}
bool ng_segment_at(guest_addr a, struct ng_segment *out)
{
    for (int i = 0; i < n_maps; i++)
        if (a >= maps[i].start && a < maps[i].end) {
            *out = maps[i];
            return true;
        }
    return false;
}
size_t ng_read(void *to, guest_addr from, size_t size)
{
    struct ng_segment s;
    if (!ng_segment_at(from, &s) || !ng_segment_at(from + size - 1, &s) || !(s.prot & NG_PROT_R))
        return 0;
    memcpy(to, (const void *)from, size);
    return size;
}

static guest_addr hooked;
uint32_t redirect_at(guest_addr pc) { return pc == hooked && pc ? 7 : 0; }
bool redirect_describe(guest_addr pc, const char **name, const char **file, int *line)
{
    *name = "operator new(unsigned long)", *file = "vg_replace_malloc.c", *line = 538;
    return redirect_at(pc) != 0;
}
static struct { char soname[64]; guest_addr malloc, strlen, nothing, environ; bool strlen_ifunc; } scanned[64];
static int n_scanned;
void redirect_scan(const struct redirect_object *o)
{
    bool ifunc = false;
    if (n_scanned == 64)
        return;
    snprintf(scanned[n_scanned].soname, 64, "%s", o->soname);
    scanned[n_scanned].malloc = o->find(o->arg, "malloc", &ifunc);
    scanned[n_scanned].nothing = o->find(o->arg, "no_such_function_at_all", &ifunc);
    scanned[n_scanned].environ = o->find(o->arg, "environ", &ifunc);
    ifunc = false;
    scanned[n_scanned].strlen = o->find(o->arg, "strlen", &ifunc);
    scanned[n_scanned++].strlen_ifunc = ifunc;
}

static void map_all(void)
{
    run_is_guest = true;
    read_maps();
    for (int i = 0; i < n_maps; i++) {
        const int fd = maps[i].path ? open(maps[i].path, O_RDONLY) : -1;
        if (fd < 0)
            continue;
        symbols_mapped(maps[i].start, maps[i].end - maps[i].start, maps[i].prot, fd, maps[i].offset, maps[i].path);
        close(fd);
    }
}

/* ---- code to look at ---- */

#define KEEP __attribute__((noinline))
static guest_addr pcs[64], sps[64];
static void *wanted[64];
static int n_pcs, n_wanted;
static ng_trace taken, taken_again;

/* Registers as they are in the caller of this function, at its return address. */
static void capture(const ucontext_t *u)
{
    static const int order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    for (int i = 0; i < 16; i++)
        now.r[i] = (uint64_t)u->uc_mcontext.gregs[order[i]];
    now.pc = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
}
static KEEP void take(void)
{
    ucontext_t u;
    getcontext(&u);
    n_wanted = backtrace(wanted, 64);
    capture(&u);
    n_pcs = symbols_walk(&run_self, pcs, sps, 64);
    taken = ng_trace_take(&run_self);
    taken_again = ng_trace_take(&run_self);
}
/* Frame 0 differs in where in take() it stands. */
static void assert_same_stack(void)
{
    ck_assert_int_eq(n_pcs, n_wanted);
    for (int i = 1; i < n_pcs; i++)
        ck_assert_uint_eq(pcs[i] + 1, (uint64_t)wanted[i]);
}

static volatile unsigned sink;     /* wraps */
static volatile int line_of_inner, line_of_outer, line_of_call;
static inline __attribute__((always_inline)) void inner_inlined(void) { line_of_inner = __LINE__; take(); sink++; }
static inline __attribute__((always_inline)) void outer_inlined(void) { line_of_outer = __LINE__; inner_inlined(); sink++; }
static KEEP void has_inlined(void)
{
    sink++;
    line_of_call = __LINE__ + 1;
    outer_inlined();
    sink++;
}
static KEEP int deep(int n)
{
    if (n == 0)
        take();
    else
        deep(n - 1);
    return (int)(sink += (unsigned)n);
}
static KEEP void realigned(int n)
{
    char *p = __builtin_alloca((size_t)n);
    int aligned[16] __attribute__((aligned(64)));
    p[0] = 1;
    aligned[n & 15] = 2;
    __asm__ volatile("" : : "r"(p), "r"(aligned) : "memory", "rbx", "r12", "r13", "r14", "r15");
    take();
    sink += (unsigned)aligned[1] + (unsigned)p[0];
}
static int compare(const void *a, const void *b)
{
    take();
    return *(const int *)a - *(const int *)b;
}
int global_number[10] = { 1 };
static char local_zeros[64];
__attribute__((used)) const char read_only[] = "text";

/* ---- tests ---- */

static int by_linker(struct dl_phdr_info *info, size_t size, void *arg)
{
    int *n = arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
            const struct symbols_object *o = object_at(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            if (info->dlpi_name[0] && !strchr(info->dlpi_name, '/'))
                return 0; /* the vdso */
            ck_assert_ptr_nonnull(o);
            ck_assert_uint_eq(o->bias, info->dlpi_addr);
            ++*n;
        }
    return 0;
}

START_TEST(objects)
{
    int n = 0;
    map_all();
    dl_iterate_phdr(by_linker, &n);
    ck_assert_int_ge(n, 3);
    ck_assert_ptr_null(object_at(8));
}
END_TEST

START_TEST(scan)
{
    bool libc = false, program = false;
    map_all();
    for (int i = 0; i < n_scanned; i++) {
        ck_assert_uint_eq(scanned[i].nothing, 0);
        if (!strcmp(scanned[i].soname, "libc.so.6")) {
            libc = true;
            ck_assert_uint_eq(scanned[i].malloc, (uint64_t)dlsym(dlopen("libc.so.6", RTLD_NOW), "malloc"));
            ck_assert(scanned[i].strlen_ifunc);
            ck_assert_uint_eq(scanned[i].environ, 0); /* data */
        }
        program |= !strcmp(scanned[i].soname, "NONE");
    }
    ck_assert(libc && program);
}
END_TEST

START_TEST(lookup)
{
    map_all();
    ck_assert_uint_eq(symbols_lookup("libc.so*", "qsort"), (uint64_t)qsort);
    ck_assert_uint_eq(symbols_lookup("libc.so*", "no_such_function_at_all"), 0);
    ck_assert_uint_eq(symbols_lookup("libnothing*", "qsort"), 0);
}
END_TEST

START_TEST(own_function)
{
    struct symbols_frame f[8];
    map_all();
    ck_assert_int_eq(symbols_describe((guest_addr)compare, f, 8), 1);
    ck_assert_str_eq(f[0].fn, "compare");
    ck_assert_str_eq(f[0].file, "check_symbols.c");
    ck_assert_ptr_nonnull(strstr(f[0].dir, "tests/unit"));
    ck_assert_int_gt(f[0].line, 100);
    ck_assert_ptr_nonnull(strstr(f[0].object, "check_symbols"));
    ck_assert_uint_eq(symbols_function_start((guest_addr)compare + 3), (guest_addr)compare);
    ck_assert_int_eq(symbols_describe(16, f, 8), 1);
    ck_assert_ptr_null(f[0].fn);
}
END_TEST

START_TEST(inlining)
{
    struct symbols_frame f[8];
    map_all();
    has_inlined();
    ck_assert_int_eq(symbols_describe(pcs[1], f, 8), 3);
    ck_assert_str_eq(f[0].fn, "inner_inlined");
    ck_assert_int_eq(f[0].line, line_of_inner);
    ck_assert_str_eq(f[1].fn, "outer_inlined");
    ck_assert_int_eq(f[1].line, line_of_outer);
    ck_assert_str_eq(f[2].fn, "has_inlined");
    ck_assert_int_eq(f[2].line, line_of_call);
    ck_assert(f[0].is_inlined && f[1].is_inlined && !f[2].is_inlined);
    ck_assert_uint_eq(f[0].pc, f[2].pc);
}
END_TEST

START_TEST(no_inlining)
{
    struct symbols_frame f[8];
    map_all();
    options.read_inline_info = false;
    has_inlined();
    ck_assert_int_eq(symbols_describe(pcs[1], f, 8), 1);
    ck_assert_str_eq(f[0].fn, "has_inlined");
    ck_assert_int_eq(f[0].line, line_of_inner);
}
END_TEST

START_TEST(hook_frame)
{
    struct symbols_frame f[8];
    map_all();
    hooked = (guest_addr)deep;
    ck_assert_int_eq(symbols_describe(hooked, f, 8), 1);
    ck_assert_str_eq(f[0].fn, "operator new(unsigned long)");
    ck_assert_str_eq(f[0].fn_mangled, "_Znwm");
    ck_assert_str_eq(f[0].file, "vg_replace_malloc.c");
    ck_assert_int_eq(f[0].line, 538);
}
END_TEST

START_TEST(data)
{
    char name[64];
    guest_addr start;
    const char *section, *object;
    map_all();
    ck_assert(ng_data_symbol((guest_addr)&global_number[3], name, sizeof name, &start));
    ck_assert_str_eq(name, "global_number");
    ck_assert_uint_eq(start, (guest_addr)global_number);
    ck_assert(ng_data_symbol((guest_addr)local_zeros + 63, name, sizeof name, &start));
    ck_assert_str_eq(name, "local_zeros");
    ck_assert(!ng_data_symbol((guest_addr)compare, name, sizeof name, &start));
    ck_assert(symbols_section((guest_addr)compare, &section, &object));
    ck_assert_str_eq(section, "Text");
    ck_assert(symbols_section((guest_addr)global_number, &section, &object));
    ck_assert_str_eq(section, "Data");
    ck_assert(symbols_section((guest_addr)local_zeros, &section, &object));
    ck_assert_str_eq(section, "BSS");
    ck_assert(!symbols_section((guest_addr)read_only, &section, &object));
}
END_TEST

START_TEST(stacks)
{
    int numbers[2] = { 2, 1 };
    map_all();
    deep(7);
    assert_same_stack();
    for (int i = 1; i < n_pcs; i++)
        ck_assert_uint_gt(sps[i], sps[i - 1]);
    realigned(40);
    assert_same_stack();
    qsort(numbers, 2, sizeof *numbers, compare);
    assert_same_stack();
}
END_TEST

static void on_signal(int sig)
{
    (void)sig;
    take();
}

START_TEST(signal_frame)
{
    map_all();
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    ck_assert_int_eq(n_pcs, n_wanted);
    for (int i = 1, after = 0; i < n_pcs; i++) {
        const bool is_restorer = !memcmp(wanted[i], "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9);
        ck_assert_uint_eq(pcs[i] + !after, (uint64_t)wanted[i]); /* what the signal interrupted is no call */
        after = is_restorer;
    }
}
END_TEST

/* Functions that no unwind table describes. */
__asm__(".text\n.type bare_leaf,@function\nbare_leaf:\n test %rdi,%rdi\n ret\n.size bare_leaf,.-bare_leaf\n"
        ".type bare_frame,@function\nbare_frame:\n push %rbp\n mov %rsp,%rbp\n sub $32,%rsp\n nop\n call take\n leave\n ret\n"
        ".size bare_frame,.-bare_frame\n");
void bare_leaf(void);
void bare_frame(void);

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const uintptr_t to = landing_of((uintptr_t)u->uc_mcontext.gregs[REG_RIP]);
    (void)sig, (void)info;
    if (!to)
        _exit(9);
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
}
static void catch_faults(void)
{
    const struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
}

/* A stack in memory: a return address into deep() after its recursive call. */
static guest_addr after_call(void)
{
    map_all();
    catch_faults();
    deep(3);
    return pcs[2] + 1;
}

START_TEST(without_table)
{
    uint64_t stack[16] = { 0 };
    const guest_addr ra = after_call();
    stack[0] = ra;
    now = (struct symbols_regs){ .pc = (guest_addr)bare_leaf };
    now.r[X86_RSP] = (guest_addr)stack;
    ck_assert_int_ge(symbols_walk(&run_self, pcs, sps, 3), 2);
    ck_assert_uint_eq(pcs[1] + 1, ra);
    stack[0] = 1;
    stack[8] = (guest_addr)&stack[12];
    stack[9] = ra;
    now.pc = (guest_addr)bare_frame + 8;
    now.r[X86_RBP] = (guest_addr)&stack[8];
    ck_assert_int_ge(symbols_walk(&run_self, pcs, sps, 3), 2);
    ck_assert_uint_eq(pcs[1] + 1, ra);
    ck_assert_uint_eq(sps[1], (guest_addr)&stack[10]);
}
END_TEST

START_TEST(jump_to_nowhere)
{
    uint64_t stack[16] = { 0 };
    const guest_addr ra = after_call();
    stack[0] = ra;
    now = (struct symbols_regs){ .pc = 0x10 };
    now.r[X86_RSP] = (guest_addr)stack;
    ck_assert_int_ge(symbols_walk(&run_self, pcs, sps, 3), 2);
    ck_assert_uint_eq(pcs[0], 0x10);
    ck_assert_uint_eq(pcs[1] + 1, ra);
}
END_TEST

START_TEST(bad_stack)
{
    const guest_addr ra = after_call();
    now = (struct symbols_regs){ .pc = ra };
    now.r[X86_RSP] = 0x1000;
    ck_assert_int_eq(symbols_walk(&run_self, pcs, sps, 12), 1);
    now.r[X86_RSP] = ~0ull - 3;
    ck_assert_int_eq(symbols_walk(&run_self, pcs, sps, 12), 1);
}
END_TEST

/* A function that a walk leaves by rbp; rbp_frame_return is where it goes on after a call. */
extern const char rbp_frame_return[], rsp_frame_return[];
__asm__(".text\n.type rbp_frame,@function\nrbp_frame:\n.cfi_startproc\npush %rbp\n.cfi_def_cfa_offset 16\n"
        ".cfi_offset %rbp, -16\nmov %rsp, %rbp\n.cfi_def_cfa_register %rbp\ncall take\nrbp_frame_return:\nleave\n"
        ".cfi_def_cfa %rsp, 8\nret\n.cfi_endproc\n.size rbp_frame,.-rbp_frame\n"
        ".type rsp_frame,@function\nrsp_frame:\n.cfi_startproc\npush %rbx\n.cfi_def_cfa_offset 16\n.cfi_offset %rbx, -16\n"
        "call take\nrsp_frame_return:\npop %rbx\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n.size rsp_frame,.-rsp_frame\n");
void wander_entry(void);

/* The trace for 3 frames, of which the outermost must be here. */
static void assert_third(guest_addr ra)
{
    guest_addr got[3];
    ck_assert_int_eq(ng_trace_frames(ng_trace_take_depth(&run_self, 3), got, 3), 3);
    ck_assert_uint_eq(got[2] + 1, ra);
}

/* At wander_entry, called by rbp_frame.  The stack's words by number; rbp points at number 4. */
static void stand_at_entry(uint64_t *stack)
{
    stack[0] = (guest_addr)rbp_frame_return;
    stack[4] = (guest_addr)&stack[40];
    now = (struct symbols_regs){ .pc = (guest_addr)wander_entry };
    now.r[X86_RSP] = (guest_addr)stack;
    now.r[X86_RBP] = (guest_addr)&stack[4];
}

/* A known trace depends on return addresses and on registers that were used, on nothing else. */
START_TEST(known)
{
    uint64_t stack[64] = { 0 };
    const guest_addr one = after_call(), other = (guest_addr)rsp_frame_return;
    stand_at_entry(stack);
    stack[5] = one;
    stack[7] = other;
    assert_third(one);
    assert_third(one);
    stack[4] = now.r[X86_RBX] = 4711; /* rbp of a frame that is not left, and a register nobody used */
    ck_assert_uint_ne(known_trace(&run_self, 3), 0);
    ck_assert_uint_eq(known_trace(&run_self, 4), 0);
    now.r[X86_RBP] += 16;
    ck_assert_uint_eq(known_trace(&run_self, 3), 0);
    assert_third(other);
    now.r[X86_RBP] -= 16;
    assert_third(one);
    stack[5] = other;
    ck_assert_uint_eq(known_trace(&run_self, 3), 0);
    assert_third(other);
    assert_third(other);
    stack[5] = one;
    ck_assert_uint_ne(known_trace(&run_self, 3), 0);
    assert_third(one);
    unwind_forget(0, 1); /* rules have been taken back */
    ck_assert_uint_eq(known_trace(&run_self, 3), 0);
    assert_third(one);
}
END_TEST

/* A callee-saved register goes through frames that do not save it, and is read where one did. */
START_TEST(carried)
{
    uint64_t stack[64] = { 0 };
    const guest_addr one = after_call();
    stand_at_entry(stack);
    stack[5] = (guest_addr)rsp_frame_return; /* it saves rbx only */
    stack[7] = (guest_addr)rbp_frame_return; /* its rbp is what the first rbp_frame saved */
    stack[41] = one;
    ck_assert_int_ge(symbols_walk(&run_self, pcs, sps, 5), 5);
    ck_assert_uint_eq(pcs[2] + 1, (guest_addr)rsp_frame_return);
    ck_assert_uint_eq(pcs[3] + 1, (guest_addr)rbp_frame_return);
    ck_assert_uint_eq(pcs[4] + 1, one);
    ck_assert_uint_eq(sps[4], (guest_addr)&stack[42]);
    const ng_trace first = ng_trace_take_depth(&run_self, 5);
    ck_assert_uint_eq(known_trace(&run_self, 5), first);
    stack[4] = (guest_addr)&stack[50];
    stack[51] = one + 1;
    ck_assert_uint_eq(known_trace(&run_self, 5), 0);
    ck_assert_uint_ne(ng_trace_take_depth(&run_self, 5), first);
}
END_TEST

/* A stack that goes away after its trace was taken. */
START_TEST(known_unmapped)
{
    guest_addr got[3];
    const guest_addr one = after_call();
    uint64_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *stack = pages + 510; /* two words before the second page */
    stand_at_entry(stack);
    stack[5] = one;
    assert_third(one);
    ck_assert_uint_ne(known_trace(&run_self, 3), 0);
    munmap((char *)pages + 4096, 4096);
    ck_assert_uint_eq(known_trace(&run_self, 3), 0);
    ck_assert_int_eq(ng_trace_frames(ng_trace_take_depth(&run_self, 3), got, 3), 2);
    munmap(pages, 4096);
    ck_assert_uint_eq(known_trace(&run_self, 3), 0);
    ck_assert_int_eq(ng_trace_frames(ng_trace_take_depth(&run_self, 3), got, 3), 1);
}
END_TEST

START_TEST(store)
{
    guest_addr got[16];
    map_all();
    deep(3);
    const ng_trace first = taken, again = taken_again;
    ck_assert_uint_ne(first, 0);
    ck_assert_uint_eq(first, again);
    const int n = ng_trace_frames(first, got, 16);
    ck_assert_int_eq(n, n_pcs < 12 ? n_pcs : 12);
    ck_assert(!memcmp(got, pcs, (size_t)n * sizeof *got));
    ck_assert_int_eq(ng_trace_frames(first, got, 2), 2);
    ck_assert_int_eq(ng_trace_frames(ng_trace_take_depth(&run_self, 1), got, 16), 1);
    ck_assert_int_eq(ng_trace_frames(0, got, 16), 0);
    deep(4);
    ck_assert_uint_ne(taken, first);
}
END_TEST

/* Traces of one address are remembered by a small table, in which many share a place. */
START_TEST(single_addresses)
{
    enum { ADDRESSES = 5000 };
    static ng_trace t[ADDRESSES];
    guest_addr got[2];
    for (int round = 0; round < 2; round++)
        for (guest_addr i = 0; i < ADDRESSES; i++) {
            const ng_trace now = symbols_trace_of(&(guest_addr){ 0x123000 + 64 * i }, 1);
            ck_assert(round ? now == t[i] : now != 0);
            t[i] = now;
            ck_assert_int_eq(ng_trace_frames(now, got, 2), 1);
            ck_assert_uint_eq(got[0], 0x123000 + 64 * i);
        }
}
END_TEST

/* Many traces from several threads: each thread gets the same numbers. */
enum { TRACES = 20000, THREADS = 4 };
static ng_trace numbers[THREADS][TRACES];
static void *fill(void *arg)
{
    ng_trace *out = arg;
    for (int i = 0; i < TRACES; i++) {
        const guest_addr t[3] = { (guest_addr)i, 77, (guest_addr)i * 3 };
        out[i] = symbols_trace_of(t, 3);
    }
    return NULL;
}

START_TEST(store_threads)
{
    pthread_t id[THREADS];
    guest_addr got[4];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&id[i], NULL, fill, numbers[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(id[i], NULL);
    for (int i = 0; i < TRACES; i++) {
        for (int k = 1; k < THREADS; k++)
            ck_assert_uint_eq(numbers[k][i], numbers[0][i]);
        ck_assert_int_eq(ng_trace_frames(numbers[0][i], got, 4), 3);
        ck_assert_uint_eq(got[2], (guest_addr)i * 3);
    }
}
END_TEST

START_TEST(unmapped)
{
    struct symbols_frame f[8];
    map_all();
    const struct symbols_object *o = object_at((guest_addr)qsort);
    ck_assert_ptr_nonnull(o);
    ck_assert_int_ge(symbols_describe((guest_addr)qsort, f, 8), 1);
    symbols_unmapped(o->text_low, o->text_high - o->text_low);
    ck_assert_ptr_null(object_at((guest_addr)qsort));
    ck_assert_int_eq(symbols_describe((guest_addr)qsort, f, 8), 1);
    ck_assert_ptr_null(f[0].fn);
    map_all();
    ck_assert_int_ge(symbols_describe((guest_addr)qsort, f, 8), 1);
    ck_assert_str_eq(f[0].fn, "qsort");
}
END_TEST

/* ---- damaged files ---- */

static uint32_t dice = 1;
static uint32_t roll(uint32_t n)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % n;
}

static void use_damaged(const char *path, guest_addr at)
{
    struct symbols_frame f[8];
    char name[64];
    guest_addr start;
    const char *section, *object;
    const int fd = open(path, O_RDONLY);
    maps[n_maps++] = (struct ng_segment){ .start = at, .end = at + (64 << 20), .prot = NG_PROT_X };
    for (uint64_t offset = 0; offset < 0x40000; offset += 0x1000)
        symbols_mapped(at + offset, 0x1000, NG_PROT_R | NG_PROT_X, fd, offset, path);
    for (guest_addr a = at; a < at + 0x40000; a += 0x777) {
        symbols_describe(a, f, 8);
        ng_data_symbol(a, name, sizeof name, &start);
        symbols_section(a, &section, &object);
        now = (struct symbols_regs){ .pc = a };
        now.r[X86_RSP] = at;
        symbols_walk(&run_self, pcs, sps, 2);
    }
    symbols_lookup("*", "main");
    symbols_unmapped(at, 0x40000);
    n_maps--;
    close(fd);
}

START_TEST(damaged)
{
    char path[64];
    static char image[8 << 20];
    read_maps();
    const int self = open("/proc/self/exe", O_RDONLY);
    const ssize_t size = read(self, image, sizeof image);
    ck_assert_int_gt(size, 4096);
    snprintf(path, sizeof path, "/tmp/check_symbols.%d", (int)getpid());
    for (int i = 0; i < 24; i++) {
        dice = (uint32_t)(_i * 1000 + i);
        char *copy = malloc((size_t)size);
        memcpy(copy, image, (size_t)size);
        const int strikes = 1 + (int)roll(200);
        for (int k = 0; k < strikes; k++) /* headers are hit more often than their share */
            copy[roll(3) ? roll((uint32_t)size) : roll(2) ? roll(1024) : (uint32_t)size - 1 - roll(2600)] = (char)roll(256);
        const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const ssize_t kept = roll(4) ? size : (ssize_t)roll((uint32_t)size);
        ck_assert_int_eq(write(fd, copy, (size_t)kept), kept);
        close(fd);
        free(copy);
        use_damaged(path, 0x100000000ull);
    }
    unlink(path);
}
END_TEST

/* A file that shrinks while it is read. */
START_TEST(truncated_later)
{
    char path[64];
    struct symbols_frame f[8];
    static char image[8 << 20];
    read_maps();
    const ssize_t size = read(open("/proc/self/exe", O_RDONLY), image, sizeof image);
    snprintf(path, sizeof path, "/tmp/check_symbols.%d", (int)getpid());
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, image, (size_t)size), size);
    for (uint64_t offset = 0; offset < 0x10000; offset += 0x1000)
        symbols_mapped(0x100000000ull + offset, 0x1000, NG_PROT_R | NG_PROT_X, fd, offset, path);
    ck_assert_int_ge(symbols_describe(0x100003000ull, f, 8), 1);
    ck_assert_int_eq(ftruncate(fd, 5000), 0);
    for (guest_addr a = 0x100000000ull; a < 0x100010000ull; a += 99)
        symbols_describe(a, f, 8);
    close(fd);
    unlink(path);
}
END_TEST

/* ---- speed, for the eye ---- */

/* Walks must find what the compiler's own unwinder finds, and known traces what a walk finds: in stacks that grow
 * and shrink at random, through frames of several kinds, asked for more frames and fewer. */
static uint32_t wander_random;
static int wander_left, wander_walks;

static uint32_t wander_next(void)
{
    wander_random = wander_random * 1664525 + 1013904223;
    return wander_random >> 16;
}

static KEEP void wander_look(void)
{
    static guest_addr some[64], some_sps[64];
    static void *all[128];
    ucontext_t u;
    getcontext(&u);
    capture(&u);
    const int max = 1 + (int)(wander_next() % 64);
    const int n_some = symbols_walk(&run_self, some, some_sps, max);
    const int n_all = backtrace(all, 128);
    ck_assert_int_eq(n_some, n_all < max ? n_all : max);
    for (int i = 1; i < n_some; i++) { /* the first stands elsewhere in this function */
        ck_assert_uint_eq(some[i] + 1, (guest_addr)all[i]);
        ck_assert_uint_gt(some_sps[i], some_sps[i - 1]);
    }
    wander_walks++;
}

/* The same for traces, at the entry of a function, where a replaced one's begin: the registers there. */
__attribute__((used)) static uint64_t wander_regs[8];
static int wander_traces, wander_again;
void wander_entry(void);
__asm__(".text\n.type wander_entry, @function\nwander_entry:\n.cfi_startproc\n"
        "mov %rbx, wander_regs(%rip)\nmov %rsp, 8+wander_regs(%rip)\nmov %rbp, 16+wander_regs(%rip)\n"
        "mov %r12, 24+wander_regs(%rip)\nmov %r13, 32+wander_regs(%rip)\nmov %r14, 40+wander_regs(%rip)\n"
        "mov %r15, 48+wander_regs(%rip)\n"
        "sub $8, %rsp\n.cfi_adjust_cfa_offset 8\ncall wander_at_entry\nadd $8, %rsp\n.cfi_adjust_cfa_offset -8\nret\n"
        ".cfi_endproc\n.size wander_entry, .-wander_entry\n");
__attribute__((used)) static void wander_at_entry(void)
{
    static const uint8_t order[7] = { X86_RBX, X86_RSP, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15 };
    static guest_addr all[64], some[64];
    const int max = wander_next() % 4 ? 12 : 1 + (int)(wander_next() % 34);
    now = (struct symbols_regs){ .pc = (uint64_t)wander_entry };
    for (int i = 0; i < 7; i++)
        now.r[order[i]] = wander_regs[i];
    wander_again += known_trace(&run_self, max) != 0;
    const int n_some = ng_trace_frames(ng_trace_take_depth(&run_self, max), some, 64);
    const int n_all = symbols_walk(&run_self, all, NULL, 64);
    ck_assert_int_eq(n_some, n_all < max ? n_all : max);
    ck_assert_mem_eq(some, all, (size_t)n_some * sizeof *all);
    wander_traces++;
}

static KEEP void wander(int depth);
static KEEP void wander_plain(int depth) { wander(depth); sink++; }
static KEEP void wander_saving(int depth)
{
    const unsigned a = sink, b = (unsigned)wander_next();
    wander(depth);
    sink = a + b + (unsigned)depth;
}
static KEEP void wander_realigned(int depth)
{
    int aligned[16] __attribute__((aligned(64)));
    char *p = __builtin_alloca(wander_next() % 100 + 1);
    __asm__ volatile("" : : "r"(p), "r"(aligned) : "memory");
    wander(depth);
    sink += (unsigned)p[0] + (unsigned)aligned[1];
}
static int wander_compare(const void *a, const void *b)
{
    wander(*(const int *)a);
    return *(const int *)a - *(const int *)b;
}
static void wander_sort(int depth)
{
    int numbers[2] = { depth, depth };
    qsort(numbers, 2, sizeof *numbers, wander_compare);
}

static KEEP void wander(int depth)
{
    static void (*const ways[])(int) = { wander_plain, wander_saving, wander_realigned, wander_sort, wander_plain };
    while (wander_left > 0) {
        const uint32_t what = wander_next() % 16;
        wander_left--;
        if (what < 6 && depth < 60)
            ways[wander_next() % 5](depth + 1);
        else if (what < 8)
            wander_look();
        else if (what < 10)
            for (int i = 0; i < 2; i++)
                wander_entry();
        else if (depth > 0 && what < 14)
            break;
    }
    sink++;
}

START_TEST(wandering)
{
    map_all();
    run_is_guest = true;
    wander_random = 4711;
    wander_left = 40000;
    wander(0);
    run_is_guest = false;
    ck_assert_int_gt(wander_walks, 2000);
    ck_assert_int_gt(wander_traces, 2000);
    ck_assert_int_gt(wander_again, 500);
}
END_TEST

static double ns_each(int n, const struct timespec *a, const struct timespec *b)
{
    return ((double)(b->tv_sec - a->tv_sec) * 1e9 + (double)(b->tv_nsec - a->tv_nsec)) / n;
}
static int speed_traces = 200000;
static KEEP void speed_at_entry(void)
{
    struct timespec a, b, c;
    guest_addr got[12];
    stand_at_entry((uint64_t *)now.r[X86_RSP]);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (int i = 0; i < speed_traces; i++)
        ng_trace_take(&run_self);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    for (int i = 0; i < speed_traces; i++)
        symbols_walk(&run_self, got, NULL, 12);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &c);
    if (getenv("SPEED"))
        printf("12 frames: known trace %.0f ns, walk %.0f ns\n", ns_each(speed_traces, &a, &b), ns_each(speed_traces, &b, &c));
    ck_assert(ns_each(speed_traces, &a, &c) < 20000);
}

START_TEST(speed)
{
    uint64_t stack[64];
    after_call();
    for (int i = 0; i < 64; i++) /* frames of two words each, entered from rbp_frame */
        stack[i] = (guest_addr)rsp_frame_return;
    now.r[X86_RSP] = (guest_addr)stack;
    speed_at_entry();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("symbols");
    run_self.in_generated = true;
    run_self.state.in_helper = true; /* registers by ng_reg */
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    const TTest *plain[] = { objects, scan, lookup, own_function, inlining, no_inlining, hook_frame, data, stacks, signal_frame,
                             without_table, jump_to_nowhere, bad_stack, known, carried,
                             known_unmapped, store, single_addresses, store_threads, unmapped, truncated_later, wandering, speed };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        tcase_add_test(t, plain[i]);
    tcase_add_loop_test(t, damaged, 0, 6);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
