/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code: the code zone (one memfd, mapped RX and RW), the translations in it,
 * their look-up, chaining and deletion.
 *
 * Look-ups take no lock; everything that changes takes the code lock.  A deleted
 * translation's memory is reused only after every thread has passed a safe point. */
#pragma once
#include "base/base.h"
#include "vex/vex.h"

struct translation {                 /* opaque to others but for these */
    guest_addr pc; uint32_t guest_bytes; uint8_t mode;
    uint32_t id;
    uint8_t *rx; uint32_t size;      /* the first `hot` bytes at rx, the rest at cold_rx */
    uint8_t *cold_rx; uint32_t hot;
    uint32_t entry, calm_entry, table_entry, cache_entry; /* offsets from rx; see struct vex_code */
    uint32_t n_exits, n_insns;
    uint32_t n_parts;                /* that count their runs: the whole, and what follows each branch inside; of hot_tier: those
                                        of the first translation, which count no more */
    bool reads_flags;                /* that were made before it */
    bool hot_tier;                   /* a longer translation of hot code */
    bool checked;                    /* from a page that changes often: made anew for every run, never linked */
};

/* hot_after: runs after which a block that counts leaves by IR_EXIT_HOT, at least 1; those of a program with much hot code take
 * more (code_is_hot). */
void code_init(size_t zone_size, uint32_t hot_after);
void *code_tramp(enum vex_tramp t);              /* RX address */
/* Copies *c into the zone as the translation of (b->pc, b->mode) and publishes it; another thread's earlier
 * one wins.  Evicts cold translations when full.  Never fails. */
struct translation *code_insert(const struct ir_block *b, const struct vex_code *c);
/* The same for a longer translation of hot code: takes the place of the first one, jumps that lead there included. */
struct translation *code_insert_hot(const struct ir_block *b, const struct vex_code *c);
/* Runs of part 0 (all of it), 1 .. n_parts - 1 of a first translation so far; from any thread, roughly.  Of a part it may be too
 * little: its counter may have been lent again. */
uint32_t code_runs(const struct translation *t, uint32_t part);
/* t's counter has run out.  Is t hot?  The more longer translations have been made, the more runs that takes; if it is not
 * yet, it counts on. */
bool code_is_hot(struct translation *t);
/* Lets it count on without end: it stays as it is. */
void code_stop_counting(struct translation *t);
struct translation *code_find(guest_addr pc, int mode);          /* or NULL */
struct translation *code_by_host(const void *rx);                /* translation that holds a host address, or NULL */
/* Host address of an offset in t's code. */
static inline uint8_t *code_at(const struct translation *t, uint32_t offset)
{
    return offset < t->hot ? t->rx + offset : t->cold_rx + (offset - t->hot);
}
static inline void *code_entry(const struct translation *t) { return code_at(t, t->entry); }
struct translation *code_by_id(uint32_t id);
/* Guest state description at a host pc inside t; false: none. */
bool code_side(const struct translation *t, const void *rx, struct vex_side *side);
/* Exit i (< n_exits) of t. */
struct ir_exit code_exit(const struct translation *t, uint32_t i);
/* Guest address of instruction i; past the last: of what follows the block. */
guest_addr code_insn_pc(const struct translation *t, uint32_t i);
/* Patches t's exit to jump to `to` directly (no-op if either is dying). */
void code_chain(struct translation *t, uint32_t exit, struct translation *to);
void code_jump_cache_put(struct x86_state *s, guest_addr pc, struct translation *to);
void *code_jump_cache_find(struct x86_state *s, guest_addr pc);  /* own thread's, after a safe point: code, or NULL */
void code_jump_cache_clear(struct x86_state *s);
void code_discard_range(guest_addr a, uint64_t size);            /* any mode */
void code_discard_all(void);
/* Moves every translation to another place (stress and compaction). */
void code_move_all(void);
/* Epochs: a thread calls this whenever it is outside generated code. */
void code_safe_point(struct x86_state *s);
void code_thread_init(struct x86_state *s);
void code_thread_exit(struct x86_state *s);
/* Around fork, with all other threads stopped: the child gets a zone of its own. */
void code_before_fork(void);
void code_after_fork(bool child);        /* in both processes; also if there was no child */
/* --perf-map: the living translations into /tmp/perf-PID.map, where perf looks for the names of generated code. */
void code_perf_map(void);
void code_stats(void);
