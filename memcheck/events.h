/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events: what the kernel layer tells (struct ng_events), and what it means for
 * shadow memory and reports. */
#pragma once
#include "memcheck.h"

void events_mem_mapped(guest_addr a, size_t size, int prot, bool zeroed_or_file);
void events_mem_unmapped(guest_addr a, size_t size);
void events_mem_moved(guest_addr from, guest_addr to, size_t size);
void events_brk_grown(guest_addr a, size_t size);
void events_brk_shrunk(guest_addr a, size_t size);
void events_stack_set(struct ng_thread *t, guest_addr old_sp, guest_addr new_sp);
void events_pre_reg_read(struct ng_thread *t, int slot, const char *what, int size);
void events_pre_mem_write(struct ng_thread *t, const char *what, guest_addr a, size_t size);
void events_pre_mem_read(struct ng_thread *t, const char *what, guest_addr a, size_t size);
void events_pre_mem_read_string(struct ng_thread *t, const char *what, guest_addr a);
void events_post_mem_write(struct ng_thread *t, guest_addr a, size_t size);
void events_post_reg_write(struct ng_thread *t, int slot, int size);
void events_access_fault(struct ng_thread *t, guest_addr pc, guest_addr a, size_t size, bool write);
void events_jump_invalid(struct ng_thread *t, guest_addr pc);
void events_thread_created(struct ng_thread *parent, struct ng_thread *child);
void events_forked(void);
