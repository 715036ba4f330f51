/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/internal: what the files of space/ share.
 *
 * Locks, outermost first: the map lock (every change of the strip, with its notices; recursive for its owner, so
 * that a notice may look and even map), the list lock (segments.c), the pages lock (code_pages.c).
 * Only the last two are taken in a fault handler, and neither is held while client memory is touched.  */
#pragma once
#include "space/segments.h"
#include "space/space.h"

#define SPACE_MIN 0x10000ull                /* vm.mmap_min_addr: never mapped without MAP_FIXED */
#define SPACE_FILES_LOW 0x4000000ull        /* images: pc-relative operands become absolute below 2 GiB */
#define SPACE_FILES_HIGH 0x80000000ull
#define SPACE_32BIT_LOW 0x40000000ull       /* MAP_32BIT, as the kernel */
#define SPACE_HEAP_LOW 0x200000000ull       /* the tool's client heap */
#define SPACE_BRK_START 0x800000000ull
#define SPACE_ANON_LOW 0x1000000000ull
#define SPACE_STACK_GAP 0x100000ull         /* stack_guard_gap: 256 pages */
#define SPACE_TOP_GAP 0x10000ull            /* above the main stack */

void space_lock(void);
void space_unlock(void);

/* Where a mapping of size bytes goes; 0: nowhere. flags and fd as for mmap. */
guest_addr space_place(guest_addr hint, uint64_t size, int prot, int flags, int fd);
bool space_in_strip(guest_addr a, uint64_t size);
/* The host's protection for the client's: guest code is read, never executed. */
int space_host_prot(int prot);
/* After a replacement in the list: tells everybody what is gone, drops its shadow, frees the array. */
void space_tell_removed(struct segment *removed, int n);

/* planes.c */
void planes_init(bool want_v, bool want_o);
/* Makes shadow for client pages that are about to be mapped (nothing to do if planes are whole): 0 or -ENOMEM. */
int planes_add(guest_addr a, uint64_t size);
/* The pages are gone or zero: so is their shadow. `keep`: they stay mapped. */
void planes_drop(guest_addr a, uint64_t size, bool keep);
/* Copies shadow of pages that moved; the old stays until dropped. */
void planes_copy(guest_addr from, guest_addr to, uint64_t size);

/* layout.c */
void layout_find_strips(void);
/* Re-executes until the layout holds. */
void layout_check(char **argv, char **envp);

/* code_pages.c */
void code_pages_init(void);
/* Forgets protection and translations of pages whose mapping or protection changes. */
void code_pages_forget(guest_addr a, uint64_t size);

/* stack.c */
extern struct space_bounds space_bounds_now;
