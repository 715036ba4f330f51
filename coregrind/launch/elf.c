/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/elf: reads and maps an ELF64 x86-64 program or interpreter (System V
 * gABI, chapter 5).  The file may be anything: every figure in it is checked
 * before it is used. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/internal.h"
#include "report/report.h"
#include "space/space.h"

enum { MAX_SEGMENTS = 4096 };

static int fail(const char **why, const char *text, int error)
{
    *why = text;
    return -error;
}

static int check_header(const Elf64_Ehdr *h, const char **why)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG))
        return fail(why, "not an ELF file", ENOEXEC);
    if (h->e_ident[EI_CLASS] != ELFCLASS64)
        return fail(why, "not a 64-bit program", ENOEXEC);
    if (h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
        return fail(why, "not a program for x86-64", ENOEXEC);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return fail(why, "not an executable ELF file", ENOEXEC);
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > MAX_SEGMENTS)
        return fail(why, "bad program headers", ENOEXEC);
    return 0;
}

static int check_segment(const Elf64_Phdr *p, uint64_t file_size, const char **why)
{
    if (p->p_filesz > p->p_memsz)
        return fail(why, "a segment is larger in the file than in memory", ENOEXEC);
    if (p->p_memsz > ng_strip_size || p->p_vaddr > ng_strip_size - p->p_memsz)
        return fail(why, "a segment lies outside the program's address space", ENOMEM);
    if ((p->p_vaddr ^ p->p_offset) & (NG_PAGE - 1))
        return fail(why, "a segment is not congruent with its file offset", EINVAL);
    if (p->p_filesz && (p->p_offset > file_size || p->p_filesz > file_size - p->p_offset))
        return fail(why, "a segment reaches beyond the end of the file", ENOEXEC);
    return 0;
}

static int read_interpreter(int fd, const Elf64_Phdr *p, struct elf_image *e, const char **why)
{
    if (p->p_filesz < 2 || p->p_filesz >= sizeof e->interpreter ||
        pread(fd, e->interpreter, p->p_filesz, (off_t)p->p_offset) != (ssize_t)p->p_filesz ||
        e->interpreter[p->p_filesz - 1])
        return fail(why, "bad interpreter name", ENOEXEC);
    return 0;
}

int elf_read(int fd, struct elf_image *e, const char **why)
{
    struct stat st;
    memset(e, 0, sizeof *e);
    if (fstat(fd, &st) != 0 || pread(fd, &e->header, sizeof e->header, 0) != sizeof e->header)
        return fail(why, "Exec format error", ENOEXEC);
    int error = check_header(&e->header, why);
    if (error)
        return error;
    const size_t size = e->header.e_phnum * sizeof *e->segments;
    e->segments = base_alloc(size);
    if (e->header.e_phoff > (uint64_t)st.st_size || pread(fd, e->segments, size, (off_t)e->header.e_phoff) != (ssize_t)size)
        return fail(why, "bad program headers", ENOEXEC);
    e->low = ~0ull;
    for (int i = 0; i < e->header.e_phnum; i++) {
        const Elf64_Phdr *p = &e->segments[i];
        if (p->p_type == PT_INTERP && (error = read_interpreter(fd, p, e, why)))
            return error;
        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        if ((error = check_segment(p, (uint64_t)st.st_size, why)))
            return error;
        e->low = p->p_vaddr < e->low ? p->p_vaddr : e->low;
        e->high = p->p_vaddr + p->p_memsz > e->high ? p->p_vaddr + p->p_memsz : e->high;
    }
    if (e->low == ~0ull)
        return fail(why, "nothing to load", ENOEXEC);
    return 0;
}

static int protection(const Elf64_Phdr *p)
{
    return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) | (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Zeros behind the file's bytes: all the rest of their last page (as the kernel does; ld.so counts on it), then
 * pages of their own. */
static int map_zeros(const Elf64_Phdr *p, guest_addr start, const char **why)
{
    const guest_addr data_end = start + p->p_filesz, end = start + p->p_memsz, page = ROUND_UP(data_end, NG_PAGE);
    if (p->p_filesz && page > data_end && (p->p_flags & PF_W)) {
        static const char zeros[NG_PAGE];
        if (ng_write(data_end, zeros, page - data_end) != page - data_end)
            return fail(why, "cannot clear the end of a segment", EFAULT);
    }
    const guest_addr from = p->p_filesz ? page : ROUND_DOWN(start, NG_PAGE);
    if (end > from) {
        const int64_t r = space_map_fixed(from, ROUND_UP(end, NG_PAGE) - from, protection(p),
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NG_SEG_ANON);
        if (r < 0)
            return fail(why, "cannot map zero pages", (int)-r);
    }
    return 0;
}

static int map_segment(int fd, const Elf64_Phdr *p, guest_addr bias, const char **why)
{
    const guest_addr start = bias + p->p_vaddr;
    const uint64_t lead = start & (NG_PAGE - 1);
    if (p->p_filesz) {
        const int64_t r = space_map_fixed(start - lead, ROUND_UP(p->p_filesz + lead, NG_PAGE), protection(p),
                                          MAP_PRIVATE | MAP_FIXED, fd, p->p_offset - lead, NG_SEG_FILE);
        if (r < 0)
            return fail(why, "cannot map a segment", (int)-r);
    }
    return p->p_memsz > p->p_filesz ? map_zeros(p, start, why) : 0;
}

/* Where the image goes: its own addresses (ET_EXEC), or a free place of the right alignment. */
static int choose_place(struct elf_image *e, guest_addr from, guest_addr to, const char **why)
{
    const guest_addr low = ROUND_DOWN(e->low, NG_PAGE);
    uint64_t align = NG_PAGE;
    if (e->header.e_type == ET_EXEC) {
        if (low < 0x10000 || space_overlaps(low, ROUND_UP(e->high, NG_PAGE) - low))
            return fail(why, "the program's addresses are not available", ENOMEM);
        return 0;
    }
    for (int i = 0; i < e->header.e_phnum; i++)
        if (e->segments[i].p_type == PT_LOAD && e->segments[i].p_align > align && e->segments[i].p_align <= 1u << 30 &&
            !(e->segments[i].p_align & (e->segments[i].p_align - 1)))
            align = e->segments[i].p_align;
    const guest_addr at = space_find_free(ROUND_UP(e->high, NG_PAGE) - low + align, from, to);
    if (!at)
        return fail(why, "no room for the program", ENOMEM);
    e->bias = ROUND_UP(at, align) - ROUND_DOWN(low, align);
    return 0;
}

/* AT_PHDR: where the program headers lie in memory. */
static guest_addr headers_address(const struct elf_image *e)
{
    for (int i = 0; i < e->header.e_phnum; i++) {
        const Elf64_Phdr *p = &e->segments[i];
        if (p->p_type == PT_PHDR)
            return e->bias + p->p_vaddr;
        if (p->p_type == PT_LOAD && p->p_offset <= e->header.e_phoff && e->header.e_phoff < p->p_offset + p->p_filesz)
            return e->bias + p->p_vaddr + (e->header.e_phoff - p->p_offset);
    }
    return 0;
}

int elf_map(int fd, struct elf_image *e, guest_addr from, guest_addr to, const char **why)
{
    int error = choose_place(e, from, to, why);
    for (int i = 0; i < e->header.e_phnum && !error; i++)
        if (e->segments[i].p_type == PT_LOAD && e->segments[i].p_memsz)
            error = map_segment(fd, &e->segments[i], e->bias, why);
    e->entry = e->bias + e->header.e_entry;
    e->phdrs = headers_address(e);
    return error;
}
