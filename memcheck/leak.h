/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leak inside: the search (leak_search.c), what it finds (leak_records.c), and how it is told (leak.c).
 *
 * A search sees every live block as a chunk, sorted by address.  From the roots
 * (writable mappings and registers) it marks what start pointers reach as
 * reachable and what only interior pointers reach as possibly lost; each group
 * that is left has a leader that is definitely lost and brings the rest along
 * as indirectly lost.  The world stands still meanwhile.
 */
#pragma once
#include "heap.h"

enum { LEAK_NO_HEURISTIC = HEUR_KINDS };
struct leak_chunk {
    guest_addr addr;
    uint64_t size;
    uint64_t indirect;      /* of a leader: bytes its group loses with it */
    const struct heap_block *block;
    uint32_t leader;        /* of an indirectly lost one: the chunk that leads its group */
    uint8_t state;          /* LEAK_*; LEAK_DEFINITE until something reaches it */
    uint8_t heuristic;      /* that made it reachable, or LEAK_NO_HEURISTIC */
    uint8_t is_leader;
};
struct leak_chunks { struct leak_chunk *c; uint32_t n; uint64_t bytes_scanned; };

/* Finds all live blocks; drops those that hold other blocks.  0 chunks: *out is empty. */
void leak_collect(struct leak_chunks *out);
/* Fills in states and groups. */
void leak_search(struct leak_chunks *chunks, unsigned heuristics);
void leak_chunks_free(struct leak_chunks *chunks);
/* The interior pointer p into c counts as a start pointer by one of the heuristics: which, or LEAK_NO_HEURISTIC. */
int leak_heuristic(const struct leak_chunk *c, guest_addr p, unsigned heuristics);
/* An aligned word that is addressable and defined. */
bool leak_read_word(guest_addr a, uint64_t *value);

/* ---- records: chunks of one state from one place ---- */
struct leak_figures { uint64_t bytes, indirect, blocks; };
struct leak_record {
    ng_trace trace;
    uint8_t state;
    struct leak_figures now, old;
    uint64_t heuristic_bytes[HEUR_KINDS], heuristic_blocks[HEUR_KINDS];
};
struct leak_records { struct leak_record *r; uint32_t n; };
/* Merges chunks under --leak-resolution, joins the figures of the search before, and sorts for printing.  The
 * result belongs to the module and lives until the next call. */
const struct leak_records *leak_records_make(const struct leak_chunks *chunks);

/* ---- the whole ---- */
enum leak_delta { LEAK_ANY, LEAK_INCREASED, LEAK_CHANGED, LEAK_NEW };
struct leak_request {
    bool full;              /* print records, else the summary only */
    enum leak_delta delta;
    unsigned show, errors, heuristics; /* masks */
    bool at_exit;
};
void leak_check(const struct leak_request *r);
/* Totals of the last check. */
struct leak_totals { uint64_t bytes[LEAK_KINDS], blocks[LEAK_KINDS], suppressed_bytes, suppressed_blocks;
                     uint64_t heuristic_bytes[HEUR_KINDS], heuristic_blocks[HEUR_KINDS]; };
extern struct leak_totals leak_last;
