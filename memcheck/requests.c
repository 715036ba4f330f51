/* SPDX-License-Identifier: GPL-3.0-or-later */
/* requests: client requests to memcheck, and those to the core that are about heap blocks.
 *
 * args[0] is the code, args[1] to args[5] its arguments.  Blocks that the program
 * has named and ranges without address errors are kept here, under one lock. */
#include <stdlib.h>
#include "leak.h"
#include "instrument.h"

enum {
    MALLOCLIKE_BLOCK = 0x1301, FREELIKE_BLOCK, CREATE_MEMPOOL, DESTROY_MEMPOOL, MEMPOOL_ALLOC, MEMPOOL_FREE,
    MEMPOOL_TRIM, MOVE_MEMPOOL, MEMPOOL_CHANGE, MEMPOOL_EXISTS, RESIZEINPLACE_BLOCK,
    MAKE_MEM_NOACCESS = 0x4d430000, MAKE_MEM_UNDEFINED, MAKE_MEM_DEFINED, DISCARD, CHECK_MEM_IS_ADDRESSABLE,
    CHECK_MEM_IS_DEFINED, DO_LEAK_CHECK, COUNT_LEAKS, GET_VBITS, SET_VBITS, CREATE_BLOCK, MAKE_MEM_DEFINED_IF_ADDRESSABLE,
    COUNT_LEAK_BLOCKS, ENABLE_ADDR_ERRORS, DISABLE_ADDR_ERRORS
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void requests_forked(void) { pthread_mutex_init(&lock, NULL); }

/* Room for one more element of a list that never shrinks; aborts the run if there is none. */
static void *grown(void *list, size_t n, size_t size)
{
    if (n & (n - 1)) /* capacity is n rounded up to a power of two */
        return list;
    list = realloc(list, (n ? 2 * n : 1) * size);
    if (!list)
        ng_fatal("out of memory");
    return list;
}

/* ---- named blocks ---- */

struct named { guest_addr addr; uint64_t size; const char *name; ng_trace trace; }; /* size 0: discarded */
static struct named *named;
static size_t n_named;

static uint64_t name_block(struct ng_thread *t, guest_addr a, uint64_t size, guest_addr name)
{
    char text[256];
    if (a == 0 || size == 0)
        return (uint64_t)-1;
    if (ng_read_string(text, name, sizeof text) < 0)
        text[0] = 0;
    const struct named block = { a, size, ng_intern(text), ng_trace_take(t) };
    pthread_mutex_lock(&lock);
    named = grown(named, n_named, sizeof *named);
    const uint64_t handle = n_named;
    named[n_named++] = block;
    pthread_mutex_unlock(&lock);
    return handle;
}

static uint64_t discard_block(uint64_t handle)
{
    pthread_mutex_lock(&lock);
    const bool valid = handle < n_named && named[handle].size != 0;
    if (valid)
        named[handle].size = 0;
    pthread_mutex_unlock(&lock);
    return !valid;
}

bool requests_describe_addr(guest_addr a)
{
    struct named found = { 0 };
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_named && found.size == 0; i++)
        if (a >= named[i].addr && a - named[i].addr < named[i].size)
            found = named[i];
    pthread_mutex_unlock(&lock);
    if (found.size == 0)
        return false;
    ng_auxwhat("Address 0x%llx is %s bytes inside a %s of size %s client-defined", (unsigned long long)a,
               ng_commas(a - found.addr), found.name, ng_commas(found.size));
    ng_trace_print(found.trace);
    return true;
}

/* ---- ranges without address errors ---- */

struct range { guest_addr start, end; };
static struct range *ignored;
static size_t n_ignored;

static void ignore_range(guest_addr start, guest_addr end)
{
    if (start >= end)
        return;
    pthread_mutex_lock(&lock);
    ignored = grown(ignored, n_ignored, sizeof *ignored);
    ignored[n_ignored++] = (struct range){ start, end };
    pthread_mutex_unlock(&lock);
}

/* Cuts [start, end) out of every range. */
static void heed_range(guest_addr start, guest_addr end)
{
    pthread_mutex_lock(&lock);
    const size_t n = n_ignored;
    for (size_t i = 0; i < n; i++) {
        const struct range r = ignored[i];
        if (r.end <= start || r.start >= end)
            continue;
        ignored[i].end = r.start < start ? start : r.start;
        if (r.end > end) {
            ignored = grown(ignored, n_ignored, sizeof *ignored);
            ignored[n_ignored++] = (struct range){ end, r.end };
        }
    }
    pthread_mutex_unlock(&lock);
}

bool requests_address_ignored(guest_addr a, size_t size)
{
    bool in = false;
    (void)size; /* the first byte decides */
    if (n_ignored == 0)
        return false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_ignored && !in; i++)
        in = a >= ignored[i].start && a < ignored[i].end;
    pthread_mutex_unlock(&lock);
    return in;
}

int requests_parse_ignore_ranges(const char *value)
{
    enum { RANGE_MAX = 64 << 20 };
    for (;;) {
        char *end;
        const unsigned long long low = strtoull(value, &end, 0);
        if (end == value || *end != '-')
            return -1;
        value = end + 1;
        const unsigned long long high = strtoull(value, &end, 0);
        if (end == value || high < low || high - low > RANGE_MAX || (*end && *end != ','))
            return -1;
        ignore_range(low, high + 1);
        if (!*end)
            return 0;
        value = end + 1;
    }
}

/* ---- checks ---- */

static uint64_t check_addressable(struct ng_thread *t, guest_addr a, uint64_t size)
{
    guest_addr bad;
    if (!shadow_find_noaccess(a, size, &bad))
        return 0;
    errors_user(t, true, bad, 0);
    return bad;
}

/* At most one error of each kind; the lower address is the result. */
static uint64_t check_defined(struct ng_thread *t, guest_addr a, uint64_t size)
{
    guest_addr bad_a = 0, bad_v = 0;
    origin_tag tag = 0;
    const bool noaccess = shadow_find_noaccess(a, size, &bad_a);
    const bool undefined = shadow_find_undefined(a, size, &bad_v, &tag);
    if (undefined)
        errors_user(t, false, bad_v, tag);
    if (noaccess)
        errors_user(t, true, bad_a, 0);
    return noaccess && (!undefined || bad_a < bad_v) ? bad_a : bad_v;
}

/* ---- V bits ---- */

enum { VBITS_OK = 1, VBITS_UNADDRESSABLE = 3 };

static uint64_t get_vbits(guest_addr a, guest_addr to, uint64_t size)
{
    guest_addr bad;
    if (shadow_find_noaccess(a, size, &bad) || shadow_find_noaccess(to, size, &bad))
        return VBITS_UNADDRESSABLE;
    for (uint64_t i = 0; i < size; i++) {
        uint8_t v = 0;
        shadow_get_byte(a + i, &v);
        if (ng_write(to + i, &v, 1) < 1)
            return VBITS_UNADDRESSABLE;
    }
    shadow_make_defined(to, size);
    return VBITS_OK;
}

static uint64_t set_vbits(guest_addr a, guest_addr from, uint64_t size)
{
    guest_addr bad;
    if (shadow_find_noaccess(a, size, &bad) || shadow_find_noaccess(from, size, &bad))
        return VBITS_UNADDRESSABLE;
    for (uint64_t i = 0; i < size; i++) {
        uint8_t v;
        if (ng_read(&v, from + i, 1) < 1)
            return VBITS_UNADDRESSABLE;
        shadow_set_byte(a + i, v);
    }
    return VBITS_OK;
}

/* ---- leaks ---- */

static void do_leak_check(bool summary, uint64_t delta)
{
    const struct leak_request q = { .full = !summary, .delta = delta <= LEAK_NEW ? (enum leak_delta)delta : LEAK_ANY,
                                    .show = mc_options.show_leak_kinds, .errors = mc_options.errors_for_leak_kinds,
                                    .heuristics = mc_options.leak_heuristics };
    if (delta > LEAK_NEW)
        ng_msg("Warning: unknown memcheck leak search deltamode");
    ng_world_stop();
    leak_check(&q);
    ng_world_resume();
}

static void store(guest_addr to, uint64_t value)
{
    if (ng_write(to, &value, sizeof value) == sizeof value)
        shadow_make_defined(to, sizeof value);
}

/* args[1..4]: where leaked, dubious, reachable and suppressed go. */
static void count_leaks(const uint64_t args[6], const uint64_t n[LEAK_KINDS], uint64_t suppressed)
{
    store(args[1], n[LEAK_DEFINITE] + n[LEAK_INDIRECT]);
    store(args[2], n[LEAK_POSSIBLE]);
    store(args[3], n[LEAK_REACHABLE]);
    store(args[4], suppressed);
}

/* ---- dispatch ---- */

static bool handle_blocks(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    switch (a[0]) {
    case MALLOCLIKE_BLOCK:
        if (a[1])
            heap_custom_alloc(t, a[1], a[2], a[3], a[4]);
        break;
    case FREELIKE_BLOCK: heap_custom_free(t, a[1], HEAP_CUSTOM); break;
    case RESIZEINPLACE_BLOCK: heap_custom_resize(t, a[1], a[2], a[3], a[4]); break;
    case CREATE_MEMPOOL: heap_pool_create(t, a[1], a[2], a[3], (unsigned)a[4]); break;
    case DESTROY_MEMPOOL: heap_pool_destroy(t, a[1]); break;
    case MEMPOOL_ALLOC: heap_pool_alloc(t, a[1], a[2], a[3]); break;
    case MEMPOOL_FREE: heap_pool_free(t, a[1], a[2]); break;
    case MEMPOOL_TRIM: heap_pool_trim(t, a[1], a[2], a[3]); break;
    case MOVE_MEMPOOL: heap_pool_move(t, a[1], a[2]); break;
    case MEMPOOL_CHANGE: heap_pool_change(t, a[1], a[2], a[3], a[4]); break;
    case MEMPOOL_EXISTS: *result = heap_pool_exists(a[1]); break;
    default: return false;
    }
    return true;
}

bool requests_handle(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    switch (a[0]) {
    case MAKE_MEM_NOACCESS:
        stack_hole(a[1], a[2]);
        shadow_make_noaccess(a[1], a[2]);
        break;
    case MAKE_MEM_UNDEFINED:
        shadow_make_undefined(a[1], a[2], mc_options.track_origins ? origin_make(ng_trace_take(t), ORIGIN_CLIENT) : 0);
        break;
    case MAKE_MEM_DEFINED: shadow_make_defined(a[1], a[2]); break;
    case MAKE_MEM_DEFINED_IF_ADDRESSABLE: shadow_make_defined_if_addressable(a[1], a[2]); break;
    case DISCARD: *result = discard_block(a[2]); return true;
    case CREATE_BLOCK: *result = name_block(t, a[1], a[2], a[3]); return true;
    case CHECK_MEM_IS_ADDRESSABLE: *result = check_addressable(t, a[1], a[2]); return true;
    case CHECK_MEM_IS_DEFINED: *result = check_defined(t, a[1], a[2]); return true;
    case GET_VBITS: *result = get_vbits(a[1], a[2], a[3]); return true;
    case SET_VBITS: *result = set_vbits(a[1], a[2], a[3]); return true;
    case DO_LEAK_CHECK:
        do_leak_check(a[1] != 0, a[2]);
        *result = 0;
        return true;
    case COUNT_LEAKS:
        count_leaks(a, leak_last.bytes, leak_last.suppressed_bytes);
        *result = 0;
        return true;
    case COUNT_LEAK_BLOCKS:
        count_leaks(a, leak_last.blocks, leak_last.suppressed_blocks);
        *result = 0;
        return true;
    case ENABLE_ADDR_ERRORS:
        heed_range(a[1], a[1] + a[2]);
        *result = 1;
        return true;
    case DISABLE_ADDR_ERRORS:
        ignore_range(a[1], a[1] + a[2]);
        *result = 1;
        return true;
    default: return handle_blocks(t, a, result);
    }
    *result = (uint64_t)-1;
    return true;
}
