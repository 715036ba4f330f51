/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_fast: what nearly every call of a text or memory function is, done in the client's memory at vector speed
 * (nagrind/tool.h: struct ng_redirect.fast).
 *
 * Each function does the whole of its work, or nothing that its hook may not do again.  It declines where a range leaves
 * the client strip, copies overlap, or a byte involved is not addressable, or is read and not defined: the hook then says what
 * is wrong.  Where shadows end up, and the result, are as the hook would have it (tests/unit/check_strings.c compares).
 * Nothing is read that might lie in a page which the program's own function would not touch.  */
#pragma once
#include "memcheck.h"

#define FAST(name) struct ng_fast fast_##name(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
FAST(memcpy); FAST(memmove); FAST(mempcpy); FAST(memset); FAST(memcmp); FAST(memchr); FAST(rawmemchr);
FAST(memcpy_chk); FAST(memmove_chk); FAST(mempcpy_chk); FAST(memset_chk);
FAST(strlen); FAST(strnlen); FAST(strcmp); FAST(strncmp); FAST(strchr); FAST(strchrnul); FAST(strrchr); FAST(strcpy); FAST(stpcpy);
