/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/stack: the main stack, stacks that grow on fault, the bounds of any stack, and brk. */
#include <sys/mman.h>
#include "report/report.h"
#include "launch/options.h"
#include "space/internal.h"
#include "tool/load.h"

enum { STACK_STEP = 64 * 1024, FIRST_STACK = 132 * 1024 };
struct space_bounds space_bounds_now;

struct space_bounds space_bounds(void)
{
    return space_bounds_now;
}

static uint64_t main_stack_limit(void)
{
    if (options.main_stacksize > 0)
        return ROUND_UP((uint64_t)options.main_stacksize, NG_PAGE);
    const uint64_t limit = space_rlimit(RLIMIT_STACK)->rlim_cur, least = 1 << 20, most = 16 << 20;
    return limit < least ? least : limit > most ? most : ROUND_DOWN(limit, NG_PAGE);
}

/* Anonymous stack pages.  No event: a stack's pages count as neither new nor defined before the stack pointer
 * moves over them. */
static bool map_stack(guest_addr a, uint64_t size, int prot)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    return mmap((void *)a, size, space_host_prot(prot), flags, -1, 0) != MAP_FAILED;
}

guest_addr space_make_main_stack(uint64_t size)
{
    const guest_addr top = ng_strip_size - SPACE_TOP_GAP;
    const uint64_t limit = main_stack_limit();
    uint64_t first = ROUND_UP(size + FIRST_STACK, NG_PAGE);
    space_lock();
    space_bounds_now.stack_high = top;
    space_bounds_now.stack_low = top - (limit > first ? limit : first);
    const guest_addr low = top - first;
    const struct segment g = { .s = { .start = low, .end = top, .prot = NG_PROT_R | NG_PROT_W, .kind = NG_SEG_STACK },
                               .flags = SEGMENT_GROWS };
    /* Its shadow is there from the start: the stack pointer moves before the pages follow. */
    bool ok = planes_add(space_bounds_now.stack_low, top - space_bounds_now.stack_low) == 0;
    ok = ok && map_stack(low, first, g.s.prot);
    if (ok)
        segments_replace(low, top, &g, NULL);
    space_unlock();
    if (!ok)
        ng_fatal("cannot make the program's stack of %llu bytes", (unsigned long long)limit);
    return top;
}

/* How low the stack g may grow. */
static guest_addr growth_limit(const struct segment *g)
{
    if (g->s.kind == NG_SEG_STACK)
        return space_bounds_now.stack_low;
    const uint64_t limit = main_stack_limit();
    return g->s.end > limit ? g->s.end - limit : SPACE_MIN;
}

static bool grow_locked(guest_addr a)
{
    struct segment g, below;
    if (!segments_next(a, &g))
        return false;
    if (g.s.start <= a)
        return true;                       /* another thread was faster */
    if (!(g.flags & SEGMENT_GROWS))
        return false;
    const guest_addr limit = growth_limit(&g);
    if (a < limit)
        return false;
    guest_addr low = ROUND_DOWN(a, STACK_STEP) > limit ? ROUND_DOWN(a, STACK_STEP) : limit;
    const guest_addr floor = segments_before(a, &below) ? below.s.end + SPACE_STACK_GAP : 0;
    if (ROUND_DOWN(a, NG_PAGE) < floor)
        return false;
    if (low < floor)
        low = floor;
    struct segment more = g;
    more.s.start = low;
    more.s.end = g.s.start;
    const uint64_t size = more.s.end - low;
    if ((g.s.kind != NG_SEG_STACK && planes_add(low, size) != 0) || !map_stack(low, size, g.s.prot))
        return false;
    segments_replace(low, more.s.end, &more, NULL);
    return true;
}

bool space_grow_stack(guest_addr a, guest_addr sp)
{
    (void)sp;       /* as the kernel since 5.0: any access in the growth zone grows */
    struct segment g;
    /* Most faults are elsewhere: no lock for them. */
    if (!space_in_strip(a, 1) || !segments_next(a, &g) || (g.s.start > a && !(g.flags & SEGMENT_GROWS)))
        return false;
    if (g.s.start <= a)
        return false;
    space_lock();
    const bool grown = grow_locked(a);
    space_unlock();
    return grown;
}

/* ---- stacks the client registers ---- */

struct registered { uint64_t id; guest_addr low, high; };
static struct registered *registered;
static size_t n_registered, cap_registered;
static uint64_t next_stack_id;
static struct base_lock stacks_lock;

uint64_t space_stack_register(guest_addr low, guest_addr high)
{
    base_lock(&stacks_lock);
    const size_t i = BASE_GROW(registered, n_registered, cap_registered);
    const uint64_t id = next_stack_id++;
    registered[i] = low < high ? (struct registered){ id, low, high } : (struct registered){ id, high, low };
    base_unlock(&stacks_lock);
    return id;
}

void space_stack_deregister(uint64_t id)
{
    base_lock(&stacks_lock);
    for (size_t i = 0; i < n_registered; i++)
        if (registered[i].id == id)
            registered[i--] = registered[--n_registered];
    base_unlock(&stacks_lock);
}

void space_stack_change(uint64_t id, guest_addr low, guest_addr high)
{
    base_lock(&stacks_lock);
    for (size_t i = 0; i < n_registered; i++)
        if (registered[i].id == id)
            registered[i] = (struct registered){ id, low < high ? low : high, low < high ? high : low };
    base_unlock(&stacks_lock);
}

static bool in_registered(guest_addr sp, guest_addr *low, guest_addr *high)
{
    if (n_registered == 0)
        return false;
    bool found = false;
    base_lock(&stacks_lock);
    for (size_t i = 0; i < n_registered && !found; i++) {
        found = sp >= registered[i].low && sp <= registered[i].high;
        if (found) {
            *low = registered[i].low;
            *high = registered[i].high;
        }
    }
    base_unlock(&stacks_lock);
    return found;
}

bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high)
{
    enum { LARGEST_GUESS = 64 << 20 };
    struct segment g;
    if (in_registered(sp, low, high))
        return true;
    if (sp >= space_bounds_now.stack_low && sp < space_bounds_now.stack_high) {
        *low = space_bounds_now.stack_low;
        *high = space_bounds_now.stack_high;
        return true;
    }
    if (!segments_at(sp, &g) || g.s.kind != NG_SEG_ANON || !(g.s.prot & NG_PROT_W))
        return false;
    /* Not all C libraries say MAP_STACK; but an arena is no stack. */
    if (!(g.flags & (SEGMENT_STACK | SEGMENT_GROWS)) && g.s.end - g.s.start > LARGEST_GUESS)
        return false;
    *low = g.s.start;
    *high = g.s.end;
    return true;
}

/* ---- brk ---- */

void space_set_brk(guest_addr start)
{
    space_bounds_now.brk_start = space_bounds_now.brk_end = start ? start : SPACE_BRK_START;
}

static bool brk_map(guest_addr a, guest_addr end)
{
    const struct segment g = { .s = { .start = a, .end = end, .prot = NG_PROT_R | NG_PROT_W, .kind = NG_SEG_BRK } };
    if (!space_in_strip(a, end - a) || segments_overlap(a, end) || planes_add(a, end - a) != 0)
        return false;
    if (mmap((void *)a, end - a, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    segments_replace(a, end, &g, NULL);
    return true;
}

static bool brk_grow(guest_addr end)
{
    const guest_addr old = space_bounds_now.brk_end, from = ROUND_UP(old, NG_PAGE), to = ROUND_UP(end, NG_PAGE);
    if (end - space_bounds_now.brk_start > space_rlimit(RLIMIT_DATA)->rlim_cur)
        return false;
    if (to > from && !brk_map(from, to))
        return false;
    space_bounds_now.brk_end = end;
    if (tool && tool->events.brk_grown)
        tool->events.brk_grown(old, end - old);
    return true;
}

static void brk_shrink(guest_addr end)
{
    const guest_addr old = space_bounds_now.brk_end, from = ROUND_UP(end, NG_PAGE), to = ROUND_UP(old, NG_PAGE);
    if (tool && tool->events.brk_shrunk)
        tool->events.brk_shrunk(end, old - end);
    if (to > from)
        space_munmap(from, to - from);
    space_bounds_now.brk_end = end;
}

int64_t space_brk(guest_addr end)
{
    space_lock();
    const struct space_bounds *b = &space_bounds_now;
    if (end > b->brk_end)
        brk_grow(end);
    else if (end >= b->brk_start && end < b->brk_end)
        brk_shrink(end);
    const int64_t r = (int64_t)b->brk_end;
    space_unlock();
    return r;
}
