/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/objects: which ELF object is mapped where.  A mapping of a file is
 * matched with the program headers of that file, which give the load bias; all
 * mappings of one file with one bias are one object. */
#include <sys/stat.h>
#include <unistd.h>
#include "heap/redirect.h"
#include "symbols/internal.h"

struct base_lock symbols_lock;
static _Atomic(struct symbols_object *) objects;

struct symbols_object *object_first(void)
{
    return atomic_load_explicit(&objects, memory_order_acquire);
}

struct symbols_object *object_at(guest_addr a)
{
    for (struct symbols_object *o = object_first(); o; o = o->next)
        if (!o->gone && a >= o->low && a < o->high)
            return o;
    return NULL;
}

/* Program headers of an ELF64 file; NULL if it is none. */
static Elf64_Phdr *read_headers(int fd, int *n, bool *executable)
{
    Elf64_Ehdr h;
    if (pread(fd, &h, sizeof h, 0) != sizeof h || memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_ident[EI_CLASS] != ELFCLASS64 ||
        h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum == 0 || h.e_phnum > 4096)
        return NULL;
    const size_t size = h.e_phnum * sizeof(Elf64_Phdr);
    Elf64_Phdr *p = base_alloc(size);
    if (pread(fd, p, size, (off_t)h.e_phoff) != (ssize_t)size) {
        free(p);
        return NULL;
    }
    *n = h.e_phnum;
    *executable = h.e_type == ET_EXEC;
    return p;
}

/* Would a mapping of the file's `offset` at a be part of segment p?  Then *bias is the load bias it means. */
static bool bias_by(const Elf64_Phdr *p, guest_addr a, uint64_t offset, bool exact, uint64_t *bias)
{
    const uint64_t first = ROUND_DOWN(p->p_offset, NG_PAGE), end = p->p_offset + p->p_filesz;
    if (p->p_type != PT_LOAD || (exact ? offset != first : offset < first || offset >= end))
        return false;
    *bias = a - (ROUND_DOWN(p->p_vaddr, NG_PAGE) + (offset - first));
    return true;
}

static struct symbols_object *known_object(const struct stat *st, uint64_t bias)
{
    for (struct symbols_object *o = object_first(); o; o = o->next)
        if (!o->gone && o->dev == st->st_dev && o->ino == st->st_ino && o->bias == bias)
            return o;
    return NULL;
}

/* One page of the file may belong to two segments, so a mapping may mean several biases: that of an object which is
 * there already wins.  Its object, or NULL and the *bias of a new one; false: the mapping fits no segment. */
static bool place_in_object(const Elf64_Phdr *p, int n, const struct stat *st, guest_addr a, uint64_t offset,
                            struct symbols_object **known, uint64_t *bias)
{
    uint64_t candidate;
    bool any = false;
    *known = NULL;
    for (int exact = 1; exact >= 0; exact--)
        for (int i = 0; i < n && !*known; i++) {
            if (!bias_by(&p[i], a, offset, exact, &candidate))
                continue;
            *known = known_object(st, candidate);
            if (!any)
                *bias = candidate;
            any = true;
        }
    return any;
}

static void set_extent(struct symbols_object *o)
{
    o->low = ~0ull;
    for (int i = 0; i < o->n_phdrs; i++) {
        const Elf64_Phdr *p = &o->phdrs[i];
        if (p->p_type == PT_INTERP)
            o->has_interp = true;
        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        const guest_addr start = o->bias + p->p_vaddr, end = start + p->p_memsz;
        o->low = start < o->low ? start : o->low;
        o->high = end > o->high ? end : o->high;
    }
}

static struct symbols_object *find_or_make(guest_addr a, int fd, uint64_t offset, const char *path)
{
    struct stat st;
    int n;
    bool executable;
    uint64_t bias = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return NULL;
    Elf64_Phdr *phdrs = read_headers(fd, &n, &executable);
    if (!phdrs)
        return NULL;
    struct symbols_object *o;
    if (!place_in_object(phdrs, n, &st, a, offset, &o, &bias) || o) {
        free(phdrs);
        return o;
    }
    o = base_alloc(sizeof *o);
    *o = (struct symbols_object){ .path = path ? base_strdup(path) : NULL, .dev = st.st_dev, .ino = st.st_ino, .bias = bias,
                                  .file_size = (uint64_t)st.st_size, .phdrs = phdrs, .n_phdrs = n };
    const int copy = dup(fd);
    o->fd = copy < 0 ? -1 : base_fd_hide(copy);
    set_extent(o);
    o->next = object_first();
    atomic_store_explicit(&objects, o, memory_order_release);
    return o;
}

static __attribute__((constructor)) void register_lock(void)
{
    base_lock_register(&symbols_lock, 10);
}

void symbols_mapped(guest_addr a, uint64_t size, int prot, int fd, uint64_t offset, const char *path)
{
    base_lock(&symbols_lock);
    struct symbols_object *o = find_or_make(a, fd, offset, path);
    const bool now = o && (prot & NG_PROT_X) && !o->complete;
    if (now) {
        o->complete = true;
        o->text_low = a;
        o->text_high = a + size;
    }
    base_unlock(&symbols_lock);
    if (now)
        dynamic_scan(o);
}

/* Takes what is gone out of the list.  It is not freed: a reader may stand on it, reports hold its path. */
static void unlink_gone(void)
{
    struct symbols_object *last = NULL, *o = object_first();
    for (; o; o = o->next) {
        if (!o->gone)
            last = o;
        else if (last)
            last->next = o->next;
        else
            atomic_store_explicit(&objects, o->next, memory_order_release);
    }
}

void symbols_unmapped(guest_addr a, uint64_t size)
{
    bool any = false;
    base_lock(&symbols_lock);
    for (struct symbols_object *o = object_first(); o; o = o->next)
        if (!o->gone && o->complete && a < o->text_high && a + size > o->text_low) {
            o->gone = any = true;
            object_close(o);
        }
    if (any)
        unlink_gone();
    base_unlock(&symbols_lock);
    if (any) {
        unwind_forget(a, size);
        describe_forget();
    }
}
