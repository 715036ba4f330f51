/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings inside: client text, read and checked as the careful C loop would.
 *
 * A unit is a char (1 byte) or a wchar_t (4).  Client memory is read in windows
 * through ng_read, so nothing the program does to its mappings can hurt; then the
 * shadows of just those units that a loop unit by unit would have read are
 * looked at: not addressable is an invalid read, undefined is a conditional jump.
 *
 * Every function that returns bool returns false if memory could not be accessed:
 * the fault is on its way to the program, and the hook must return at once.
 */
#pragma once
#include "heap.h"

struct text {                /* what a hook works with */
    struct ng_thread *t;
    struct x86_state *s;
    unsigned unit;           /* 1 or 4 */
};

#define STRING_HOOK(name) void name(struct ng_thread *t, struct x86_state *s)
/* Undefined pointer or other operand: Use of uninitialised value; it becomes defined. */
void text_check_pointer(struct text x, int gpr);
/* Undefined count or character: Cond. */
static inline void text_check_value(struct text x, int gpr) { registers_check_argument(x.t, x.s, gpr); }

/* a could not be read or written: reports it unless the mapping merely forbids it, and raises the fault. */
void text_fault(struct text x, guest_addr a, bool write);

/* Up to n bytes at a into buf: how many.  Never beyond the client strip. */
size_t text_read(guest_addr a, void *buf, size_t n);

/* The program has read n units at a, one by one, and branched on each. */
void text_used(struct text x, guest_addr a, size_t n);
/* Same, without the branches. */
void text_read_only(struct text x, guest_addr a, size_t n);
/* The program writes n units at a: invalid writes. */
void text_written(struct text x, guest_addr a, size_t n);

/* Position of the first unit that is `value`, or (with nul) zero, among max: *at; max if there is none. */
bool text_find(struct text x, guest_addr a, size_t max, uint32_t value, bool nul, size_t *at);
static inline bool text_length(struct text x, guest_addr a, size_t max, size_t *length)
{
    return text_find(x, a, max, 0, false, length);
}
/* Moves n bytes and their shadows: how many were done; fewer: *fault tells why. *clean: both sides were all
 * addressable and defined. */
struct text_fault { guest_addr addr; bool write; };
size_t text_move(guest_addr to, guest_addr from, size_t n, struct text_fault *fault, bool *clean);
/* Copies n units whose reads were checked; shadows too. */
bool text_copy(struct text x, guest_addr to, guest_addr from, size_t n);
/* Fills n bytes whose writes were checked with a byte whose V bits are v. */
bool text_fill(struct text x, guest_addr to, size_t n, uint8_t byte, uint8_t v, origin_tag tag);
/* First difference, or with nul the first common end: *order is <0, 0, >0.  fold: 256 units' values, or NULL. */
bool text_compare(struct text x, guest_addr a, guest_addr b, size_t max, bool nul, const int32_t *fold, int *order);
/* Malloc'd copy of a string, with its end; each unit used. */
bool text_get(struct text x, guest_addr a, uint8_t **bytes, size_t *length);
/* tolower table of the calling thread's locale (256 entries), or of locale_t loc if not 0. */
void text_fold_table(struct ng_thread *t, guest_addr loc, int32_t table[256]);

/* Overlap of [to, to+n_to) and [from, from+n_from), in bytes. */
static inline bool text_overlaps(guest_addr to, uint64_t n_to, guest_addr from, uint64_t n_from)
{
    return n_to != 0 && n_from != 0 && to < from + n_from && from < to + n_to;
}

STRING_HOOK(strings_memcpy); STRING_HOOK(strings_memmove); STRING_HOOK(strings_mempcpy); STRING_HOOK(strings_bcopy);
STRING_HOOK(strings_memcpy_chk); STRING_HOOK(strings_memmove_chk); STRING_HOOK(strings_mempcpy_chk);
STRING_HOOK(strings_memset); STRING_HOOK(strings_memset_chk); STRING_HOOK(strings_bzero); STRING_HOOK(strings_memcmp);
STRING_HOOK(strings_memchr); STRING_HOOK(strings_memrchr); STRING_HOOK(strings_rawmemchr); STRING_HOOK(strings_memccpy);
STRING_HOOK(strings_strlen); STRING_HOOK(strings_strnlen); STRING_HOOK(strings_strcmp); STRING_HOOK(strings_strncmp);
STRING_HOOK(strings_strcasecmp); STRING_HOOK(strings_strncasecmp);
STRING_HOOK(strings_strcasecmp_l); STRING_HOOK(strings_strncasecmp_l);
STRING_HOOK(strings_strcpy); STRING_HOOK(strings_strncpy); STRING_HOOK(strings_strlcpy); STRING_HOOK(strings_stpcpy);
STRING_HOOK(strings_stpncpy); STRING_HOOK(strings_strcat); STRING_HOOK(strings_strncat); STRING_HOOK(strings_strlcat);
STRING_HOOK(strings_strchr); STRING_HOOK(strings_strrchr); STRING_HOOK(strings_strchrnul); STRING_HOOK(strings_strstr);
STRING_HOOK(strings_strcasestr); STRING_HOOK(strings_strpbrk); STRING_HOOK(strings_strspn); STRING_HOOK(strings_strcspn);
STRING_HOOK(strings_wcslen); STRING_HOOK(strings_wcsnlen); STRING_HOOK(strings_wcscmp); STRING_HOOK(strings_wcsncmp);
STRING_HOOK(strings_wcscpy); STRING_HOOK(strings_wcsncpy); STRING_HOOK(strings_wcpcpy); STRING_HOOK(strings_wcpncpy);
STRING_HOOK(strings_wcscat); STRING_HOOK(strings_wcschr); STRING_HOOK(strings_wcsrchr); STRING_HOOK(strings_wmemchr);
STRING_HOOK(strings_wmemcmp); STRING_HOOK(strings_wmemset); STRING_HOOK(strings_wmemcpy); STRING_HOOK(strings_wmemmove);
