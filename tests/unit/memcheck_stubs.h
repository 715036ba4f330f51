/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A core in miniature for memcheck's unit tests: the ng_* functions over the
 * test's own address space (client strip and planes at their real places), one
 * thread, and a log of everything that would be printed.  Include once. */
#pragma once
#include <check.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "../../memcheck/errors.h"
#include "../../memcheck/heap.h"

uint64_t ng_strip_size = 1ull << 44, ng_v_shift = (1ull << 44) + NG_V_SKEW;
struct ng_thread { struct x86_state s; };
static struct ng_thread stub_thread;
static char stub_log[1 << 20];
static size_t stub_log_size;
static int stub_errors, stub_last_kind;
static guest_addr stub_last_addr;
static uint64_t stub_last_size;
static ng_trace stub_trace = 1;      /* what ng_trace_take returns */
static guest_addr stub_fault_at;     /* of the last ng_fault */
static int stub_verbosity = 1;
enum { STUB_SEGMENTS = 4096 };
static struct ng_segment stub_segments[STUB_SEGMENTS];
static int stub_n_segments;

static void stub_vlog(const char *prefix, const char *fmt, va_list ap)
{
    stub_log_size += (size_t)snprintf(stub_log + stub_log_size, sizeof stub_log - stub_log_size, "%s", prefix);
    stub_log_size += (size_t)vsnprintf(stub_log + stub_log_size, sizeof stub_log - stub_log_size, fmt, ap);
    stub_log_size += (size_t)snprintf(stub_log + stub_log_size, sizeof stub_log - stub_log_size, "\n");
    ck_assert_uint_lt(stub_log_size, sizeof stub_log - 4096);
}
#define STUB_LOG(name, prefix) void name(const char *fmt, ...) { va_list ap; va_start(ap, fmt); stub_vlog(prefix, fmt, ap); va_end(ap); }
STUB_LOG(ng_msg, "")
STUB_LOG(ng_what, "")
STUB_LOG(ng_auxwhat, " ")
STUB_LOG(ng_xml, "")
void ng_umsg_v(int v, const char *fmt, ...) { va_list ap; va_start(ap, fmt); if (v <= stub_verbosity) stub_vlog("", fmt, ap); va_end(ap); }
void ng_fatal(const char *fmt, ...) { (void)fmt; ck_abort_msg("ng_fatal"); abort(); }
void ng_trace_print(ng_trace t) { ng_msg("   trace %u", t); }
void ng_describe_addr(guest_addr a) { ng_msg(" Address 0x%lx is not stack'd, malloc'd or (recently) free'd", (unsigned long)a); }
const char *ng_commas(uint64_t n)
{
    static char ring[8][40];
    static int at;
    char digits[32], *out = ring[at++ & 7], *p = out;
    const int len = snprintf(digits, sizeof digits, "%lu", (unsigned long)n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = 0;
    return out;
}

struct ng_thread *ng_thread_self(void) { return &stub_thread; }
struct x86_state *ng_thread_state(struct ng_thread *t) { return &t->s; }
int ng_thread_id(struct ng_thread *t) { (void)t; return 1; }
void ng_threads_each(void (*fn)(struct ng_thread *, void *), void *arg) { fn(&stub_thread, arg); }
void ng_world_stop(void) {}
void ng_world_resume(void) {}
uint64_t ng_reg(struct ng_thread *t, int slot) { return slot == X86_RIP ? t->s.rip : t->s.gpr[slot]; }
void ng_discard_translations(void) { }
bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high) { (void)sp; (void)low; (void)high; return false; }
int ng_verbosity(void) { return stub_verbosity; }
bool ng_option_xml(void) { return false; }
int ng_option_num_callers(void) { return 12; }
bool ng_option_value(const char *name, int64_t *value) { (void)name; (void)value; return false; }
ng_trace ng_trace_take(struct ng_thread *t) { (void)t; return stub_trace; }
static bool stub_trace_known = true;
ng_trace ng_trace_known(struct ng_thread *t) { return t && stub_trace_known ? stub_trace : 0; }
ng_trace ng_trace_take_depth(struct ng_thread *t, int n) { (void)t; (void)n; return stub_trace; }
int ng_trace_frames(ng_trace t, guest_addr *pcs, int max) /* traces 10..19 share their first frames */
{
    for (int i = 0; i < max; i++)
        pcs[i] = i < 3 ? t / 10 : t;
    return max;
}
ng_trace ng_trace_of_pc(guest_addr pc) { return (ng_trace)pc; }
ng_trace ng_trace_of_function(ng_trace t) { return t; }
static struct ng_frame stub_frame;   /* what ng_frame_at finds in it */
bool ng_frame_at(guest_addr a, enum ng_word (*kind)(guest_addr), struct ng_frame *f)
{
    (void)kind;
    *f = stub_frame;
    return a >= f->low && a < f->high;
}
const char *ng_intern(const char *s) { return strdup(s); }
guest_addr ng_symbol_find(const char *soname, const char *name) { (void)soname; (void)name; return 0; }
void ng_fault(struct ng_thread *t, guest_addr a, bool write) { (void)t; (void)write; stub_fault_at = a; }
int ng_fd_hide(int fd) { return fd; }
void ng_hook_jump(struct ng_thread *t, guest_addr to) { (void)t; (void)to; }
int ng_helper_register(const char *name, ng_helper_fn fn) { (void)name; (void)fn; return 0; }
void ng_error_record(struct ng_error *e)
{
    stub_errors++;
    stub_last_kind = e->kind;
    stub_last_addr = e->addr;
    stub_last_size = e->size;
    e->where = e->where ? e->where : stub_trace;
    errors_print(e);
}
bool ng_error_unique(struct ng_error *e, bool print, bool count)
{
    if (print)
        errors_print(e);
    stub_errors += count;
    return true;
}

/* ---- memory ---- */
static size_t stub_copy(void *tool, guest_addr client, size_t size, bool writes)
{
    size_t done = 0;
    while (done < size) {
        const size_t in_page = 4096 - ((client + done) & 4095), n = in_page < size - done ? in_page : size - done;
        const struct iovec local = { (char *)tool + done, n }, remote = { (void *)(client + done), n };
        const ssize_t r = !ng_in_client(client + done) ? -1 : writes ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0)
                                                                     : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
        if (r <= 0)
            break;
        done += (size_t)r;
    }
    return done;
}
size_t ng_read(void *to, guest_addr from, size_t size) { return stub_copy(to, from, size, false); }
size_t ng_write(guest_addr to, const void *from, size_t size) { return stub_copy((void *)(uintptr_t)from, to, size, true); }
ssize_t ng_read_string(char *buf, guest_addr from, size_t size)
{
    size_t i = 0;
    for (; i + 1 < size; i++)
        if (ng_read(buf + i, from + i, 1) < 1 || !buf[i])
            break;
    buf[i] = 0;
    return (ssize_t)i;
}
bool ng_segment_next(guest_addr a, struct ng_segment *out)
{
    const struct ng_segment *best = NULL;
    for (int i = 0; i < stub_n_segments; i++)
        if (stub_segments[i].end > a && (!best || stub_segments[i].start < best->start))
            best = &stub_segments[i];
    if (best)
        *out = *best;
    return best != NULL;
}
bool ng_segment_at(guest_addr a, struct ng_segment *out) { return ng_segment_next(a, out) && out->start <= a; }

/* Maps client pages at a fixed address. */
static guest_addr stub_map(guest_addr a, size_t size, int kind)
{
    void *p = mmap((void *)a, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_eq(p, (void *)a);
    ck_assert_int_lt(stub_n_segments, STUB_SEGMENTS);
    stub_segments[stub_n_segments++] = (struct ng_segment){ .start = a, .end = a + size, .prot = NG_PROT_R | NG_PROT_W,
                                                            .kind = (uint8_t)kind };
    return a;
}
guest_addr ng_client_map(size_t size)
{
    static guest_addr next = 0x4000001000; /* not aligned to more than a page */
    if (size > 1ull << 40)
        return 0;
    const guest_addr a = next;
    next += (size + 4095) & ~4095ull;
    return stub_map(a, (size + 4095) & ~4095ull, NG_SEG_HEAP);
}
void ng_client_unmap(guest_addr a, size_t size)
{
    munmap((void *)a, size);
    for (int i = 0; i < stub_n_segments; i++) {
        struct ng_segment *g = &stub_segments[i];
        if (a >= g->end || a + size <= g->start)
            continue;
        const struct ng_segment old = *g;
        g->end = a > g->start ? a : g->start;
        if (old.end > a + size) {
            stub_segments[stub_n_segments] = old;
            stub_segments[stub_n_segments++].start = a + size;
        }
        if (stub_segments[i].end == stub_segments[i].start)
            stub_segments[i] = stub_segments[--stub_n_segments];
    }
}

/* ---- running ---- */
static sigjmp_buf *stub_recover; /* of code that may fault */
static void stub_on_fault(int sig, siginfo_t *info, void *uc)
{
    (void)uc;
    if (info->si_code == SEGV_ACCERR && heap_lazy_fault((uint64_t)(uintptr_t)info->si_addr))
        return;
    if (stub_recover)
        siglongjmp(*stub_recover, 1);
    signal(sig, SIG_DFL);
}

static void stub_init(void)
{
    struct sigaction on_fault = { .sa_sigaction = stub_on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &on_fault, NULL);
    ck_assert_ptr_ne(mmap((void *)NG_PLANE_V, ng_strip_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0), MAP_FAILED);
    ck_assert_ptr_ne(mmap((void *)NG_PLANE_O, ng_strip_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0), MAP_FAILED);
    stub_thread.s.rip = 0x1234;
    shadow_init();
    heap_init();
}
static inline void stub_log_clear(void)
{
    stub_log_size = 0;
    stub_log[0] = 0;
    stub_errors = 0;
    stub_fault_at = 0;
}
static inline bool stub_logged(const char *text) { return strstr(stub_log, text) != NULL; }
static uint64_t stub_call(ng_hook_fn hook, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_state *s = &stub_thread.s;
    s->gpr[X86_RDI] = a;
    s->gpr[X86_RSI] = b;
    s->gpr[X86_RDX] = c;
    s->gpr[X86_RAX] = 0x5555;
    hook(&stub_thread, s);
    return s->gpr[X86_RAX];
}
/* The registers hold no pointers any more. */
static inline void stub_forget_registers(void) { memset(stub_thread.s.gpr, 0, sizeof stub_thread.s.gpr); }
