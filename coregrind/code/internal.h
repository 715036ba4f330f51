/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code inside: what zone.c, table.c, epoch.c and code.c share.  All of it is
 * guarded by code_lock, but for what is marked lock-free. */
#pragma once
#include "code/code.h"
#include "run/run.h"

enum { CODE_ALIGN = 16, CODE_REGIONS = 8, CODE_TRAMP_BYTES = 8192 };

/* One direct jump from a translation to another; exits without one lead to their stubs. */
struct code_edge {
    struct node *from, *to;
    uint32_t exit;
    struct code_edge *next, **link;      /* in to's list of incoming edges */
    struct code_edge *next_out;          /* in from's list of outgoing ones; of free ones */
};

/* struct vex_exit in half the room.  An exit has either a stub of its own to go back to (if it can be chained), or aux. */
struct code_exit {
    guest_addr pc;
    uint32_t jump : 22, kind : 4, mode : 2, chainable : 1, why : 2; /* why: aux of an exit that can be chained */
    uint32_t stub_or_aux;
};

/* A guest page that a translation reads bytes of. */
struct code_page_link {
    guest_addr page;
    struct node *node;
    struct code_page_link *next, **link;
};

/* A translation and its book-keeping; one allocation with its arrays behind it. */
struct node {
    struct translation t;                /* first */
    _Atomic(struct node *) next;         /* hash bucket */
    struct node *retired_next;
    uint64_t retired_at;                 /* epoch */
    struct code_edge *incoming, *outgoing;
    struct node *region_next, **region_link;
    _Atomic bool dead;                   /* out of the tables; runs on until all have passed a safe point */
    uint8_t region;
    uint32_t n_pages, room;              /* room: bytes, with what stands behind */
    struct ir_extent *extents;           /* of a block that follows jumps: all guest code it was made of */
    uint32_t n_extents;
    uint32_t part_counters;              /* index of the first in zone.part_counters */
    uint32_t hot_after;                  /* what its counter counts down from */
    uint64_t entry_mask;                 /* attention bits that were not set when it was entered */
    const uint8_t *notes;                /* notes.c */
    uint32_t *cross, n_cross;            /* of vex_code; only under --stress=move */
    struct code_exit *exits;             /* [t.n_exits] */
    struct code_page_link pages[];       /* [n_pages] */
};

extern struct base_lock code_lock;

/* ---- zone.c: memory ----
 * A region is filled from below with what runs often, from above with what runs seldom.  Regions make two rings:
 * first translations, and the longer ones of hot code. */
struct code_ring { int first, n, current; };
struct code_place { size_t hot, cold; }; /* offsets from rx */
struct code_zone {
    uint8_t *rx, *rw;
    size_t size;                         /* all, trampolines included */
    size_t region_size, hot_used[CODE_REGIONS], cold_used[CODE_REGIONS];
    int32_t *counters;                   /* by id: runs until a first translation counts as hot */
    uint32_t *part_counters, next_part_counter; /* as many: runs of what follows branches; lent in turn and never returned, for
                                            a wrong count is no harm */
    uint32_t n_counters;
    size_t hot_ready[CODE_REGIONS], cold_ready[CODE_REGIONS]; /* bytes whose pages are in place */
    struct code_ring rings[2];
    struct node *nodes[CODE_REGIONS];    /* living translations by region */
    uint64_t emptied_at[CODE_REGIONS];   /* epoch when its last translation died */
    _Atomic uint32_t n_placed[CODE_REGIONS]; /* since it was last empty: entries of table.c's index by host address */
};
extern struct code_zone zone;
void zone_map(size_t size);
/* Room in a region: true, *p; false if it is full. */
bool zone_take(int region, size_t hot, size_t cold, struct code_place *p);
size_t zone_region_start(int region);
void zone_region_reset(int region);
size_t zone_used(void);
void zone_copy_to(uint8_t *to);          /* what is in use, at the same offsets */
static inline int ring_next(const struct code_ring *r, int region) { return r->first + (region - r->first + 1) % r->n; }
void zone_copy_before_fork(void);
void zone_copy_after_fork(bool child);
static inline uint8_t *zone_rw(const uint8_t *rx)
{
    return zone.rw + (rx - zone.rx);
}

/* ---- slab.c: memory of nodes (code_lock held) ---- */
void *slab_alloc(size_t size);           /* not zeroed; never fails */
void slab_free(void *p, size_t size);    /* size as it was asked for */

/* ---- notes.c: instructions, relocations and sides, packed ---- */
size_t notes_room(const struct ir_block *b, const struct vex_code *c); /* more than notes_write needs */
size_t notes_write(uint8_t *to, const struct ir_block *b, const struct vex_code *c); /* bytes written */
void notes_each_reloc(const struct node *n, void (*fn)(const struct node *n, const struct vex_reloc *r));

/* ---- table.c: look-up ---- */
void table_init(void);
void table_name(struct node *n);         /* gives it its id */
void table_add(struct node *n);          /* publishes it: hash, host addresses, pages */
void table_host(struct node *n);         /* host addresses again, after a move: in the order of places */
void table_remove(struct node *n);       /* from hash and pages; id and host addresses stay */
void table_forget(struct node *n);       /* the id: nobody runs it any more */
struct node *table_find(guest_addr pc, int mode); /* lock-free */
struct code_page_link *table_page(guest_addr page);
/* Offset in t's code of a host address; at least t->size if it is not in it. */
uint32_t table_offset_in(const struct translation *t, const void *rx);
/* Calls fn for every living translation; fn may remove it. */
void table_each(void (*fn)(struct node *n, void *arg), void *arg);
uint32_t table_count(void);

/* ---- epoch.c: who may still run what ---- */
uint64_t epoch_advance(void);            /* flush bits are set before; the epoch deaths are stamped with */
/* Every thread but the caller's has passed a safe point since epoch e, or stands outside generated code. */
bool epoch_passed(uint64_t e);
/* Makes all threads but this leave generated code soon, clearing their jump caches; ... */
void epoch_ask_safe_points(void);
/* ... and clears this one's at once. */
void epoch_flush_caches(void);
/* Takes dead n out of every thread's jump cache. */
void epoch_forget_jumps(const struct node *n);
bool epoch_alone(void);
