/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events: mappings, system calls, faults. */
#include "events.h"
#include "errors.h"
#include "instrument.h"
#include "shadow_side.h"

/* ---- mappings: fresh pages are defined; unmapped ones have no shadow, their access faults ---- */
void events_mem_mapped(guest_addr a, size_t size, int prot, bool zeroed_or_file)
{
    (void)prot, (void)zeroed_or_file;
    shadow_make_defined(a, size);
}

/* The core drops the planes' pages, or unmaps them, itself. */
void events_mem_unmapped(guest_addr a, size_t size) { side_remove_range(a, size); }

void events_mem_moved(guest_addr from, guest_addr to, size_t size)
{
    shadow_copy(from, to, size);
    guest_addr end = from + size, other_end = to + size;
    if (to < end && from < other_end) { /* overlap: only what is left behind */
        if (to > from)
            end = to;
        else
            from = other_end;
    }
    if (from < end)
        shadow_make_defined(from, end - from);
}

/* The kernel's fresh pages are zero, and static programs rely on it (their thread-local storage lies here).  Memcheck
 * calls it undefined; we are more exact: only what is left of a page that was given back and taken again is. */
void events_brk_grown(guest_addr a, size_t size) { shadow_make_defined(a, size); }

/* What stays mapped of the last page is not addressable; the pages behind it are unmapped. */
void events_brk_shrunk(guest_addr a, size_t size)
{
    const guest_addr page = (a + 4095) & ~4095ull, end = a + size;
    if (page > a)
        shadow_make_noaccess(a, (page < end ? page : end) - a);
    if (end > page)
        shadow_make_defined(page, end - page);
}

void events_stack_set(struct ng_thread *t, guest_addr old_sp, guest_addr new_sp)
{
    if (!old_sp)
        stack_started(new_sp);
    else
        stack_interrupted(t, old_sp, new_sp);
    if (t)
        registers_refresh_attention(ng_thread_state(t));
}

/* ---- system calls ---- */
void events_pre_reg_read(struct ng_thread *t, int slot, const char *what, int size)
{
    struct x86_state *s = ng_thread_state(t);
    if (slot > X86_R15)
        return;
    const uint64_t mask = size >= 8 ? ~0ull : (1ull << 8 * size) - 1;
    if (registers_get_v(s, slot) & mask)
        errors_param(t, what, PARAM_CONTAINS_UNDEFINED, 0, registers_origin(s, slot));
}

void events_pre_mem_write(struct ng_thread *t, const char *what, guest_addr a, size_t size)
{
    guest_addr bad;
    if (shadow_find_noaccess(a, size, &bad))
        errors_param(t, what, PARAM_POINTS_NOACCESS, bad, 0);
}

void events_pre_mem_read(struct ng_thread *t, const char *what, guest_addr a, size_t size)
{
    guest_addr no, undefined;
    origin_tag tag = 0;
    const bool unaddressable = shadow_find_noaccess(a, size, &no);
    const bool some = shadow_find_undefined(a, unaddressable ? no - a : size, &undefined, &tag);
    if (some)
        errors_param(t, what, PARAM_POINTS_UNDEFINED, undefined, tag);
    else if (unaddressable)
        errors_param(t, what, PARAM_POINTS_NOACCESS, no, 0);
}

void events_pre_mem_read_string(struct ng_thread *t, const char *what, guest_addr a)
{
    for (;;) { /* in pieces that cross no page */
        char buf[256];
        size_t n = 4096 - (a & 4095);
        n = n > sizeof buf ? sizeof buf : n;
        const size_t got = ng_read(buf, a, n);
        const char *nul = memchr(buf, 0, got);
        events_pre_mem_read(t, what, a, nul ? (size_t)(nul - buf) + 1 : got < n ? got + 1 : n);
        if (nul || got < n)
            return;
        a += n;
    }
}

void events_post_mem_write(struct ng_thread *t, guest_addr a, size_t size)
{
    (void)t;
    if (!shadow_is_clean(a, size))
        shadow_make_defined(a, size);
}

void events_post_reg_write(struct ng_thread *t, int slot, int size)
{
    (void)size;
    if (slot <= X86_R15)
        registers_set_v(ng_thread_state(t), slot, 0, 0);
}

/* ---- faults ---- */
/* In mode 1 the attention bits may be behind the shadows: they are refreshed at a block's ways out.
 * Reported unless the memory is there and only forbids this kind of access: that is the signal's message. */
void events_access_fault(struct ng_thread *t, guest_addr pc, guest_addr a, size_t size, bool write)
{
    struct ng_segment s;
    registers_refresh_attention(ng_thread_state(t));
    if (errors_addr_just_reported(pc))
        return;
    /* What the program has closed it means to catch, as garbage collectors and others do. */
    if (ng_in_client(a) && ng_segment_at(a, &s) && !s.reserved && (size < 2 || ng_segment_at(a + size - 1, &s)))
        return;
    errors_addr(t, a, size ? size : 1, write);
}

void events_jump_invalid(struct ng_thread *t, guest_addr pc) { errors_jump(t, pc); }

void events_thread_created(struct ng_thread *parent, struct ng_thread *child)
{
    /* a new thread's registers are those of its parent, rax and rsp apart */
    struct x86_state *to = ng_thread_state(child);
    if (parent) {
        to->v = ng_thread_state(parent)->v;
        memcpy(to->o, ng_thread_state(parent)->o, sizeof to->o);
    }
    to->v.gpr[X86_RAX] = to->v.gpr[X86_RSP] = 0;
    registers_refresh_attention(to);
}

void events_forked(void)
{
    side_init();
    heap_forked();
}
