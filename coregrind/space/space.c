/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space: start, the map lock, notices, and the questions others ask. */
#include <asm/prctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "code/code.h"
#include "heap/redirect.h"
#include "space/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

static struct base_lock map_lock;
static __thread int map_depth;

void space_lock(void)
{
    if (map_depth++ == 0)
        base_lock(&map_lock);
}

void space_unlock(void)
{
    if (--map_depth == 0)
        base_unlock(&map_lock);
}

static struct rlimit limit_as, limit_data, limit_stack;

struct rlimit *space_rlimit(int resource)
{
    switch (resource) {
    case RLIMIT_AS:
        return &limit_as;
    case RLIMIT_DATA:
        return &limit_data;
    case RLIMIT_STACK:
        return &limit_stack;
    }
    return NULL;
}

void space_thread_init(void)
{
    syscall(SYS_arch_prctl, ARCH_SET_GS, ng_v_shift + VEX_GS_BIAS);
}

void space_init(char **argv, char **envp, bool want_v, bool want_o)
{
    layout_find_strips();
    layout_check(argv, envp);
    getrlimit(RLIMIT_AS, &limit_as);
    getrlimit(RLIMIT_DATA, &limit_data);
    getrlimit(RLIMIT_STACK, &limit_stack);
    base_lock_register(&map_lock, 10);
    segments_init();
    code_pages_init();
    planes_init(want_v, want_o);
    space_thread_init();
}

int space_host_prot(int prot)
{
    return (prot & PROT_EXEC) ? (prot & ~PROT_EXEC) | PROT_READ : prot;
}

static void tell_removed(const struct segment *g)
{
    const guest_addr a = g->s.start;
    const uint64_t size = g->s.end - a;
    code_pages_forget(a, size);
    if (g->flags & SEGMENT_CODE)
        code_discard_range(a, size);
    if (g->s.kind == NG_SEG_FILE) {
        redirect_forget(a, size);
        symbols_unmapped(a, size);
    }
    if (tool && tool->events.mem_unmapped && g->s.kind != NG_SEG_HEAP)
        tool->events.mem_unmapped(a, size);
}

void space_tell_removed(struct segment *removed, int n)
{
    for (int i = 0; i < n; i++)
        tell_removed(&removed[i]);
    free(removed);
}

bool space_allows(guest_addr a, uint64_t size, int prot)
{
    if (size == 0)
        return true;
    if (a >= ng_strip_size || size > ng_strip_size - a)
        return false;
    return segments_allow(a, a + size, prot);
}

bool space_overlaps(guest_addr a, uint64_t size)
{
    return segments_overlap(ROUND_DOWN(a, NG_PAGE), ROUND_UP(a + size, NG_PAGE));
}

bool ng_segment_at(guest_addr a, struct ng_segment *out)
{
    struct segment g;
    if (!segments_at(a, &g))
        return false;
    *out = g.s;
    return true;
}

bool ng_segment_next(guest_addr a, struct ng_segment *out)
{
    struct segment g;
    if (!segments_next(a, &g))
        return false;
    *out = g.s;
    return true;
}

/* What the decoder reads may reach over into the next mapping, if that can be executed too. */
size_t space_code_bytes(guest_addr pc, const uint8_t **bytes, size_t max)
{
    struct segment g;
    size_t n = 0;
    *bytes = (const uint8_t *)pc;
    while (n < max && segments_at(pc + n, &g) && (g.s.prot & NG_PROT_X))
        n = g.s.end - pc;
    return n < max ? n : max;
}
