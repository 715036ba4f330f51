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

bool heap_lazy_fill(guest_addr a, uint64_t size, uint8_t byte)
{
    const struct template *f = size >= HEAP_LAZY_MIN ? template_for(size, byte) : NULL;
    if (!f)
        return false;
    const guest_addr low = (a + PAGE - 1) & ~(guest_addr)(PAGE - 1), high = (a + size) & ~(guest_addr)(PAGE - 1);
    for (guest_addr at = low; at < high; at += f->size) {
        const size_t n = high - at < f->size ? high - at : f->size;
        if (mmap(ng_v(at), n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, f->fd, 0) == MAP_FAILED) {
            heap_lazy_drop(low, at - low); /* too many mappings */
            return false;
        }
    }
    memset(ng_v(a), byte, low - a);
    memset(ng_v(high), byte, a + size - high);
    return true;
}

void heap_lazy_drop(guest_addr a, uint64_t size)
{
    if (size && mmap(ng_v(a), size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
                    MAP_FAILED)
        memset(ng_v(a), 0, size);
}
