/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shadow: the V plane (definedness and addressability) and the O plane (origins).
 *
 * A V byte belongs to a client byte, so plain byte stores have the client's own
 * granularity and need no lock.  Only the side table, for genuine V bytes that
 * equal a reserved pattern, is shared; it is empty in nearly every run.  */
#include <emmintrin.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <wchar.h>
#include "instrument.h"
#include "shadow_side.h"

enum { PAGE = 4096, DROP_MIN = 32 << 10, STREAM_MIN = 1 << 20 };

/* Cuts [a, a+size) to the client strip; false if nothing is left. */
static bool clip(guest_addr *a, size_t *size)
{
    if (*a >= ng_strip_size || !*size)
        return false;
    if (*size > ng_strip_size - *a)
        *size = ng_strip_size - *a;
    return true;
}

static __m128i piece(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

static bool all_zero(const uint8_t *p, size_t n)
{
    const __m128i zero = _mm_setzero_si128();
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            if (p[i])
                return false;
        return true;
    }
    const uint8_t *const last = p + n - 16;
    for (; p + 64 <= last; p += 64) {
        const __m128i a = _mm_or_si128(piece(p), piece(p + 16)), b = _mm_or_si128(piece(p + 32), piece(p + 48));
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(a, b), zero)) != 0xffff)
            return false;
    }
    __m128i all = piece(last);
    for (; p < last; p += 16)
        all = _mm_or_si128(all, piece(p));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(all, zero)) == 0xffff;
}

/* Past the caches: what is large is seldom in them, and would have to be read from memory to be overwritten. */
static void stream(uint8_t *p, int byte, size_t n)
{
    const __m128i v = _mm_set1_epi8((char)byte);
    uint8_t *const low = (uint8_t *)(((uintptr_t)p + 63) & ~(uintptr_t)63), *const high = (uint8_t *)((uintptr_t)(p + n) & ~(uintptr_t)63);
    memset(p, byte, (size_t)(low - p));
    for (uint8_t *at = low; at < high; at += 64)
        for (int i = 0; i < 64; i += 16)
            _mm_stream_si128((__m128i *)(at + i), v);
    _mm_sfence();
    memset(high, byte, (size_t)(p + n - high));
}

static void set(uint8_t *p, int byte, size_t n)
{
    if (n >= STREAM_MIN)
        stream(p, byte, n);
    else
        memset(p, byte, n);
}

/* Large ranges: whole pages of zeros are given back rather than written. */
static void fill_zero(uint8_t *p, size_t n)
{
    if (n >= DROP_MIN && !heap_keeps_shadow((guest_addr)p - ng_v_shift)) {
        uint8_t *from = (uint8_t *)(((uintptr_t)p + PAGE - 1) & -(uintptr_t)PAGE);
        uint8_t *to = (uint8_t *)((uintptr_t)(p + n) & -(uintptr_t)PAGE);
        /* Not madvise: heap_lazy.c may have mapped a file there. */
        if (mmap(from, (size_t)(to - from), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED) {
            memset(p, 0, (size_t)(from - p));
            memset(to, 0, (size_t)(p + n - to));
            return;
        }
    }
    set(p, 0, n);
}

static void fill(guest_addr a, size_t size, int byte)
{
    if (!clip(&a, &size))
        return;
    side_remove_range(a, size);
    if (byte != VPAT_NOACCESS)
        stack_zone_used(a, size);
    if (byte)
        set(ng_v(a), byte, size);
    else
        fill_zero(ng_v(a), size);
}

void shadow_init(void) { side_init(); }

void shadow_make_noaccess(guest_addr a, size_t size) { fill(a, size, VPAT_NOACCESS); }

void shadow_make_defined(guest_addr a, size_t size) { fill(a, size, VPAT_DEFINED); }

void shadow_make_undefined(guest_addr a, size_t size, origin_tag tag)
{
    if (!mc_options.undef_value_errors) {
        shadow_make_defined(a, size);
        return;
    }
    fill(a, size, VPAT_UNDEFINED);
    shadow_set_origin(a, size, tag);
}

void shadow_make_fresh(guest_addr a, size_t size) { fill(a, size, shadow_fresh_pattern()); }

void shadow_make_defined_if_addressable(guest_addr a, size_t size)
{
    if (!clip(&a, &size))
        return;
    for (size_t i = 0; i < size; i++) {
        uint8_t v;
        if (*ng_v(a + i) && shadow_get_byte(a + i, &v))
            shadow_set_byte(a + i, 0);
    }
}

/* A side entry below the stack pointer's red zone is stale: generated code marks stack
 * memory not addressable without looking here. */
static bool is_below_stack(guest_addr a)
{
    struct ng_thread *t = ng_thread_self();
    guest_addr low, high;
    if (!t)
        return false;
    const guest_addr sp = ng_reg(t, X86_RSP);
    return a < sp - RED_ZONE && ng_stack_bounds(sp, &low, &high) && a >= low;
}

bool shadow_get_byte(guest_addr a, uint8_t *v)
{
    *v = *ng_v(a);
    if (*v == VPAT_FRESH && mc_options.track_origins)
        *v = VPAT_UNDEFINED;
    if (*v != VPAT_NOACCESS || (side_find(a, v) && !is_below_stack(a)))
        return true;
    if (!stack_zone_open(a, 1))
        return false;
    *v = mc_options.undef_value_errors ? VPAT_UNDEFINED : VPAT_DEFINED;
    return true;
}

void shadow_set_byte(guest_addr a, uint8_t v)
{
    const bool fresh = mc_options.track_origins && v == VPAT_FRESH;
    if (v && mc_options.track_origins && *ng_v(a) == VPAT_FRESH)
        shadow_settle(a, 1);
    if (fresh || v == VPAT_NOACCESS)
        side_add(a, v);
    *ng_v(a) = fresh ? VPAT_NOACCESS : v;
}

/* Of words at the same place in their words.  Those at the edges, which are shared with neighbours, only if what has
 * arrived in them is undefined. */
static void copy_tags(guest_addr from, guest_addr to, size_t size)
{
    const guest_addr end = to + size, low = (to + 3) & ~3ull, high = end & ~3ull;
    const bool has_head = to < low, has_tail = high < end && high >= low;
    const origin_tag head = *ng_o(from), tail = *ng_o(from + size - 1);
    if (low < high)
        memmove(ng_o(low), ng_o(from + (low - to)), high - low);
    if (has_head && !all_zero(ng_v(to), (low < end ? low : end) - to))
        *ng_o(to) = head;
    if (has_tail && !all_zero(ng_v(high), end - high))
        *ng_o(high) = tail;
}

/* After the V bytes have been copied. */
static void copy_origins(guest_addr from, guest_addr to, size_t size)
{
    enum { PIECE = 64 << 10 };
    /* Large and apart: only where something is undefined do origins say anything. */
    if (size > PIECE && (to >= from + size || from >= to + size)) {
        for (size_t at = 0, n; at < size; at += n) {
            n = PIECE - ((to + at) & 3);
            n = n < size - at ? n : size - at;
            if (!all_zero(ng_v(from + at), n))
                copy_origins(from + at, to + at, n);
        }
        return;
    }
    if (!((from ^ to) & 3)) {
        copy_tags(from, to, size);
        return;
    }
    /* another alignment: each word at `to` takes the tag of the byte that arrives first in it */
    if (to <= from)
        for (size_t i = 0; i < size; i += i ? 4 : 4 - (to & 3))
            *ng_o(to + i) = *ng_o(from + i);
    else
        for (size_t i = size; i; i = i > 4 ? i - 4 : 0)
            *ng_o(to + i - 1) = *ng_o(from + i - 1);
}

void shadow_copy(guest_addr from, guest_addr to, size_t size)
{
    size_t size_to = size;
    if (!clip(&from, &size) || !clip(&to, &size_to))
        return;
    if (size > size_to)
        size = size_to;
    if (all_zero(ng_v(from), size)) {
        if (!all_zero(ng_v(to), size))
            fill(to, size, VPAT_DEFINED);
        return;
    }
    if (mc_options.track_origins)
        shadow_settle(from, size); /* it will lie elsewhere */
    if (side_is_used()) {
        side_remove_range(to, size);
        side_copy_range(from, to, size);
    }
    memmove(ng_v(to), ng_v(from), size);
    if (mc_options.track_origins)
        copy_origins(from, to, size);
}

static void copy_value(guest_addr from, guest_addr to)
{
    uint8_t v, old;
    if (!shadow_get_byte(to, &old))
        return;
    if (!shadow_get_byte(from, &v))
        v = 0;
    shadow_set_byte(to, v);
}

static void copy_values(guest_addr from, guest_addr to, size_t size)
{
    const uint8_t *vf = ng_v(from);
    uint8_t *vt = ng_v(to);
    if (all_zero(vf, size) && all_zero(vt, size))
        return;
    if (mc_options.track_origins)
        shadow_settle(from, size); /* it will lie elsewhere */
    const bool all_addressable = !memchr(vf, VPAT_NOACCESS, size) && !memchr(vt, VPAT_NOACCESS, size);
    const bool has_tags = mc_options.track_origins && !all_zero(vf, size); /* else those of undefined neighbours at `to` stay */
    if (all_addressable && size >= DROP_MIN && all_zero(vf, size)) {
        fill_zero(vt, size);
        return;
    }
    if (all_addressable)
        memmove(vt, vf, size);
    else if (to <= from)
        for (size_t i = 0; i < size; i++)
            copy_value(from + i, to + i);
    else
        for (size_t i = size; i-- > 0;)
            copy_value(from + i, to + i);
    if (has_tags)
        copy_origins(from, to, size);
}

void shadow_copy_values(guest_addr from, guest_addr to, size_t size)
{
    enum { PIECE = 1 << 20 };
    size_t size_to = size;
    if (!clip(&from, &size) || !clip(&to, &size_to))
        return;
    if (size > size_to)
        size = size_to;
    if (to < from + size && from < to + size) {
        copy_values(from, to, size);
        return;
    }
    for (size_t at = 0, n; at < size; at += n) { /* so that each piece may be given back before the next is looked at */
        n = PIECE - ((to + at) & 3);
        n = n < size - at ? n : size - at;
        copy_values(from + at, to + at, n);
    }
}

bool shadow_find_noaccess_mapped(guest_addr a, size_t size, guest_addr *bad)
{
    if (!size)
        return false;
    if (!ng_in_client(a)) {
        *bad = a;
        return true;
    }
    const size_t asked = size;
    clip(&a, &size);
    const uint8_t *p = ng_v(a), *end = p + size;
    uint8_t v;
    while ((p = memchr(p, VPAT_NOACCESS, (size_t)(end - p)))) {
        guest_addr at = (guest_addr)p - ng_v_shift;
        if (!shadow_get_byte(at, &v)) {
            *bad = at;
            return true;
        }
        p++;
    }
    if (size < asked)
        *bad = ng_strip_size;
    return size < asked;
}

/* First byte of the range without any mapping, or in one that allows nothing. */
static bool find_unmapped(guest_addr a, size_t size, guest_addr *bad)
{
    struct ng_segment s;
    for (guest_addr end = a + size; a < end; a = s.end)
        if (!ng_segment_at(a, &s) || !s.prot) {
            *bad = a;
            return true;
        }
    return false;
}

bool shadow_find_noaccess(guest_addr a, size_t size, guest_addr *bad)
{
    if (!size)
        return false;
    const bool wraps = a + size < a;
    guest_addr in_shadow, unmapped;
    const bool s = shadow_find_noaccess_mapped(a, size, &in_shadow);
    const bool u = find_unmapped(a, wraps ? -a : size, &unmapped);
    if (s || u)
        *bad = !u || (s && in_shadow < unmapped) ? in_shadow : unmapped;
    return s || u;
}

bool shadow_find_undefined(guest_addr a, size_t size, guest_addr *bad, origin_tag *tag)
{
    if (!clip(&a, &size) || all_zero(ng_v(a), size))
        return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t v;
        if (*ng_v(a + i) && shadow_get_byte(a + i, &v)) {
            *bad = a + i;
            if (tag)
                *tag = shadow_origin(a + i);
            return true;
        }
    }
    return false;
}

bool shadow_is_clean(guest_addr a, size_t size)
{
    return ng_in_client(a) && size <= ng_strip_size - a && all_zero(ng_v(a), size);
}

origin_tag shadow_origin(guest_addr a)
{
    if (!mc_options.track_origins || !ng_in_client(a))
        return 0;
    if (*ng_v(a) == VPAT_FRESH)
        shadow_settle(a, 1);
    return *ng_o(a);
}

void shadow_set_origin(guest_addr a, size_t size, origin_tag tag)
{
    if (!mc_options.track_origins || !clip(&a, &size))
        return;
    uint32_t *p = ng_o(a), *const end = ng_o(a + size - 1) + 1;
    _Static_assert(sizeof(wchar_t) == sizeof *p, "wmemset writes tags");
    if (end - p >= 16)
        wmemset((wchar_t *)p, (wchar_t)tag, (size_t)(end - p));
    else
        while (p < end)
            *p++ = tag;
}
