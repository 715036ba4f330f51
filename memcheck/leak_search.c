/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leak_search: roots, marking, groups.  See leak.h. */
#include <stdlib.h>
#include <sys/stat.h>
#include "leak.h"

enum { BUFFER = 64 << 10, RED_ZONE = 128 };

struct search {
    struct leak_chunks *chunks;
    unsigned heuristics;
    guest_addr low, high;       /* of all chunks: a quick no to most words */
    bool any_custom;            /* then slots alone do not tell */
    uint32_t *stack;            /* chunks to scan */
    size_t n_stack, cap_stack;
};

static void *must(void *p)
{
    if (!p)
        ng_fatal("leak search: out of memory");
    return p;
}

/* ---- chunks ---- */

struct collect { struct leak_chunk *c; size_t n, cap; };

static void collect_block(struct heap_block *b, void *arg)
{
    struct collect *c = arg;
    if (b->state != HEAP_LIVE)
        return;
    if (c->n == c->cap)
        c->c = must(realloc(c->c, (c->cap = c->cap ? 2 * c->cap : 1024) * sizeof *c->c));
    c->c[c->n++] = (struct leak_chunk){ .addr = b->addr, .size = b->size, .block = b, .state = LEAK_DEFINITE,
                                        .heuristic = LEAK_NO_HEURISTIC };
}

static int by_address(const void *p, const void *q)
{
    const struct leak_chunk *a = p, *b = q;
    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1; /* the outer one first */
    return (int)a->block->kind - (int)b->block->kind;
}

static guest_addr end_of(const struct leak_chunk *c) { return c->addr + (c->size ? c->size : 1); }

static bool may_hold(const struct leak_chunk *outer, const struct leak_chunk *inner)
{
    const int in = inner->block->kind, out = outer->block->kind;
    if (end_of(inner) > end_of(outer))
        return false;
    return (in >= HEAP_CUSTOM && out < HEAP_CUSTOM) || (in == HEAP_CUSTOM && (outer->block->flags & HEAP_FLAG_META));
}

static void complain_overlap(const struct leak_chunk *a, const struct leak_chunk *b)
{
    ng_msg("Block 0x%llx..0x%llx overlaps with block 0x%llx..0x%llx", (unsigned long long)a->addr,
           (unsigned long long)end_of(a) - 1, (unsigned long long)b->addr, (unsigned long long)end_of(b) - 1);
    ng_msg("This is usually caused by using VALGRIND_MALLOCLIKE_BLOCK in an inappropriate way.");
}

/* Of blocks that hold others only the inner ones count. */
static size_t drop_outer(struct leak_chunk *c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        while (kept > 0 && end_of(&c[kept - 1]) > c[i].addr && may_hold(&c[kept - 1], &c[i]))
            kept--;
        if (kept > 0 && end_of(&c[kept - 1]) > c[i].addr) {
            complain_overlap(&c[kept - 1], &c[i]);
            continue;
        }
        c[kept++] = c[i];
    }
    return kept;
}

void leak_collect(struct leak_chunks *out)
{
    struct collect c = { 0 };
    heap_spans_each(collect_block, &c);
    const bool any_ordinary = c.n > 0;
    const size_t ordinary = c.n;
    heap_custom_each(collect_block, &c);
    if (!any_ordinary) { /* pool chunks alone make no heap */
        size_t kept = 0;
        for (size_t i = ordinary; i < c.n; i++)
            if (c.c[i].block->kind != HEAP_POOL)
                c.c[kept++] = c.c[i];
        c.n = kept;
    }
    if (c.n > 1)
        qsort(c.c, c.n, sizeof *c.c, by_address);
    c.n = drop_outer(c.c, c.n);
    *out = (struct leak_chunks){ .c = c.c, .n = (uint32_t)c.n };
}

void leak_chunks_free(struct leak_chunks *chunks)
{
    free(chunks->c);
    *chunks = (struct leak_chunks){ 0 };
}

/* The chunk that p points into, or NULL. */
static struct leak_chunk *chunk_at(struct search *s, guest_addr p)
{
    if (p < s->low || p >= s->high)
        return NULL;
    if (!s->any_custom) {
        const struct heap_block *b = heap_slot_at(p);
        if (!b || b->state != HEAP_LIVE || p < b->addr || p >= b->addr + (b->size ? b->size : 1))
            return NULL;
        return &s->chunks->c[b->leak_index];
    }
    size_t lo = 0, hi = s->chunks->n;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (end_of(&s->chunks->c[mid]) <= p)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->chunks->n && s->chunks->c[lo].addr <= p ? &s->chunks->c[lo] : NULL;
}

static void push(struct search *s, const struct leak_chunk *c)
{
    if (s->n_stack == s->cap_stack)
        s->stack = must(realloc(s->stack, (s->cap_stack = s->cap_stack ? 2 * s->cap_stack : 1024) * sizeof *s->stack));
    s->stack[s->n_stack++] = (uint32_t)(c - s->chunks->c);
}

/* ---- memory ---- */

bool leak_read_word(guest_addr a, uint64_t *value)
{
    return ng_in_client(a) && ng_in_client(a + 7) && (a & 7) == 0 && ng_read(value, a, 8) == 8 && shadow_is_clean_word(a);
}

/* Calls visit for every aligned, addressable, defined word of [a, end) that may point to a chunk. */
static void scan(struct search *s, guest_addr a, guest_addr end, void (*visit)(struct search *, guest_addr, void *),
                 void *arg)
{
    uint64_t buf[BUFFER / 8];
    a = (a + 7) & ~7ull;
    end &= ~7ull;
    while (a < end) {
        const size_t want = end - a < BUFFER ? end - a : BUFFER;
        const size_t got = ng_read(buf, a, want) & ~7ull;
        for (size_t i = 0; i < got / 8; i++)
            if (buf[i] >= s->low && buf[i] < s->high && shadow_is_clean_word(a + 8 * i))
                visit(s, buf[i], arg);
        s->chunks->bytes_scanned += got;
        a += got;
        if (got < want) /* what cannot be read is skipped by the page */
            a = (a + 4096) & ~4095ull;
    }
}

/* ---- marking from the roots ---- */

static void mark(struct search *s, guest_addr p, void *arg)
{
    const bool from_reachable = *(const bool *)arg;
    struct leak_chunk *c = chunk_at(s, p);
    int heuristic = LEAK_NO_HEURISTIC;
    if (!c || (c->state == LEAK_REACHABLE && c->heuristic == LEAK_NO_HEURISTIC))
        return;
    bool start = p == c->addr;
    if (!start && from_reachable && s->heuristics && c->state != LEAK_REACHABLE) {
        heuristic = leak_heuristic(c, p, s->heuristics);
        start = heuristic != LEAK_NO_HEURISTIC;
    }
    const uint8_t state = start && from_reachable ? LEAK_REACHABLE : LEAK_POSSIBLE;
    if (state == LEAK_REACHABLE && c->state == LEAK_REACHABLE) {
        c->heuristic = LEAK_NO_HEURISTIC; /* a true start pointer after all */
        return;
    }
    if (c->state == LEAK_DEFINITE || (c->state == LEAK_POSSIBLE && state == LEAK_REACHABLE)) {
        c->state = state;
        c->heuristic = (uint8_t)heuristic;
        push(s, c);
    }
}

static void mark_all(struct search *s)
{
    while (s->n_stack > 0) {
        const struct leak_chunk *c = &s->chunks->c[s->stack[--s->n_stack]];
        bool reachable = c->state == LEAK_REACHABLE;
        scan(s, c->addr, c->addr + c->size, mark, &reachable);
    }
}

static bool is_device(const struct ng_segment *g)
{
    struct stat st;
    if (!g->path || strncmp(g->path, "/dev/", 5) != 0 || strncmp(g->path, "/dev/zero", 9) == 0)
        return false;
    return stat(g->path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

struct live_stacks { struct { guest_addr low, used; } s[512]; int n; };

static void note_stack(struct ng_thread *t, void *arg)
{
    struct live_stacks *stacks = arg;
    guest_addr low, high;
    const guest_addr sp = ng_reg(t, X86_RSP);
    if (stacks->n < 512 && ng_stack_bounds(sp, &low, &high) && sp - RED_ZONE > low)
        stacks->s[stacks->n++] = (typeof(stacks->s[0])){ low, sp - RED_ZONE };
}

/* A mapping but for the unused part of stacks in it. */
static void scan_root(struct search *s, guest_addr a, guest_addr end, const struct live_stacks *stacks)
{
    bool reachable = true;
    for (int i = 0; i < stacks->n; i++)
        if (stacks->s[i].low < end && stacks->s[i].used > a) {
            if (stacks->s[i].low > a)
                scan_root(s, a, stacks->s[i].low, stacks);
            if (stacks->s[i].used < end)
                scan_root(s, stacks->s[i].used, end, stacks);
            return;
        }
    scan(s, a, end, mark, &reachable);
}

static void mark_registers(struct ng_thread *t, void *arg)
{
    bool reachable = true;
    for (int r = X86_RAX; r <= X86_R15; r++)
        mark(arg, ng_reg(t, r), &reachable);
}

static void mark_roots(struct search *s)
{
    static struct live_stacks stacks;
    struct ng_segment g;
    stacks.n = 0;
    ng_threads_each(note_stack, &stacks);
    for (guest_addr a = 0; ng_segment_next(a, &g); a = g.end)
        if ((g.prot & (NG_PROT_R | NG_PROT_W)) == (NG_PROT_R | NG_PROT_W) && g.kind != NG_SEG_HEAP && !is_device(&g))
            scan_root(s, g.start, g.end, &stacks);
    ng_threads_each(mark_registers, s);
    mark_all(s);
}

/* ---- groups of what is left ---- */

static void join(struct search *s, guest_addr p, void *arg)
{
    const uint32_t leader = *(const uint32_t *)arg;
    struct leak_chunk *c = chunk_at(s, p), *l = &s->chunks->c[leader];
    if (!c || c == l || c->state != LEAK_DEFINITE)
        return;
    c->state = LEAK_INDIRECT;
    c->leader = leader;
    l->indirect += c->size + c->indirect; /* an earlier leader brings its group */
    c->indirect = 0;
    if (!c->is_leader) /* else its group was scanned already */
        push(s, c);
    c->is_leader = 0;
}

static void find_groups(struct search *s)
{
    for (uint32_t i = 0; i < s->chunks->n; i++) {
        if (s->chunks->c[i].state != LEAK_DEFINITE)
            continue;
        s->chunks->c[i].is_leader = 1;
        push(s, &s->chunks->c[i]);
        while (s->n_stack > 0) {
            const struct leak_chunk *c = &s->chunks->c[s->stack[--s->n_stack]];
            scan(s, c->addr, c->addr + c->size, join, &i);
        }
    }
}

void leak_search(struct leak_chunks *chunks, unsigned heuristics)
{
    struct search s = { .chunks = chunks, .heuristics = heuristics };
    if (chunks->n == 0)
        return;
    s.low = chunks->c[0].addr;
    s.high = end_of(&chunks->c[chunks->n - 1]);
    for (uint32_t i = 0; i < chunks->n; i++) {
        s.any_custom |= chunks->c[i].block->kind >= HEAP_CUSTOM;
        if (chunks->c[i].block->kind < HEAP_CUSTOM)
            ((struct heap_block *)chunks->c[i].block)->leak_index = i;
    }
    mark_roots(&s);
    find_groups(&s);
    free(s.stack);
}
