/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/names: symbol tables, read through libdwfl (which also finds separate
 * debug files by build-id and .gnu_debuglink) when a report first asks. */
#include <fnmatch.h>
#include <gelf.h>
#include <stdio.h>
#include <unistd.h>
#include "symbols/internal.h"

static char *debug_path; /* NULL: libdwfl's own default */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

Dwfl_Module *object_module(struct symbols_object *o)
{
    if (o->dwfl_tried)
        return o->module;
    o->dwfl_tried = true;
    if (o->fd < 0)
        return NULL;
    o->dwfl = dwfl_begin(&callbacks);
    const int copy = dup(o->fd); /* libdwfl closes what it is given */
    if (!o->dwfl || copy < 0)
        return NULL;
    dwfl_report_begin(o->dwfl);
    o->module = dwfl_report_offline(o->dwfl, o->path ? o->path : "object", o->path ? o->path : "object", base_fd_hide(copy));
    dwfl_report_end(o->dwfl, NULL, NULL);
    return o->module;
}

/* Of several names of one address the highest rank is shown: global before weak before local, sized before not. */
static uint8_t rank_of(const GElf_Sym *s, const char *name)
{
    const int bind = GELF_ST_BIND(s->st_info);
    uint8_t rank = bind == STB_GLOBAL ? 8 : bind == STB_WEAK ? 6 : 4;
    rank += s->st_size ? 1 : 0;
    return name[0] == '_' ? rank : rank + 1;
}

static int by_address(const void *x, const void *y)
{
    const struct symbols_name *a = x, *b = y;
    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : strcmp(b->name, a->name);
}

void names_read(struct symbols_object *o)
{
    if (o->names_read)
        return;
    o->names_read = true;
    Dwfl_Module *m = object_module(o);
    GElf_Addr bias = 0;
    if (!m || !dwfl_module_getelf(m, &bias))
        return;
    const int n = dwfl_module_getsymtab(m);
    o->names = base_alloc((n > 0 ? n : 1) * sizeof *o->names);
    for (int i = 1; i < n; i++) {
        GElf_Sym s;
        GElf_Addr addr;
        GElf_Word section;
        const char *name = dwfl_module_getsym_info(m, i, &s, &addr, &section, NULL, NULL);
        const int type = GELF_ST_TYPE(s.st_info);
        if (!name || !*name || section == SHN_UNDEF || section == SHN_ABS || type == STT_TLS || type == STT_FILE || type == STT_SECTION)
            continue;
        o->names[o->n_names++] = (struct symbols_name){ .addr = addr - bias, .size = s.st_size, .name = name,
                                                        .type = (uint8_t)type, .rank = rank_of(&s, name) };
    }
    qsort(o->names, o->n_names, sizeof *o->names, by_address);
}

const struct symbols_name *names_at(struct symbols_object *o, uint64_t addr, bool data)
{
    names_read(o);
    size_t low = 0, high = o->n_names;
    while (low < high) {
        const size_t mid = (low + high) / 2;
        if (o->names[mid].addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t k = 0; low > 0 && k < 64; k++) { /* best name of the nearest address that qualifies */
        const struct symbols_name *s = &o->names[--low];
        const bool is_data = s->type == STT_OBJECT || s->type == STT_COMMON;
        const bool holds = s->size ? addr - s->addr < s->size : !data;
        if (is_data == data && holds)
            return s;
    }
    return NULL;
}

guest_addr names_find(struct symbols_object *o, const char *name, bool *ifunc)
{
    guest_addr a = 0;
    base_lock(&symbols_lock);
    names_read(o);
    for (size_t i = 0; i < o->n_names && !a; i++)
        if (o->names[i].type != STT_OBJECT && !strcmp(o->names[i].name, name)) {
            *ifunc = o->names[i].type == STT_GNU_IFUNC;
            a = o->bias + o->names[i].addr;
        }
    base_unlock(&symbols_lock);
    return a;
}

guest_addr symbols_lookup(const char *soname_glob, const char *name)
{
    bool ifunc;
    for (struct symbols_object *o = object_first(); o; o = o->next) {
        if (o->gone || !o->soname || fnmatch(soname_glob, o->soname, 0))
            continue;
        const guest_addr a = o->is_static ? names_find(o, name, &ifunc) : dynamic_find(o, name, &ifunc);
        if (a)
            return a;
    }
    return 0;
}

bool symbols_data(guest_addr a, char *name, size_t size, guest_addr *start, uint64_t *sym_size)
{
    struct symbols_object *o = object_at(a);
    if (!o)
        return false;
    base_lock(&symbols_lock);
    const struct symbols_name *s = names_at(o, a - o->bias, true);
    if (s) {
        snprintf(name, size, "%s", s->name);
        *start = o->bias + s->addr;
        *sym_size = s->size;
    }
    base_unlock(&symbols_lock);
    return s != NULL;
}

bool ng_data_symbol(guest_addr a, char *name, size_t size, guest_addr *start)
{
    uint64_t symbol_size;
    return symbols_data(a, name, size, start, &symbol_size);
}

guest_addr symbols_function_start(guest_addr pc)
{
    struct symbols_object *o = object_at(pc);
    if (!o)
        return 0;
    base_lock(&symbols_lock);
    const struct symbols_name *s = names_at(o, pc - o->bias, false);
    base_unlock(&symbols_lock);
    return s ? o->bias + s->addr : 0;
}

static const char *section_class(const char *name)
{
    static const struct { const char *name, *class; } rows[] = {
        { ".text", "Text" }, { ".data", "Data" }, { ".bss", "BSS" }, { ".sbss", "BSS" }, { ".got", "GOT" },
        { ".got.plt", "GOTPLT" }, { ".plt", "PLT" }, { ".plt.sec", "PLT" }, { ".opd", "OPD" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].class;
    return "Unknown";
}

bool symbols_section(guest_addr a, const char **section, const char **object)
{
    struct symbols_object *o = object_at(a);
    GElf_Addr bias;
    size_t names;
    bool known = false;
    if (!o)
        return false;
    base_lock(&symbols_lock);
    Dwfl_Module *m = object_module(o);
    Elf *elf = m ? dwfl_module_getelf(m, &bias) : NULL;
    if (elf && elf_getshdrstrndx(elf, &names) == 0) {
        Elf_Scn *scn = NULL;
        GElf_Shdr h;
        while (!known && (scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &h)) {
            if (!(h.sh_flags & SHF_ALLOC) || a - o->bias < h.sh_addr || a - o->bias - h.sh_addr >= h.sh_size)
                continue;
            const char *name = elf_strptr(elf, names, h.sh_name);
            *section = section_class(name ? name : "");
            *object = o->path;
            known = true;
        }
    }
    base_unlock(&symbols_lock);
    return known;
}
