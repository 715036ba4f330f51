/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/segments: what is mapped where in the client strip.
 *
 * Sole owner of the segment list: sorted, no overlaps, adjacent equal ones merged.
 * A treap ordered by address; every node knows the extent of its subtree and the
 * largest gap in it, so that look-up and first fit are O(log n).
 * Every function takes the list lock for its own duration: each is one step to readers.
 * Writers are serialised by the caller (the map lock of space/).  */
#pragma once
#include "base/base.h"
#include "nagrind/tool.h"

enum {
    SEGMENT_STACK = 1,      /* MAP_STACK, never merged: a thread's stack */
    SEGMENT_GROWS = 2,      /* MAP_GROWSDOWN or the main stack */
    SEGMENT_CODE = 4        /* was executable once: translations may exist */
};
struct segment {
    struct ng_segment s;
    uint8_t flags;
    guest_addr attach;      /* NG_SEG_SHM: start of the attachment */
};

void segments_init(void);
bool segments_at(guest_addr a, struct segment *out);
/* The first segment that ends above a. */
bool segments_next(guest_addr a, struct segment *out);
/* The last segment that starts below a. */
bool segments_before(guest_addr a, struct segment *out);
/* Removes [a, end) and puts `with` (or nothing) there.  What was there goes to *removed (malloc'd; may be NULL):
 * their number is returned.  with->s must lie in [a, end). */
int segments_replace(guest_addr a, guest_addr end, const struct segment *with, struct segment **removed);
/* Changes the protection of all that is mapped in [a, end). */
void segments_set_prot(guest_addr a, guest_addr end, int prot);
bool segments_overlap(guest_addr a, guest_addr end);
/* Is all of [a, end) mapped, with at least prot? */
bool segments_allow(guest_addr a, guest_addr end, int prot);
/* Lowest address of a gap of size bytes within [low, high); 0: none. */
guest_addr segments_find_gap(uint64_t size, guest_addr low, guest_addr high);
/* Bytes mapped in all. */
uint64_t segments_total(void);
int segments_count(void);
/* Order, disjointness, summaries: for tests and --sanity. */
bool segments_are_valid(void);
