/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/redirect: rows of the tool's redirection table, the addresses they took, and the hook page.
 *
 * Hook page (client memory, r-x, low so that it is reached like code):
 *
 *     +0    ret ud2 ...          every hook returns to its caller through here
 *     +16   ud2                  stub of row 0: an address that stands for its function
 *     +32   ud2                  stub of row 1, ...
 *
 * A plain function has its row's hook at its own address.  The address of an ifunc is
 * that of a resolver, which gets a hook that returns the row's stub; whoever calls the
 * function then calls the stub, which has the hook.  So it needs no knowledge of GOTs,
 * and holds for IRELATIVE relocations, dlsym and static programs alike.
 *
 * Hook ids fit in 15 bits: row + 1; RESOLVER is added for resolvers.
 * Look-ups take no lock: the hash only grows, its slots are written once (their id may
 * become 0 when the object goes), and an outgrown hash stays readable for ever.  */
#include <fnmatch.h>
#include <stdio.h>
#include <sys/mman.h>
#include "code/code.h"
#include "heap/redirect.h"
#include "heap/synonyms.h"
#include "heap/vsyscall.h"
#include "kernel/kernel.h"
#include "space/space.h"
#include "tool/load.h"

enum { RESOLVER = 0x8000, SLOT = 16, PAGE_AT = 0x38000000 };

static guest_addr hook_page;
static uint64_t hook_page_size;
static uint32_t n_rows;
static _Atomic uint64_t *calls;          /* by row; NULL: not counted */

static const struct ng_redirect *row_of(uint32_t id)
{
    const uint32_t row = (id & ~(uint32_t)RESOLVER) - 1;
    return row < n_rows ? &tool->redirects[row] : NULL;
}

static guest_addr stub_of(uint32_t id)
{
    return hook_page + SLOT * (uint64_t)(id & ~(uint32_t)RESOLVER);
}

/* ---- address -> id ---- */

struct slot { _Atomic uint64_t pc; _Atomic uint32_t id; };
struct table { uint32_t mask, used; struct slot slots[]; };

static _Atomic(struct table *) current;
static struct base_lock lock;

/* The slot that holds pc, or the free one where it would go. */
static struct slot *find_slot(struct table *h, guest_addr pc)
{
    for (uint64_t i = base_hash64(pc);; i++) {
        struct slot *s = &h->slots[i & h->mask];
        const uint64_t there = atomic_load_explicit(&s->pc, memory_order_acquire);
        if (there == pc || there == 0)
            return s;
    }
}

static struct table *make_table(uint32_t slots)
{
    struct table *h = base_alloc(sizeof *h + slots * sizeof h->slots[0]);
    h->mask = slots - 1;
    return h;
}

/* Lock held. */
static void insert(struct table *h, guest_addr pc, uint32_t id)
{
    struct slot *s = find_slot(h, pc);
    h->used += s->pc == 0;
    atomic_store_explicit(&s->id, id, memory_order_release);
    atomic_store_explicit(&s->pc, pc, memory_order_release);
}

/* Lock held.  The old table is not freed: a reader may be in it. */
static struct table *grow(struct table *old)
{
    struct table *h = make_table(2 * (old->mask + 1));
    for (uint32_t i = 0; i <= old->mask; i++)
        if (old->slots[i].pc && old->slots[i].id)
            insert(h, old->slots[i].pc, old->slots[i].id);
    atomic_store_explicit(&current, h, memory_order_release);
    return h;
}

uint32_t redirect_at(guest_addr pc)
{
    struct table *h = atomic_load_explicit(&current, memory_order_acquire);
    const uint32_t vsyscall = vsyscall_hook(pc);
    if (vsyscall || !h || pc == 0)
        return vsyscall;
    struct slot *s = find_slot(h, pc);
    return s->pc == pc ? atomic_load_explicit(&s->id, memory_order_acquire) : 0;
}

/* The first row that takes an address keeps it: libc has one body for several names. */
static void take(guest_addr pc, uint32_t id)
{
    base_lock(&lock);
    struct table *h = current;
    struct slot *s = find_slot(h, pc);
    const bool is_new = s->pc == 0 || s->id == 0;
    if (is_new) {
        if (s->pc == 0 && 4 * h->used >= 3 * h->mask)
            h = grow(h);
        insert(h, pc, id);
    }
    base_unlock(&lock);
    if (is_new)
        code_discard_range(pc, 1);
}

void redirect_forget(guest_addr a, uint64_t size)
{
    base_lock(&lock);
    struct table *h = current;
    for (uint32_t i = 0; h && i <= h->mask; i++)
        if (h->slots[i].pc - a < size)
            atomic_store_explicit(&h->slots[i].id, 0, memory_order_release);
    base_unlock(&lock);
}

/* ---- which rows an object gets ---- */

static bool is_linker(const char *soname)
{
    return fnmatch("ld-linux*", soname, 0) == 0 || fnmatch("ld-musl*", soname, 0) == 0 || fnmatch("ld.so*", soname, 0) == 0 ||
           fnmatch("ld64.so*", soname, 0) == 0;
}

/* A program that brings its own libc: what is asked of libc.so is asked of it. */
static bool is_static_libc(const struct redirect_object *o)
{
    bool ifunc;
    return strcmp(o->soname, "NONE") == 0 && o->find(o->arg, "__libc_start_main", &ifunc) != 0;
}

static bool row_applies(const struct ng_redirect *r, const struct redirect_object *o, bool linker, bool has_libc)
{
    const bool anywhere = strcmp(r->soname, "*") == 0;
    if (linker)
        return !anywhere && fnmatch(r->soname, o->soname, 0) == 0;
    if (anywhere)
        return has_libc || synonyms_allow(o->soname);
    return fnmatch(r->soname, o->soname, 0) == 0 || (has_libc && fnmatch(r->soname, "libc.so.6", 0) == 0);
}

void redirect_scan(const struct redirect_object *o)
{
    const bool linker = is_linker(o->soname);
    if (!n_rows)
        return;
    const bool has_libc = fnmatch("libc.so*", o->soname, 0) == 0 || is_static_libc(o);
    for (uint32_t i = 0; i < n_rows; i++) {
        bool ifunc = false;
        if (!row_applies(&tool->redirects[i], o, linker, has_libc))
            continue;
        const guest_addr at = o->find(o->arg, tool->redirects[i].symbol, &ifunc);
        if (at)
            take(at, (i + 1) | (ifunc ? RESOLVER : 0));
    }
}

/* ---- running a hook ---- */

/* Returns to the guest's caller: by a translated `ret`, so that shadow stacks, events and chaining are as ever. */
static void return_to_caller(struct x86_state *s)
{
    s->rip = hook_page;
}

void redirect_call(struct ng_thread *t, uint32_t id)
{
    struct x86_state *s = &t->state;
    const struct ng_redirect *r = row_of(id);
    if (id >= VSYSCALL_HOOK && vsyscall_run(t, id)) {
        return_to_caller(s);
        return;
    }
    ng_assert(r != NULL);
    if (id & RESOLVER) {
        s->gpr[X86_RAX] = stub_of(id);
        if (tool->events.post_reg_write)
            tool->events.post_reg_write(t, X86_RAX, 8);
        return_to_caller(s);
        return;
    }
    /* Traces that are taken meanwhile start at the stub, which says the function's name for ever,
     * also when the object it was in is gone. */
    const guest_addr stub = stub_of(id);
    s->rip = stub;
    t->hook.redirect = (int)id;
    if (calls)
        atomic_fetch_add_explicit(&calls[r - tool->redirects], 1, memory_order_relaxed);
    r->hook(t, s);
    t->hook.redirect = 0;
    if (!redirect_outcome(t))
        return_to_caller(s);
}

ng_fast_fn redirect_fast(uint32_t id)
{
    const struct ng_redirect *r = id & RESOLVER ? NULL : row_of(id);
    return r && !calls ? r->fast : NULL;
}

uint16_t redirect_fast_gprs(uint32_t id)
{
    static const uint8_t argument[4] = { X86_RDI, X86_RSI, X86_RDX, X86_RCX };
    uint16_t gprs = 1u << X86_RSP;
    if (!redirect_fast(id))
        return 0;
    for (int i = 0; i < row_of(id)->fast_args; i++)
        gprs |= 1u << argument[i];
    return gprs;
}

bool redirect_keeps(uint32_t id) { return id >= VSYSCALL_HOOK; }

guest_addr redirect_ret(void) { return hook_page; }

bool redirect_describe(guest_addr pc, const char **name, const char **file, int *line)
{
    const struct ng_redirect *r;
    uint32_t id = pc > hook_page && pc - hook_page < hook_page_size ? (uint32_t)((pc - hook_page) / SLOT) : 0;
    if (!id)
        id = redirect_at(pc);
    if (!id || (id & RESOLVER) || !(r = row_of(id)))
        return false;
    *name = r->display ? r->display : r->symbol;
    *file = r->file;
    *line = r->line;
    return true;
}

static const char *name_of(uint32_t row)
{
    const struct ng_redirect *r = &tool->redirects[row];
    return r->display ? r->display : r->symbol;
}

void redirect_count_calls(void)
{
    if (n_rows)
        calls = base_alloc(n_rows * sizeof *calls);
}

const char *redirect_calls(uint32_t row, uint64_t *n)
{
    *n = 0;
    if (!calls || row >= n_rows)
        return NULL;
    for (uint32_t i = 0; i < n_rows; i++)
        if (!strcmp(name_of(i), name_of(row))) {
            if (i < row)
                break;
            *n += calls[i];
        }
    return name_of(row);
}

/* ---- the hook page ---- */

static void fill(uint8_t *page)
{
    static const uint8_t ret = 0xc3, ud2[2] = { 0x0f, 0x0b };
    for (uint64_t at = 0; at < hook_page_size; at += 2)
        memcpy(page + at, ud2, sizeof ud2);
    page[0] = ret;
    page[1] = ret;
}

void redirect_init(void)
{
    while (tool->redirects && tool->redirects[n_rows].symbol)
        n_rows++;
    ng_assert(n_rows < VSYSCALL_HOOK - 1);
    synonyms_init();
    base_lock_register(&lock, 15); /* space forgets us with its map lock (10) held */
    hook_page_size = ROUND_UP(SLOT * ((uint64_t)n_rows + 1), NG_PAGE);
    hook_page = PAGE_AT;
    if (space_map_fixed(hook_page, hook_page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, NG_SEG_ANON) < 0)
        ng_fatal("cannot map the hook page at 0x%llx", (unsigned long long)hook_page);
    fill((uint8_t *)hook_page);
    if (space_mprotect(hook_page, hook_page_size, PROT_READ | PROT_EXEC) < 0)
        ng_fatal("cannot protect the hook page");
    struct table *h = make_table(1024);
    for (uint32_t i = 0; i < n_rows; i++)
        insert(h, stub_of(i + 1), i + 1);
    if (h->used * 4 >= 3 * h->mask)
        h = grow(h);
    atomic_store_explicit(&current, h, memory_order_release);
}
