/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/zone: the memory of translations: one memfd, seen twice.  The RX view is
 * what runs, the RW view is what is written; trampolines come first.
 * The rest is cut into regions, filled one after the other. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "code/internal.h"
#include "launch/options.h"
#include "report/report.h"

struct code_zone zone;
enum { FIRST_RING = 5,                   /* regions of first translations */
       MIN_BYTES = 64,                   /* of a translation, more or less */
       CHUNK = 64 << 10,                 /* multiple of NG_PAGE */
       PATCHED = 4 * CHUNK };            /* what was written last is chained soon */

static int zone_file(void)
{
    const int fd = memfd_create("nagrind-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)zone.size) != 0)
        ng_fatal("cannot make the code zone of %zu bytes: %s", zone.size, strerror(errno));
    const int hidden = base_fd_hide(fd);
    return hidden >= 0 ? hidden : fd;
}

/* Both views of a new file, which is closed: the guest may share its descriptors with other processes.  *rx: the
 * (reserved) address of the RX view, or NULL. */
static void map_views(uint8_t **rx, uint8_t **rw)
{
    const int fd = zone_file();
    *rx = mmap(*rx, zone.size, PROT_READ | PROT_EXEC, MAP_SHARED | (*rx ? MAP_FIXED : 0), fd, 0);
    *rw = mmap(NULL, zone.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*rx == MAP_FAILED || *rw == MAP_FAILED)
        ng_fatal("cannot map the code zone of %zu bytes: %s", zone.size, strerror(errno));
    close(fd);
}

/* The same of memory that goes by the name /dev/zero: perf asks /tmp/perf-PID.map for no other shared memory.
 * (Strict overcommit counts all of it at once, unlike the file.) */
static void map_views_for_perf(uint8_t **rx, uint8_t **rw)
{
    *rw = mmap(NULL, zone.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *rx = *rw == MAP_FAILED ? MAP_FAILED : mremap(*rw, 0, zone.size, MREMAP_MAYMOVE | (*rx ? MREMAP_FIXED : 0), *rx);
    if (*rx == MAP_FAILED || mprotect(*rx, zone.size, PROT_READ | PROT_EXEC) != 0)
        ng_fatal("cannot map the code zone of %zu bytes: %s", zone.size, strerror(errno));
}

static void make_views(uint8_t **rx, uint8_t **rw)
{
    if (options.perf_map)
        map_views_for_perf(rx, rw);
    else
        map_views(rx, rw);
}

void zone_map(size_t size)
{
    zone.region_size = ROUND_DOWN(size / CODE_REGIONS, NG_PAGE);
    zone.size = CODE_TRAMP_BYTES + CODE_REGIONS * zone.region_size;
    zone.rings[0] = (struct code_ring){ .n = FIRST_RING };
    zone.rings[1] = (struct code_ring){ .first = FIRST_RING, .n = CODE_REGIONS - FIRST_RING, .current = FIRST_RING };
    /* Counters stand right behind the RX view, where code reaches them. */
    zone.n_counters = (uint32_t)(2 * zone.size / MIN_BYTES) + 1024;
    const size_t counters = ROUND_UP(2 * zone.n_counters * sizeof *zone.counters, NG_PAGE);
    zone.rx = mmap(NULL, zone.size + counters, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zone.rx == MAP_FAILED)
        ng_fatal("cannot map the code zone of %zu bytes: %s", zone.size, strerror(errno));
    zone.counters = (int32_t *)(zone.rx + zone.size);
    zone.part_counters = (uint32_t *)zone.counters + zone.n_counters;
    make_views(&zone.rx, &zone.rw);
}

size_t zone_region_start(int region)
{
    return CODE_TRAMP_BYTES + region * zone.region_size;
}

/* The kernel's faults cost more than the translations that fill a page: pages come by the chunk. */
static void populate(size_t low, size_t high, bool runs)
{
    madvise(zone.rw + low, high - low, MADV_POPULATE_WRITE); /* before Linux 5.14: page by page, by faults */
    if (runs)
        madvise(zone.rx + low, high - low, MADV_POPULATE_READ);
}

/* Both views count as the process's memory: the RW one gives up what is filled and hardly changes any more.  It comes back,
 * page by page, where a jump is patched. */
static void give_up(size_t low, size_t high)
{
    madvise(zone.rw + low, high - low, MADV_DONTNEED);
}

/* used bytes of a part of the region are about to be: are their pages in place? */
static void make_ready(int region, size_t used, size_t *ready, bool hot)
{
    const size_t begin = zone_region_start(region), end = zone_region_start(region + 1);
    if (used <= *ready)
        return;
    size_t to = ROUND_UP(used, CHUNK);
    to = to < zone.region_size ? to : zone.region_size;
    const size_t old = *ready > PATCHED ? *ready - PATCHED : 0, filled = to > PATCHED ? to - PATCHED : 0;
    if (hot) {
        populate(begin + *ready, begin + to, true);
        give_up(begin + old, begin + filled);
    } else {
        populate(end - to, end - *ready, false);
        give_up(end - filled, end - old);
    }
    *ready = to;
}

bool zone_take(int region, size_t hot, size_t cold, struct code_place *p)
{
    hot = ROUND_UP(hot, CODE_ALIGN);
    cold = ROUND_UP(cold, CODE_ALIGN);
    if (zone.hot_used[region] + zone.cold_used[region] + hot + cold > zone.region_size)
        return false;
    p->hot = zone_region_start(region) + zone.hot_used[region];
    zone.hot_used[region] += hot;
    zone.cold_used[region] += cold;
    make_ready(region, zone.hot_used[region], &zone.hot_ready[region], true);
    make_ready(region, zone.cold_used[region], &zone.cold_ready[region], false);
    p->cold = zone_region_start(region + 1) - zone.cold_used[region];
    return true;
}

void zone_region_reset(int region)
{
    zone.hot_used[region] = zone.cold_used[region] = 0;
    atomic_store(&zone.n_placed[region], 0);
}

size_t zone_used(void)
{
    size_t used = 0;
    for (int i = 0; i < CODE_REGIONS; i++)
        used += zone.hot_used[i] + zone.cold_used[i];
    return used;
}

void zone_copy_to(uint8_t *to)
{
    memcpy(to, zone.rw, CODE_TRAMP_BYTES);
    for (int i = 0; i < CODE_REGIONS; i++) {
        const size_t low = zone_region_start(i), high = zone_region_start(i + 1) - zone.cold_used[i];
        memcpy(to + low, zone.rw + low, zone.hot_used[i]);
        memcpy(to + high, zone.rw + high, zone.cold_used[i]);
    }
}

static uint8_t *copy_rx, *copy_rw;

/* A forked child's zone must not be its parent's: same contents, same addresses, another file.  The copy is made
 * before the fork: after it the parent goes on changing its own. */
void zone_copy_before_fork(void)
{
    copy_rx = NULL;
    make_views(&copy_rx, &copy_rw);
    zone_copy_to(copy_rw);
}

static void move_view(uint8_t *from, uint8_t *to)
{
    if (mremap(from, zone.size, zone.size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
        ng_fatal("cannot map the code zone's copy: %s", strerror(errno));
}

void zone_copy_after_fork(bool child)
{
    if (child) {
        move_view(copy_rx, zone.rx);
        move_view(copy_rw, zone.rw);
    } else {
        munmap(copy_rx, zone.size);
        munmap(copy_rw, zone.size);
    }
    copy_rx = copy_rw = NULL;
}
