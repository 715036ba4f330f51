/* SPDX-License-Identifier: GPL-3.0-or-later */
/* helpers: what translations call.  Their address arguments may be anything; an
 * address outside the client strip is left to the access itself, which faults. */
#include "instrument.h"
#include "meet.h"

int helper_stack_moved, helper_cond, helper_value, helper_load, helper_load_wide, helper_store_check, helper_store,
    helper_store_wide, helper_store_defined, helper_load_origin, helper_store_origin, helper_state;

static bool in_strip(guest_addr a, uint64_t size) { return ng_in_client(a) && size <= ng_strip_size - a; }

/* ---- loads ---- */
/* The dynamic linker's own strlen and its like have no name to replace them by (it does not export them). */
static bool in_dynamic_linker(void)
{
    struct ng_segment s;
    if (!ng_segment_at(ng_reg(ng_thread_self(), X86_RIP), &s) || !s.path)
        return false;
    const char *slash = strrchr(s.path, '/');
    return !strncmp(slash ? slash + 1 : s.path, "ld-linux", 8);
}

/* --partial-loads-ok: naturally aligned words and vectors of which some byte is addressable; and the vectors that
 * the dynamic linker's string functions read, up to 64 bytes beyond a string's end. */
static bool is_partial_ok(guest_addr a, uint64_t size, uint64_t bad)
{
    if (!mc_options.partial_loads_ok)
        return false;
    return (bad < size && size >= 4 && !(a & (size - 1))) || (size >= 16 && in_dynamic_linker());
}

/* A byte of the 8 is one that VPAT_NOACCESS and VPAT_FRESH, which differ in the lowest bit, may be.  No byte is
 * missed; a few others count as well. */
static bool has_reserved(uint64_t v)
{
    const uint64_t x = (v & ~0x0101010101010101ull) ^ 0x0101010101010101ull * VPAT_NOACCESS;
    return (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
}

static bool any_reserved(guest_addr a, uint64_t size)
{
    uint64_t word = 0;
    for (uint64_t i = 0; i < size; i += 8) {
        memcpy(&word, ng_v(a + i), size - i < 8 ? size - i : 8);
        if (has_reserved(word))
            return true;
    }
    return false;
}

/* V bits of [a, a+size) to v[]; reports bytes that are not addressable. */
static void load(guest_addr a, uint64_t size, uint8_t *v)
{
    uint64_t bad = 0;
    bool is_bad[64];
    memset(v, 0, size);
    if (!in_strip(a, size))
        return;
    if (mc_options.track_origins)
        shadow_settle(a, size);
    if (!any_reserved(a, size)) { /* the common case: it was fresh */
        memcpy(v, ng_v(a), size);
        return;
    }
    if (stack_zone_open(a, size) && mc_options.track_origins)
        shadow_settle(a, size);
    for (uint64_t i = 0; i < size; i++) {
        is_bad[i] = !shadow_get_byte(a + i, &v[i]);
        bad += is_bad[i];
    }
    if (!bad)
        return;
    const bool partial = is_partial_ok(a, size, bad);
    for (uint64_t i = 0; i < size; i++)
        if (is_bad[i])
            v[i] = partial && mc_options.undef_value_errors ? VPAT_UNDEFINED : VPAT_DEFINED;
    if (!partial)
        errors_addr(NULL, a, size, false);
}

/* V bits of up to 8 bytes; of 64: 0 or all ones. */
static uint64_t do_load(uint64_t a, uint64_t size, uint64_t unused)
{
    uint8_t v[64];
    uint64_t word = 0;
    (void)unused;
    load(a, size, v);
    if (size <= 8) {
        memcpy(&word, v, size);
        return word;
    }
    for (uint64_t i = 0; i < size; i++)
        word |= v[i];
    return word ? ~0ull : 0;
}

/* V bits to a scratch slot. */
static uint64_t do_load_wide(uint64_t a, uint64_t size, uint64_t slot)
{
    load(a, size, ng_thread_state(ng_thread_self())->scratch[slot]);
    return 0;
}

/* Origin of the first undefined byte. */
static uint64_t do_load_origin(uint64_t a, uint64_t size, uint64_t unused)
{
    guest_addr bad;
    origin_tag tag = 0;
    (void)unused;
    return shadow_find_undefined(a, size, &bad, &tag) ? tag : 0;
}

/* ---- stores ---- */
static uint64_t do_store_check(uint64_t a, uint64_t size, uint64_t unused)
{
    guest_addr bad;
    (void)unused;
    if (in_strip(a, size) && shadow_find_noaccess_mapped(a, size, &bad))
        errors_addr(NULL, a, size, true);
    return 1;
}

/* Fresh memory, all of it, becomes what is stored, without reserved patterns: the common case.  Its tag need not be
 * looked up, as that of the words that it reaches becomes the value's. */
static bool store_over_fresh(guest_addr a, uint64_t size, const uint8_t *v)
{
    static const uint64_t fresh = 0x0101010101010101ull * VPAT_FRESH;
    uint64_t old = fresh, value = 0;
    for (uint64_t i = 0; i < size; i += 8) {
        const size_t n = size - i < 8 ? size - i : 8;
        memcpy(&old, ng_v(a + i), n);
        memcpy(&value, v + i, n);
        if (old != fresh || has_reserved(value))
            return false;
    }
    memcpy(ng_v(a), v, size);
    return true;
}

/* Bytes that are not addressable stay so. */
static void store(guest_addr a, uint64_t size, const uint8_t *v)
{
    uint8_t old;
    if (!in_strip(a, size) || (mc_options.track_origins && store_over_fresh(a, size, v)))
        return;
    for (uint64_t i = 0; i < size; i++)
        if (shadow_get_byte(a + i, &old))
            shadow_set_byte(a + i, v[i]);
}

/* Up to 8 bytes of V bits: the shadow afterwards, as it stands in the plane.  For 64 bytes v is 0 or not. */
static uint64_t do_store(uint64_t a, uint64_t size, uint64_t v)
{
    uint8_t bytes[64];
    if (size > 8) {
        memset(bytes, v ? VPAT_UNDEFINED : VPAT_DEFINED, size);
        store(a, size, bytes);
        return 0;
    }
    memcpy(bytes, &v, size);
    store(a, size, bytes);
    if (in_strip(a, size))
        memcpy(&v, ng_v(a), size);
    return v;
}

/* The same for a vector in a scratch slot, where the shadow afterwards goes, too. */
static uint64_t do_store_wide(uint64_t a, uint64_t size, uint64_t slot)
{
    uint8_t *v = ng_thread_state(ng_thread_self())->scratch[slot];
    store(a, size, v);
    if (in_strip(a, size))
        memcpy(v, ng_v(a), size);
    return 0;
}

static uint64_t do_store_defined(uint64_t a, uint64_t size, uint64_t unused)
{
    (void)unused;
    if (in_strip(a, size))
        shadow_make_defined_if_addressable(a, size);
    return 0;
}

static uint64_t do_store_origin(uint64_t a, uint64_t size, uint64_t tag)
{
    shadow_set_origin(a, size, (origin_tag)tag);
    return 0;
}

/* A register file was saved to or restored from a. */
static uint64_t do_state(uint64_t a, uint64_t kind, uint64_t unused)
{
    (void)unused;
    if (state_restores((enum state_kind)kind))
        state_restored(ng_thread_self(), a, (enum state_kind)kind);
    else
        state_saved(ng_thread_self(), a, (enum state_kind)kind);
    return 0;
}

/* ---- uses ---- */
/* A branch that goes to `taken` or `next`. */
static uint64_t do_cond(uint64_t tag, uint64_t taken, uint64_t next)
{
    if (!ways_meet(ng_thread_self(), taken, next))
        errors_cond(NULL, (origin_tag)tag);
    return 0;
}

static uint64_t do_value(uint64_t size, uint64_t tag, uint64_t unused)
{
    (void)unused;
    errors_value(NULL, size, (origin_tag)tag);
    return 0;
}

static uint64_t do_stack_moved(uint64_t old, uint64_t now, uint64_t unused)
{
    struct ng_thread *t = ng_thread_self();
    (void)unused;
    stack_moved(t, old, now);
    return 0;
}

void helpers_register(void)
{
    const struct { int *id; const char *name; ng_helper_fn fn; } rows[] = {
        { &helper_stack_moved, "stack_moved", do_stack_moved },
        { &helper_cond, "report_cond", do_cond },
        { &helper_value, "report_value", do_value },
        { &helper_load, "load_v", do_load },
        { &helper_load_wide, "load_v_wide", do_load_wide },
        { &helper_store_check, "store_check", do_store_check },
        { &helper_store, "store_v", do_store },
        { &helper_store_wide, "store_v_wide", do_store_wide },
        { &helper_store_defined, "store_defined", do_store_defined },
        { &helper_load_origin, "load_origin", do_load_origin },
        { &helper_store_origin, "store_origin", do_store_origin },
        { &helper_state, "state", do_state },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i].id = ng_helper_register(rows[i].name, rows[i].fn);
}
