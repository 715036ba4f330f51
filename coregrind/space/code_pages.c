/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/code_pages: self-modifying code.
 *
 * A writable page with translations is write-protected on the host; the client's protection in the list stays.
 * The first write faults, lifts the protection and drops the page's translations.  A page that does this often is
 * left writable and its translations are compared with its bytes at each entry ("checked"), until it has been calm
 * for long.  The table has an entry for every page that was ever protected. */
#include <sys/mman.h>
#include "code/code.h"
#include "space/internal.h"

enum page_state { PAGE_FREE, PAGE_PROTECTED, PAGE_CHECKED };
struct page { guest_addr at; uint8_t state; uint8_t toggles; uint16_t retries; };
enum { MANY_TOGGLES = 8, MANY_RETRIES = 1000 };

static struct page *table;              /* open addressing; at 0: empty */
static size_t table_size, table_used;
static _Atomic size_t n_protected;
static struct base_lock pages_lock;

void code_pages_init(void)
{
    base_lock_register(&pages_lock, 31);
    table_size = 1024;
    table = base_alloc(table_size * sizeof *table);
}

static struct page *slot_of(guest_addr page)
{
    size_t i = base_hash64(page / NG_PAGE) & (table_size - 1);
    while (table[i].at && table[i].at != page)
        i = (i + 1) & (table_size - 1);
    return &table[i];
}

static struct page *find(guest_addr page)
{
    struct page *p = slot_of(page);
    return p->at ? p : NULL;
}

static void grow_table(void)
{
    struct page *old = table;
    const size_t old_size = table_size;
    table_size *= 2;
    table = base_alloc(table_size * sizeof *table);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].at)
            *slot_of(old[i].at) = old[i];
    free(old);
}

static struct page *find_or_add(guest_addr page)
{
    struct page *p = slot_of(page);
    if (p->at)
        return p;
    if (2 * ++table_used > table_size) {
        grow_table();
        p = slot_of(page);
    }
    *p = (struct page){ .at = page };
    return p;
}

static void set_state(struct page *p, enum page_state state)
{
    n_protected += (state == PAGE_PROTECTED) - (p->state == PAGE_PROTECTED);
    p->state = (uint8_t)state;
}

static bool host_protect(const struct page *p, int prot)
{
    return mprotect((void *)p->at, NG_PAGE, prot) == 0;
}

static void protect(struct page *p)
{
    /* The host's limit of mappings may be reached: then check at entry instead. */
    set_state(p, host_protect(p, PROT_READ) ? PAGE_PROTECTED : PAGE_CHECKED);
    p->retries = 0;
}

static void lift(struct page *p, enum page_state next)
{
    struct segment g;
    if (segments_at(p->at, &g))
        host_protect(p, space_host_prot(g.s.prot));
    set_state(p, next);
}

void space_protect_code(guest_addr a)
{
    const guest_addr page = ROUND_DOWN(a, NG_PAGE);
    struct segment g;
    if (!segments_at(page, &g) || !(g.s.prot & NG_PROT_W) || g.s.shared)
        return;
    base_lock(&pages_lock);
    struct page *p = find_or_add(page);
    if (p->state == PAGE_FREE)
        protect(p);
    base_unlock(&pages_lock);
}

/* Another thread may have lifted the protection since the fault: then the client may simply write. */
static bool may_write_now(struct page *p)
{
    struct segment g;
    return p->retries++ < MANY_RETRIES && segments_at(p->at, &g) && (g.s.prot & NG_PROT_W);
}

bool space_code_write_fault(guest_addr a)
{
    const guest_addr page = ROUND_DOWN(a, NG_PAGE);
    bool ours = false, lifted = false;
    base_lock(&pages_lock);
    struct page *p = find(page);
    if (p && p->state == PAGE_PROTECTED) {
        if (p->toggles < MANY_TOGGLES)
            p->toggles++;
        lift(p, p->toggles >= MANY_TOGGLES ? PAGE_CHECKED : PAGE_FREE);
        ours = lifted = true;
    } else if (p) {
        ours = may_write_now(p);
    }
    base_unlock(&pages_lock);
    if (lifted)
        code_discard_range(page, NG_PAGE);
    return ours;
}

static bool lift_for_kernel(guest_addr page)
{
    base_lock(&pages_lock);
    struct page *p = find(page);
    const bool lifted = p && p->state == PAGE_PROTECTED;
    if (lifted)
        lift(p, PAGE_FREE);
    base_unlock(&pages_lock);
    return lifted;
}

void space_kernel_will_write(guest_addr a, uint64_t size)
{
    if (size == 0 || !ng_in_client(a))
        return;
    if (a < space_bounds_now.stack_high && a >= space_bounds_now.stack_low)
        space_grow_stack(a, a);
    if (size > ng_strip_size - a)
        size = ng_strip_size - a;
    guest_addr page = ROUND_DOWN(a, NG_PAGE);
    struct segment g;
    while (n_protected && page < a + size && segments_next(page, &g) && g.s.start < a + size) {
        const guest_addr low = g.s.start > page ? g.s.start : page, high = g.s.end < a + size ? g.s.end : a + size;
        /* Only what can be executed has translations. */
        for (page = low; (g.flags & SEGMENT_CODE) && page < high; page += NG_PAGE)
            if (lift_for_kernel(page))
                code_discard_range(page, NG_PAGE);
        page = g.s.end;
    }
}

static void forget_page(struct page *p)
{
    if (p->state == PAGE_PROTECTED)
        lift(p, PAGE_FREE);
    set_state(p, PAGE_FREE);
    p->toggles = 0;
}

void code_pages_forget(guest_addr a, uint64_t size)
{
    base_lock(&pages_lock);
    if (table_used && size / NG_PAGE > table_size) {
        for (size_t i = 0; i < table_size; i++)
            if (table[i].at >= a && table[i].at - a < size && table[i].at)
                forget_page(&table[i]);
    } else if (table_used) {
        for (guest_addr page = a; page < a + size; page += NG_PAGE) {
            struct page *p = find(page);
            if (p)
                forget_page(p);
        }
    }
    base_unlock(&pages_lock);
}

static bool is_shared_code(guest_addr pc)
{
    struct segment g;
    return segments_at(pc, &g) && g.s.shared;
}

bool space_page_needs_check(guest_addr pc)
{
    base_lock(&pages_lock);
    const struct page *p = find(ROUND_DOWN(pc, NG_PAGE));
    const bool checked = p && p->state == PAGE_CHECKED;
    base_unlock(&pages_lock);
    return checked || is_shared_code(pc);
}

bool space_page_calm(guest_addr pc)
{
    if (is_shared_code(pc))
        return false;
    base_lock(&pages_lock);
    struct page *p = find(ROUND_DOWN(pc, NG_PAGE));
    if (p && p->state == PAGE_CHECKED) {
        p->toggles = MANY_TOGGLES / 2;
        protect(p);
    }
    const bool calm = !p || p->state != PAGE_CHECKED;
    base_unlock(&pages_lock);
    return calm;
}
