/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_lazy: shadow of very large blocks that is filled when it is looked at.
 *
 * A memory file full of one byte is mapped, privately, again and again over the
 * shadow of the block: reads find the file's pages, writes make copies.  So
 * gigabytes that the program never touches cost page tables at most.  Where this
 * is not possible the caller fills by hand.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "heap.h"

enum { PAGE = 4096, SMALL_FILE = 4 << 20, LARGE_FILE = 64 << 20 };
#define LARGE_FROM (16ull << 30)    /* keeps the number of mappings of a block below a few thousand */

struct template { int fd; size_t size; uint8_t byte; };
static struct template templates[] = { { -1, SMALL_FILE, VPAT_UNDEFINED }, { -1, SMALL_FILE, VPAT_NOACCESS },
                                       { -1, LARGE_FILE, VPAT_UNDEFINED }, { -1, LARGE_FILE, VPAT_NOACCESS } };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void heap_lazy_forked(void) { pthread_mutex_init(&lock, NULL); }

static int make_file(const struct template *f)
{
    uint8_t chunk[1 << 16];
    int fd = memfd_create("nagrind-shadow", MFD_CLOEXEC);
    memset(chunk, f->byte, sizeof chunk);
    for (size_t done = 0; fd >= 0 && done < f->size; done += sizeof chunk)
        if (write(fd, chunk, sizeof chunk) != sizeof chunk) {
            close(fd);
            fd = -1;
        }
    if (fd >= 0)
        fd = ng_fd_hide(fd);
    return fd;
}

static const struct template *template_for(uint64_t size, uint8_t byte)
{
    struct template *f = templates;
    if (!ng_fd_hide)
        return NULL;
    while (f->byte != byte || (f->size == SMALL_FILE && size >= LARGE_FROM))
        f++;
    pthread_mutex_lock(&lock);
    if (f->fd < 0)
        f->fd = make_file(f);
    pthread_mutex_unlock(&lock);
    return f->fd >= 0 ? f : NULL;
}

/* The whole pages in [from, to); false: there are none.  Shadow pages are not client pages: the plane is skewed. */
static bool whole_pages(uint8_t *from, uint8_t *to, uint8_t **low, uint8_t **high)
{
    *low = (uint8_t *)(((uintptr_t)from + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    *high = (uint8_t *)((uintptr_t)to & ~(uintptr_t)(PAGE - 1));
    return *low < *high;
}

static void zero(uint8_t *from, uint8_t *to)
{
    uint8_t *low, *high;
    if (!whole_pages(from, to, &low, &high) ||
        mmap(low, (size_t)(high - low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
             0) == MAP_FAILED) {
        memset(from, 0, (size_t)(to - from));
        return;
    }
    memset(from, 0, (size_t)(low - from));
    memset(high, 0, (size_t)(to - high));
}

bool heap_lazy_fill(guest_addr a, uint64_t size, uint8_t byte)
{
    const struct template *f = size >= HEAP_LAZY_MIN ? template_for(size, byte) : NULL;
    uint8_t *const from = ng_v(a), *const to = from + size, *low, *high;
    if (!f || !whole_pages(from, to, &low, &high))
        return false;
    for (uint8_t *at = low; at < high; at += f->size) {
        const size_t left = (size_t)(high - at), n = left < f->size ? left : f->size;
        if (mmap(at, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, f->fd, 0) == MAP_FAILED) {
            zero(low, at); /* too many mappings */
            return false;
        }
    }
    memset(from, byte, (size_t)(low - from));
    memset(high, byte, (size_t)(to - high));
    return true;
}

void heap_lazy_drop(guest_addr a, uint64_t size) { zero(ng_v(a), ng_v(a) + size); }
