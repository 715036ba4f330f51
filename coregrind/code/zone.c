/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/zone: the memory of translations: one memfd, seen twice.  The RX view is
 * what runs, the RW view is what is written; trampolines are its first page.
 * The rest is cut into regions, filled one after the other. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "code/internal.h"
#include "report/report.h"

struct code_zone zone;

static void map_views(bool fixed)
{
    const int flags = MAP_SHARED | (fixed ? MAP_FIXED : 0);
    void *rx = mmap(fixed ? zone.rx : NULL, zone.size, PROT_READ | PROT_EXEC, flags, zone.fd, 0);
    void *rw = mmap(fixed ? zone.rw : NULL, zone.size, PROT_READ | PROT_WRITE, flags, zone.fd, 0);
    if (rx == MAP_FAILED || rw == MAP_FAILED)
        ng_fatal("cannot map the code zone of %zu bytes: %s", zone.size, strerror(errno));
    zone.rx = rx;
    zone.rw = rw;
}

static int zone_file(void)
{
    const int fd = memfd_create("nagrind-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)zone.size) != 0)
        ng_fatal("cannot make the code zone of %zu bytes: %s", zone.size, strerror(errno));
    const int hidden = base_fd_hide(fd);
    return hidden >= 0 ? hidden : fd;
}

void zone_map(size_t size)
{
    zone.region_size = ROUND_DOWN(size / CODE_REGIONS, NG_PAGE);
    zone.size = CODE_TRAMP_BYTES + CODE_REGIONS * zone.region_size;
    zone.fd = zone_file();
    map_views(false);
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

static int fork_copy = -1;

/* A forked child's zone must not be its parent's: same contents, same addresses, another file.  The copy is made
 * before the fork: after it the parent goes on changing its own. */
void zone_copy_before_fork(void)
{
    fork_copy = zone_file();
    for (int i = -1; i < CODE_REGIONS; i++) {
        const size_t at = i < 0 ? 0 : zone_region_start(i), n = i < 0 ? CODE_TRAMP_BYTES : zone.used[i];
        for (size_t done = 0; done < n;) {
            const ssize_t k = pwrite(fork_copy, zone.rw + at + done, n - done, (off_t)(at + done));
            if (k <= 0)
                ng_fatal("cannot copy the code zone for fork: %s", strerror(errno));
            done += (size_t)k;
        }
    }
}

void zone_copy_after_fork(bool child)
{
    if (child) {
        close(zone.fd);
        zone.fd = fork_copy;
        map_views(true);
    } else {
        close(fork_copy);
    }
    fork_copy = -1;
}
