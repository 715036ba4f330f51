/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memcheck: the memory checker, a tool on nagrind/tool.h alone.
 *
 * Modules: main (options, events), shadow (V and O planes), registers (shadows of
 * registers, attention), instrument_clean (mode 0), instrument_dirty and rules
 * (mode 1), helpers (what generated code calls), errors (kinds, texts,
 * suppressions), heap, leak, strings, requests.  */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "nagrind/tool.h"

/* ---- options (options.c) ---- */
enum { LEAK_REACHABLE, LEAK_POSSIBLE, LEAK_INDIRECT, LEAK_DEFINITE, LEAK_KINDS }; /* also the order of printing */
enum { HEUR_STDSTRING, HEUR_LENGTH64, HEUR_NEWARRAY, HEUR_MULTIPLEINHERITANCE, HEUR_KINDS };
enum { KEEP_ALLOC, KEEP_FREE, KEEP_ALLOC_AND_FREE, KEEP_ALLOC_THEN_FREE, KEEP_NONE };
enum { LEAK_CHECK_NO, LEAK_CHECK_SUMMARY, LEAK_CHECK_YES /* parsed to FULL */, LEAK_CHECK_FULL };
struct mc_options {
    int leak_check;                       /* LEAK_CHECK_NO, SUMMARY or FULL */
    unsigned show_leak_kinds, errors_for_leak_kinds; /* 1 << LEAK_* */
    int leak_resolution;                  /* frames that must match: 2, 4, or 0 for all */
    unsigned leak_heuristics;             /* 1 << HEUR_* */
    bool undef_value_errors, track_origins, origins_asked /* by the user */, partial_loads_ok;
    int64_t freelist_vol, freelist_big_blocks;
    int keep_stacktraces;                 /* KEEP_* */
    int malloc_fill, free_fill;           /* byte, or -1: none */
    bool show_mismatched_frees, show_realloc_size_zero, realloc_zero_frees;
};
extern struct mc_options mc_options;
extern const struct ng_option mc_option_table[];
/* "definite,possible", "all", "none" to a mask of 1 << LEAK_*; -1: malformed. */
int options_parse_leak_kinds(const char *value);
int options_parse_heuristics(const char *value); /* mask of 1 << HEUR_*, or -1 */

/* ---- shadow memory (shadow.c) ----
 * V byte: 0 defined, set bits undefined, 0xff undefined, VPAT_NOACCESS not
 * addressable.  With origins VPAT_FRESH is undefined, too: memory of a stack as
 * growing left it, or of a heap block as malloc did, whose tag nobody wrote down.
 * It is found when such memory is read (shadow_fresh.c).  Genuine V bytes of the two patterns are kept in a side
 * table.
 * Client pages that are not mapped have V 0: their access faults by itself.
 * All functions take any range; what lies outside strip 0 is left alone. */
enum { VPAT_DEFINED = 0, VPAT_UNDEFINED = 0xff, VPAT_NOACCESS = IR_NOACCESS_BYTE, VPAT_FRESH = IR_PASS_BYTE };

typedef uint32_t origin_tag;              /* trace << 2 | ORIGIN_*; 0: none known */
enum { ORIGIN_UNKNOWN, ORIGIN_HEAP, ORIGIN_STACK, ORIGIN_CLIENT };
/* 0 unless --track-origins=yes.  */
static inline origin_tag origin_make(ng_trace trace, int kind)
{
    return mc_options.track_origins ? trace << 2 | (unsigned)kind : 0;
}

/* What stacks become when they grow, and heap blocks when they are made. */
static inline uint8_t shadow_fresh_pattern(void)
{
    return !mc_options.undef_value_errors ? VPAT_DEFINED : mc_options.track_origins ? VPAT_FRESH : VPAT_UNDEFINED;
}

void shadow_init(void);
void shadow_make_noaccess(guest_addr a, size_t size);
/* Becomes defined under --undef-value-errors=no.  tag may be 0. */
void shadow_make_undefined(guest_addr a, size_t size, origin_tag tag);
/* As above, for stacks and heap blocks: the tag is that of the frame or block it will lie in. */
void shadow_make_fresh(guest_addr a, size_t size);
void shadow_make_defined(guest_addr a, size_t size);
/* Bytes that are addressable become defined, the others stay. */
void shadow_make_defined_if_addressable(guest_addr a, size_t size);
/* Shadow state of [from, from+size), addressability included, to `to`; ranges may overlap. */
void shadow_copy(guest_addr from, guest_addr to, size_t size);
/* As shadow_copy for a copy by the program itself: bytes that are not addressable at `from` arrive
 * as defined, those not addressable at `to` stay so. */
void shadow_copy_values(guest_addr from, guest_addr to, size_t size);
/* First byte that is not addressable (by shadow, or not mapped at all): true, *bad. */
bool shadow_find_noaccess(guest_addr a, size_t size, guest_addr *bad);
/* As above, by shadow alone: for memory the caller has just touched. */
bool shadow_find_noaccess_mapped(guest_addr a, size_t size, guest_addr *bad);
/* First addressable byte that has undefined bits: true, *bad, *tag (0 without origins). */
bool shadow_find_undefined(guest_addr a, size_t size, guest_addr *bad, origin_tag *tag);
/* True if all size bytes are addressable and defined, by shadow alone. */
bool shadow_is_clean(guest_addr a, size_t size);
static inline bool shadow_is_clean_word(guest_addr a) /* a in strip 0 */
{
    uint64_t v;
    memcpy(&v, ng_v(a), 8);
    return v == 0;
}
/* One byte, a in strip 0: true if it is addressable; then *v are its V bits. */
bool shadow_get_byte(guest_addr a, uint8_t *v);
/* Sets V bits of one byte exactly (it becomes addressable).  Its origin stays. */
void shadow_set_byte(guest_addr a, uint8_t v);
/* Fresh memory of the range gets its tags and becomes 0xff.  Only with origins; a range in the strip. */
void shadow_settle(guest_addr a, size_t size);
origin_tag shadow_origin(guest_addr a);
void shadow_set_origin(guest_addr a, size_t size, origin_tag tag);

/* ---- shadows of registers (registers.c): for hooks and events, where s is exact ---- */
uint64_t registers_get_v(const struct x86_state *s, int gpr); /* V bits of a general register */
void registers_set_v(struct x86_state *s, int gpr, uint64_t v, origin_tag tag); /* and its attention bit */
origin_tag registers_origin(const struct x86_state *s, int gpr);
/* A hook's result: rax becomes defined.  */
static inline void registers_result_defined(struct x86_state *s) { registers_set_v(s, X86_RAX, 0, 0); }
/* A hook's argument must be defined: else reports Cond, and makes it defined. */
void registers_check_argument(struct ng_thread *t, struct x86_state *s, int gpr);
void registers_refresh_attention(struct x86_state *s); /* all bits from the shadows */

/* ---- errors (errors.c) ---- */
enum mc_error_kind {
    ERR_COND, ERR_VALUE, ERR_ADDR, ERR_JUMP, ERR_PARAM, ERR_FREE, ERR_MISMATCH, ERR_OVERLAP, ERR_LEAK, ERR_FISHY,
    ERR_USER, ERR_REALLOC_ZERO, ERR_BAD_ALIGN, ERR_BAD_SIZE_ALIGN, ERR_ZERO_SIZE, ERR_SIZE_MISMATCH,
    ERR_ALIGN_MISMATCH, ERR_MEMPOOL, ERR_CORE_MEM, ERR_KINDS
};
/* All take NULL for the calling thread. */
void errors_cond(struct ng_thread *t, origin_tag tag);
void errors_value(struct ng_thread *t, size_t size, origin_tag tag);
void errors_addr(struct ng_thread *t, guest_addr a, size_t size, bool write);
void errors_jump(struct ng_thread *t, guest_addr pc);
enum { PARAM_CONTAINS_UNDEFINED, PARAM_POINTS_UNDEFINED, PARAM_POINTS_NOACCESS };
void errors_param(struct ng_thread *t, const char *what, int how, guest_addr a, origin_tag tag);
void errors_user(struct ng_thread *t, bool noaccess, guest_addr a, origin_tag tag);
void errors_free(struct ng_thread *t, guest_addr a);            /* Invalid free() */
void errors_mismatched_free(struct ng_thread *t, guest_addr a); /* does nothing under --show-mismatched-frees=no */
void errors_overlap(struct ng_thread *t, const char *fn, guest_addr to, guest_addr from, size_t len);
/* Reports if size's top bit is set: true. */
bool errors_fishy(struct ng_thread *t, const char *fn, const char *argument, uint64_t size);
void errors_realloc_zero(struct ng_thread *t, guest_addr a);
void errors_bad_alignment(struct ng_thread *t, uint64_t align, const char *should_be); /* "power of 2" ... */
void errors_bad_size_alignment(struct ng_thread *t, uint64_t size, uint64_t align);
void errors_zero_size(struct ng_thread *t);
void errors_size_mismatch(struct ng_thread *t, const char *pair, guest_addr a, uint64_t size);
void errors_align_mismatch(struct ng_thread *t, const char *pair, guest_addr a, uint64_t alloc, uint64_t dealloc); /* dealloc 0: default-aligned */
void errors_mempool(struct ng_thread *t, guest_addr pool);
bool errors_value_error_seen(void); /* any Cond, Value, Param, User(undefined) was recorded */
/* The address description lines of an error: heap's knowledge first, then the core's.  Only inside error_print. */
void errors_describe_addr(guest_addr a);
/* With --track-origins=yes: " Uninitialised value was created ..." */
void errors_print_origin(origin_tag tag);

/* ---- heap (heap.c) ---- */
void heap_init(void);
/* Describes a heap block, freed block or client block that holds or is next to a (ng_auxwhat, ng_trace_print):
 * true; false: a is no business of the heap. */
bool heap_describe_addr(guest_addr a);
/* Where fresh memory at a comes from: true if a lies in a live heap block; then [low, high) is the block; is_stack: it
 * is used as one, so a frame may own a. */
struct heap_origin { origin_tag tag; guest_addr low, high; bool is_stack; };
bool heap_origin_at(guest_addr a, struct heap_origin *o);
/* Is a in a large block whose shadow is to stay in memory, as it will be written again soon? */
bool heap_keeps_shadow(guest_addr a);
void heap_forked(void);
void heap_thread_exited(struct ng_thread *t);
void heap_print_summary(void);           /* HEAP SUMMARY and its lines; XML too */
extern const struct ng_redirect heap_redirects[];    /* end with a NULL symbol */
extern const struct ng_redirect strings_redirects[];

/* ---- leaks (leak.c); world stopped ---- */
void leak_check_at_exit(void);           /* as the options say, incl. "All heap blocks were freed" and hints */
/* ERR_LEAK errors carry a struct of leak.c's own in extra. */
void leak_error_print(const struct ng_error *e);
const char *leak_error_xml_kind(const struct ng_error *e);
/* match-leak-kinds line of a generated suppression. */
void leak_error_weight(const struct ng_error *e, uint64_t *bytes, uint64_t *blocks);
void leak_error_supp_extra(const struct ng_error *e, char extra[256]);
bool leak_supp_matches(const struct ng_error *e, const char *extra); /* extra NULL or "": any kind */
int leak_supp_check_extra(const char *extra);                        /* 0 or -1 */

/* ---- client requests (requests.c) ---- */
bool requests_handle(struct ng_thread *t, const uint64_t args[6], uint64_t *result);
/* Is a inside a range of DISABLE_ADDR_ERROR_REPORTING or --ignore-ranges? */
bool requests_address_ignored(guest_addr a, size_t size);
int requests_parse_ignore_ranges(const char *value); /* --ignore-ranges: 0 or -1 */

/* ---- instrumentation ---- */
void clean_instrument(struct ng_instrument *i);
void dirty_instrument(struct ng_instrument *i);
void helpers_register(void);             /* from init */
