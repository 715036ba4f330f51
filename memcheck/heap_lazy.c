/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_lazy: shadow of large blocks that takes memory only where it says something.
 *
 * A memory file full of one byte is mapped, privately and read-only, again and again over the shadow of
 * the block.  Reads find the file's pages.  The first write faults and opens a window: there writes make copies.
 * The last few windows are remembered; when one falls out of them, and the program has written all of it, its
 * shadow is all zero by then, and zero pages take no memory: it is replaced by them.  So gigabytes that the
 * program never touches, or writes from end to end, cost page tables at most.
 *
 * Origins take none: they are in the block's record until somebody looks (shadow_fresh.c).
 *
 * Where something of this is not possible the caller fills by hand.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "heap.h"

enum { PAGE = 4096, SMALL_FILE = 4 << 20, LARGE_FILE = 64 << 20 };
#define LARGE_FROM (16ull << 30)    /* keeps the number of mappings of a block below a few thousand */

struct template { int fd; size_t size; uint8_t byte; };
/* Of undefined and fresh a process needs one: with origins it is the second. */
static struct template templates[] = { { -1, SMALL_FILE, VPAT_UNDEFINED }, { -1, SMALL_FILE, VPAT_FRESH },
                                       { -1, SMALL_FILE, VPAT_NOACCESS },  { -1, LARGE_FILE, VPAT_UNDEFINED },
                                       { -1, LARGE_FILE, VPAT_FRESH },     { -1, LARGE_FILE, VPAT_NOACCESS } };
enum { TEMPLATES = sizeof templates / sizeof *templates };
enum { WINDOW_MIN = 64 << 10, WINDOW_MAX = 1 << 20, WINDOWS = 8 };

/* Of a block with a span of its own; all NULL: nothing is lazy. */
struct heap_lazy {
    uint8_t *low, *high;         /* V bytes: whole pages */
    uint8_t *next;               /* end of the last window opened: who comes here writes in order */
    size_t smallest, window;     /* bytes of windows */
};

/* All of this under a spin lock: a fault, in a signal handler, takes it.  Its holder touches no shadow that may fault. */
static struct { uint8_t *low, *high; } windows[WINDOWS];
static unsigned next_window;
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        sched_yield();
}

static void unlock(void) { atomic_flag_clear_explicit(&busy, memory_order_release); }

void heap_lazy_forked(void) { unlock(); }

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
    while (f < templates + TEMPLATES && (f->byte != byte || (f->size == SMALL_FILE && size >= LARGE_FROM)))
        f++;
    if (f == templates + TEMPLATES)
        return NULL;
    lock();
    if (f->fd < 0)
        f->fd = make_file(f);
    unlock();
    return f->fd >= 0 ? f : NULL;
}

/* The whole pages in [from, to); false: there are none.  Shadow pages are not client pages: the plane is skewed. */
static bool whole_pages(uint8_t *from, uint8_t *to, uint8_t **low, uint8_t **high)
{
    *low = (uint8_t *)(((uintptr_t)from + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    *high = (uint8_t *)((uintptr_t)to & ~(uintptr_t)(PAGE - 1));
    return *low < *high;
}

static bool map_zero(uint8_t *low, uint8_t *high)
{
    return mmap(low, (size_t)(high - low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                -1, 0) != MAP_FAILED;
}

/* ---- windows; lock held ---- */

static bool all_zero(const uint8_t *low, const uint8_t *high)
{
    for (const uint64_t *p = (const uint64_t *)low; p < (const uint64_t *)high; p += 8)
        if (p[0] | p[1] | p[2] | p[3] | p[4] | p[5] | p[6] | p[7])
            return false;
    return true;
}

/* Whoever writes meanwhile faults, and opens it again. */
static void close_window(uint8_t *low, uint8_t *high)
{
    if (low == high || mprotect(low, (size_t)(high - low), PROT_READ) != 0)
        return;
    if (!all_zero(low, high) || !map_zero(low, high))
        mprotect(low, (size_t)(high - low), PROT_READ | PROT_WRITE);
}

static void forget_windows(const uint8_t *low, const uint8_t *high)
{
    for (int i = 0; i < WINDOWS; i++)
        if (windows[i].low < high && low < windows[i].high)
            windows[i].low = windows[i].high = NULL;
}

static uint8_t *page_of(uint8_t *p) { return (uint8_t *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1)); }

/* From the page of `at` on, or the aligned window around it if writing has just begun there. */
static bool open_window(struct heap_lazy *z, uint8_t *at)
{
    const bool in_order = page_of(at) == z->next;
    if (in_order)
        z->window = 2 * z->window < WINDOW_MAX ? 2 * z->window : z->window;
    else
        z->window = z->smallest;
    uint8_t *low = in_order ? at : (uint8_t *)((uintptr_t)at & ~(uintptr_t)(z->window - 1));
    low = low < z->low ? z->low : page_of(low);
    uint8_t *high = (uint8_t *)(((uintptr_t)low + z->window) & ~(uintptr_t)(z->smallest - 1));
    high = high > z->high ? z->high : high;
    if (mprotect(low, (size_t)(high - low), PROT_READ | PROT_WRITE) != 0)
        ng_fatal("out of memory for V bits");
    z->next = high;
    close_window(windows[next_window].low, windows[next_window].high);
    windows[next_window].low = low;
    windows[next_window].high = high;
    next_window = (next_window + 1) % WINDOWS;
    return true;
}

/* ---- what the others call ---- */

bool heap_lazy_fault(uint64_t host)
{
    static __thread uint64_t last __attribute__((tls_model("initial-exec")));
    static __thread unsigned again __attribute__((tls_model("initial-exec")));
    uint8_t *at = (uint8_t *)(uintptr_t)host;
    if (!ng_in_client(host - ng_v_shift))
        return false;
    lock();
    struct heap_span *s = heap_span_at(host - ng_v_shift);
    struct heap_lazy *z = s ? s->lazy : NULL;
    bool mended = false;
    if (z && at >= z->low && at < z->high)
        mended = open_window(z, at);
    unlock();
    /* Nothing is lazy there now; perhaps it was when the fault happened. */
    again = host == last && !mended ? again + 1 : 0;
    last = host;
    return mended || again < 1000;
}

static struct heap_lazy *lazy_of(struct heap_span *s)
{
    if (!s->lazy)
        s->lazy = calloc(1, sizeof *s->lazy);
    return s->lazy;
}

/* Lock held.  The template over [low, high), read-only. */
static bool map_template(const struct template *f, uint8_t *low, uint8_t *high)
{
    forget_windows(low, high);
    for (uint8_t *at = low; at < high; at += f->size) {
        const size_t left = (size_t)(high - at), n = left < f->size ? left : f->size;
        if (mmap(at, n, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, f->fd, 0) == MAP_FAILED) {
            if (low < at && !map_zero(low, at))
                ng_fatal("out of memory for V bits");
            return false; /* too many mappings */
        }
    }
    return true;
}

static size_t smallest_window(size_t size)
{
    size_t n = WINDOW_MIN;
    while (n < size / 1024)
        n *= 2;
    return n;
}

bool heap_lazy_fill(const struct heap_block *b, uint8_t byte)
{
    const struct template *f = template_for(b->size, byte);
    struct heap_span *s = heap_span_at(b->addr);
    uint8_t *const from = ng_v(b->addr), *const to = from + b->size, *low, *high;
    if (!f || !s || !whole_pages(from, to, &low, &high))
        return false;
    lock();
    struct heap_lazy *z = lazy_of(s);
    const bool done = z && map_template(f, low, high);
    if (done) {
        z->low = low;
        z->high = high;
        z->next = NULL;
        z->smallest = z->window = smallest_window((size_t)(high - low));
    } else if (z) {
        z->low = z->high = NULL;
    }
    unlock();
    if (!done)
        return false;
    memset(from, byte, (size_t)(low - from));
    memset(high, byte, (size_t)(to - high));
    return true;
}

void heap_lazy_drop(struct heap_span *s)
{
    uint8_t *const from = ng_v(s->start), *const to = from + s->size, *low, *high;
    struct heap_lazy *z = s->lazy;
    bool done = whole_pages(from, to, &low, &high);
    lock();
    forget_windows(from, to);
    done = done && map_zero(low, high);
    if (!done && z && z->low)
        mprotect(z->low, (size_t)(z->high - z->low), PROT_READ | PROT_WRITE);
    s->lazy = NULL;
    unlock();
    memset(from, 0, (size_t)((done ? low : to) - from));
    if (done)
        memset(high, 0, (size_t)(to - high));
    free(z);
}
