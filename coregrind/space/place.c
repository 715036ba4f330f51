/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/place: which client address a mapping gets.  A function of the segment list alone, so that two runs
 * of one program report the same addresses. */
#include <sys/mman.h>
#include <unistd.h>
#include "space/internal.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

bool space_in_strip(guest_addr a, uint64_t size)
{
    return a < ng_strip_size && size <= ng_strip_size - SPACE_TOP_GAP && a <= ng_strip_size - SPACE_TOP_GAP - size;
}

static uint64_t alignment_of(int flags)
{
    if (!(flags & MAP_HUGETLB))
        return NG_PAGE;
    const int log2 = (flags >> MAP_HUGE_SHIFT) & 63;
    return 1ull << (log2 ? log2 : 21);
}

static guest_addr gap(uint64_t size, uint64_t align, guest_addr low, guest_addr high)
{
    const guest_addr a = segments_find_gap(size + align - NG_PAGE, low, high);
    return a ? ROUND_UP(a, align) : 0;
}

/* Images belong below 2 GiB.  glibc's ld.so says MAP_DENYWRITE; others are known by the file's first bytes. */
static bool is_image(int prot, int flags, int fd)
{
    if (flags & MAP_ANONYMOUS)
        return false;
    if ((prot & PROT_EXEC) || (flags & MAP_DENYWRITE))
        return true;
    char magic[4];
    return (flags & MAP_TYPE) == MAP_PRIVATE && pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4);
}

guest_addr space_place(guest_addr hint, uint64_t size, int prot, int flags, int fd)
{
    const uint64_t align = alignment_of(flags);
    size = ROUND_UP(size, align);
    if (flags & MAP_32BIT)
        return gap(size, align, SPACE_32BIT_LOW, SPACE_FILES_HIGH);
    hint = ROUND_UP(hint, align);
    if (hint >= SPACE_MIN && space_in_strip(hint, size) && !segments_overlap(hint, hint + size))
        return hint;
    guest_addr a = 0;
    if (is_image(prot, flags, fd))
        a = gap(size, align, SPACE_FILES_LOW, SPACE_FILES_HIGH);
    const guest_addr limit = space_bounds_now.stack_low ? space_bounds_now.stack_low - SPACE_STACK_GAP
                                                        : ng_strip_size - SPACE_TOP_GAP;
    if (!a)
        a = gap(size, align, SPACE_ANON_LOW, limit);
    if (!a)
        a = gap(size, align, SPACE_FILES_HIGH, SPACE_ANON_LOW);
    return a;
}

guest_addr space_find_free(uint64_t size, guest_addr low, guest_addr high)
{
    return segments_find_gap(ROUND_UP(size, NG_PAGE), low, high);
}
