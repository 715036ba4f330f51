/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_direct: bytes of the client, read and written where they are (ng_direct_begin), at vector speed.
 *
 * Each function does the whole of its work, or nothing and returns false: where the core refuses direct access,
 * a range leaves the client strip, or any byte involved is not addressable and defined.  Then the careful way is
 * to be taken, which says what is wrong.  Nothing is read that might lie in a page which the program's own
 * function would not touch.  */
#pragma once
#include "memcheck.h"

/* *at: position of the first byte equal to value, or with nul to zero, among max; max if there is none. */
bool direct_find(struct x86_state *s, guest_addr a, size_t max, uint8_t value, bool nul, size_t *at);
/* As text_compare: up to the first difference or, with nul, common end. */
bool direct_compare(struct x86_state *s, guest_addr a, guest_addr b, size_t max, bool nul, int *order);
/* Copies n bytes; a copy that overlaps only if it is short. */
bool direct_copy(struct x86_state *s, guest_addr to, guest_addr from, size_t n);
bool direct_fill(struct x86_state *s, guest_addr to, size_t n, uint8_t byte);
