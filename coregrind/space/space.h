/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space: the client strip: who is mapped where, and the planes beside it.
 *
 * Sole owner of every mapping below ng_strip_size.  The segment list is sorted
 * and without overlaps; adjacent equal ones are merged.  Readers take the lock
 * for the time of a copy.  All functions are thread safe.  */
#pragma once
#include <sys/resource.h>
#include "base/base.h"
#include "nagrind/tool.h"

/* Finds S, checks the layout of the tool half, re-executes for another draw if it does not hold,
 * maps the planes the tool wants (whole, or piecewise under ulimit -v), sets the GS base of this thread. */
void space_init(char **argv, char **envp, bool want_v, bool want_o);
void space_thread_init(void);            /* GS base of a new host thread */

/* Client system calls, with the kernel's argument checks and results (address or -errno).  They keep the
 * segment list, shadow planes, translations and tool events in step. */
int64_t space_mmap(guest_addr hint, uint64_t size, int prot, int flags, int fd, uint64_t offset);
int64_t space_munmap(guest_addr a, uint64_t size);
int64_t space_mprotect(guest_addr a, uint64_t size, int prot);
int64_t space_mremap(guest_addr a, uint64_t old_size, uint64_t new_size, int flags, guest_addr new_addr);
int64_t space_brk(guest_addr end);       /* returns the (new or old) break, as the system call */
int64_t space_madvise(guest_addr a, uint64_t size, int advice);
int64_t space_shmat(int id, guest_addr hint, int flags);
int64_t space_shmdt(guest_addr a);
/* Loader: map a file segment or anonymous memory at a fixed place; kind for the list. */
int64_t space_map_fixed(guest_addr a, uint64_t size, int prot, int flags, int fd, uint64_t offset, enum ng_segment_kind kind);
guest_addr space_find_free(uint64_t size, guest_addr low, guest_addr high); /* 0: none */
void space_set_brk(guest_addr start);
/* Is all of [a, a+size) mapped with prot (NG_PROT_*)? */
bool space_allows(guest_addr a, uint64_t size, int prot);
/* Client text of /proc/self/maps, malloc'd. */
char *space_maps_text(size_t *size);
/* Write protection of pages that hold translated code, for self-modifying code.  The list's prot (what the
 * client sees) is unchanged. */
void space_protect_code(guest_addr page);
/* A write fault at a: true if it was only our protection (lifted, translations dropped): retry. */
bool space_code_write_fault(guest_addr a);
/* Lift protection before the kernel writes into [a, a+size). */
void space_kernel_will_write(guest_addr a, uint64_t size);
/* Guest code at pc for the decoder: bytes that may be executed from pc in its mapping, at most max. */
size_t space_code_bytes(guest_addr pc, const uint8_t **bytes, size_t max);
/* Main stack: grows down on fault, as the kernel's.  True if the fault at a was growth. */
bool space_grow_stack(guest_addr a, guest_addr sp);
guest_addr space_make_main_stack(uint64_t size); /* returns the top (exclusive) */

/* Pages that are written and run alternately, and executable shared mappings (which other mappings can write):
 * translations there are compared with the guest's bytes at every entry, never chained.  */
bool space_page_needs_check(guest_addr pc);
/* Such a page has run unchanged for long: protect it again.  False if it must stay checked. */
bool space_page_calm(guest_addr pc);

/* Stacks the client tells us of (client requests 0x1501..0x1503). */
uint64_t space_stack_register(guest_addr low, guest_addr high);
void space_stack_deregister(uint64_t id);
void space_stack_change(uint64_t id, guest_addr low, guest_addr high);

/* RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK as the client sees them; NULL for others.  The kernel layer reads and
 * writes these in place of the host's (the planes would exceed them), and sets the host's before an exec. */
struct rlimit *space_rlimit(int resource);
/* Bounds of the main stack, growth zone included, and of the heap; zero before they exist. */
struct space_bounds { guest_addr stack_low, stack_high, brk_start, brk_end; };
struct space_bounds space_bounds(void);
/* Is any of [a, a+size) mapped? */
bool space_overlaps(guest_addr a, uint64_t size);
