/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/map: mmap, munmap, mprotect, madvise with the kernel's semantics.
 *
 * The host system call does the work and the checks at a place that we choose;
 * the list, the planes and the notices follow under the map lock.  */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "code/code.h"
#include "report/report.h"
#include "space/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif

/* The client asked for a fixed place in nagrind's half. */
static int64_t refuse_outside(guest_addr a, uint64_t size)
{
    static _Atomic int told;
    if (a < 8 * ng_strip_size && size < 8 * ng_strip_size && !atomic_exchange(&told, 1))
        ng_umsg_v(1, "Warning: refused to map 0x%llx-0x%llx: a program can use addresses below 0x%llx only",
                  (unsigned long long)a, (unsigned long long)(a + size),
                  (unsigned long long)(ng_strip_size - SPACE_TOP_GAP));
    return -ENOMEM;
}

static const char *path_of(int fd)
{
    char link[40], path[4097];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = 0;
    return ng_intern(path);
}

static void describe_file(struct segment *g, int fd, uint64_t offset)
{
    struct stat st;
    if (fstat(fd, &st) == 0) {
        g->s.dev = st.st_dev;
        g->s.ino = st.st_ino;
    }
    g->s.offset = offset;
    g->s.path = path_of(fd);
}

static struct segment describe(guest_addr a, uint64_t size, int prot, int flags, int fd, uint64_t offset,
                               enum ng_segment_kind kind)
{
    struct segment g = { .s = { .start = a, .end = a + size, .prot = (uint8_t)(prot & 7), .kind = (uint8_t)kind, .reserved = !(prot & 7) } };
    g.s.shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (!(flags & MAP_ANONYMOUS))
        describe_file(&g, fd, offset);
    if ((flags & MAP_STACK) && (flags & MAP_ANONYMOUS))
        g.flags |= SEGMENT_STACK;
    if (flags & MAP_GROWSDOWN)
        g.flags |= SEGMENT_GROWS;
    if (prot & PROT_EXEC)
        g.flags |= SEGMENT_CODE;
    return g;
}

static void tell_mapped(const struct segment *g, int fd)
{
    const guest_addr a = g->s.start;
    const uint64_t size = g->s.end - a;
    if (g->s.kind == NG_SEG_FILE)
        symbols_mapped(a, size, g->s.prot, fd, g->s.offset, g->s.path);
    if (tool && tool->events.mem_mapped && g->s.kind != NG_SEG_STACK)
        tool->events.mem_mapped(a, size, g->s.prot, true);
}

/* Maps at a place that is decided; replaces what is there.  Map lock held. */
static int64_t map_here(guest_addr a, uint64_t size, int prot, int flags, int fd, uint64_t offset,
                        enum ng_segment_kind kind)
{
    if (planes_add(a, size) != 0)
        return -ENOMEM;
    const int host_flags = (flags & ~(MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_GROWSDOWN)) | MAP_FIXED;
    void *p = mmap((void *)a, size, space_host_prot(prot), host_flags, fd, (off_t)offset);
    if (p == MAP_FAILED) {
        const int error = errno;
        if (!segments_overlap(a, a + size))
            planes_drop(a, size, false);
        return -error;
    }
    const struct segment g = describe(a, size, prot, flags, fd, offset, kind);
    struct segment *removed;
    const int n = segments_replace(a, a + size, &g, &removed);
    if (n)
        planes_drop(a, size, true);
    space_tell_removed(removed, n);
    tell_mapped(&g, fd);
    return (int64_t)a;
}

static bool noexec_file(int prot, int flags, int fd)
{
    if (!(prot & PROT_EXEC) || (flags & MAP_ANONYMOUS))
        return false;
    /* The host mapping is made without PROT_EXEC: ask the kernel what it would have said. */
    void *p = mmap(NULL, NG_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return errno == EPERM;
    munmap(p, NG_PAGE);
    return false;
}

static int64_t check_request(guest_addr hint, uint64_t size, int prot, int flags, int fd, uint64_t offset)
{
    const int type = flags & MAP_TYPE;
    if (offset & (NG_PAGE - 1))
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && fcntl(fd, F_GETFD) < 0)
        return -EBADF;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (size == 0)
        return -EINVAL;
    if (ROUND_UP(size, NG_PAGE) == 0)
        return -ENOMEM;
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && (hint & (NG_PAGE - 1)))
        return -EINVAL;
    return noexec_file(prot, flags, fd) ? -EPERM : 0;
}

static bool over_limit(uint64_t size)
{
    const uint64_t limit = space_rlimit(RLIMIT_AS)->rlim_cur, used = segments_total();
    return limit != RLIM_INFINITY && (used > limit || size > limit - used);
}

static int64_t mmap_locked(guest_addr hint, uint64_t size, int prot, int flags, int fd, uint64_t offset)
{
    if (over_limit(size))
        return -ENOMEM;
    guest_addr a = hint;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (!space_in_strip(a, size))
            return refuse_outside(a, size);
        if ((flags & MAP_FIXED_NOREPLACE) && segments_overlap(a, a + size))
            return -EEXIST;
    } else {
        a = space_place(hint, size, prot, flags, fd);
        if (!a)
            return -ENOMEM;
    }
    return map_here(a, size, prot, flags, fd, offset, (flags & MAP_ANONYMOUS) ? NG_SEG_ANON : NG_SEG_FILE);
}

int64_t space_mmap(guest_addr hint, uint64_t size, int prot, int flags, int fd, uint64_t offset)
{
    const int64_t error = check_request(hint, size, prot, flags, fd, offset);
    if (error)
        return error;
    space_lock();
    const int64_t r = mmap_locked(hint, ROUND_UP(size, NG_PAGE), prot, flags, fd, offset);
    space_unlock();
    return r;
}

int64_t space_map_fixed(guest_addr a, uint64_t size, int prot, int flags, int fd, uint64_t offset,
                        enum ng_segment_kind kind)
{
    size = ROUND_UP(size, NG_PAGE);
    if ((a & (NG_PAGE - 1)) || size == 0 || !space_in_strip(a, size))
        return -EINVAL;
    space_lock();
    const int64_t r = map_here(a, size, prot, flags, fd, offset, kind);
    space_unlock();
    return r;
}

/* Removes [a, end), which is page-aligned and in the strip.  Map lock held. */
static int64_t unmap_locked(guest_addr a, guest_addr end)
{
    if (munmap((void *)a, end - a) != 0)
        return -errno;
    struct segment *removed;
    const int n = segments_replace(a, end, NULL, &removed);
    struct segment *gone = base_alloc((size_t)(n > 0 ? n : 1) * sizeof *gone); /* telling frees the list */
    memcpy(gone, removed, (size_t)n * sizeof *gone);
    space_tell_removed(removed, n); /* the tool may still look at the shadow */
    for (int i = 0; i < n; i++)
        planes_drop(gone[i].s.start, gone[i].s.end - gone[i].s.start, false);
    free(gone);
    return 0;
}

int64_t space_munmap(guest_addr a, uint64_t size)
{
    if ((a & (NG_PAGE - 1)) || size == 0 || a > 8 * ng_strip_size || size > 8 * ng_strip_size - a)
        return -EINVAL;
    guest_addr end = a + ROUND_UP(size, NG_PAGE);
    if (end > ng_strip_size - SPACE_TOP_GAP)
        end = ng_strip_size - SPACE_TOP_GAP;
    if (a >= end)
        return 0;
    space_lock();
    const int64_t r = unmap_locked(a, end);
    space_unlock();
    return r;
}

/* PROT_GROWSDOWN: from the start of the stack that holds a. */
static int64_t extend_down(guest_addr *a, guest_addr end)
{
    struct segment g;
    if (!segments_next(*a, &g) || g.s.start >= end)
        return -ENOMEM;
    if (!(g.flags & SEGMENT_GROWS))
        return -EINVAL;
    *a = g.s.start;
    return 0;
}

static int64_t protect_piece(const struct segment *g, guest_addr a, guest_addr end, int prot)
{
    /* Translations of what was code may depend on the old protection; and the host's lifts ours. */
    code_pages_forget(a, end - a);
    if (g->flags & SEGMENT_CODE)
        code_discard_range(a, end - a);
    if (mprotect((void *)a, end - a, space_host_prot(prot)) != 0)
        return -errno;
    segments_set_prot(a, end, prot);
    if (tool && tool->events.mem_protected && g->s.kind != NG_SEG_STACK)
        tool->events.mem_protected(a, end - a, prot);
    return 0;
}

/* As the kernel: goes as far as there are mappings, and says ENOMEM at the first hole. */
static int64_t protect_locked(guest_addr a, guest_addr end, int prot)
{
    struct segment g;
    for (; a < end; a = g.s.end) {
        if (!segments_at(a, &g))
            return -ENOMEM;
        const int64_t error = protect_piece(&g, a, g.s.end < end ? g.s.end : end, prot);
        if (error)
            return error;
    }
    return 0;
}

int64_t space_mprotect(guest_addr a, uint64_t size, int prot)
{
    const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~grows;
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (a & (NG_PAGE - 1)))
        return -EINVAL;
    if (size == 0)
        return 0;
    guest_addr end = a + ROUND_UP(size, NG_PAGE);
    if (end <= a)
        return -ENOMEM;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | 8 /* PROT_SEM */))
        return -EINVAL;
    space_lock();
    int64_t r = grows == PROT_GROWSUP ? -EINVAL : grows ? extend_down(&a, end) : 0;
    if (r == 0)
        r = protect_locked(a, end, prot & 7);
    space_unlock();
    return r;
}

/* The contents are gone: zero, or the file's again. */
static bool resets_contents(int advice)
{
    return advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == 24 /* MADV_DONTNEED_LOCKED */;
}

static void tell_reset(guest_addr a, guest_addr end)
{
    struct segment g;
    while (a < end && segments_next(a, &g) && g.s.start < end) {
        const guest_addr low = g.s.start > a ? g.s.start : a, high = g.s.end < end ? g.s.end : end;
        if (g.flags & SEGMENT_CODE)
            code_discard_range(low, high - low);
        if (!g.s.shared)
            planes_drop(low, high - low, true);
        a = g.s.end;
    }
}

int64_t space_madvise(guest_addr a, uint64_t size, int advice)
{
    const guest_addr end = a + ROUND_UP(size, NG_PAGE);
    if ((a & (NG_PAGE - 1)) || end < a)
        return -EINVAL;
    if (size && (a >= ng_strip_size || end > ng_strip_size))
        return -ENOMEM;
    space_lock();
    int64_t r = madvise((void *)a, size, advice) == 0 ? 0 : -errno;
    if ((r == 0 || r == -ENOMEM) && resets_contents(advice))
        tell_reset(a, end);
    space_unlock();
    return r;
}

/* ---- the tool's client heap ---- */

guest_addr ng_client_map(size_t size)
{
    size = ROUND_UP(size, NG_PAGE);
    space_lock();
    guest_addr a = segments_find_gap(size, SPACE_HEAP_LOW, SPACE_BRK_START);
    if (!a)
        a = segments_find_gap(size, SPACE_ANON_LOW, ng_strip_size / 2);
    if (over_limit(size))
        a = 0;
    int64_t r = 0;
    if (a) {
        const struct segment g = { .s = { .start = a, .end = a + size, .prot = NG_PROT_R | NG_PROT_W,
                                          .kind = NG_SEG_HEAP } };
        r = planes_add(a, size);
        if (r == 0 && mmap((void *)a, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
            r = -errno;
        if (r == 0)
            segments_replace(a, a + size, &g, NULL);
    }
    space_unlock();
    return r == 0 ? a : 0;
}

void ng_client_unmap(guest_addr a, size_t size)
{
    space_lock();
    unmap_locked(a, a + ROUND_UP(size, NG_PAGE));
    space_unlock();
}
