/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/zone: the memory of translations: one memfd, seen twice.  The RX view is
 * what runs, the RW view is what is written; trampolines are its first page.
 * The rest is cut into regions, filled one after the other. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "code/internal.h"
#include "launch/options.h"
#include "report/report.h"

struct code_zone zone;

static int zone_file(void)
{
    const int fd = memfd_create("nagrind-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)zone.size) != 0)
        ng_fatal("cannot make the code zone of %zu bytes: %s", zone.size, strerror(errno));
    const int hidden = base_fd_hide(fd);
    return hidden >= 0 ? hidden : fd;
}

/* Both views of a new file, which is closed: the guest may share its descriptors with other processes. */
static void map_views(uint8_t **rx, uint8_t **rw)
{
    const int fd = zone_file();
    *rx = mmap(NULL, zone.size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
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
    *rx = *rw == MAP_FAILED ? MAP_FAILED : mremap(*rw, 0, zone.size, MREMAP_MAYMOVE);
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
    make_views(&zone.rx, &zone.rw);
}

size_t zone_region_start(int region)
{
    return CODE_TRAMP_BYTES + region * zone.region_size;
}

size_t zone_take(size_t size)
{
    const size_t used = zone.used[zone.current], want = ROUND_UP(size, CODE_ALIGN);
    if (used + want > zone.region_size)
        return 0;
    zone.used[zone.current] = used + want;
    return zone_region_start(zone.current) + used;
}

static uint8_t *copy_rx, *copy_rw;

/* A forked child's zone must not be its parent's: same contents, same addresses, another file.  The copy is made
 * before the fork: after it the parent goes on changing its own. */
void zone_copy_before_fork(void)
{
    make_views(&copy_rx, &copy_rw);
    for (int i = -1; i < CODE_REGIONS; i++) {
        const size_t at = i < 0 ? 0 : zone_region_start(i), n = i < 0 ? CODE_TRAMP_BYTES : zone.used[i];
        memcpy(copy_rw + at, zone.rw + at, n);
    }
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
