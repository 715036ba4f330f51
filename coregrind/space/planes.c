/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/planes: shadow memory of the client strip.
 *
 * Whole: one mapping a plane, which costs nothing until touched.  Piecewise, where a limit forbids that: each
 * client mapping brings its shadow with it.  Either way untouched shadow reads 0 (defined).  */
#include <sys/mman.h>
#include "report/report.h"
#include "space/internal.h"

struct plane { bool wanted, whole; uint64_t at; };
static struct plane planes[2];    /* V, O */
enum { N_PLANES = 2 };

static void *map_at(uint64_t a, uint64_t size, int fixed)
{
    return mmap((void *)a, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
}

static void plane_init(struct plane *p, uint64_t at)
{
    p->wanted = true;
    p->at = at;
    struct rlimit as = { RLIM_INFINITY, RLIM_INFINITY };
    getrlimit(RLIMIT_AS, &as);
    if (as.rlim_cur != RLIM_INFINITY)
        return;
    if (map_at(p->at, ng_strip_size, MAP_FIXED_NOREPLACE) != (void *)p->at)
        return;
    p->whole = true;
    madvise((void *)p->at, ng_strip_size, MADV_DONTDUMP);
}

void planes_init(bool want_v, bool want_o)
{
    if (want_v)
        plane_init(&planes[0], NG_PLANE_V);
    if (planes[0].whole) /* the strip's last pages are never mapped: the skew fits */
        planes[0].at += NG_V_SKEW;
    ng_v_shift = planes[0].wanted ? planes[0].at : NG_PLANE_V;
    if (want_o) {
        plane_init(&planes[1], NG_PLANE_O);
        /* Origins are sparse: a huge page for one tag would waste memory. */
        if (planes[1].whole)
            madvise((void *)planes[1].at, ng_strip_size, MADV_NOHUGEPAGE);
    }
}

int planes_add(guest_addr a, uint64_t size)
{
    for (int i = 0; i < N_PLANES; i++) {
        const struct plane *p = &planes[i];
        if (p->wanted && !p->whole && map_at(p->at + a, size, MAP_FIXED) == MAP_FAILED)
            return -ENOMEM;
    }
    return 0;
}

/* Writes nothing that is zero already: untouched pages stay so. */
static void zero_words(uint64_t from, uint64_t to)
{
    for (; from < to; from += 8)
        if (*(uint64_t *)from)
            *(uint64_t *)from = 0;
}

/* Zeros [at, at+size); pages within are given back. */
static void zero(uint64_t at, uint64_t size)
{
    const uint64_t end = at + size, first = ROUND_UP(at, NG_PAGE), last = ROUND_DOWN(end, NG_PAGE);
    if (first >= last) {
        zero_words(at, end);
        return;
    }
    zero_words(at, first);
    if (madvise((void *)first, last - first, MADV_DONTNEED) != 0)
        zero_words(first, last);        /* locked in memory (mlockall) */
    zero_words(last, end);
}

void planes_drop(guest_addr a, uint64_t size, bool keep)
{
    for (int i = 0; i < N_PLANES; i++) {
        const struct plane *p = &planes[i];
        if (!p->wanted)
            continue;
        if (p->whole || keep)
            zero(p->at + a, size);
        else
            munmap((void *)(p->at + a), size);
    }
}

static bool page_is_zero(const uint64_t *p)
{
    for (unsigned i = 0; i < NG_PAGE / 8; i += 4)
        if (p[i] | p[i + 1] | p[i + 2] | p[i + 3])
            return false;
    return true;
}

/* Page by page: what is zero on both sides is left untouched, so that it goes on costing nothing. */
static void plane_copy(const struct plane *p, guest_addr from, guest_addr to, uint64_t size)
{
    for (uint64_t done = 0; done < size; done += NG_PAGE) {
        uint64_t *source = (uint64_t *)(p->at + from + done), *target = (uint64_t *)(p->at + to + done);
        if (!page_is_zero(source) || !page_is_zero(target))
            memcpy(target, source, NG_PAGE);
    }
}

void planes_copy(guest_addr from, guest_addr to, uint64_t size)
{
    for (int i = 0; i < N_PLANES; i++)
        if (planes[i].wanted)
            plane_copy(&planes[i], from, to, size);
}
