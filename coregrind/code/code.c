/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code: translations come, are chained, and go. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "code/internal.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

struct base_lock code_lock;
static uint32_t tramp_entry[VEX_TRAMPS];
static struct node *retired;
static uint32_t n_retired;
enum { FEW_RETIRED = 64, MANY_RETIRED = 1024,
       MANY_HOT = 2048, HOT_STEP = 3, HOT_STEPS = 2 }; /* after so many longer translations, 2^HOT_STEP times the runs; HOT_STEPS times */
static struct { uint64_t inserted, hot, deleted, evicted_regions, moved, chained, waits, kept_bytes; } stats;

/* Under ulimit -v the zone, seen twice, must leave room for the program. */
static size_t affordable(size_t zone_size)
{
    const size_t least = 1 << 20;
    struct rlimit as;
    if (getrlimit(RLIMIT_AS, &as) == 0 && as.rlim_cur != RLIM_INFINITY && zone_size > as.rlim_cur / 16)
        zone_size = as.rlim_cur / 16;
    return zone_size < least ? least : zone_size;
}

static uint32_t hot_threshold;

void code_init(size_t zone_size, uint32_t hot_after)
{
    hot_threshold = hot_after;
    const struct vex_host host = run_vex_host();
    base_lock_register(&code_lock, 20);
    zone_map(affordable(zone_size));
    const size_t n = host_x86_64_emit_tramps(zone.rw, &host, tramp_entry);
    ng_assert(n <= CODE_TRAMP_BYTES);
    table_init();
}

void *code_tramp(enum vex_tramp t)
{
    return zone.rx + tramp_entry[t];
}

/* ---- patching ---- */

/* Whoever runs there sees the old jump or the new one: the field lies within an aligned quadword (struct vex_exit), and this is one
 * store. */
static void patch32(uint8_t *rx, uint32_t value)
{
    typedef uint32_t __attribute__((aligned(1))) anywhere;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *(volatile anywhere *)zone_rw(rx) = value;
}

static void point_jump(struct node *n, uint32_t exit, const uint8_t *target)
{
    uint8_t *field = code_at(&n->t, n->exits[exit].jump);
    patch32(field, (uint32_t)(target - (field + 4)));
}

static void point_at_stub(struct node *n, uint32_t exit)
{
    point_jump(n, exit, code_at(&n->t, n->exits[exit].stub_or_aux));
}

/* ---- edges ---- */

enum { EDGES_AT_ONCE = 256 };
static struct code_edge *free_edges;

static struct code_edge *edge_of(const struct node *from, uint32_t exit)
{
    struct code_edge *e = from->outgoing;
    while (e && e->exit != exit)
        e = e->next_out;
    return e;
}

/* Clean code (mode 0) that was entered with none of its attention bits set sets none.  So who comes from there to a block that asks for no
 * more of them need not look.  Jumps back look, for events: no way through the program leads onward for ever. */
static const uint8_t *way_in(const struct node *from, uint32_t exit, const struct node *to)
{
    const int kind = from->exits[exit].kind;
    const bool calm = (kind == IR_EXIT_JUMP || kind == IR_EXIT_CALL) && !from->t.mode && !to->t.mode && to->t.pc > from->t.pc &&
                      !(to->entry_mask & ~from->entry_mask);
    return code_at(&to->t, calm ? to->t.calm_entry : to->t.entry);
}

static void edge_add(struct node *from, uint32_t exit, struct node *to)
{
    if (!free_edges) {
        struct code_edge *more = base_alloc(EDGES_AT_ONCE * sizeof *more);
        for (int i = 0; i < EDGES_AT_ONCE; i++) {
            more[i].next_out = free_edges;
            free_edges = &more[i];
        }
    }
    struct code_edge *e = free_edges;
    free_edges = e->next_out;
    *e = (struct code_edge){ .from = from, .to = to, .exit = exit, .next = to->incoming, .link = &to->incoming, .next_out = from->outgoing };
    if (e->next)
        e->next->link = &e->next;
    to->incoming = from->outgoing = e;
    point_jump(from, exit, way_in(from, exit, to));
}

static void edge_remove(struct code_edge *e)
{
    struct code_edge **at = &e->from->outgoing;
    while (*at != e)
        at = &(*at)->next_out;
    *at = e->next_out;
    *e->link = e->next;
    if (e->next)
        e->next->link = e->link;
    point_at_stub(e->from, e->exit);
    e->next_out = free_edges;
    free_edges = e;
}

static uint32_t *part_counter(const struct node *n, uint32_t part)
{
    return &zone.part_counters[(n->part_counters + part - 1) % zone.n_counters];
}

/* Runs that make a block hot.  A program that has very much hot code runs each of it less than a small one, and its longer
 * translations push each other out of the caches: it waits longer for the next ones. */
static uint32_t hot_after_now(void)
{
    const uint64_t steps = stats.hot / MANY_HOT;
    const uint64_t runs = (uint64_t)hot_threshold << HOT_STEP * (steps < HOT_STEPS ? steps : HOT_STEPS);
    return runs < INT32_MAX ? (uint32_t)runs : INT32_MAX;
}

/* The whole's counts down, the parts' count up. */
static void start_counters(struct node *n)
{
    n->hot_after = hot_after_now();
    zone.counters[n->t.id] = (int32_t)n->hot_after;
    if (n->t.n_parts < 2)
        return;
    n->part_counters = zone.next_part_counter;
    zone.next_part_counter = (zone.next_part_counter + n->t.n_parts - 1) % zone.n_counters;
    for (uint32_t i = 1; i < n->t.n_parts; i++)
        __atomic_store_n(part_counter(n, i), 0, __ATOMIC_RELAXED);
}

static void relocate_one(const struct node *n, const struct vex_reloc *r)
{
    uint8_t *rx = code_at(&n->t, r->offset), *rw = zone_rw(rx);
    uint32_t v32;
    uint64_t v64;
    switch (r->kind) {
    case VEX_RELOC_TRAMP32:
        v32 = (uint32_t)((uint8_t *)code_tramp(r->value) - (rx + 4));
        memcpy(rw, &v32, 4);
        break;
    case VEX_RELOC_ID32:
        v32 = n->t.id;
        memcpy(rw, &v32, 4);
        break;
    case VEX_RELOC_COUNTER32:
        v32 = (uint32_t)((uint8_t *)(r->value ? (int32_t *)part_counter(n, r->value) : &zone.counters[n->t.id]) - (rx + 4));
        memcpy(rw, &v32, 4);
        break;
    case VEX_RELOC_HELPER64:
        v64 = (uint64_t)(uintptr_t)tool_helper(r->value);
        memcpy(rw, &v64, 8);
        break;
    case VEX_RELOC_OBJECT64:
        v64 = (uint64_t)(uintptr_t)tool_object(r->value);
        memcpy(rw, &v64, 8);
        break;
    }
}

static void relocate(struct node *n)
{
    notes_each_reloc(n, relocate_one);
}

/* ---- deletion ---- */

/* Takes n out of all tables and unlinks its jumps; those who run it leave it by its stubs. */
static void node_kill(struct node *n)
{
    while (n->incoming)
        edge_remove(n->incoming);
    while (n->outgoing)
        edge_remove(n->outgoing);
    table_remove(n);
    n->dead = true;
    epoch_forget_jumps(n);
    *n->region_link = n->region_next;
    if (n->region_next)
        n->region_next->region_link = n->region_link;
    n->retired_next = retired;
    retired = n;
    n_retired++;
    stats.deleted++;
}

/* Stamps what was killed since the last call. */
static uint64_t bury(void)
{
    const uint64_t e = epoch_advance();
    for (struct node *n = retired; n && !n->retired_at; n = n->retired_next)
        n->retired_at = e;
    return e;
}

static void reclaim(void)
{
    struct node **at = &retired;
    uint64_t known = 0; /* an epoch that has passed */
    while (*at) {
        struct node *n = *at;
        if (n->retired_at <= known || epoch_passed(n->retired_at)) {
            known = known > n->retired_at ? known : n->retired_at;
            *at = n->retired_next;
            n_retired--;
            table_forget(n);
            slab_free(n, n->room);
        } else {
            at = &n->retired_next;
        }
    }
}

static bool overlaps(const struct node *n, guest_addr a, guest_addr end)
{
    if (!n->n_extents)
        return n->t.pc < end && n->t.pc + n->t.guest_bytes > a;
    for (uint32_t i = 0; i < n->n_extents; i++)
        if (n->extents[i].pc < end && n->extents[i].pc + n->extents[i].bytes > a)
            return true;
    return false;
}

static void discard_page(guest_addr page, guest_addr a, guest_addr end, bool *any)
{
    struct code_page_link *l = table_page(page);
    while (l) {
        struct code_page_link *next = l->next;
        struct node *n = l->node;
        if (l->page == page && overlaps(n, a, end)) {
            /* its other links may be the next one: look again from the start */
            node_kill(n);
            *any = true;
            next = table_page(page);
        }
        l = next;
    }
}

/* After a deletion: a few dead ones may wait; if they are many, threads that never leave generated code must. */
static void tidy(void)
{
    bury();
    if (n_retired < FEW_RETIRED)
        return;
    reclaim();
    if (n_retired > MANY_RETIRED)
        epoch_ask_safe_points();
}

struct range { guest_addr a, end; bool any; };

static void discard_if_inside(struct node *n, void *arg)
{
    struct range *r = arg;
    if (overlaps(n, r->a, r->end)) {
        node_kill(n);
        r->any = true;
    }
}

void code_discard_range(guest_addr a, uint64_t size)
{
    struct range r = { .a = a, .end = a + size };
    if (!size)
        return;
    base_lock(&code_lock);
    if (size / NG_PAGE > table_count()) {
        table_each(discard_if_inside, &r);
    } else {
        for (guest_addr page = ROUND_DOWN(a, NG_PAGE); page < r.end; page += NG_PAGE)
            discard_page(page, a, r.end, &r.any);
    }
    if (r.any)
        tidy();
    base_unlock(&code_lock);
}

void code_discard_all(void)
{
    struct range r = { .a = 0, .end = ~0ull };
    base_lock(&code_lock);
    table_each(discard_if_inside, &r);
    if (r.any)
        tidy();
    base_unlock(&code_lock);
}

/* ---- room ---- */

static void empty_region(int region)
{
    bool any = zone.nodes[region] != NULL;
    while (zone.nodes[region])
        node_kill(zone.nodes[region]);
    zone.emptied_at[region] = any ? bury() : epoch_advance();
    stats.evicted_regions += any;
}

/* Parked meanwhile: others may wait for us in the same way, or to stop the world. */
static void wait_a_little(void)
{
    struct ng_thread *self = ng_thread_self();
    if (self)
        run_park(self);
    nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
    if (self)
        run_unpark(self);
}

/* The current region of ring r is full: goes on in its next one, once nobody runs what that held.  The one after
 * is emptied at once, so that by the time it is needed its threads have long moved on.
 * The lock is released while waiting: those waited for may need it to reach a safe point. */
static void next_region(struct code_ring *r)
{
    const int was = r->current, next = ring_next(r, was);
    if (zone.nodes[next] || !zone.emptied_at[next])
        empty_region(next);
    while (!epoch_passed(zone.emptied_at[next])) {
        stats.waits++;
        epoch_ask_safe_points();
        base_unlock(&code_lock);
        wait_a_little();
        base_lock(&code_lock);
        if (r->current == was)
            continue;
        return; /* another thread has moved on meanwhile */
    }
    reclaim();
    r->current = next;
    zone_region_reset(next);
    zone.emptied_at[next] = 0;
    empty_region(ring_next(r, next));
}

static struct code_place make_room(int ring, size_t hot, size_t cold)
{
    struct code_ring *r = &zone.rings[ring];
    struct code_place p;
    ng_assert(ROUND_UP(hot, CODE_ALIGN) + ROUND_UP(cold, CODE_ALIGN) <= zone.region_size);
    while (!zone_take(r->current, hot, cold, &p))
        next_region(r);
    return p;
}

/* ---- insertion ---- */

enum { MAX_PAGES = 160 };

/* The guest pages of extents, each once, at most MAX_PAGES (whoever makes blocks of many extents keeps to that). */
static uint32_t pages_of(const struct ir_extent *extents, uint32_t n_extents, guest_addr page[MAX_PAGES])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_extents; i++)
        for (guest_addr p = ROUND_DOWN(extents[i].pc, NG_PAGE); p < extents[i].pc + extents[i].bytes; p += NG_PAGE) {
            uint32_t k = 0;
            while (k < n && page[k] != p)
                k++;
            ng_assert(k < MAX_PAGES);
            page[k] = p;
            n += k == n;
        }
    return n;
}

static void pack_exits(struct node *n, const struct vex_code *c)
{
    for (uint32_t i = 0; i < c->n_exits; i++) {
        const struct vex_exit *x = &c->exits[i];
        n->exits[i] = (struct code_exit){ .pc = x->ir.pc, .jump = x->jump_offset & 0x3fffff, .kind = x->ir.kind & 15, .mode = x->ir.mode & 3,
                                          .chainable = x->chainable, .why = x->chainable ? x->ir.aux & 3 : 0, .stub_or_aux = x->chainable ? x->stub_offset : x->ir.aux };
    }
}

struct ir_exit code_exit(const struct translation *t, uint32_t i)
{
    const struct code_exit *x = &((const struct node *)t)->exits[i];
    return (struct ir_exit){ .pc = x->pc, .kind = x->kind, .mode = x->mode, .aux = x->chainable ? x->why : (uint16_t)x->stub_or_aux };
}

static struct node *node_new(const struct ir_block *b, const struct vex_code *c)
{
    _Static_assert(IR_WHYS <= 4 && IR_EXIT_KINDS <= 16 && NG_MODES_MAX <= 4, "fields of struct code_exit");
    const struct ir_extent whole = { b->pc, b->guest_bytes ? b->guest_bytes : 1 };
    guest_addr page[MAX_PAGES];
    const uint32_t pages = pages_of(b->n_extents ? b->extents : &whole, b->n_extents ? b->n_extents : 1, page);
    const size_t extents = b->n_extents * sizeof *b->extents;
    const size_t n_cross = options.stress & STRESS_MOVE ? c->n_cross : 0, cross = n_cross * sizeof(uint32_t);
    const size_t before = sizeof(struct node) + pages * sizeof(struct code_page_link) + c->n_exits * sizeof(struct code_exit) + extents;
    uint8_t few[1024], *notes = notes_room(b, c) <= sizeof few ? few : base_alloc(notes_room(b, c));
    const size_t notes_size = notes_write(notes, b, c);
    struct node *n = slab_alloc(before + cross + notes_size);
    memset(n, 0, sizeof *n);
    n->room = (uint32_t)(before + cross + notes_size);
    n->exits = (struct code_exit *)(n->pages + pages);
    n->cross = (void *)((char *)n + before);
    if (cross)
        memcpy(n->cross, c->cross, cross);
    n->n_cross = (uint32_t)n_cross;
    n->notes = memcpy((char *)n + before + cross, notes, notes_size);
    if (notes != few)
        free(notes);
    n->extents = (struct ir_extent *)(n->exits + c->n_exits);
    if (extents)
        memcpy(n->extents, b->extents, extents);
    n->n_extents = b->n_extents;
    for (uint32_t i = 0; i < pages; i++)
        n->pages[i].page = page[i];
    pack_exits(n, c);
    n->n_pages = pages;
    n->t.n_exits = c->n_exits;
    n->t.n_insns = b->n_insns;
    n->t.n_parts = c->n_parts;
    n->t.pc = b->pc;
    n->t.mode = b->mode;
    n->t.guest_bytes = b->guest_bytes ? b->guest_bytes : 1;
    n->t.size = (uint32_t)c->size;
    n->t.hot = c->hot;
    n->t.entry = c->entry;
    n->t.calm_entry = c->calm_entry;
    n->entry_mask = b->entry_mask;
    n->t.table_entry = c->table_entry;
    n->t.cache_entry = c->cache_entry;
    stats.kept_bytes += n->room;
    return n;
}

static void join_region(struct node *n, int region)
{
    n->region = (uint8_t)region;
    n->region_link = &zone.nodes[region];
    n->region_next = zone.nodes[region];
    if (n->region_next)
        n->region_next->region_link = &n->region_next;
    zone.nodes[region] = n;
}

/* The parts were `was` bytes further apart than adjacent, and are `now`. */
static void adjust_crossings(struct node *n, const uint32_t *cross, uint32_t n_cross, ptrdiff_t was, ptrdiff_t now)
{
    for (uint32_t i = 0; i < n_cross; i++) {
        uint8_t *rw = zone_rw(code_at(&n->t, cross[i]));
        uint32_t rel;
        memcpy(&rel, rw, 4);
        rel += (uint32_t)(cross[i] < n->t.hot ? now - was : was - now);
        memcpy(rw, &rel, 4);
    }
}

static ptrdiff_t apart(const struct node *n) { return n->t.cold_rx - (n->t.rx + n->t.hot); }

static void place(struct node *n, const struct vex_code *c, int ring)
{
    const struct code_place p = make_room(ring, c->hot, c->size - c->hot);
    n->t.rx = zone.rx + p.hot;
    n->t.cold_rx = zone.rx + p.cold;
    memcpy(zone.rw + p.hot, c->code, c->hot);
    memcpy(zone.rw + p.cold, c->code + c->hot, c->size - c->hot);
    adjust_crossings(n, c->cross, c->n_cross, 0, apart(n));
    join_region(n, zone.rings[ring].current);
}

struct translation *code_insert(const struct ir_block *b, const struct vex_code *c)
{
    base_lock(&code_lock);
    struct node *n = table_find(b->pc, b->mode);
    if (!n) {
        n = node_new(b, c);
        place(n, c, 0);
        struct node *meanwhile = table_find(b->pc, b->mode); /* the lock may have been released for room */
        if (meanwhile) {
            *n->region_link = n->region_next;
            if (n->region_next)
                n->region_next->region_link = n->region_link;
            slab_free(n, n->room);
            n = meanwhile;
        } else {
            table_name(n);
            start_counters(n);
            relocate(n);
            table_add(n);
            stats.inserted++;
        }
    }
    base_unlock(&code_lock);
    return &n->t;
}

void code_chain(struct translation *t, uint32_t exit, struct translation *to)
{
    base_lock(&code_lock);
    struct node *from = (struct node *)t, *target = (struct node *)to;
    if (exit < t->n_exits && !from->dead && !target->dead && from->exits[exit].chainable && !edge_of(from, exit)) {
        edge_add(from, exit, target);
        stats.chained++;
    }
    base_unlock(&code_lock);
}

/* ---- hot code ---- */

struct translation *code_insert_hot(const struct ir_block *b, const struct vex_code *c)
{
    base_lock(&code_lock);
    struct node *n = node_new(b, c);
    n->t.hot_tier = true;
    place(n, c, 1);
    struct node *old = table_find(b->pc, b->mode); /* now: the lock may have been released for room */
    if (old) { /* what a longer one yet will go by */
        n->t.n_parts = old->t.n_parts;
        n->part_counters = old->part_counters;
        n->hot_after = old->hot_after;
    }
    table_name(n);
    relocate(n);
    table_add(n); /* first: a thread that takes a jump to it may leave it at once, by its id */
    if (old) {
        while (old->incoming) {
            struct node *from = old->incoming->from;
            const uint32_t exit = old->incoming->exit;
            edge_remove(old->incoming);
            edge_add(from, exit, n);
        }
        node_kill(old);
    }
    if (old)
        tidy();
    stats.inserted++;
    stats.hot++;
    base_unlock(&code_lock);
    return &n->t;
}

uint32_t code_runs(const struct translation *t, uint32_t part)
{
    if (part)
        return __atomic_load_n(part_counter((const struct node *)t, part), __ATOMIC_RELAXED);
    const int32_t left = __atomic_load_n(&zone.counters[t->id], __ATOMIC_RELAXED), from = (int32_t)((const struct node *)t)->hot_after;
    return (uint32_t)(t->hot_tier || left > from ? from : from - left);
}

bool code_is_hot(struct translation *t)
{
    struct node *n = (struct node *)t;
    base_lock(&code_lock);
    const uint32_t wanted = hot_after_now(), had = n->hot_after;
    if (had < wanted) {
        n->hot_after = wanted;
        __atomic_store_n(&zone.counters[t->id], (int32_t)(wanted - had), __ATOMIC_RELAXED);
    }
    base_unlock(&code_lock);
    return had >= wanted;
}

void code_stop_counting(struct translation *t)
{
    __atomic_store_n(&zone.counters[t->id], INT32_MAX, __ATOMIC_RELAXED);
}

/* ---- moving ---- */

struct mover { uint8_t *old; struct node **nodes; uint32_t n, cap; int region; };

static void collect(struct node *n, void *arg)
{
    struct mover *m = arg;
    const uint32_t i = BASE_GROW(m->nodes, m->n, m->cap);
    m->nodes[i] = n;
}

/* Puts n's code, saved in m->old, at a new place, a little apart from the one before. */
static bool move_one(struct mover *m, struct node *n)
{
    const size_t from = n->t.rx - zone.rx, cold_from = n->t.cold_rx - zone.rx, gap = CODE_ALIGN * (n->t.id % 3);
    const ptrdiff_t was = apart(n);
    struct code_place p;
    if (!zone_take(m->region, n->t.hot + gap, n->t.size - n->t.hot + gap, &p))
        return false;
    memcpy(zone.rw + p.hot + gap, m->old + from, n->t.hot);
    memcpy(zone.rw + p.cold, m->old + cold_from, n->t.size - n->t.hot);
    n->t.rx = zone.rx + p.hot + gap;
    n->t.cold_rx = zone.rx + p.cold;
    adjust_crossings(n, n->cross, n->n_cross, was, apart(n));
    join_region(n, m->region);
    table_host(n);
    relocate(n);
    return true;
}

/* What is in use of the zone, at the same offsets. */
static uint8_t *copy_used(void)
{
    uint8_t *copy = mmap(NULL, zone.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (copy != MAP_FAILED)
        zone_copy_to(copy);
    return copy;
}

/* Everything into the first ring. */
static void move_locked(void)
{
    struct mover m = { .old = copy_used() };
    if (m.old == MAP_FAILED)
        return;
    table_each(collect, &m);
    for (int i = 0; i < CODE_REGIONS; i++)
        zone_region_reset(i);
    memset(zone.nodes, 0, sizeof zone.nodes);
    for (uint32_t i = 0; i < m.n; i++)
        while (!move_one(&m, m.nodes[i])) {
            ng_assert(m.region + 1 < CODE_REGIONS); /* gaps are below what ends of regions leave */
            m.region++;
        }
    zone.rings[0].current = m.region < zone.rings[0].n ? m.region : zone.rings[0].n - 1;
    zone.rings[1].current = m.region >= zone.rings[1].first ? m.region : zone.rings[1].first;
    for (uint32_t i = 0; i < m.n; i++)
        for (uint32_t k = 0; k < m.nodes[i]->t.n_exits; k++)
            if (m.nodes[i]->exits[k].chainable)
                point_at_stub(m.nodes[i], k);
    for (uint32_t i = 0; i < m.n; i++)
        for (struct code_edge *e = m.nodes[i]->outgoing; e; e = e->next_out)
            point_jump(e->from, e->exit, way_in(e->from, e->exit, e->to));
    stats.moved += m.n;
    free(m.nodes);
    munmap(m.old, zone.size);
}

/* Half of the zone at most may be alive, so that everything finds room with its gaps. */
void code_move_all(void)
{
    ng_world_stop();
    base_lock(&code_lock);
    const size_t used = zone_used();
    bury();
    if (used < zone.size / 2 && epoch_passed(epoch_advance())) {
        reclaim();
        move_locked();
        epoch_flush_caches();
    }
    base_unlock(&code_lock);
    ng_world_resume();
}

void code_stats(void)
{
    const size_t used = zone_used();
    report_debug("code zone: %zu bytes, %zu used; %lu translations made, %lu of them of hot code, %lu deleted, %lu moved, %u alive",
                 zone.size, used, stats.inserted, stats.hot, stats.deleted, stats.moved, table_count());
    report_debug("code zone: %lu jumps chained, %lu regions evicted, %lu waits for safe points", stats.chained,
                 stats.evicted_regions, stats.waits);
    report_debug("code zone: %lu bytes of book-keeping for translations made", stats.kept_bytes);
}
