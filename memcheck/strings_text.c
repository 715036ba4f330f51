/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_text: see strings_text.h. */
#include <stdlib.h>
#include <wchar.h>
#include "strings_text.h"

enum { FIRST_WINDOW = 128, WINDOW = 4096 };

void text_check_pointer(struct text x, int gpr)
{
    if (__builtin_expect(registers_get_v(x.s, gpr) != 0, 0)) {
        errors_value(x.t, 8, registers_origin(x.s, gpr));
        registers_set_v(x.s, gpr, 0, 0);
    }
}

void text_fault(struct text x, guest_addr a, bool write)
{
    struct ng_segment segment;
    guest_addr low, high;
    const guest_addr sp = x.s->gpr[X86_RSP];
    /* A page without permission is none of memcheck's business, and the stack may still grow down to sp. */
    const bool stack = ng_stack_bounds(sp, &low, &high) && a < high && a + 256 >= sp;
    if (!stack && !ng_segment_at(a, &segment))
        errors_addr(x.t, a, x.unit, write);
    if (ng_fault)
        ng_fault(x.t, a, write);
}

size_t text_read(guest_addr a, void *buf, size_t n)
{
    if (!ng_in_client(a))
        return 0;
    if (n > ng_strip_size - a)
        n = ng_strip_size - a;
    return ng_read(buf, a, n);
}

/* Reads n bytes of units at a, at least one whole unit: false and a fault otherwise. */
static bool window(struct text x, guest_addr a, void *buf, size_t *n)
{
    const size_t got = text_read(a, buf, *n);
    if (got < x.unit) {
        text_fault(x, a + got, false);
        return false;
    }
    *n = got & ~(size_t)(x.unit - 1);
    return true;
}

/* ---- shadows ---- */

/* Is a unit bad?  Reports it. */
static void unit_used(struct text x, guest_addr a, bool branch)
{
    uint8_t v[4] = { 0 };
    bool bad = false, undefined = false;
    for (unsigned i = 0; i < x.unit; i++) {
        bad |= !shadow_get_byte(a + i, &v[i]);
        undefined |= v[i] != 0;
    }
    if (bad)
        errors_addr(x.t, a, x.unit, false);
    else if (undefined && branch)
        errors_cond(x.t, shadow_origin(a));
}

static void units_used(struct text x, guest_addr a, size_t n, bool branch)
{
    for (; n > 0; n--, a += x.unit)
        if (!shadow_is_clean(a, x.unit))
            unit_used(x, a, branch);
}

void text_used(struct text x, guest_addr a, size_t n)
{
    if (__builtin_expect(!shadow_is_clean(a, n * x.unit), 0))
        units_used(x, a, n, true);
}

void text_read_only(struct text x, guest_addr a, size_t n)
{
    guest_addr bad;
    if (!shadow_is_clean(a, n * x.unit) && shadow_find_noaccess_mapped(a, n * x.unit, &bad))
        units_used(x, a, n, false);
}

void text_written(struct text x, guest_addr a, size_t n)
{
    guest_addr bad;
    if (shadow_is_clean(a, n * x.unit))
        return;
    while (n > 0 && shadow_find_noaccess_mapped(a, n * x.unit, &bad)) {
        const size_t skip = (bad - a) / x.unit;
        a += skip * x.unit;
        n -= skip;
        errors_addr(x.t, a, x.unit, true);
        a += x.unit;
        n--;
    }
}

/* ---- looking ---- */

static size_t find_unit(const void *buf, size_t n, uint32_t value, unsigned unit)
{
    if (unit == 1) {
        const uint8_t *p = memchr(buf, (int)value, n);
        return p ? (size_t)(p - (const uint8_t *)buf) : n;
    }
    const wchar_t *p = wmemchr(buf, (wchar_t)value, n);
    return p ? (size_t)(p - (const wchar_t *)buf) : n;
}

bool text_find(struct text x, guest_addr a, size_t max, uint32_t value, bool nul, size_t *at)
{
    uint8_t buf[WINDOW] __attribute__((aligned(32)));
    size_t size = FIRST_WINDOW, done = 0;
    while (done < max) {
        size_t n = (max - done) < size / x.unit ? (max - done) * x.unit : size;
        if (!window(x, a + done * x.unit, buf, &n))
            return false;
        n /= x.unit;
        size_t k = find_unit(buf, n, value, x.unit);
        if (nul && value != 0)
            k = find_unit(buf, k, 0, x.unit);
        text_used(x, a + done * x.unit, k < n ? k + 1 : n);
        done += k;
        if (k < n)
            break;
        size = size < WINDOW / 4 ? 4 * size : WINDOW;
    }
    *at = done;
    return true;
}

static int32_t unit_at(const uint8_t *buf, size_t i, unsigned unit)
{
    int32_t v;
    if (unit == 1)
        return buf[i];
    memcpy(&v, buf + 4 * i, 4);
    return v;
}

/* Units up to and including the first difference or common end. */
static size_t compare_units(const uint8_t *p, const uint8_t *q, size_t n, unsigned unit, bool nul, const int32_t *fold,
                            int *order)
{
    *order = 0;
    if (!fold && memcmp(p, q, n * unit) == 0) {
        const size_t end = nul ? find_unit(p, n, 0, unit) : n;
        return end < n ? end + 1 : n;
    }
    for (size_t i = 0; i < n; i++) {
        int32_t u = unit_at(p, i, unit), w = unit_at(q, i, unit);
        const bool end = nul && u == 0;
        if (fold) {
            u = fold[u];
            w = fold[w];
        }
        if (u != w) {
            *order = fold || unit == 1 ? u - w : u < w ? -1 : 1;
            return i + 1;
        }
        if (end)
            return i + 1;
    }
    return n;
}

bool text_compare(struct text x, guest_addr a, guest_addr b, size_t max, bool nul, const int32_t *fold, int *order)
{
    uint8_t p[WINDOW] __attribute__((aligned(32))), q[WINDOW] __attribute__((aligned(32)));
    size_t size = FIRST_WINDOW, done = 0;
    *order = 0;
    while (done < max) {
        const guest_addr at_a = a + done * x.unit, at_b = b + done * x.unit;
        size_t n = (max - done) < size / x.unit ? (max - done) * x.unit : size, m = n;
        if (!window(x, at_a, p, &n) || !window(x, at_b, q, &m))
            return false;
        n = (n < m ? n : m) / x.unit;
        const size_t used = compare_units(p, q, n, x.unit, nul, fold, order);
        if (!shadow_is_clean(at_a, used * x.unit) || !shadow_is_clean(at_b, used * x.unit)) {
            text_used(x, at_a, used);
            text_used(x, at_b, used);
        }
        if (*order != 0 || used < n || (nul && unit_at(p, used - 1, x.unit) == 0))
            break;
        done += n;
        size = size < WINDOW / 4 ? 4 * size : WINDOW;
    }
    return true;
}

bool text_get(struct text x, guest_addr a, uint8_t **bytes, size_t *length)
{
    if (!text_length(x, a, SIZE_MAX, length))
        return false;
    const size_t n = (*length + 1) * x.unit;
    *bytes = malloc(n);
    if (!*bytes)
        ng_fatal("out of memory");
    const size_t got = text_read(a, *bytes, n);
    if (got == n) {
        memset(*bytes + n - x.unit, 0, x.unit); /* whatever another thread did meanwhile */
        return true;
    }
    free(*bytes);
    text_fault(x, a + got, false);
    return false;
}

/* ---- writing ---- */

/* Bytes at a that are in the client strip, at most n. */
static size_t clamp(guest_addr a, size_t n)
{
    const size_t room = ng_in_client(a) ? ng_strip_size - a : 0;
    return n < room ? n : room;
}

/* A chunk of an overlapping move, by way of a buffer: how much was done. */
static size_t move_chunk(guest_addr to, guest_addr from, size_t n)
{
    uint8_t buf[WINDOW];
    const size_t got = text_read(from, buf, n);
    return ng_write(to, buf, got);
}

static bool readable(guest_addr a)
{
    uint8_t byte;
    return text_read(a, &byte, 1) == 1;
}

/* From the end backward where that is needed; but forward, up to the fault, if the end cannot be reached at all. */
static size_t move_overlapping(guest_addr to, guest_addr from, size_t n)
{
    const bool forward = to < from || !readable(from + n - 1) || !readable(to + n - 1);
    size_t left = n;
    while (left > 0) {
        const size_t chunk = left < WINDOW ? left : WINDOW, at = forward ? n - left : left - chunk;
        const size_t done = move_chunk(to + at, from + at, chunk);
        left -= chunk;
        if (done < chunk)
            return forward ? at + done : 0;
    }
    return n;
}

/* A move stopped after `done` bytes, or up to a page later: the very byte, and whose fault it is. */
static size_t move_rest(guest_addr to, guest_addr from, size_t done, size_t n, struct text_fault *fault)
{
    const size_t in_page = 4096 - ((from + done) & 4095);
    fault->write = readable(from + done);
    if (fault->write && in_page < n - done && !readable(from + done + in_page) &&
        ng_write(to + done, (const void *)(from + done), in_page) == in_page) {
        done += in_page;
        fault->write = false;
    }
    fault->addr = (fault->write ? to : from) + done;
    return done;
}

size_t text_move(guest_addr to, guest_addr from, size_t n, struct text_fault *fault, bool *clean)
{
    const size_t possible = clamp(to, clamp(from, n));
    size_t done = text_overlaps(to, possible, from, possible) ? move_overlapping(to, from, possible)
                                                                    : ng_write(to, (const void *)from, possible);
    if (__builtin_expect(done < n, 0))
        done = move_rest(to, from, done, n, fault);
    *clean = shadow_is_clean(from, done) && shadow_is_clean(to, done);
    if (!*clean)
        shadow_copy_values(from, to, done);
    return done;
}

bool text_copy(struct text x, guest_addr to, guest_addr from, size_t n)
{
    struct text_fault fault;
    bool clean;
    const size_t bytes = n > SIZE_MAX / x.unit ? SIZE_MAX : n * x.unit;
    if (text_move(to, from, bytes, &fault, &clean) == bytes)
        return true;
    text_fault(x, fault.addr, fault.write);
    return false;
}

static void fill_shadow(guest_addr to, size_t n, uint8_t v, origin_tag tag)
{
    guest_addr bad;
    uint8_t old;
    if (v == 0 && shadow_is_clean(to, n))
        return;
    if (!shadow_find_noaccess_mapped(to, n, &bad)) {
        if (v == 0)
            shadow_make_defined(to, n);
        else if (v == 0xff)
            shadow_make_undefined(to, n, tag);
        if (v == 0 || v == 0xff)
            return;
    } else if (v == 0) {
        shadow_make_defined_if_addressable(to, n);
        return;
    }
    for (; n > 0; n--, to++)
        if (shadow_get_byte(to, &old)) {
            shadow_set_byte(to, v);
            shadow_set_origin(to, 1, tag);
        }
}

bool text_fill(struct text x, guest_addr to, size_t n, uint8_t byte, uint8_t v, origin_tag tag)
{
    enum { PIECE = 1 << 20 }; /* shadow is given back in large pieces only */
    uint8_t buf[WINDOW];
    memset(buf, byte, n < sizeof buf ? n : sizeof buf);
    while (n > 0) {
        const size_t want = clamp(to, n < PIECE ? n : PIECE);
        size_t put = 0, last = sizeof buf;
        while (put < want && last == sizeof buf) {
            last = ng_write(to + put, buf, want - put < sizeof buf ? want - put : sizeof buf);
            put += last;
        }
        fill_shadow(to, put, v, tag);
        if (put < (n < PIECE ? n : PIECE)) {
            text_fault(x, to + put, true);
            return false;
        }
        to += put;
        n -= put;
    }
    return true;
}

/* ---- locale ---- */

void text_fold_table(struct ng_thread *t, guest_addr loc, int32_t table[256])
{
    enum { CTYPE_TOLOWER = 13 * 8 + 8 }; /* of struct __locale_struct: after 13 category pointers and __ctype_b */
    static _Atomic int64_t known;
    guest_addr at = 0;
    if (loc == 0) {
        int64_t offset = known;
        if (offset == 0)
            known = offset = heap_tls_offset("__ctype_tolower_loc");
        if (offset != 0 && ng_read(&at, ng_thread_state(t)->fs_base + (uint64_t)offset, 8) < 8)
            at = 0;
    } else if (ng_read(&at, loc + CTYPE_TOLOWER, 8) < 8)
        at = 0;
    if (at != 0 && text_read(at, table, 256 * sizeof *table) == 256 * sizeof *table)
        return;
    for (int i = 0; i < 256; i++)
        table[i] = i >= 'A' && i <= 'Z' ? i + 'a' - 'A' : i;
}
