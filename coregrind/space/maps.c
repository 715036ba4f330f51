/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/maps: the client's /proc/self/maps, in the kernel's format. */
#include <stdio.h>
#include <sys/sysmacros.h>
#include "space/internal.h"

enum { PATH_COLUMN = 73 };

/* The stack appears from where it has grown to; only the first such segment is named, as the kernel does. */
static const char *name_of(const struct segment *g)
{
    if (g->s.path)
        return g->s.path;
    switch (g->s.kind) {
    case NG_SEG_BRK:
        return "[heap]";
    case NG_SEG_STACK:
        return "[stack]";
    case NG_SEG_SHM:
        return "/SYSV00000000 (deleted)";
    }
    return NULL;
}

static void print_line(FILE *out, const struct segment *g)
{
    const struct ng_segment *s = &g->s;
    const char *name = name_of(g);
    const int n = fprintf(out, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)s->start,
                          (unsigned long long)s->end, s->prot & NG_PROT_R ? 'r' : '-', s->prot & NG_PROT_W ? 'w' : '-',
                          s->prot & NG_PROT_X ? 'x' : '-', s->shared ? 's' : 'p', (unsigned long long)s->offset,
                          major(s->dev), minor(s->dev), (unsigned long long)s->ino);
    if (name)
        fprintf(out, "%*s%s", n < PATH_COLUMN ? PATH_COLUMN - n : 0, "", name);
    fputc('\n', out);
}

char *space_maps_text(size_t *size)
{
    char *text = NULL;
    *size = 0;
    FILE *out = open_memstream(&text, size);
    if (!out)
        base_out_of_memory(0);
    space_lock();
    struct segment g;
    for (guest_addr a = 0; segments_next(a, &g); a = g.s.end)
        print_line(out, &g);
    space_unlock();
    fclose(out);
    return text;
}
