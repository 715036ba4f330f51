/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_mem: memcpy and the other functions with counts. */
#include "strings_text.h"

#define A0 (s->gpr[X86_RDI])
#define A1 (s->gpr[X86_RSI])
#define A2 (s->gpr[X86_RDX])
#define A3 (s->gpr[X86_RCX])
#define BYTES ((struct text){ t, s, 1 })
#define WIDE  ((struct text){ t, s, 4 })

static void check(struct text x, int gprs, bool second_is_pointer)
{
    text_check_pointer(x, X86_RDI);
    if (second_is_pointer)
        text_check_pointer(x, X86_RSI);
    else
        text_check_value(x, X86_RSI);
    if (gprs == 3)
        text_check_value(x, X86_RDX);
}

/* ---- copies ---- */

/* One access of a copy loop.  An aligned load of which some bytes are good is no error (partial loads). */
static void copy_access(struct text x, guest_addr a, size_t size, bool write)
{
    guest_addr bad;
    uint8_t v;
    if (!shadow_find_noaccess_mapped(a, size, &bad))
        return;
    if (!write && size == 8 && mc_options.partial_loads_ok)
        for (size_t i = 0; i < size; i++)
            if (shadow_get_byte(a + i, &v))
                return;
    errors_addr(x.t, a, size, write);
}

/* The accesses of a copy by the widest units that both ends' alignment allows: 8 bytes, 2 or 1. */
static void copy_accesses(struct text x, guest_addr to, guest_addr from, size_t n, bool reads, bool writes)
{
    const unsigned skew = (unsigned)(to ^ from) & 7;
    const size_t widest = skew == 0 ? 8 : (skew & 1) == 0 ? 2 : 1;
    while (n > 0) {
        size_t size = widest;
        if (size == 8 && ((from & 7) || n < 8))
            size = 2;
        if (size == 2 && ((from & 1) || n < 2))
            size = 1;
        if (reads)
            copy_access(x, from, size, false);
        if (writes)
            copy_access(x, to, size, true);
        from += size;
        to += size;
        n -= size;
    }
}

static bool copy(struct text x, guest_addr to, guest_addr from, size_t n)
{
    struct text_fault fault;
    guest_addr bad;
    bool clean;
    if (n == 0)
        return true;
    const size_t done = text_move(to, from, n, &fault, &clean);
    /* Shadows tell after the copy what they told before: addressability does not move. */
    if (__builtin_expect(!clean, 0)) {
        const bool reads = shadow_find_noaccess_mapped(from, done, &bad);
        const bool writes = shadow_find_noaccess_mapped(to, done, &bad);
        if (reads || writes)
            copy_accesses(x, to, from, done, reads, writes);
    }
    if (done < n)
        text_fault(x, fault.addr, fault.write);
    return done == n;
}

static void copy_hook(struct text x, const char *fn, bool returns_end)
{
    struct x86_state *s = x.s;
    check(x, 3, true);
    /* Compilers emit memcpy(p, p, n) for assignments of a structure to itself. */
    if (fn && A0 != A1 && text_overlaps(A0, A2, A1, A2))
        errors_overlap(x.t, fn, A0, A1, A2);
    if (copy(x, A0, A1, A2))
        heap_return(s, A0 + (returns_end ? A2 : 0));
}

STRING_HOOK(strings_memcpy) { copy_hook(BYTES, "memcpy", false); }
STRING_HOOK(strings_memmove) { copy_hook(BYTES, NULL, false); }
STRING_HOOK(strings_mempcpy) { copy_hook(BYTES, "mempcpy", true); }

STRING_HOOK(strings_bcopy)
{
    check(BYTES, 3, true);
    if (copy(BYTES, A1, A0, A2))
        heap_return(s, A1);
}

/* The destination is known to be too small: on to libc's own abort. */
static bool chk_failed(struct ng_thread *t, struct x86_state *s)
{
    text_check_value(BYTES, X86_RCX);
    if (A3 >= A2)
        return false;
    const guest_addr fail = ng_symbol_find && ng_hook_jump ? ng_symbol_find("libc.so*", "__chk_fail") : 0;
    if (fail == 0)
        return false;
    ng_hook_jump(t, fail);
    return true;
}

STRING_HOOK(strings_memcpy_chk)
{
    if (!chk_failed(t, s))
        copy_hook(BYTES, "memcpy_chk", false);
}

STRING_HOOK(strings_memmove_chk)
{
    if (!chk_failed(t, s))
        copy_hook(BYTES, NULL, false);
}

STRING_HOOK(strings_mempcpy_chk)
{
    if (!chk_failed(t, s))
        copy_hook(BYTES, "mempcpy", true);
}

static void wide_copy_hook(struct ng_thread *t, struct x86_state *s, const char *fn)
{
    check(WIDE, 3, true);
    if (fn && A0 != A1 && A2 < ng_strip_size && text_overlaps(A0, 4 * A2, A1, 4 * A2))
        errors_overlap(t, fn, A0, A1, A2);
    if (!text_copy(WIDE, A0, A1, A2))
        return;
    text_read_only(WIDE, A1, A2);
    text_written(WIDE, A0, A2);
    heap_return(s, A0);
}

STRING_HOOK(strings_wmemcpy) { wide_copy_hook(t, s, "wmemcpy"); }
STRING_HOOK(strings_wmemmove) { wide_copy_hook(t, s, NULL); }

STRING_HOOK(strings_memccpy)
{
    size_t n;
    check(BYTES, 3, true);
    text_check_value(BYTES, X86_RCX);
    if (!text_find(BYTES, A1, A3, (uint8_t)A2, false, &n))
        return;
    const bool found = n < A3;
    n += found;
    if (text_overlaps(A0, n, A1, n))
        errors_overlap(t, "memccpy", A0, A1, n);
    if (!text_copy(BYTES, A0, A1, n))
        return;
    text_written(BYTES, A0, n);
    heap_return(s, found ? A0 + n : 0);
}

/* ---- memset ---- */

/* Bytes up to alignment, words, bytes again. */
static void fill_accesses(struct text x, guest_addr to, size_t n)
{
    while (n > 0) {
        const size_t size = (to & 7) == 0 && n >= 8 ? 8 : 1;
        copy_access(x, to, size, true);
        to += size;
        n -= size;
    }
}

static void fill(struct text x, guest_addr to, uint64_t byte, uint64_t v, size_t n, origin_tag tag)
{
    guest_addr bad;
    if (!text_fill(x, to, n, (uint8_t)byte, (uint8_t)v, tag))
        return;
    if (!shadow_is_clean(to, n) && shadow_find_noaccess_mapped(to, n, &bad))
        fill_accesses(x, to, n);
    heap_return(x.s, to);
}

STRING_HOOK(strings_memset)
{
    text_check_pointer(BYTES, X86_RDI);
    text_check_value(BYTES, X86_RDX);
    fill(BYTES, A0, A1, registers_get_v(s, X86_RSI), A2, registers_origin(s, X86_RSI));
}

STRING_HOOK(strings_memset_chk)
{
    if (!chk_failed(t, s))
        strings_memset(t, s);
}

STRING_HOOK(strings_bzero)
{
    text_check_pointer(BYTES, X86_RDI);
    text_check_value(BYTES, X86_RSI);
    fill(BYTES, A0, 0, 0, A1, 0);
}

STRING_HOOK(strings_wmemset)
{
    enum { CHUNK = 256 };
    uint32_t buf[CHUNK];
    guest_addr to = A0;
    check(WIDE, 3, false);
    for (int i = 0; i < CHUNK; i++)
        buf[i] = (uint32_t)A1;
    for (size_t left = A2; left > 0;) {
        const size_t n = (left < CHUNK ? left : CHUNK) * 4;
        const bool in_client = ng_in_client(to) && n <= ng_strip_size - to;
        const size_t put = in_client ? ng_write(to, buf, n) : 0;
        if (put < n) {
            text_fault(WIDE, to + put, true);
            return;
        }
        text_written(WIDE, to, n / 4);
        if (!shadow_is_clean(to, n))
            shadow_make_defined_if_addressable(to, n);
        to += n;
        left -= n / 4;
    }
    heap_return(s, A0);
}

/* ---- comparing and looking ---- */

STRING_HOOK(strings_memcmp)
{
    int order;
    check(BYTES, 3, true);
    if (text_compare(BYTES, A0, A1, A2, false, NULL, &order))
        heap_return(s, (uint64_t)(int64_t)order);
}

STRING_HOOK(strings_wmemcmp)
{
    int order;
    check(WIDE, 3, true);
    if (text_compare(WIDE, A0, A1, A2, false, NULL, &order))
        heap_return(s, (uint64_t)(int64_t)order);
}

STRING_HOOK(strings_memchr)
{
    size_t at;
    check(BYTES, 3, false);
    if (text_find(BYTES, A0, A2, (uint8_t)A1, false, &at))
        heap_return(s, at < A2 ? A0 + at : 0);
}

STRING_HOOK(strings_wmemchr)
{
    size_t at;
    check(WIDE, 3, false);
    if (text_find(WIDE, A0, A2, (uint32_t)A1, false, &at))
        heap_return(s, at < A2 ? A0 + 4 * at : 0);
}

STRING_HOOK(strings_rawmemchr)
{
    size_t at;
    check(BYTES, 2, false);
    if (text_find(BYTES, A0, SIZE_MAX, (uint8_t)A1, false, &at))
        heap_return(s, A0 + at);
}

STRING_HOOK(strings_memrchr)
{
    uint8_t buf[1024];
    check(BYTES, 3, false);
    for (uint64_t left = A2; left > 0;) {
        const size_t n = left < sizeof buf ? left : sizeof buf;
        const guest_addr a = A0 + left - n;
        const size_t got = text_read(a, buf, n);
        if (got < n) {
            text_fault(BYTES, a + got, false);
            return;
        }
        const uint8_t *p = memrchr(buf, (int)(uint8_t)A1, n);
        const size_t from = p ? (size_t)(p - buf) : 0;
        text_used(BYTES, a + from, n - from);
        if (p) {
            heap_return(s, a + from);
            return;
        }
        left -= n;
    }
    heap_return(s, 0);
}
