/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/heap/redirect.c coregrind/heap/vsyscall.c coregrind/heap/synonyms.c */
/* Redirection: which rows an object gets, ifuncs by way of stubs, forgetting, many addresses, running a hook. */
#include <check.h>
#include <stdio.h>
#include <sys/mman.h>
#include "code/code.h"
#include "heap/redirect.h"
#include "heap/synonyms.h"
#include "heap/vsyscall.h"
#include "kernel/kernel.h"
#include "space/space.h"
#include "tool/load.h"

/* ---- the rest of nagrind ---- */

uint64_t ng_strip_size = 1ull << 44, ng_v_shift = 1ull << 44;
static guest_addr page_at;
static uint64_t page_size, stack[4];
static int discarded, last_syscall;

void *base_alloc(size_t size) { return calloc(1, size); }
void base_lock(struct base_lock *l) { (void)l; }
void base_unlock(struct base_lock *l) { (void)l; }
void base_lock_register(struct base_lock *l, int rank) { (void)l, (void)rank; }
uint64_t base_hash64(uint64_t x) { return (x ^ x >> 29) * 0x9e3779b97f4a7c15ull >> 7; }
void base_assert_failed(const char *c, const char *f, int l) { fprintf(stderr, "%s:%d: %s\n", f, l, c); abort(); }
void ng_fatal(const char *fmt, ...) { fprintf(stderr, "%s\n", fmt); abort(); }
void code_discard_range(guest_addr a, uint64_t size) { (void)a, (void)size; discarded++; }
void kernel_syscall(struct ng_thread *t) { last_syscall = (int)t->state.gpr[X86_RAX]; t->state.gpr[X86_RAX] = 77; }
int64_t space_map_fixed(guest_addr a, uint64_t size, int prot, int flags, int fd, uint64_t offset, enum ng_segment_kind kind)
{
    (void)kind;
    page_at = a;
    page_size = size;
    return mmap((void *)a, size, prot, flags | MAP_FIXED_NOREPLACE, fd, (off_t)offset) == (void *)a ? (int64_t)a : -1;
}
int64_t space_mprotect(guest_addr a, uint64_t size, int prot) { return mprotect((void *)a, size, prot); }

static struct ng_thread thread;
static char ran[64];
static int hook_id_seen;
static bool leaving;
static guest_addr rip_seen;
static void hook_malloc(struct ng_thread *t, struct x86_state *s)
{
    strcat(ran, "malloc ");
    hook_id_seen = t->hook.redirect;
    rip_seen = s->rip;
    s->gpr[X86_RAX] = 4711;
}
static void hook_strlen(struct ng_thread *t, struct x86_state *s) { (void)t, (void)s; strcat(ran, "strlen "); }
static void hook_away(struct ng_thread *t, struct x86_state *s) { (void)s; t->hook.outcome = HOOK_JUMP; leaving = true; }

static const struct ng_redirect rows[] = {
    { "malloc", "*", hook_malloc, "malloc", "vg_replace_malloc.c", 484 },
    { "strlen", "libc.so*", hook_strlen, "strlen", "vg_replace_strmem.c", 522 },
    { "strlen", "ld-linux-x86-64.so*", hook_strlen, "strlen", "vg_replace_strmem.c", 522 },
    { "alias_of_malloc", "*", hook_strlen, "alias", "f.c", 1 },
    { "away", "*", hook_away, "away", "f.c", 2 },
    { 0 }
};
static const struct ng_tool fake = { .name = "fake", .redirects = rows };
const struct ng_tool *tool = &fake;

bool redirect_outcome(struct ng_thread *t)
{
    const bool left = leaving;
    leaving = false;
    t->hook.outcome = HOOK_RETURN;
    if (left)
        t->state.rip = 0x1234;
    return left;
}

/* ---- objects ---- */

struct symbol { const char *name; guest_addr at; bool ifunc; };
static guest_addr find(void *arg, const char *name, bool *ifunc)
{
    for (const struct symbol *s = arg; s->name; s++)
        if (strcmp(s->name, name) == 0) {
            *ifunc = s->ifunc;
            return s->at;
        }
    return 0;
}

static void scan(const char *soname, struct symbol *symbols)
{
    redirect_scan(&(struct redirect_object){ .soname = soname, .arg = symbols, .find = find });
}

static void setup(void)
{
    redirect_init();
    ran[0] = 0;
    stack[0] = 0x401000;
    thread.state.gpr[X86_RSP] = (uint64_t)(uintptr_t)stack;
}

/* Calls the function at pc as the dispatcher would, resolvers too: the rip it goes on at. */
static guest_addr run(guest_addr pc)
{
    thread.state.rip = pc;
    redirect_call(&thread, redirect_at(pc));
    return thread.state.rip;
}

START_TEST(plain_function)
{
    scan("libc.so.6", (struct symbol[]){ { "malloc", 0x5000, false }, { "alias_of_malloc", 0x5000, false }, { 0 } });
    ck_assert_int_eq(redirect_at(0x5001), 0);
    ck_assert_uint_eq(run(0x5000), page_at);
    ck_assert_uint_eq(*(uint8_t *)page_at, 0xc3); /* a ret */
    ck_assert_str_eq(ran, "malloc ");
    ck_assert_uint_eq(thread.state.gpr[X86_RAX], 4711);
    ck_assert_int_ne(hook_id_seen, 0);
    ck_assert_int_eq(thread.hook.redirect, 0);
    ck_assert_int_ge(discarded, 1);
}
END_TEST

START_TEST(described_for_ever)
{
    const char *name, *file;
    int line;
    scan("libc.so.6", (struct symbol[]){ { "malloc", 0x5000, false }, { 0 } });
    run(0x5000);
    ck_assert(redirect_describe(0x5000, &name, &file, &line));
    redirect_forget(0x5000, 4096);
    ck_assert_int_eq(redirect_at(0x5000), 0);
    ck_assert(!redirect_describe(0x5000, &name, &file, &line));
    ck_assert(redirect_describe(rip_seen, &name, &file, &line));
    ck_assert_str_eq(name, "malloc");
    ck_assert_str_eq(file, "vg_replace_malloc.c");
    ck_assert_int_eq(line, 484);
    ck_assert(!redirect_describe(0x77777, &name, &file, &line));
    scan("libc.so.6", (struct symbol[]){ { "malloc", 0x5000, false }, { 0 } }); /* mapped again */
    ck_assert_int_ne(redirect_at(0x5000), 0);
}
END_TEST

START_TEST(ifunc)
{
    scan("libc.so.6", (struct symbol[]){ { "strlen", 0x6000, true }, { 0 } });
    ck_assert_uint_eq(run(0x6000), page_at);
    ck_assert_str_eq(ran, "");
    const guest_addr stub = thread.state.gpr[X86_RAX];
    ck_assert(stub > page_at && stub < page_at + page_size);
    ck_assert_uint_eq(run(stub), page_at);
    ck_assert_str_eq(ran, "strlen ");
}
END_TEST

START_TEST(which_objects)
{
    struct symbol both[] = { { "malloc", 0x10000, false }, { "strlen", 0x11000, false }, { 0 } };
    scan("ld-linux-x86-64.so.2", both); /* only what names it */
    ck_assert_int_eq(redirect_at(0x10000), 0);
    ck_assert_int_ne(redirect_at(0x11000), 0);
    struct symbol other[] = { { "malloc", 0x20000, false }, { "strlen", 0x21000, false }, { 0 } };
    scan("libjemalloc.so.2", other);
    ck_assert_int_ne(redirect_at(0x20000), 0);
    ck_assert_int_eq(redirect_at(0x21000), 0);
    struct symbol program[] = { { "malloc", 0x30000, false }, { "strlen", 0x31000, false }, { 0 } };
    scan("NONE", program);
    ck_assert_int_ne(redirect_at(0x30000), 0);
    ck_assert_int_eq(redirect_at(0x31000), 0);
    struct symbol statics[] = { { "__libc_start_main", 0x42000, false }, { "strlen", 0x41000, true }, { 0 } };
    scan("NONE", statics);
    ck_assert_int_ne(redirect_at(0x41000), 0);
}
END_TEST

START_TEST(synonyms)
{
    synonyms_option = "x=y,somalloc=NONE";
    synonyms_init();
    struct symbol a[] = { { "malloc", 0x50000, false }, { 0 } }, b[] = { { "malloc", 0x51000, false }, { 0 } },
                  c[] = { { "malloc", 0x52000, false }, { 0 } };
    scan("libjemalloc.so.2", a);
    scan("NONE", b);
    scan("libc.so.6", c);
    ck_assert_int_eq(redirect_at(0x50000), 0);
    ck_assert_int_ne(redirect_at(0x51000), 0);
    ck_assert_int_ne(redirect_at(0x52000), 0);
}
END_TEST

START_TEST(many_addresses)
{
    for (guest_addr i = 1; i < 5000; i++)
        scan("libx.so", (struct symbol[]){ { "malloc", i << 12, false }, { 0 } });
    for (guest_addr i = 1; i < 5000; i++)
        ck_assert_int_ne(redirect_at(i << 12), 0);
    ck_assert_int_eq(redirect_at(5001ull << 12), 0);
    redirect_forget(0, 1000ull << 12);
    ck_assert_int_eq(redirect_at(999ull << 12), 0);
    ck_assert_int_ne(redirect_at(1000ull << 12), 0);
}
END_TEST

START_TEST(hook_that_leaves)
{
    scan("libx.so", (struct symbol[]){ { "away", 0x9000, false }, { 0 } });
    ck_assert_uint_eq(run(0x9000), 0x1234);
}
END_TEST

START_TEST(calls_are_counted)
{
    uint64_t n;
    struct symbol linker[] = { { "strlen", 0x11000, false }, { 0 } }, libc[] = { { "strlen", 0x12000, false }, { 0 } };
    scan("ld-linux-x86-64.so.2", linker);
    scan("libc.so.6", libc);
    ck_assert_ptr_null(redirect_calls(0, &n));
    redirect_count_calls();
    run(0x11000);
    run(0x12000);
    ck_assert_str_eq(redirect_calls(0, &n), "malloc");
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(redirect_calls(1, &n), "strlen");
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(redirect_calls(2, &n), "strlen"); /* the same line */
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_null(redirect_calls(5, &n));
}
END_TEST

START_TEST(vsyscall)
{
    ck_assert_int_ne(redirect_at(0xffffffffff600400), 0);
    ck_assert_int_eq(redirect_at(0xffffffffff600401), 0);
    ck_assert_uint_eq(run(0xffffffffff600400), page_at);
    ck_assert_int_eq(last_syscall, 201);
    ck_assert_uint_eq(thread.state.gpr[X86_RAX], 77);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("redirect");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, plain_function);
    tcase_add_test(c, described_for_ever);
    tcase_add_test(c, ifunc);
    tcase_add_test(c, which_objects);
    tcase_add_test(c, synonyms);
    tcase_add_test(c, many_addresses);
    tcase_add_test(c, hook_that_leaves);
    tcase_add_test(c, calls_are_counted);
    tcase_add_test(c, vsyscall);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
