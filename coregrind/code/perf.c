/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/perf: /tmp/perf-PID.map, one line a translation: address, size, name.
 *
 * Written once when the process ends, with names from the symbol tables, so that it costs nothing while the program runs.
 * What was discarded or evicted before is not in it.  */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "code/internal.h"
#include "symbols/symbols.h"

/* perf takes the rest of the line as the name.  Code without a symbol goes by its place in its file. */
static void name_of(guest_addr pc, char *name, size_t size)
{
    struct ng_segment seg;
    if (symbols_function_name(pc, name, size))
        return;
    if (ng_segment_at(pc, &seg) && seg.path)
        snprintf(name, size, "[%s+0x%lx]", seg.path, (unsigned long)(pc - seg.start + seg.offset));
    else
        snprintf(name, size, "[0x%lx]", (unsigned long)pc);
}

static void entry(struct node *n, void *arg)
{
    char name[512];
    name_of(n->t.pc, name, sizeof name);
    static const char *const modes[NG_MODES_MAX] = { "", " [dirty]", "", " [light]" };
    const char *mode = modes[n->t.mode];
    fprintf(arg, "%lx %x %s%s\n", (unsigned long)n->t.rx, n->t.hot, name, mode);
    if (n->t.size > n->t.hot)
        fprintf(arg, "%lx %x %s%s [cold]\n", (unsigned long)n->t.cold_rx, n->t.size - n->t.hot, name, mode);
}

/* A file of ours and nobody else's: /tmp is everybody's. */
static FILE *open_map(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

void code_perf_map(void)
{
    FILE *f = open_map();
    if (!f) {
        ng_msg("cannot write /tmp/perf-%d.map: %s", (int)getpid(), strerror(errno));
        return;
    }
    fprintf(f, "%lx %x nagrind's trampolines\n", (unsigned long)zone.rx, CODE_TRAMP_BYTES);
    base_lock(&code_lock);
    table_each(entry, f);
    base_unlock(&code_lock);
    fclose(f);
}
