/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/dynamic: what is needed of an object as soon as it is mapped: its
 * soname, and a few symbols by name through DT_GNU_HASH (or a walk of DT_SYMTAB).
 * Everything is read from the file in chunks that are kept while an object is
 * scanned; nothing in the file is trusted. */
#include <stdio.h>
#include <unistd.h>
#include "heap/redirect.h"
#include "symbols/internal.h"

enum { CHUNK = 1 << 16, CHUNKS = 64 };

struct reader {
    struct symbols_object *o;
    struct { uint64_t at; char *data; ssize_t size; } chunk[CHUNKS];
    /* file offsets; 0: none */
    uint64_t gnu_hash, symtab, strtab, strsz, soname, versym, n_syms;
    uint32_t n_buckets, first_symbol, bloom_words, bloom_shift;
};

static bool read_at(struct reader *r, uint64_t at, void *to, size_t size)
{
    char *out = to;
    while (size) {
        const uint64_t base = at & ~(uint64_t)(CHUNK - 1);
        const int i = (int)(base / CHUNK % CHUNKS);
        if (!r->chunk[i].data || r->chunk[i].at != base) {
            if (!r->chunk[i].data)
                r->chunk[i].data = base_alloc(CHUNK);
            r->chunk[i].at = base;
            r->chunk[i].size = pread(r->o->fd, r->chunk[i].data, CHUNK, (off_t)base);
        }
        const uint64_t inside = at - base;
        if (r->chunk[i].size <= (ssize_t)inside)
            return false;
        size_t n = (size_t)r->chunk[i].size - inside;
        n = n < size ? n : size;
        memcpy(out, r->chunk[i].data + inside, n);
        out += n;
        at += n;
        size -= n;
    }
    return true;
}

static void reader_free(struct reader *r)
{
    for (int i = 0; i < CHUNKS; i++)
        free(r->chunk[i].data);
}

/* ELF address to file offset; 0 if it is in no segment's file part. */
static uint64_t file_offset(const struct symbols_object *o, uint64_t addr)
{
    for (int i = 0; i < o->n_phdrs; i++) {
        const Elf64_Phdr *p = &o->phdrs[i];
        if (p->p_type == PT_LOAD && addr >= p->p_vaddr && addr - p->p_vaddr < p->p_filesz)
            return addr - p->p_vaddr + p->p_offset;
    }
    return 0;
}

static void take_entry(struct reader *r, const Elf64_Dyn *d, uint64_t *hash)
{
    switch (d->d_tag) {
    case DT_GNU_HASH: r->gnu_hash = file_offset(r->o, d->d_un.d_ptr); break;
    case DT_HASH: *hash = file_offset(r->o, d->d_un.d_ptr); break;
    case DT_SYMTAB: r->symtab = file_offset(r->o, d->d_un.d_ptr); break;
    case DT_STRTAB: r->strtab = file_offset(r->o, d->d_un.d_ptr); break;
    case DT_STRSZ: r->strsz = d->d_un.d_val; break;
    case DT_VERSYM: r->versym = file_offset(r->o, d->d_un.d_ptr); break;
    case DT_SONAME: r->soname = d->d_un.d_val; break;
    }
}

static bool open_dynamic(struct reader *r, struct symbols_object *o)
{
    uint64_t hash = 0;
    memset(r, 0, sizeof *r);
    r->o = o;
    for (int i = 0; i < o->n_phdrs; i++) {
        const Elf64_Phdr *p = &o->phdrs[i];
        Elf64_Dyn d;
        for (uint64_t k = 0; p->p_type == PT_DYNAMIC && k + sizeof d <= p->p_filesz && k < 1 << 16; k += sizeof d) {
            if (!read_at(r, p->p_offset + k, &d, sizeof d) || d.d_tag == DT_NULL)
                break;
            take_entry(r, &d, &hash);
        }
    }
    uint32_t words[4];
    if (r->gnu_hash && read_at(r, r->gnu_hash, words, sizeof words)) {
        r->n_buckets = words[0], r->first_symbol = words[1], r->bloom_words = words[2], r->bloom_shift = words[3];
    } else {
        r->gnu_hash = 0;
    }
    if (hash && read_at(r, hash, words, 8))
        r->n_syms = words[1];
    return r->symtab && r->strtab;
}

static uint32_t gnu_hash_of(const char *name)
{
    uint32_t h = 5381;
    for (; *name; name++)
        h = h * 33 + (uint8_t)*name;
    return h;
}

/* An old version, kept for programs linked long ago. */
static bool is_hidden(struct reader *r, uint64_t index)
{
    uint16_t version;
    return r->versym && read_at(r, r->versym + 2 * index, &version, sizeof version) && (version & 0x8000);
}

static bool symbol_is(struct reader *r, uint64_t index, const char *name, Elf64_Sym *s)
{
    char text[256];
    const size_t n = strlen(name) + 1;
    return n <= sizeof text && read_at(r, r->symtab + index * sizeof *s, s, sizeof *s) && s->st_name < r->strsz &&
           s->st_shndx != SHN_UNDEF && s->st_value && read_at(r, r->strtab + s->st_name, text, n) && !memcmp(text, name, n);
}

/* DT_GNU_HASH: header, bloom words of 64 bits, buckets, hash values whose lowest bit ends a chain.
 * Of several versions the default one; or an old one if asked for. */
static bool find_hashed(struct reader *r, const char *name, bool old, Elf64_Sym *s)
{
    const uint32_t h = gnu_hash_of(name);
    uint64_t word;
    uint32_t index, value;
    if (!r->n_buckets || !r->bloom_words)
        return false;
    const uint64_t bloom = r->gnu_hash + 16, buckets = bloom + 8ull * r->bloom_words, chains = buckets + 4ull * r->n_buckets;
    if (!read_at(r, bloom + 8ull * (h / 64 % r->bloom_words), &word, 8) ||
        !(word >> (h % 64) & 1) || !(word >> ((h >> (r->bloom_shift & 31)) % 64) & 1))
        return false;
    if (!read_at(r, buckets + 4ull * (h % r->n_buckets), &index, 4) || index < r->first_symbol)
        return false;
    for (int steps = 0; steps < 100000; steps++, index++) {
        if (!read_at(r, chains + 4ull * (index - r->first_symbol), &value, 4))
            return false;
        if ((value | 1) == (h | 1) && is_hidden(r, index) == old && symbol_is(r, index, name, s))
            return true;
        if (value & 1)
            return false;
    }
    return false;
}

static bool find_dynamic(struct reader *r, const char *name, Elf64_Sym *s)
{
    if (r->gnu_hash) { /* "name@VERSION": whatever old version there is */
        char base[256];
        const size_t n = strcspn(name, "@");
        if (name[n] && n < sizeof base) {
            memcpy(base, name, n);
            base[n] = 0;
            return find_hashed(r, base, true, s);
        }
        return find_hashed(r, name, false, s) || find_hashed(r, name, true, s);
    }
    for (uint64_t i = 1; i < r->n_syms && i < 1 << 20; i++)
        if (symbol_is(r, i, name, s))
            return true;
    return false;
}

static guest_addr found(const struct symbols_object *o, const Elf64_Sym *s, bool *ifunc)
{
    const int type = ELF64_ST_TYPE(s->st_info);
    *ifunc = type == STT_GNU_IFUNC;
    return o->bias + s->st_value;
}

guest_addr dynamic_find(struct symbols_object *o, const char *name, bool *ifunc)
{
    struct reader r;
    Elf64_Sym s;
    guest_addr a = 0;
    if (open_dynamic(&r, o) && find_dynamic(&r, name, &s))
        a = found(o, &s, ifunc);
    reader_free(&r);
    return a;
}

static guest_addr find_for_redirect(void *arg, const char *name, bool *ifunc)
{
    struct reader *r = arg;
    Elf64_Sym s;
    if (r->o->is_static)
        return names_find(r->o, name, ifunc);
    return find_dynamic(r, name, &s) && ELF64_ST_TYPE(s.st_info) != STT_OBJECT && ELF64_ST_TYPE(s.st_info) != STT_TLS
               ? found(r->o, &s, ifunc) : 0;
}

void dynamic_scan(struct symbols_object *o)
{
    struct reader r;
    char soname[256] = "NONE";
    if (o->fd < 0)
        return;
    const bool dynamic = open_dynamic(&r, o);
    if (dynamic && r.soname)
        for (size_t i = 0; i + 1 < sizeof soname; i++) {
            soname[i + 1] = 0;
            if (!read_at(&r, r.strtab + r.soname + i, &soname[i], 1) || !soname[i])
                break;
        }
    o->soname = base_strdup(soname);
    o->is_static = !o->has_interp && !strcmp(soname, "NONE");
    const struct redirect_object ro = { .soname = o->soname, .arg = &r, .find = find_for_redirect };
    redirect_scan(&ro);
    reader_free(&r);
}
