/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/describe: code address -> function, source line, inlined calls; cached. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libiberty/demangle.h>
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

static void set_name(struct symbols_frame *f, const char *mangled)
{
    if (!mangled)
        return;
    f->fn_mangled = base_strdup(mangled);
    f->fn = options.demangle ? cplus_demangle(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO) : NULL;
    if (!f->fn)
        f->fn = f->fn_mangled;
}

static void set_place(struct symbols_frame *f, const char *path, int line)
{
    if (!path || line <= 0)
        return;
    const char *slash = strrchr(path, '/');
    f->file = base_strdup(slash ? slash + 1 : path);
    f->dir = base_strdup(path);
    f->dir[slash ? slash - path : 0] = 0;
    f->line = line;
}

/* Compilation unit that holds pc; compilers may omit .debug_aranges, then all are asked. */
static Dwarf_Die *unit_of(Dwfl_Module *m, Dwarf_Addr pc, Dwarf_Addr *bias, Dwarf_Die *room)
{
    Dwarf_Die *cu = dwfl_module_addrdie(m, pc, bias);
    if (cu)
        return cu;
    Dwarf *dwarf = dwfl_module_getdwarf(m, bias);
    Dwarf_Off at = 0, next;
    size_t header;
    while (dwarf && dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(dwarf, at + header, room) && dwarf_haspc(room, pc - *bias) > 0)
            return room;
        at = next;
    }
    return NULL;
}

static const char *die_name(Dwarf_Die *die)
{
    Dwarf_Attribute a;
    const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &a));
    return name ? name : dwarf_diename(die);
}

static int attribute(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute a;
    Dwarf_Word v;
    return dwarf_formudata(dwarf_attr(die, name, &a), &v) == 0 ? (int)v : 0;
}

/* Frames of inlined calls around pc, innermost first; the place of the last one is that of the call in the real function. */
static int inlined(Dwarf_Die *cu, Dwarf_Addr pc, struct symbols_frame *f)
{
    Dwarf_Die *scopes = NULL;
    Dwarf_Files *files = NULL;
    size_t n_files = 0;
    int n = 0;
    const int n_scopes = options.read_inline_info ? dwarf_getscopes(cu, pc, &scopes) : 0;
    if (n_scopes > 0)
        dwarf_getsrcfiles(cu, &files, &n_files);
    for (int i = 0; i < n_scopes && n + 1 < MAX_INLINED; i++) {
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
            break;
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
            continue;
        set_name(&f[n], die_name(&scopes[i]));
        f[n].is_inlined = true;
        const int file = attribute(&scopes[i], DW_AT_call_file);
        n++;
        set_place(&f[n], files && file >= 0 && (size_t)file < n_files ? dwarf_filesrc(files, (size_t)file, NULL, NULL) : NULL,
                  attribute(&scopes[i], DW_AT_call_line));
    }
    free(scopes);
    return n;
}

static int from_debug_info(struct symbols_object *o, uint64_t addr, struct symbols_frame *f)
{
    Dwfl_Module *m = object_module(o);
    GElf_Addr elf_bias;
    Dwarf_Addr bias = 0;
    Dwarf_Die room;
    if (!m || !dwfl_module_getelf(m, &elf_bias))
        return 0;
    Dwarf_Die *cu = unit_of(m, addr + elf_bias, &bias, &room);
    if (!cu)
        return 0;
    const Dwarf_Addr pc = addr + elf_bias - bias;
    Dwarf_Line *line = dwarf_getsrc_die(cu, pc);
    int number = 0;
    if (line && dwarf_lineno(line, &number) == 0)
        set_place(&f[0], dwarf_linesrc(line, NULL, NULL), number);
    return inlined(cu, pc, f);
}

static int describe(guest_addr pc, struct symbols_frame *f)
{
    const char *name, *file;
    int line, n = 0;
    f[0].pc = pc;
    if (redirect_describe(pc, &name, &file, &line)) {
        set_name(&f[0], name);
        set_place(&f[0], file, line);
        return 1;
    }
    struct symbols_object *o = object_at(pc);
    if (!o)
        return 1;
    n = from_debug_info(o, pc - o->bias, f);
    const struct symbols_name *s = names_at(o, pc - o->bias, false);
    set_name(&f[n], s ? s->name : NULL);
    for (int i = 0; i <= n; i++) {
        f[i].pc = pc;
        f[i].object = o->path;
    }
    return n + 1;
}

int symbols_describe(guest_addr pc, struct symbols_frame *out, int max)
{
    struct symbols_frame f[MAX_INLINED] = { 0 };
    struct entry **bucket = &buckets[base_hash64(pc) % BUCKETS];
    base_lock(&symbols_lock);
    struct entry *e = *bucket;
    while (e && e->pc != pc)
        e = e->next;
    if (!e) {
        const int n = describe(pc, f);
        e = base_alloc(sizeof *e + n * sizeof *f);
        *e = (struct entry){ .next = *bucket, .pc = pc, .n = n };
        memcpy(e->f, f, n * sizeof *f);
        *bucket = e;
    }
    base_unlock(&symbols_lock);
    const int n = e->n < max ? e->n : max;
    memcpy(out, e->f, n * sizeof *out);
    return n;
}
