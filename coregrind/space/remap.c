/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/remap: mremap. Growth happens in place where there is room, else at a place that we choose. */
#include <sys/mman.h>
#include "code/code.h"
#include "space/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

struct request { guest_addr a; uint64_t old_size, new_size; int flags; guest_addr to; };

static int64_t host_mremap(const struct request *r, int flags, guest_addr to)
{
    void *p = mremap((void *)r->a, r->old_size, r->new_size, flags, (void *)to);
    return p == MAP_FAILED ? -errno : (int64_t)p;
}

/* g's part of the moved range at its new place; the last one takes the change of size. */
static void put_piece(const struct request *r, struct segment g, guest_addr to)
{
    const bool last = g.s.end >= r->a + r->old_size;
    const guest_addr limit = to + r->new_size;
    g.s.start += to - r->a;
    g.s.end += to - r->a;
    if (last || g.s.end > limit)
        g.s.end = limit;
    if (g.s.start < limit)
        segments_replace(g.s.start, g.s.end, &g, NULL);
}

/* The list's side of a move. `from` holds r->a: all there is if shared memory is mapped once more (old_size 0). */
static void list_moved(const struct request *r, const struct segment *from, guest_addr to, bool leaves)
{
    struct segment *pieces, *removed, copy = *from;
    const int n_removed = segments_replace(to, to + r->new_size, NULL, &removed);
    space_tell_removed(removed, n_removed);
    if (r->old_size == 0) {
        copy.s.offset += copy.s.path || copy.s.ino ? r->a - copy.s.start : 0;
        copy.s.start = copy.s.end = r->a;
        put_piece(r, copy, to);
        return;
    }
    const int n = segments_replace(r->a, r->a + r->old_size, NULL, &pieces);
    for (int i = 0; i < n; i++) {
        if (!leaves)
            segments_replace(pieces[i].s.start, pieces[i].s.end, &pieces[i], NULL);
        put_piece(r, pieces[i], to);
    }
    free(pieces);
}

/* Shadow goes along; both copies stand while the tool is told. */
static void tell_moved(const struct request *r, const struct segment *g, guest_addr to, bool leaves)
{
    if (r->old_size == 0) {
        if (tool && tool->events.mem_mapped)
            tool->events.mem_mapped(to, r->new_size, g->s.prot, true);
        return;
    }
    const uint64_t size = r->old_size < r->new_size ? r->old_size : r->new_size;
    if (g->flags & SEGMENT_CODE)
        code_discard_range(r->a, r->old_size);
    if (g->s.kind == NG_SEG_FILE && leaves)
        symbols_unmapped(r->a, r->old_size);
    planes_copy(r->a, to, size);
    if (tool && tool->events.mem_moved)
        tool->events.mem_moved(r->a, to, size);
    if (tool && tool->events.mem_unmapped)
        tool->events.mem_unmapped(r->a, r->old_size);
    planes_drop(r->a, r->old_size, !leaves);
    if (r->new_size > size && tool && tool->events.mem_mapped)
        tool->events.mem_mapped(to + size, r->new_size - size, g->s.prot, true);
}

static int64_t move(const struct request *r, const struct segment *g, guest_addr to)
{
    const bool leaves = !(r->flags & MREMAP_DONTUNMAP);
    if (planes_add(to, r->new_size) != 0)
        return -ENOMEM;
    code_pages_forget(r->a, r->old_size);
    if (segments_overlap(to, to + r->new_size))
        planes_drop(to, r->new_size, true);
    const int64_t at = host_mremap(r, (r->flags & MREMAP_DONTUNMAP) | MREMAP_MAYMOVE | MREMAP_FIXED, to);
    if (at == -ENOMEM)
        space_munmap(to, r->new_size);      /* the host has, before it found no room */
    if (at < 0)
        return at;
    list_moved(r, g, to, leaves && r->old_size);
    tell_moved(r, g, to, leaves);
    return at;
}

static int64_t shrink(const struct request *r)
{
    const int64_t error = space_munmap(r->a + r->new_size, r->old_size - r->new_size);
    return error ? error : (int64_t)r->a;
}

static int64_t grow_here(const struct request *r, const struct segment *g)
{
    const guest_addr end = r->a + r->old_size;
    const uint64_t more = r->new_size - r->old_size;
    if (planes_add(end, more) != 0)
        return -ENOMEM;
    const int64_t at = host_mremap(r, 0, 0);
    if (at < 0)
        return at;
    struct segment part = *g;
    part.s.start = end;
    part.s.end = end + more;
    part.s.offset += g->s.path || g->s.ino ? end - g->s.start : 0;
    segments_replace(end, end + more, &part, NULL);
    if (tool && tool->events.mem_mapped)
        tool->events.mem_mapped(end, more, g->s.prot, true);
    return at;
}

static int64_t to_fixed(const struct request *r, const struct segment *g)
{
    if ((r->to & (NG_PAGE - 1)) || (r->to < r->a + r->old_size && r->a < r->to + r->new_size))
        return -EINVAL;
    if (!space_in_strip(r->to, r->new_size))
        return -ENOMEM;
    return move(r, g, r->to);
}

static int64_t remap_locked(const struct request *r)
{
    struct segment g, last;
    if (!segments_at(r->a, &g) || !segments_allow(r->a, r->a + r->old_size, 0))
        return -EFAULT;
    if (r->flags & MREMAP_FIXED)
        return to_fixed(r, &g);
    const bool stays = !(r->flags & MREMAP_DONTUNMAP) && r->old_size;
    if (stays && r->new_size == r->old_size)
        return (int64_t)r->a;
    if (stays && r->new_size < r->old_size)
        return shrink(r);
    const guest_addr end = r->a + r->old_size;
    const uint64_t more = r->new_size - r->old_size;
    /* Several segments here may be one mapping of the host's (they differ in what only we know): it decides. */
    if (stays && segments_at(end - 1, &last) && last.s.end == end && space_in_strip(end, more) && !segments_overlap(end, end + more)) {
        const int64_t at = grow_here(r, &last);
        if (at >= 0 || !(r->flags & MREMAP_MAYMOVE))
            return at;
    }
    if (!(r->flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    const int kind = g.s.kind == NG_SEG_FILE ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS;
    const guest_addr to = space_place(r->flags & MREMAP_DONTUNMAP ? r->to : 0, r->new_size, 0, kind, -1);
    return to ? move(r, &g, to) : -ENOMEM;
}

int64_t space_mremap(guest_addr a, uint64_t old_size, uint64_t new_size, int flags, guest_addr new_addr)
{
    if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) || (a & (NG_PAGE - 1)))
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    const struct request r = { a, ROUND_UP(old_size, NG_PAGE), ROUND_UP(new_size, NG_PAGE), flags, new_addr };
    if (r.new_size == 0 || ((flags & MREMAP_DONTUNMAP) && r.old_size != r.new_size))
        return -EINVAL;
    space_lock();
    const int64_t result = remap_locked(&r);
    space_unlock();
    return result;
}
