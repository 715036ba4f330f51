/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shadow_side: V bytes that equal a reserved pattern and mean it, by address; in the
 * plane stands VPAT_NOACCESS.  Has its own lock.  Costs one load and branch while it is empty.  */
#pragma once
#include <stdatomic.h>
#include "memcheck.h"

extern _Atomic size_t side_count;
static inline bool side_is_used(void) { return atomic_load_explicit(&side_count, memory_order_relaxed) != 0; }

void side_init(void);                     /* also in a forked child: frees the lock */
void side_add(guest_addr a, uint8_t v);
bool side_find(guest_addr a, uint8_t *v);
void side_remove_range(guest_addr a, size_t size);
void side_copy_range(guest_addr from, guest_addr to, size_t size);
