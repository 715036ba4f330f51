/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leak_records: loss records, kept from one search to the next for deltas. */
#include <stdlib.h>
#include "leak.h"

static struct leak_records records, previous;

/* Key of an allocation stack: the trace itself, or under --leak-resolution=low|med the first trace seen that
 * begins with the same frames. */
struct keys { ng_trace *from, *to; size_t n, cap; int frames; };

static bool same_frames(ng_trace a, ng_trace b, int frames)
{
    guest_addr p[8], q[8];
    const int n = ng_trace_frames(a, p, frames), m = ng_trace_frames(b, q, frames);
    return n == m && memcmp(p, q, (size_t)n * sizeof *p) == 0;
}

static ng_trace key_of(struct keys *k, ng_trace t)
{
    if (mc_options.leak_resolution == 0)
        return t;
    if (k->frames != mc_options.leak_resolution)
        k->n = 0;
    k->frames = mc_options.leak_resolution;
    for (size_t i = 0; i < k->n; i++)
        if (k->from[i] == t)
            return k->to[i];
    if (k->n == k->cap) {
        k->cap = k->cap ? 2 * k->cap : 64;
        k->from = realloc(k->from, k->cap * sizeof *k->from);
        k->to = realloc(k->to, k->cap * sizeof *k->to);
        if (!k->from || !k->to)
            ng_fatal("leak search: out of memory");
    }
    ng_trace to = t;
    for (size_t i = 0; i < k->n && to == t; i++)
        if (same_frames(k->to[i], t, mc_options.leak_resolution))
            to = k->to[i];
    k->from[k->n] = t;
    k->to[k->n++] = to;
    return to;
}

/* ---- hash of (state, trace) to record ---- */

struct index { uint32_t *slot; size_t size; };

static struct leak_record *record_for(struct index *h, ng_trace trace, uint8_t state)
{
    size_t i = ((trace * 4u + state) * 0x9e3779b1u) & (h->size - 1);
    for (; h->slot[i]; i = (i + 1) & (h->size - 1)) {
        struct leak_record *r = &records.r[h->slot[i] - 1];
        if (r->trace == trace && r->state == state)
            return r;
    }
    records.r[records.n] = (struct leak_record){ .trace = trace, .state = state };
    h->slot[i] = ++records.n;
    return &records.r[records.n - 1];
}

static void add(struct leak_record *r, const struct leak_chunk *c)
{
    r->now.bytes += c->size;
    r->now.indirect += c->indirect;
    r->now.blocks++;
    if (c->state == LEAK_REACHABLE && c->heuristic != LEAK_NO_HEURISTIC) {
        r->heuristic_bytes[c->heuristic] += c->size;
        r->heuristic_blocks[c->heuristic]++;
    }
}

/* Least first: what matters most is printed last. */
static int for_printing(const void *p, const void *q)
{
    const struct leak_record *a = p, *b = q;
    const uint64_t x = a->now.bytes + a->now.indirect, y = b->now.bytes + b->now.indirect;
    if (x != y)
        return x < y ? -1 : 1;
    if (a->state != b->state)
        return (int)a->state - (int)b->state;
    if (a->now.blocks != b->now.blocks)
        return a->now.blocks < b->now.blocks ? -1 : 1;
    return a->trace < b->trace ? -1 : a->trace > b->trace;
}

const struct leak_records *leak_records_make(const struct leak_chunks *chunks)
{
    static struct keys keys; /* traces live for ever, and so may these */
    struct index h = { .size = 1024 };
    const size_t most = chunks->n + records.n + 1;
    while (h.size < 2 * most)
        h.size *= 2;
    free(previous.r);
    previous = records;
    records = (struct leak_records){ .r = calloc(most, sizeof *records.r) };
    h.slot = calloc(h.size, sizeof *h.slot);
    if (!records.r || !h.slot)
        ng_fatal("leak search: out of memory");
    for (uint32_t i = 0; i < chunks->n; i++)
        add(record_for(&h, key_of(&keys, chunks->c[i].block->alloc_trace), chunks->c[i].state), &chunks->c[i]);
    for (uint32_t i = 0; i < previous.n; i++)
        if (previous.r[i].now.blocks > 0) /* gone ones stay for one more search */
            record_for(&h, previous.r[i].trace, previous.r[i].state)->old = previous.r[i].now;
    free(h.slot);
    if (records.n > 1)
        qsort(records.r, records.n, sizeof *records.r, for_printing);
    return &records;
}
