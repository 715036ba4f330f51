/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code inside: what zone.c, table.c, epoch.c and code.c share.  All of it is
 * guarded by code_lock, but for what is marked lock-free. */
#pragma once
#include "code/code.h"
#include "run/run.h"

enum { CODE_ALIGN = 16, CODE_REGIONS = 8, CODE_TRAMP_BYTES = 4096 };

/* One direct jump from a translation to another. */
struct code_edge {
    struct node *from, *to;              /* to NULL: leads to the stub */
    uint32_t exit;
    struct code_edge *next, **link;      /* in to's list of incoming edges */
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
    _Atomic bool dead;                   /* out of the tables; runs on until all have passed a safe point */
    uint8_t region;
    struct code_edge *incoming;
    struct code_edge *edges;             /* one an exit */
    struct vex_reloc *relocs;
    uint32_t n_relocs;
    struct ir_extent *extents;           /* guest code it was made of */
    uint32_t n_extents;
    uint32_t *cross, n_cross;            /* of vex_code; only under --stress=move */
    struct code_page_link *pages;
    uint32_t n_pages;
    struct node *region_next, **region_link;
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
    uint32_t n_counters;
    struct code_ring rings[2];
    struct node *nodes[CODE_REGIONS];    /* living translations by region */
    uint64_t emptied_at[CODE_REGIONS];   /* epoch when its last translation died */
};
extern struct code_zone zone;
void zone_map(size_t size);
/* Room in a region: true, *p; false if it is full. */
bool zone_take(int region, size_t hot, size_t cold, struct code_place *p);
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

/* ---- table.c: look-up ---- */
void table_init(void);
void table_name(struct node *n);         /* gives it its id */
void table_add(struct node *n);          /* publishes it: hash, host addresses, pages */
void table_host(struct node *n);         /* host addresses again, after a move */
void table_remove(struct node *n);       /* from hash and pages; id and host addresses stay */
void table_forget(struct node *n);       /* the id: nobody runs it any more */
struct node *table_find(guest_addr pc, int mode); /* lock-free */
struct code_page_link *table_page(guest_addr page);
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
