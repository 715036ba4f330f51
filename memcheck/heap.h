/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap inside: what the heap*.c, leak*.c and requests.c files share.
 *
 * Layers, each using only those above it:
 *   heap_spans.c     client pages in spans of equal slots; block records, look-up by address
 *   heap_blocks.c    allocation and release: per-thread caches, quarantine, shadow, statistics
 *   heap_lazy.c      shadow of large blocks
 *   heap_fast.c      the fast ways of the hooks for small blocks, with what a thread has at hand (heap_cache.h)
 *   heap_inherit.h   whose the fresh bytes are that realloc moves
 *   heap_custom.c    blocks that the program declares by client request, and mempools
 *   heap_describe.c  what a report says about an address
 *   heap_hooks.c, heap_cxx.c   the replaced functions; heap_redirects.c their table
 *
 * Everything known about a block is in its record in the tool half; nothing
 * is in client memory, where an overrun could reach it.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <sys/single_threaded.h>
#include "memcheck.h"

/* Newer than the rest of the tool API; a core without them still loads memcheck. */
#pragma weak ng_option_value
#pragma weak ng_symbol_find
#pragma weak ng_fault
#pragma weak ng_hook_jump
#pragma weak ng_fd_hide

enum heap_kind { HEAP_MALLOC, HEAP_NEW, HEAP_NEW_ARRAY, HEAP_CUSTOM, HEAP_POOL };
enum heap_state {
    HEAP_UNUSED,   /* never handed out, or given back */
    HEAP_LIVE,
    HEAP_FREED     /* until its slot is used again */
};

/* 32 bytes, aligned to that: whatever is done to a block touches one cache line of records. */
struct heap_block {
    guest_addr addr;             /* what the program got; 0: its slot has never been used */
    uint64_t size : 46;          /* as asked for; more than the strip has */
    uint64_t inherited : 12;     /* of a live one: so many bytes came by realloc, and are from origin_trace where they are fresh */
    uint64_t align_log2 : 6;     /* of the alignment asked for; 0: none was */
    ng_trace alloc_trace;        /* as --keep-stacktraces says; 0: none */
    union {
        ng_trace free_trace;     /* of a freed block; the same */
        ng_trace origin_trace;   /* of a live one without alloc_trace: the same for origins, which need it anyway; or see `inherited` */
    };
    uint32_t leak_index;         /* of a live block in a span, while a leak search runs */
    uint16_t thread;             /* that allocated it */
    uint8_t kind : 4;
    uint8_t flags : 4;           /* HEAP_FLAG_* */
    _Atomic uint8_t state;
};
_Static_assert(sizeof(struct heap_block) == 32, "half a cache line");
enum { HEAP_INHERITED_MAX = (1 << 12) - 1 };
/* What a program may claim of a block of its own, as struct heap_block can say it: the largest size for any that is larger. */
static inline uint64_t heap_size_field(uint64_t size) { return size >> 46 ? (1ull << 46) - 1 : size; }
enum {
    HEAP_FLAG_META = 1,          /* a metapool's superblock */
    HEAP_FLAG_STACK = 2          /* a stack pointer has been seen in it */
};

/* A run of client pages cut into n_slots equal slots: redzone, block, redzone. */
struct heap_span {
    guest_addr start;
    struct heap_block *blocks;   /* n_slots records */
    uint64_t reciprocal;         /* of slot_size, times 2^HEAP_RECIPROCAL_LOG2, rounded up */
    uint32_t n_slots;
    uint32_t n_used;             /* slots ever handed out, from the first one */
    uint64_t slot_size;
    int class;                   /* of its slots; HEAP_CLASSES: a large block's */
    uint64_t size;
    struct heap_lazy *lazy;      /* of heap_lazy.c, or NULL */
    bool kept;                   /* served another block before: contents and shadow are pages that stay */
    struct heap_span *next, *prev; /* all small spans, all large ones, or unused records of large ones */
};

enum { HEAP_GRANULE_LOG2 = 16, HEAP_CLASSES = 96, HEAP_RECIPROCAL_LOG2 = 44 };
#define HEAP_GRANULE (1ull << HEAP_GRANULE_LOG2)
#define HEAP_SMALL_MAX (128ull << 10)   /* slots above have a mapping of their own */

extern uint64_t heap_redzone, heap_min_align;    /* from the core's options, rounded */

/* ---- spans ---- */
/* Classes: every 16 bytes up to HEAP_LINEAR_MAX, then eight to each doubling. */
enum { HEAP_LINEAR_MAX = 512 };
int heap_class_of_more(uint64_t slot_bytes);     /* of more than HEAP_LINEAR_MAX */
static inline int heap_class_of(uint64_t slot_bytes) /* smallest class that holds it; slot_bytes <= HEAP_SMALL_MAX */
{
    return slot_bytes > HEAP_LINEAR_MAX ? heap_class_of_more(slot_bytes) : slot_bytes == 0 ? 0 : (int)((slot_bytes + 15) / 16) - 1;
}
uint64_t heap_class_size(int class);
/* Up to n fresh slots of a class, as the addresses their blocks have; returns how many (0: no memory).  Their shadow is noaccess. */
int heap_span_carve(int class, int n, guest_addr *slots);
/* A mapping of its own for `bytes` bytes of slot: its record, or NULL.  Zero with zero shadow, unless the span is
 * `kept`: then there is anything in it, and all of it is noaccess. */
struct heap_block *heap_span_large(uint64_t bytes);
/* Its block has left the quarantine: it is kept for another one, or unmapped. */
void heap_span_give_large(struct heap_block *b);
struct heap_span *heap_span_at(guest_addr a);    /* lock-free; NULL: no span */
/* The record of the slot that holds a, whatever its state; NULL: none. */
struct heap_block *heap_slot_at(guest_addr a);

/* The tables of granules: a leaf is published with all behind it, and stays. */
enum { HEAP_LEAF_LOG2 = 14, HEAP_ROOT_LOG2 = 47 - HEAP_GRANULE_LOG2 - HEAP_LEAF_LOG2 };
struct heap_leaf {
    _Atomic(struct heap_span *) span[1 << HEAP_LEAF_LOG2];
    _Atomic uint64_t quick[1 << HEAP_LEAF_LOG2]; /* of a small span of one granule: its records' address | class << 48 */
};
extern _Atomic(struct heap_leaf *) heap_root[1 << HEAP_ROOT_LOG2] __attribute__((visibility("hidden")));
/* Of 2^32, rounded up; exact where it is used: an offset below 2^16 by a size of at most 2^13. */
extern uint32_t heap_slot_reciprocal[HEAP_CLASSES] __attribute__((visibility("hidden")));

/* A slot found with the table alone, which is small enough to stay in the processor's caches: spans are not.  The record is that of
 * a tail, or of a slot never used, where nothing has been handed out (its addr is 0).  NULL: no such span. */
struct heap_quick { struct heap_block *block; int class; };
static inline __attribute__((always_inline)) struct heap_quick heap_quick_at(guest_addr a)
{
    const uint64_t g = a >> HEAP_GRANULE_LOG2;
    if (g >> (HEAP_LEAF_LOG2 + HEAP_ROOT_LOG2))
        return (struct heap_quick){ NULL, 0 };
    struct heap_leaf *l = atomic_load_explicit(&heap_root[g >> HEAP_LEAF_LOG2], memory_order_acquire);
    const uint64_t q = l ? atomic_load_explicit(&l->quick[g & ((1 << HEAP_LEAF_LOG2) - 1)], memory_order_acquire) : 0;
    if (q == 0)
        return (struct heap_quick){ NULL, 0 };
    const int class = (int)(q >> 48);
    const uint64_t slot = (a & (HEAP_GRANULE - 1)) * heap_slot_reciprocal[class] >> 32;
    return (struct heap_quick){ (struct heap_block *)(uintptr_t)(q & 0xffffffffffff) + slot, class };
}
static inline guest_addr heap_slot_start(const struct heap_span *s, const struct heap_block *b)
{
    return s->start + (uint64_t)(b - s->blocks) * s->slot_size;
}
/* Calls fn for every record ever handed out, spans in no order. */
void heap_spans_each(void (*fn)(struct heap_block *b, void *arg), void *arg);
void heap_spans_forked(void);

/* ---- shadow of large blocks ---- */
#define HEAP_LAZY_MIN (256ull << 10)
/* V bytes of a block with a span of its own become VPAT_NOACCESS, VPAT_FRESH or VPAT_UNDEFINED without being touched; false:
 * nothing was done, or some have become zero. */
bool heap_lazy_fill(const struct heap_block *b, uint8_t byte);
/* Shadow of the span's pages back to zero, and to ordinary pages that take no memory. */
void heap_lazy_drop(struct heap_span *s);
/* The tool's plane_fault: runs in a signal handler. */
bool heap_lazy_fault(uint64_t host);
void heap_lazy_forked(void);

/* ---- blocks ---- */
struct heap_request {
    uint64_t size;
    uint64_t align;              /* 0: default */
    enum heap_kind kind;
    bool zeroed;                 /* contents zero and defined */
    uint64_t copied;             /* of so many bytes, from the first one, the caller sets the shadow at once, so nothing need be there */
};
/* A new block, 0 if there is no memory.  Counts it, takes its trace, marks its shadow. */
guest_addr heap_alloc(struct ng_thread *t, const struct heap_request *r);
/* The live block that starts at a, or NULL. */
struct heap_block *heap_live_block(guest_addr a);
static inline bool heap_is_live_at(const struct heap_block *b, guest_addr a)
{
    return b && b->addr == a && atomic_load_explicit(&b->state, memory_order_acquire) == HEAP_LIVE;
}
/* A live block becomes a freed one; false: another thread was faster.  While the process has one thread it takes no lock of
 * the bus: that would wait for all stores before it, most of them to cold memory. */
static inline bool heap_claim(struct heap_block *b)
{
    uint8_t live = HEAP_LIVE;
    if (!__libc_single_threaded)
        return atomic_compare_exchange_strong(&b->state, &live, HEAP_FREED);
    if (atomic_load_explicit(&b->state, memory_order_relaxed) != HEAP_LIVE)
        return false;
    atomic_store_explicit(&b->state, HEAP_FREED, memory_order_relaxed);
    return true;
}
/* Frees a live block; false: another thread was faster. */
bool heap_release(struct ng_thread *t, struct heap_block *b);
/* Writes size bytes of value at a; stops silently where the client has taken access away. */
void heap_fill(guest_addr a, uint64_t size, uint8_t value);
/* Takes traces as --keep-stacktraces asks. */
void heap_trace_alloc(struct ng_thread *t, struct heap_block *b);
void heap_trace_free(struct ng_thread *t, struct heap_block *b);
/* Counters of HEAP SUMMARY; also for custom blocks. */
void heap_count_alloc(uint64_t size);
void heap_count_free(uint64_t size);
void heap_count_invalid_free(void);  /* frees that free nothing count too */
void heap_count_pool_free(uint64_t size); /* mempool chunks count as allocs, but not as frees */
void heap_count_resize(int64_t delta);
struct heap_totals { uint64_t allocs, frees, bytes_allocated, live_bytes, live_blocks; };
struct heap_totals heap_totals(void);

/* ---- custom blocks and mempools ---- */
void heap_custom_alloc(struct ng_thread *t, guest_addr a, uint64_t size, uint64_t redzone, bool zeroed);
/* kind: HEAP_CUSTOM for a FREELIKE request, else of the function that frees a.  A block that is not custom is
 * freed as what it is, with an error. */
void heap_custom_free(struct ng_thread *t, guest_addr a, enum heap_kind kind);
void heap_custom_resize(struct ng_thread *t, guest_addr a, uint64_t old_size, uint64_t new_size, uint64_t redzone);
/* Records of the program's own blocks, mempool chunks and recently freed ones included.  World stopped. */
void heap_custom_each(void (*fn)(struct heap_block *b, void *arg), void *arg);
/* A copy of a custom block or pool chunk that holds a, or whose redzone does; meta: metapool superblocks only. */
bool heap_custom_near(guest_addr a, enum heap_state state, bool meta, struct heap_block *out);
void heap_custom_forked(void);
void heap_pool_create(struct ng_thread *t, guest_addr pool, uint64_t redzone, bool zeroed, unsigned flags);
void heap_pool_destroy(struct ng_thread *t, guest_addr pool);
void heap_pool_alloc(struct ng_thread *t, guest_addr pool, guest_addr a, uint64_t size);
void heap_pool_free(struct ng_thread *t, guest_addr pool, guest_addr a);
void heap_pool_trim(struct ng_thread *t, guest_addr pool, guest_addr a, uint64_t size);
void heap_pool_move(struct ng_thread *t, guest_addr from, guest_addr to);
void heap_pool_change(struct ng_thread *t, guest_addr pool, guest_addr from, guest_addr to, uint64_t size);
bool heap_pool_exists(guest_addr pool);

/* ---- requests.c ---- */
bool requests_describe_addr(guest_addr a);      /* a block that the program has named */
void requests_forked(void);

/* ---- hooks ---- */
/* Offset from the thread pointer of the variable that libc's accessor function (__errno_location and the like:
 * [endbr64] mov rax,[rip+d] or a number; add rax,fs:0; ret) returns the address of; 0: unknown (yet). */
int64_t heap_tls_offset(const char *accessor);
/* Sets the client's errno. */
void heap_set_errno(struct ng_thread *t, int value);
/* Common end of every hook that returns a value. */
static inline void heap_return(struct x86_state *s, uint64_t value)
{
    s->gpr[X86_RAX] = value;
    registers_result_defined(s);
}
/* Frees p as `kind`, with the errors of free(); 0 is no error. */
void heap_hook_free(struct ng_thread *t, guest_addr p, enum heap_kind kind);
#define HEAP_HOOK(name) void name(struct ng_thread *t, struct x86_state *s)
HEAP_HOOK(heap_malloc); HEAP_HOOK(heap_free); HEAP_HOOK(heap_calloc); HEAP_HOOK(heap_realloc);
HEAP_HOOK(heap_reallocarray); HEAP_HOOK(heap_memalign); HEAP_HOOK(heap_aligned_alloc);
HEAP_HOOK(heap_posix_memalign); HEAP_HOOK(heap_valloc); HEAP_HOOK(heap_pvalloc); HEAP_HOOK(heap_free_sized);
HEAP_HOOK(heap_free_aligned_sized); HEAP_HOOK(heap_usable_size); HEAP_HOOK(heap_return_0); HEAP_HOOK(heap_return_1);
HEAP_HOOK(heap_mallinfo); HEAP_HOOK(heap_mallinfo2); HEAP_HOOK(heap_set_state);
HEAP_HOOK(heap_new); HEAP_HOOK(heap_new_nothrow); HEAP_HOOK(heap_new_aligned); HEAP_HOOK(heap_new_aligned_nothrow);
HEAP_HOOK(heap_new_array); HEAP_HOOK(heap_new_array_nothrow); HEAP_HOOK(heap_new_array_aligned);
HEAP_HOOK(heap_new_array_aligned_nothrow);
HEAP_HOOK(heap_delete); HEAP_HOOK(heap_delete_sized); HEAP_HOOK(heap_delete_aligned); HEAP_HOOK(heap_delete_sized_aligned);
HEAP_HOOK(heap_delete_array); HEAP_HOOK(heap_delete_array_sized); HEAP_HOOK(heap_delete_array_aligned);
HEAP_HOOK(heap_delete_array_sized_aligned);

/* ---- fast ways (nagrind/tool.h: struct ng_redirect.fast) ----
 * What nearly every call is: of a small block, right, with the usual options, along a path that is known.  Where anything is
 * otherwise they decline; so they do where a shared list is needed.  What is left behind is as the hook would have it. */
#define HEAP_FAST(name) struct ng_fast heap_fast_##name(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
HEAP_FAST(malloc); HEAP_FAST(calloc); HEAP_FAST(realloc); HEAP_FAST(free); HEAP_FAST(new); HEAP_FAST(new_array);
HEAP_FAST(delete); HEAP_FAST(delete_sized); HEAP_FAST(delete_array); HEAP_FAST(delete_array_sized);
