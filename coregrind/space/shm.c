/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/shm: System V shared memory. */
#include <sys/mman.h>
#include <sys/shm.h>
#include "space/internal.h"
#include "tool/load.h"

static int64_t attach_at(int id, guest_addr a, uint64_t size, int flags)
{
    if (planes_add(a, size) != 0)
        return -ENOMEM;
    const void *p = shmat(id, (void *)a, flags & ~(SHM_EXEC | SHM_RND));
    if (p == (void *)-1) {
        const int error = errno;
        if (!segments_overlap(a, a + size))
            planes_drop(a, size, false);
        return -error;
    }
    int prot = (flags & SHM_RDONLY) ? NG_PROT_R : NG_PROT_R | NG_PROT_W;
    prot |= (flags & SHM_EXEC) ? NG_PROT_X : 0;
    const struct segment g = { .s = { .start = a, .end = a + size, .prot = (uint8_t)prot, .kind = NG_SEG_SHM, .shared = 1 },
                               .flags = prot & NG_PROT_X ? SEGMENT_CODE : 0, .attach = a };
    struct segment *removed;
    const int n = segments_replace(a, a + size, &g, &removed);
    if (n)
        planes_drop(a, size, true);
    space_tell_removed(removed, n);
    if (tool && tool->events.mem_mapped)
        tool->events.mem_mapped(a, size, prot, true);
    return (int64_t)a;
}

static int64_t attach_locked(int id, guest_addr hint, uint64_t size, int flags)
{
    if (!hint) {
        const guest_addr a = space_place(0, size, 0, MAP_SHARED | MAP_ANONYMOUS, -1);
        return a ? attach_at(id, a, size, flags) : -ENOMEM;
    }
    if (hint & (NG_PAGE - 1)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        hint = ROUND_DOWN(hint, NG_PAGE);
    }
    if (!space_in_strip(hint, size) || (!(flags & SHM_REMAP) && segments_overlap(hint, hint + size)))
        return -EINVAL;
    return attach_at(id, hint, size, flags);
}

int64_t space_shmat(int id, guest_addr hint, int flags)
{
    struct shmid_ds info;
    if (shmctl(id, IPC_STAT, &info) != 0)
        return -errno;
    space_lock();
    const int64_t r = attach_locked(id, hint, ROUND_UP(info.shm_segsz, NG_PAGE), flags);
    space_unlock();
    return r;
}

int64_t space_shmdt(guest_addr a)
{
    struct segment g, *removed;
    if (a & (NG_PAGE - 1))
        return -EINVAL;
    space_lock();
    int64_t r = segments_next(a, &g) && g.s.kind == NG_SEG_SHM && g.attach == a ? 0 : -EINVAL;
    if (r == 0 && shmdt((void *)a) != 0)
        r = -errno;
    while (r == 0 && segments_next(a, &g) && g.s.kind == NG_SEG_SHM && g.attach == a) {
        planes_drop(g.s.start, g.s.end - g.s.start, false);
        const int n = segments_replace(g.s.start, g.s.end, NULL, &removed);
        space_tell_removed(removed, n);
    }
    space_unlock();
    return r;
}
