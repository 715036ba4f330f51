/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_str: functions on NUL-terminated text, narrow and wide.
 *
 * Narrow and wide hooks share one body each; x.unit tells them apart.  Sources
 * are checked while their length is found, then copied with their shadows.
 */
#include <ctype.h>
#include <stdlib.h>
#include "strings_text.h"

#define A0 (s->gpr[X86_RDI])
#define A1 (s->gpr[X86_RSI])
#define A2 (s->gpr[X86_RDX])
#define A3 (s->gpr[X86_RCX])
#define BYTES ((struct text){ t, s, 1 })
#define WIDE  ((struct text){ t, s, 4 })

static uint64_t arg(struct text x, int gpr) { return x.s->gpr[gpr]; }
#define DST (arg(x, X86_RDI))
#define SRC (arg(x, X86_RSI))
#define NUM (arg(x, X86_RDX))

static void check_pointers(struct text x)
{
    text_check_pointer(x, X86_RDI);
    text_check_pointer(x, X86_RSI);
}

/* ---- lengths ---- */

static void length(struct text x, bool limited)
{
    size_t n;
    text_check_pointer(x, X86_RDI);
    if (limited)
        text_check_value(x, X86_RSI);
    if (text_length(x, DST, limited ? SRC : SIZE_MAX, &n))
        heap_return(x.s, n);
}

STRING_HOOK(strings_strlen) { length(BYTES, false); }
STRING_HOOK(strings_strnlen) { length(BYTES, true); }
STRING_HOOK(strings_wcslen) { length(WIDE, false); }
STRING_HOOK(strings_wcsnlen) { length(WIDE, true); }

/* ---- comparing ---- */

static void compare(struct text x, bool limited, bool fold, guest_addr locale)
{
    int32_t table[256];
    int order;
    check_pointers(x);
    if (limited)
        text_check_value(x, X86_RDX);
    if (fold)
        text_fold_table(x.t, locale, table);
    if (text_compare(x, DST, SRC, limited ? NUM : SIZE_MAX, true, fold ? table : NULL, &order))
        heap_return(x.s, (uint64_t)(int64_t)order);
}

STRING_HOOK(strings_strcmp) { compare(BYTES, false, false, 0); }
STRING_HOOK(strings_strncmp) { compare(BYTES, true, false, 0); }
STRING_HOOK(strings_strcasecmp) { compare(BYTES, false, true, 0); }
STRING_HOOK(strings_strncasecmp) { compare(BYTES, true, true, 0); }
STRING_HOOK(strings_strcasecmp_l) { compare(BYTES, false, true, A2); }
STRING_HOOK(strings_strncasecmp_l) { compare(BYTES, true, true, A3); }
STRING_HOOK(strings_wcscmp) { compare(WIDE, false, false, 0); }
STRING_HOOK(strings_wcsncmp) { compare(WIDE, true, false, 0); }

/* ---- copying ---- */

/* n units to `to`, checked as written; then the value is the hook's result. */
static bool put(struct text x, guest_addr to, guest_addr from, size_t n)
{
    if (!text_copy(x, to, from, n))
        return false;
    text_written(x, to, n);
    return true;
}

static bool put_zeros(struct text x, guest_addr to, size_t n)
{
    if (n == 0)
        return true;
    if (!text_fill(x, to, n * x.unit, 0, 0, 0))
        return false;
    text_written(x, to, n);
    return true;
}

static void copy(struct text x, const char *fn, bool returns_end)
{
    size_t n;
    check_pointers(x);
    const guest_addr to = DST, from = SRC;
    if (!text_length(x, from, SIZE_MAX, &n))
        return;
    if (text_overlaps(to, (n + 1) * x.unit, from, (n + 1) * x.unit))
        errors_overlap(x.t, fn, to, from, 0);
    if (put(x, to, from, n + 1))
        heap_return(x.s, returns_end ? to + n * x.unit : to);
}

STRING_HOOK(strings_strcpy) { copy(BYTES, "strcpy", false); }
STRING_HOOK(strings_stpcpy) { copy(BYTES, "stpcpy", true); }
STRING_HOOK(strings_wcscpy) { copy(WIDE, "wcscpy", false); }
STRING_HOOK(strings_wcpcpy) { copy(WIDE, "wcpcpy", true); }

/* Pads with zeros up to the count. */
static void copy_counted(struct text x, const char *fn, bool returns_end)
{
    size_t n;
    check_pointers(x);
    text_check_value(x, X86_RDX);
    const guest_addr to = DST, from = SRC;
    const uint64_t max = NUM;
    if (!text_length(x, from, max, &n))
        return;
    const uint64_t read = n < max ? n + 1 : n;
    if (text_overlaps(to, max * x.unit, from, read * x.unit))
        errors_overlap(x.t, fn, to, from, max);
    if (put(x, to, from, n) && put_zeros(x, to + n * x.unit, max - n))
        heap_return(x.s, returns_end ? to + n * x.unit : to);
}

STRING_HOOK(strings_strncpy) { copy_counted(BYTES, "strncpy", false); }
STRING_HOOK(strings_stpncpy) { copy_counted(BYTES, "stpncpy", true); }
STRING_HOOK(strings_wcsncpy) { copy_counted(WIDE, "wcsncpy", false); }
STRING_HOOK(strings_wcpncpy) { copy_counted(WIDE, "wcpncpy", true); }

STRING_HOOK(strings_strlcpy)
{
    size_t n;
    check_pointers(BYTES);
    text_check_value(BYTES, X86_RDX);
    if (!text_length(BYTES, A1, SIZE_MAX, &n))
        return;
    const uint64_t copied = A2 == 0 ? 0 : n < A2 ? n : A2 - 1;
    if (A2 != 0 && text_overlaps(A0, copied + 1, A1, n + 1))
        errors_overlap(t, "strlcpy", A0, A1, A2);
    if (put(BYTES, A0, A1, copied) && (A2 == 0 || put_zeros(BYTES, A0 + copied, 1)))
        heap_return(s, n);
}

static void append(struct text x, const char *fn, bool limited)
{
    size_t old, n;
    check_pointers(x);
    if (limited)
        text_check_value(x, X86_RDX);
    const guest_addr to = DST, from = SRC;
    const uint64_t max = limited ? NUM : SIZE_MAX;
    if (!text_length(x, to, SIZE_MAX, &old) || !text_length(x, from, max, &n))
        return;
    const guest_addr end = to + old * x.unit;
    const uint64_t read = n < max ? n + 1 : n;
    if (text_overlaps(to, (old + n + 1) * x.unit, from, read * x.unit))
        errors_overlap(x.t, fn, to, from, limited ? max : 0);
    if (put(x, end, from, n) && put_zeros(x, end + n * x.unit, 1))
        heap_return(x.s, to);
}

STRING_HOOK(strings_strcat) { append(BYTES, "strcat", false); }
STRING_HOOK(strings_strncat) { append(BYTES, "strncat", true); }
STRING_HOOK(strings_wcscat) { append(WIDE, "wcscat", false); }

STRING_HOOK(strings_strlcat)
{
    size_t old, n;
    check_pointers(BYTES);
    text_check_value(BYTES, X86_RDX);
    if (!text_length(BYTES, A0, A2, &old) || !text_length(BYTES, A1, SIZE_MAX, &n))
        return;
    if (old < A2) {
        const uint64_t room = A2 - old - 1, copied = n < room ? n : room;
        if (text_overlaps(A0 + old, copied + 1, A1, n + 1))
            errors_overlap(t, "strlcat", A0, A1, A2);
        if (!put(BYTES, A0 + old, A1, copied) || !put_zeros(BYTES, A0 + old + copied, 1))
            return;
    }
    heap_return(s, old + n);
}

/* ---- looking for a character ---- */

enum find { FIND_OR_NULL, FIND_OR_END };

static void find(struct text x, enum find how)
{
    uint32_t unit;
    size_t at;
    text_check_pointer(x, X86_RDI);
    text_check_value(x, X86_RSI);
    const uint32_t wanted = x.unit == 1 ? (uint8_t)SRC : (uint32_t)SRC;
    if (!text_find(x, DST, SIZE_MAX, wanted, true, &at))
        return;
    const guest_addr a = DST + at * x.unit;
    unit = 0;
    text_read(a, &unit, x.unit);
    heap_return(x.s, unit == wanted || how == FIND_OR_END ? a : 0);
}

STRING_HOOK(strings_strchr) { find(BYTES, FIND_OR_NULL); }
STRING_HOOK(strings_strchrnul) { find(BYTES, FIND_OR_END); }
STRING_HOOK(strings_wcschr) { find(WIDE, FIND_OR_NULL); }

static void find_last(struct text x)
{
    uint8_t *bytes;
    size_t n;
    text_check_pointer(x, X86_RDI);
    text_check_value(x, X86_RSI);
    if (!text_get(x, DST, &bytes, &n))
        return;
    guest_addr found = 0;
    for (size_t i = n + 1; i-- > 0 && !found;) {
        int32_t wide;
        memcpy(&wide, bytes + i * x.unit, x.unit == 4 ? 4 : 1);
        if (x.unit == 1 ? bytes[i] == (uint8_t)SRC : wide == (int32_t)SRC)
            found = DST + i * x.unit;
    }
    free(bytes);
    heap_return(x.s, found);
}

STRING_HOOK(strings_strrchr) { find_last(BYTES); }
STRING_HOOK(strings_wcsrchr) { find_last(WIDE); }

/* ---- looking for text and sets ---- */

/* Reads the haystack piece by piece, so that nothing behind a match is looked at.  Both are folded if fold. */
static bool search(struct text x, guest_addr hay, const uint8_t *needle, size_t n, const int32_t *fold, guest_addr *found)
{
    size_t have = 0, cap = 1024;
    uint8_t *buf = malloc(cap);
    bool ok = false;
    *found = 0;
    while (buf) {
        if (have == cap) {
            uint8_t *bigger = realloc(buf, cap *= 2);
            if (!bigger)
                break;
            buf = bigger;
        }
        const size_t want = have == 0 ? 256 : cap - have;
        const size_t got = text_read(hay + have, buf + have, want);
        const uint8_t *end = memchr(buf + have, 0, got);
        const size_t usable = end ? (size_t)(end - buf) : have + got;
        for (size_t i = have; fold && i < usable; i++)
            buf[i] = (uint8_t)fold[buf[i]];
        const size_t from = have >= n ? have - n + 1 : 0;
        const uint8_t *match = memmem(buf + from, usable - from, needle, n);
        const size_t used = match ? (size_t)(match - buf) + n : usable + (end != NULL);
        text_used(x, hay + have, used > have ? used - have : 0);
        if (match)
            *found = hay + (uint64_t)(match - buf);
        ok = match || end;
        if (!ok && got < want)
            text_fault(x, hay + have + got, false);
        if (ok || got < want)
            break;
        have += got;
    }
    free(buf);
    return ok;
}

static void find_text(struct text x, bool fold)
{
    int32_t table[256];
    uint8_t *needle;
    size_t n;
    guest_addr found;
    check_pointers(x);
    if (!text_get(x, SRC, &needle, &n))
        return;
    if (fold) {
        text_fold_table(x.t, 0, table);
        for (size_t i = 0; i < n; i++)
            needle[i] = (uint8_t)table[needle[i]];
    }
    if (n == 0)
        heap_return(x.s, DST);
    else if (search(x, DST, needle, n, fold ? table : NULL, &found))
        heap_return(x.s, found);
    free(needle);
}

STRING_HOOK(strings_strstr) { find_text(BYTES, false); }
STRING_HOOK(strings_strcasestr) { find_text(BYTES, true); }

/* Length of the run of bytes whose membership in the set at SRC is `in`. */
static bool span(struct text x, bool in, size_t *n, bool *at_end)
{
    bool set[256] = { false };
    uint8_t *accept, buf[256];
    size_t length_, got;
    check_pointers(x);
    if (!text_get(x, SRC, &accept, &length_))
        return false;
    for (size_t i = 0; i < length_; i++)
        set[accept[i]] = true;
    free(accept);
    for (*n = 0;;) {
        const guest_addr a = DST + *n;
        if ((got = text_read(a, buf, sizeof buf)) == 0) {
            text_fault(x, a, false);
            return false;
        }
        size_t i = 0;
        while (i < got && buf[i] != 0 && set[buf[i]] == in)
            i++;
        text_used(x, a, i < got ? i + 1 : got);
        *n += i;
        if (i < got) {
            *at_end = buf[i] == 0;
            return true;
        }
    }
}

STRING_HOOK(strings_strspn)
{
    size_t n;
    bool end;
    if (span(BYTES, true, &n, &end))
        heap_return(s, n);
}

STRING_HOOK(strings_strcspn)
{
    size_t n;
    bool end;
    if (span(BYTES, false, &n, &end))
        heap_return(s, n);
}

STRING_HOOK(strings_strpbrk)
{
    size_t n;
    bool end;
    if (span(BYTES, false, &n, &end))
        heap_return(s, end ? 0 : A0 + n);
}
