/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/slab: memory for the book-keeping of translations.
 *
 * Chunks come from the kernel with their pages in place: a program that starts makes thousands of translations at once, and a
 * page fault costs as much as one.  Pieces of one size that were freed are used again; chunks stay. */
#include <sys/mman.h>
#include "code/internal.h"

enum { UNIT = 32, CLASSES = 64, CHUNK = 128 << 10 };

static struct piece { struct piece *next; } *freed[CLASSES];
static char *fresh, *fresh_end;

static size_t class_of(size_t size)
{
    return (size + UNIT - 1) / UNIT;
}

static void new_chunk(void)
{
    void *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        base_out_of_memory(CHUNK);
    fresh = p;
    fresh_end = fresh + CHUNK;
}

void *slab_alloc(size_t size)
{
    const size_t class = class_of(size);
    if (class >= CLASSES)
        return base_alloc(size);
    struct piece *p = freed[class];
    if (p) {
        freed[class] = p->next;
        return p;
    }
    if ((size_t)(fresh_end - fresh) < class * UNIT)
        new_chunk();
    fresh += class * UNIT;
    return fresh - class * UNIT;
}

void slab_free(void *p, size_t size)
{
    const size_t class = class_of(size);
    if (class >= CLASSES) {
        free(p);
        return;
    }
    struct piece *piece = p;
    piece->next = freed[class];
    freed[class] = piece;
}
