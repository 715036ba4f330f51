/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/describe: code address -> function, source line, inlined calls; cached. */
#include <dwarf.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include "heap/redirect.h"
#include "launch/options.h"
#include "symbols/internal.h"

enum { BUCKETS = 4096, MAX_INLINED = 32 };
struct entry { struct entry *next; guest_addr pc; int n; struct symbols_frame f[]; };
static struct entry *buckets[BUCKETS];

void describe_forget(void)
{
    base_lock(&symbols_lock);
    memset(buckets, 0, sizeof buckets); /* frames may still be in use by a report: they are not freed */
    base_unlock(&symbols_lock);
}

/* ---- names and places ---- */

static char *demangle(const char *mangled)
{
    return options.demangle ? cplus_demangle(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO) : NULL;
}

static void set_name(struct symbols_frame *f, const char *mangled)
{
    if (!mangled)
        return;
    f->fn_mangled = base_strdup(mangled);
    f->fn = demangle(mangled);
    if (!f->fn)
        f->fn = f->fn_mangled;
}

/* Replacements of C++ operators are declared by the name that is shown; suppressions want the mangled one. */
static const char *mangled_operator(const char *shown)
{
    static const char *const operators[] = {
        "_Znwm", "_ZnwmRKSt9nothrow_t", "_ZnwmSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t",
        "_Znam", "_ZnamRKSt9nothrow_t", "_ZnamSt11align_val_t", "_ZnamSt11align_val_tRKSt9nothrow_t",
        "_ZdlPv", "_ZdlPvm", "_ZdlPvRKSt9nothrow_t", "_ZdlPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
        "_ZdlPvSt11align_val_tRKSt9nothrow_t",
        "_ZdaPv", "_ZdaPvm", "_ZdaPvRKSt9nothrow_t", "_ZdaPvSt11align_val_t", "_ZdaPvmSt11align_val_t",
        "_ZdaPvSt11align_val_tRKSt9nothrow_t",
    };
    for (size_t i = 0; strncmp(shown, "operator ", 9) == 0 && i < sizeof operators / sizeof *operators; i++) {
        char *text = cplus_demangle(operators[i], DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
        const bool same = text && !strcmp(text, shown);
        free(text);
        if (same)
            return operators[i];
    }
    return shown;
}

/* Paths may be relative to where the unit was compiled. */
static void set_place(struct symbols_frame *f, Dwarf_Die *cu, const char *path, int line)
{
    Dwarf_Attribute a;
    if (!path || line <= 0)
        return;
    const char *base = cu && *path != '/' ? dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &a)) : NULL;
    const char *slash = strrchr(path, '/');
    const int n = slash ? (int)(slash - path) : 0;
    f->file = base_strdup(slash ? slash + 1 : path);
    f->line = line;
    if (base && !strncmp(base, "./", 2))
        base += 2;
    if (!n && !base)
        f->dir = NULL;
    else if (asprintf(&f->dir, "%s%s%.*s", base ? base : "", base && n ? "/" : "", n, path) < 0)
        base_out_of_memory(0);
}

/* ---- compilation units ---- */

static int by_low(const void *x, const void *y)
{
    const struct symbols_unit *a = x, *b = y;
    return a->low < b->low ? -1 : a->low > b->low;
}

/* Address ranges of all units, for compilers that do not write .debug_aranges. */
static void read_units(struct symbols_object *o)
{
    Dwarf_Off at = 0, next;
    size_t header, cap = 0;
    if (o->units_read)
        return;
    o->units_read = true;
    for (; dwarf_nextcu(o->dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
        Dwarf_Die die;
        Dwarf_Addr base, low, high;
        ptrdiff_t k = 0;
        if (!dwarf_offdie(o->dwarf, at + header, &die))
            continue;
        while ((k = dwarf_ranges(&die, k, &base, &low, &high)) > 0) {
            const size_t i = BASE_GROW(o->units, o->n_units, cap);
            o->units[i] = (struct symbols_unit){ low, high, at + header };
        }
    }
    if (o->n_units)
        qsort(o->units, o->n_units, sizeof *o->units, by_low);
}

static Dwarf_Die *unit_of(struct symbols_object *o, uint64_t addr, Dwarf_Die *room)
{
    if (dwarf_addrdie(o->dwarf, addr, room))
        return room;
    read_units(o);
    size_t low = 0, high = o->n_units;
    while (low < high) {
        const size_t mid = (low + high) / 2;
        if (o->units[mid].low <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low && addr < o->units[low - 1].high ? dwarf_offdie(o->dwarf, o->units[low - 1].die, room) : NULL;
}

/* ---- inlined calls ---- */

static int attribute(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute a;
    Dwarf_Word v;
    return dwarf_formudata(dwarf_attr(die, name, &a), &v) == 0 ? (int)v : 0;
}

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute a;
    const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &a));
    return name ? name : dwarf_diename(die);
}

/* Frames of the inlined calls around addr, innermost first; f[0] has its place already, and the place of the
 * last is that of the call in the real function, whose name by debug information goes to *real.  Inlined functions
 * have short names, as in Valgrind's reports and suppressions. */
static int inlined(struct symbols_object *o, Dwarf_Die *cu, uint64_t addr, struct symbols_frame *f, const char **real)
{
    Dwarf_Die scopes[SCOPES_MAX];
    Dwarf_Files *files = NULL;
    size_t n_files = 0;
    const int n = scopes_at(o, cu, addr, scopes, MAX_INLINED);
    if (n == 0)
        return 0;
    *real = linkage_name(&scopes[n - 1]);
    if (!options.read_inline_info || n == 1 || dwarf_getsrcfiles(cu, &files, &n_files) != 0)
        return 0;
    for (int i = 0; i + 1 < n; i++) {
        const char *name = dwarf_diename(&scopes[i]);
        const int file = attribute(&scopes[i], DW_AT_call_file);
        const bool known = file >= 0 && (size_t)file < n_files;
        set_name(&f[i], name ? name : "UnknownInlinedFun");
        f[i].is_inlined = true;
        set_place(&f[i + 1], cu, known ? dwarf_filesrc(files, (size_t)file, NULL, NULL) : NULL, attribute(&scopes[i], DW_AT_call_line));
    }
    return n - 1;
}

static int from_debug_info(struct symbols_object *o, uint64_t addr, struct symbols_frame *f, const char **real)
{
    Dwarf_Die room, *cu = object_dwarf(o) ? unit_of(o, addr, &room) : NULL;
    if (!cu)
        return 0;
    Dwarf_Line *line = dwarf_getsrc_die(cu, addr);
    int number = 0;
    if (line && dwarf_lineno(line, &number) == 0)
        set_place(&f[0], cu, dwarf_linesrc(line, NULL, NULL), number);
    return inlined(o, cu, addr, f, real);
}

/* ---- addresses ---- */

/* 0 if nothing is known of pc: that may change, and is not kept. */
static int describe(guest_addr pc, struct symbols_frame *f)
{
    const char *name, *file, *real = NULL;
    int line, n = 0;
    f[0].pc = pc;
    if (redirect_describe(pc, &name, &file, &line)) {
        set_name(&f[0], mangled_operator(name));
        set_place(&f[0], NULL, file, line);
        return 1;
    }
    struct symbols_object *o = object_at(pc);
    if (!o)
        return 0;
    n = from_debug_info(o, pc - o->bias, f, &real);
    const struct symbols_name *s = names_at(o, pc - o->bias, false);
    set_name(&f[n], s ? s->name : real);
    for (int i = 0; i <= n; i++) {
        f[i].pc = pc;
        f[i].object = o->path;
    }
    return n + 1;
}

static struct entry *cached(guest_addr pc)
{
    struct entry **bucket = &buckets[base_hash64(pc) % BUCKETS], *e = *bucket;
    while (e && e->pc != pc)
        e = e->next;
    if (e)
        return e;
    struct symbols_frame f[MAX_INLINED] = { 0 };
    const int n = describe(pc, f);
    if (!n)
        return NULL;
    e = base_alloc(sizeof *e + (size_t)n * sizeof *f);
    *e = (struct entry){ .next = *bucket, .pc = pc, .n = n };
    memcpy(e->f, f, (size_t)n * sizeof *f);
    *bucket = e;
    return e;
}

int symbols_describe(guest_addr pc, struct symbols_frame *out, int max)
{
    base_lock(&symbols_lock);
    const struct entry *e = cached(pc);
    base_unlock(&symbols_lock);
    if (!e) {
        out[0] = (struct symbols_frame){ .pc = pc };
        return 1;
    }
    const int n = e->n < max ? e->n : max;
    memcpy(out, e->f, (size_t)n * sizeof *out);
    return n;
}
