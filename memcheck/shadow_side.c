/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shadow_side: a sorted array under a spin lock; entries are few.
 *     bits 0-7 V byte   8-63 address */
#include <sched.h>
#include <stdlib.h>
#include "shadow_side.h"

_Atomic size_t side_count;
static uint64_t *entries;
static size_t cap;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void side_lock(void)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        sched_yield();
}

static void side_unlock(void) { atomic_flag_clear_explicit(&lock, memory_order_release); }

void side_init(void) { side_unlock(); }

/* Index of the first entry >= a. */
static size_t lower_bound(guest_addr a)
{
    size_t low = 0, high = side_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (entries[mid] >> 8 < a)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void insert(guest_addr a, uint8_t v)
{
    size_t i = lower_bound(a), n = side_count;
    if (i < n && entries[i] >> 8 == a) {
        entries[i] = a << 8 | v;
        return;
    }
    if (n == cap) {
        cap = cap ? 2 * cap : 256;
        entries = realloc(entries, cap * sizeof *entries);
        if (!entries)
            ng_fatal("out of memory for V bits");
    }
    memmove(entries + i + 1, entries + i, (n - i) * sizeof *entries);
    entries[i] = a << 8 | v;
    side_count = n + 1;
}

void side_add(guest_addr a, uint8_t v)
{
    side_lock();
    insert(a, v);
    side_unlock();
}

bool side_find(guest_addr a, uint8_t *v)
{
    if (!side_is_used())
        return false;
    side_lock();
    size_t i = lower_bound(a);
    bool found = i < side_count && entries[i] >> 8 == a;
    if (found)
        *v = (uint8_t)entries[i];
    side_unlock();
    return found;
}

void side_remove_range(guest_addr a, size_t size)
{
    if (!side_is_used())
        return;
    side_lock();
    size_t from = lower_bound(a), to = lower_bound(a + size);
    memmove(entries + from, entries + to, (side_count - to) * sizeof *entries);
    side_count -= to - from;
    side_unlock();
}

void side_copy_range(guest_addr from, guest_addr to, size_t size)
{
    if (!side_is_used())
        return;
    side_lock();
    size_t first = lower_bound(from), n = lower_bound(from + size) - first;
    uint64_t *found = n ? malloc(n * sizeof *found) : NULL;
    if (found) {
        memcpy(found, entries + first, n * sizeof *found);
        for (size_t i = 0; i < n; i++)
            insert((found[i] >> 8) - from + to, (uint8_t)found[i]);
        free(found);
    }
    side_unlock();
}
