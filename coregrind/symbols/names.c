/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/names: symbol tables, read when a report first asks: .symtab of the
 * file or of its separate debug file, and .dynsym. */
#include <fnmatch.h>
#include <gelf.h>
#include <stdio.h>
#include "symbols/internal.h"

/* ---- which name of several at one address is shown ---- */

static size_t base_length(const char *name)
{
    return strcspn(name, "@"); /* without the version */
}

/* The better name compares greater: functions and data before labels, then the shorter name, then that with a
 * version, then the earlier in the alphabet (as Valgrind chooses: raise, not gsignal; _Exit, not _exit). */
static int by_merit(const struct symbols_name *a, const struct symbols_name *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    const size_t na = base_length(a->name), nb = base_length(b->name);
    if (na != nb)
        return na > nb ? -1 : 1;
    if (!a->name[na] != !b->name[nb])
        return a->name[na] ? 1 : -1;
    return strcmp(b->name, a->name);
}

static int by_address(const void *x, const void *y)
{
    const struct symbols_name *a = x, *b = y;
    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    return by_merit(a, b);
}

/* ---- reading ---- */

struct table { struct symbols_object *o; size_t cap; };

static bool in_code(Elf *elf, size_t section)
{
    GElf_Shdr h;
    Elf_Scn *scn = elf_getscn(elf, section);
    return scn && gelf_getshdr(scn, &h) && (h.sh_flags & SHF_EXECINSTR);
}

static void add_symbol(struct table *t, Elf *elf, const GElf_Sym *s, const char *name)
{
    struct symbols_object *o = t->o;
    const int type = GELF_ST_TYPE(s->st_info);
    if (!name || !*name || *name == '$' || s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS)
        return;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_OBJECT && type != STT_COMMON && type != STT_NOTYPE)
        return;
    if (type == STT_NOTYPE && (s->st_shndx >= SHN_LORESERVE || !in_code(elf, s->st_shndx)))
        return;
    const size_t i = BASE_GROW(o->names, o->n_names, t->cap);
    o->names[i] = (struct symbols_name){ .addr = s->st_value, .size = s->st_size, .name = name, .type = (uint8_t)type,
                                         .rank = type != STT_NOTYPE, .is_local = GELF_ST_BIND(s->st_info) == STB_LOCAL };
}

/* All symbol tables of one type in elf; their number. */
static int read_tables(struct table *t, Elf *elf, GElf_Word type)
{
    Elf_Scn *scn = NULL;
    int n = 0;
    while ((scn = elf_nextscn(elf, scn))) {
        GElf_Shdr h;
        if (!gelf_getshdr(scn, &h) || h.sh_type != type || h.sh_entsize != sizeof(Elf64_Sym))
            continue;
        Elf_Data *data = elf_getdata(scn, NULL);
        GElf_Sym s;
        n++;
        for (int i = 1; data && gelf_getsym(data, i, &s); i++)
            add_symbol(t, elf, &s, elf_strptr(elf, h.sh_link, s.st_name));
    }
    return n;
}

void names_read(struct symbols_object *o)
{
    if (o->names_read)
        return;
    o->names_read = true;
    struct table t = { .o = o };
    Elf *elf = object_elf(o), *debug = elf ? object_debug_elf(o) : NULL;
    if (!elf)
        return;
    if (!read_tables(&t, elf, SHT_SYMTAB) && debug)
        read_tables(&t, debug, SHT_SYMTAB);
    read_tables(&t, elf, SHT_DYNSYM);
    if (o->n_names)
        qsort(o->names, o->n_names, sizeof *o->names, by_address);
}

/* ---- looking up ---- */

static bool qualifies(const struct symbols_name *s, uint64_t addr, bool data, bool nearest)
{
    const bool is_data = s->type == STT_OBJECT || s->type == STT_COMMON;
    if (is_data != data)
        return false;
    return s->size ? addr - s->addr < s->size : !data && nearest; /* assembly without .size: up to the next symbol */
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
    const uint64_t nearest = low ? o->names[low - 1].addr : 0;
    const struct symbols_name *sizeless = NULL;
    for (size_t k = 0; low > 0 && k < 64; k++) { /* functions may lie inside of each other: not only the nearest */
        const struct symbols_name *s = &o->names[--low];
        if (!qualifies(s, addr, data, s->addr == nearest))
            continue;
        if (s->size)
            return s;
        sizeless = sizeless ? sizeless : s;
    }
    return sizeless;
}

/* Also a local name of what has a global one: the linker makes malloc local in a static PIE, but leaves __malloc. */
static bool is_global(const struct symbols_object *o, size_t i)
{
    const struct symbols_name *n = o->names;
    size_t k = i;
    while (k > 0 && n[k - 1].addr == n[i].addr)
        k--;
    for (; k < o->n_names && n[k].addr == n[i].addr; k++)
        if (!n[k].is_local)
            return true;
    return false;
}

static int by_name(const void *x, const void *y)
{
    const struct symbols_name *const *a = x, *const *b = y;
    return strcmp((*a)->name, (*b)->name);
}

/* Index of the functions that other files can name. */
static void index_names(struct symbols_object *o)
{
    if (o->by_name || !o->n_names)
        return;
    o->by_name = base_alloc(o->n_names * sizeof *o->by_name);
    for (size_t i = 0; i < o->n_names; i++)
        if (is_global(o, i) && o->names[i].type != STT_OBJECT && o->names[i].type != STT_COMMON)
            o->by_name[o->n_by_name++] = &o->names[i];
    qsort(o->by_name, o->n_by_name, sizeof *o->by_name, by_name);
}

/* A static PIE's linker makes some of libc's functions local (malloc).  A local function is taken for libc's, not the
 * program's own of that name, if __libc_NAME is another name of it. */
static const struct symbols_name *find_libc_local(struct symbols_object *o, const char *name)
{
    for (size_t i = 0; i < o->n_names; i++) {
        const struct symbols_name *s = &o->names[i];
        if (!s->is_local || s->type != STT_FUNC || strncmp(s->name, "__libc_", 7) || strcmp(s->name + 7, name))
            continue;
        for (size_t k = 0; k < o->n_names; k++)
            if (o->names[k].addr == s->addr && !strcmp(o->names[k].name, name))
                return &o->names[k];
    }
    return NULL;
}

guest_addr names_find(struct symbols_object *o, const char *name, bool *ifunc)
{
    guest_addr a = 0;
    const struct symbols_name *local;
    base_lock(&symbols_lock);
    names_read(o);
    index_names(o);
    const struct symbols_name wanted = { .name = name }, *key = &wanted;
    struct symbols_name **s = o->n_by_name ? bsearch(&key, o->by_name, o->n_by_name, sizeof *o->by_name, by_name) : NULL;
    if (s) {
        *ifunc = (*s)->type == STT_GNU_IFUNC;
        a = o->bias + (*s)->addr;
    } else if ((local = find_libc_local(o, name))) {
        *ifunc = false;
        a = o->bias + local->addr;
    }
    base_unlock(&symbols_lock);
    return a;
}

/* A local function, by its name in the symbol table. */
static guest_addr find_local(struct symbols_object *o, const char *name)
{
    guest_addr a = 0;
    base_lock(&symbols_lock);
    names_read(o);
    for (size_t i = 0; i < o->n_names && !a; i++)
        if (o->names[i].type == STT_FUNC && !strcmp(o->names[i].name, name))
            a = o->bias + o->names[i].addr;
    base_unlock(&symbols_lock);
    return a;
}

guest_addr symbols_lookup(const char *soname_glob, const char *name)
{
    bool ifunc;
    for (struct symbols_object *o = object_first(); o; o = o->next) {
        if (o->gone || !o->soname || fnmatch(soname_glob, o->soname, 0))
            continue;
        guest_addr a = o->is_static ? names_find(o, name, &ifunc) : dynamic_find(o, name, &ifunc);
        a = a ? a : find_local(o, name);
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
    guest_addr start = 0;
    if (!o)
        return 0;
    base_lock(&symbols_lock);
    const struct symbols_name *s = names_at(o, pc - o->bias, false);
    if (s)
        start = o->bias + s->addr;
    base_unlock(&symbols_lock);
    return start;
}

bool symbols_function_name(guest_addr pc, char *name, size_t size)
{
    struct symbols_object *o = object_at(pc);
    if (!o)
        return false;
    base_lock(&symbols_lock);
    const struct symbols_name *s = names_at(o, pc - o->bias, false);
    if (s)
        snprintf(name, size, "%s", s->name);
    base_unlock(&symbols_lock);
    return s != NULL;
}

/* ---- sections ---- */

/* What Valgrind calls a section; NULL: nothing, the mapping is described instead. */
static const char *section_class(const char *name)
{
    static const struct { const char *name, *class; } rows[] = {
        { ".text", "Text" }, { ".data", "Data" }, { ".sdata", "Data" }, { ".bss", "BSS" }, { ".sbss", "BSS" },
        { ".dynbss", "BSS" }, { ".got", "GOT" }, { ".got.plt", "GOTPLT" }, { ".plt", "PLT" }, { ".plt.sec", "PLT" },
        { ".plt.got", "PLT" }, { ".opd", "OPD" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].class;
    return NULL;
}

/* Name of the section that holds an ELF address, or NULL. */
static const char *section_name(Elf *elf, uint64_t addr)
{
    size_t names;
    Elf_Scn *scn = NULL;
    GElf_Shdr h;
    if (elf_getshdrstrndx(elf, &names))
        return NULL;
    while ((scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &h)) {
        const bool tls_bss = (h.sh_flags & SHF_TLS) && h.sh_type == SHT_NOBITS; /* takes no place */
        if ((h.sh_flags & SHF_ALLOC) && !tls_bss && addr >= h.sh_addr && addr - h.sh_addr < h.sh_size)
            return elf_strptr(elf, names, h.sh_name);
    }
    return NULL;
}

bool symbols_section(guest_addr a, const char **section, const char **object)
{
    struct symbols_object *o = object_at(a);
    if (!o)
        return false;
    base_lock(&symbols_lock);
    Elf *elf = object_elf(o);
    const char *name = elf ? section_name(elf, a - o->bias) : NULL;
    *section = name ? section_class(name) : NULL;
    *object = o->path;
    base_unlock(&symbols_lock);
    return *section != NULL;
}
