/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/elf: an object's file and its separate debug file, as libelf and
 * libdw see them.
 *
 * Files are read with pread, never mapped: a file that is cut short while we
 * look at it must give an error, not SIGBUS.  Descriptors are hidden. */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <unistd.h>
#include "symbols/internal.h"

#define DEBUG_DIR "/usr/lib/debug"

static Elf *open_elf(int fd)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf && (elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64)) {
        elf_end(elf);
        elf = NULL;
    }
    return elf;
}

static Elf *open_path(const char *path, int *fd)
{
    const int low = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (low < 0)
        return NULL;
    *fd = base_fd_hide(low);
    Elf *elf = *fd < 0 ? NULL : open_elf(*fd);
    if (!elf && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return elf;
}

Elf *object_elf(struct symbols_object *o)
{
    if (!o->elf_tried) {
        o->elf_tried = true;
        o->elf = o->fd < 0 ? NULL : open_elf(o->fd);
    }
    return o->elf;
}

static bool has_section(Elf *elf, const char *wanted)
{
    size_t names;
    Elf_Scn *scn = NULL;
    if (elf_getshdrstrndx(elf, &names))
        return false;
    while ((scn = elf_nextscn(elf, scn))) {
        GElf_Shdr h;
        const char *name = gelf_getshdr(scn, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;
        if (name && h.sh_type != SHT_NOBITS && !strcmp(name, wanted))
            return true;
    }
    return false;
}

static bool has_debug_info(Elf *elf)
{
    return has_section(elf, ".debug_info") || has_section(elf, ".zdebug_info");
}

/* ---- separate debug files ---- */

static Elf *by_build_id(const uint8_t *id, ssize_t n, int *fd)
{
    char path[256];
    if (n < 2 || n > 64)
        return NULL;
    int at = snprintf(path, sizeof path, DEBUG_DIR "/.build-id/%02x/", id[0]);
    for (ssize_t i = 1; i < n; i++)
        at += snprintf(path + at, sizeof path - (size_t)at, "%02x", id[i]);
    snprintf(path + at, sizeof path - (size_t)at, ".debug");
    Elf *elf = open_path(path, fd);
    const void *found;
    if (elf && (dwelf_elf_gnu_build_id(elf, &found) != n || memcmp(found, id, (size_t)n))) {
        elf_end(elf);
        close(*fd);
        elf = NULL;
    }
    return elf;
}

/* The checksum of .gnu_debuglink: CRC-32 as in IEEE 802.3. */
static uint32_t file_crc(int fd)
{
    static uint32_t table[256];
    static uint8_t buffer[1 << 16];
    uint32_t crc = ~0u;
    ssize_t n;
    off_t at = 0;
    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            crc = table[(crc ^ buffer[i]) & 255] ^ crc >> 8;
        at += n;
    }
    return ~crc;
}

static Elf *by_link(const struct symbols_object *o, const char *name, uint32_t crc, int *fd)
{
    static const char *const forms[] = { "%.*s/%s", "%.*s/.debug/%s", DEBUG_DIR "%.*s/%s" };
    const char *slash = o->path ? strrchr(o->path, '/') : NULL;
    if (!slash || strchr(name, '/'))
        return NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char path[4096];
        snprintf(path, sizeof path, forms[i], (int)(slash - o->path), o->path, name);
        if (!strcmp(path, o->path))
            continue;
        Elf *elf = open_path(path, fd);
        if (elf && file_crc(*fd) == crc)
            return elf;
        if (elf) {
            elf_end(elf);
            close(*fd);
        }
    }
    return NULL;
}

static Elf *find_debug_elf(struct symbols_object *o)
{
    Elf *elf = object_elf(o), *found = NULL;
    const void *id;
    GElf_Word crc;
    if (!elf)
        return NULL;
    const ssize_t n = dwelf_elf_gnu_build_id(elf, &id);
    if (n > 0)
        found = by_build_id(id, n, &o->debug_fd);
    const char *link = found ? NULL : dwelf_elf_gnu_debuglink(elf, &crc);
    return link ? by_link(o, link, crc, &o->debug_fd) : found;
}

/* Finds the file that has the debug information, which may be none, without reading that. */
static void find_dwarf(struct symbols_object *o)
{
    if (o->debug_tried)
        return;
    o->debug_tried = true;
    Elf *elf = object_elf(o);
    if (!elf)
        return;
    const bool own = has_debug_info(elf);
    if (!own || !has_section(elf, ".symtab"))
        o->debug_elf = find_debug_elf(o);
    o->dwarf_elf = own ? elf : o->debug_elf && has_debug_info(o->debug_elf) ? o->debug_elf : NULL;
    o->has_debug_frame = o->dwarf_elf && (has_section(o->dwarf_elf, ".debug_frame") || has_section(o->dwarf_elf, ".zdebug_frame"));
}

Elf *object_debug_elf(struct symbols_object *o)
{
    find_dwarf(o);
    return o->debug_elf;
}

bool object_has_debug_frame(struct symbols_object *o)
{
    find_dwarf(o);
    return o->has_debug_frame;
}

/* ---- DWARF ---- */

/* What dwz moved out of several debug files into one. */
static void attach_alt(struct symbols_object *o)
{
    const char *name;
    const void *id;
    const ssize_t n = dwelf_dwarf_gnu_debugaltlink(o->dwarf, &name, &id);
    if (n <= 0)
        return;
    o->alt_elf = by_build_id(id, n, &o->alt_fd);
    if (!o->alt_elf && *name == '/')
        o->alt_elf = open_path(name, &o->alt_fd);
    if (o->alt_elf && (o->alt = dwarf_begin_elf(o->alt_elf, DWARF_C_READ, NULL)))
        dwarf_setalt(o->dwarf, o->alt);
}

Dwarf *object_dwarf(struct symbols_object *o)
{
    if (o->dwarf_tried)
        return o->dwarf;
    o->dwarf_tried = true;
    find_dwarf(o);
    o->dwarf = o->dwarf_elf ? dwarf_begin_elf(o->dwarf_elf, DWARF_C_READ, NULL) : NULL;
    if (o->dwarf)
        attach_alt(o);
    return o->dwarf;
}

void object_close(struct symbols_object *o)
{
    /* Frame rules of .eh_frame belong to us, those of .debug_frame to the Dwarf. */
    scopes_free(o);
    if (o->eh_cfi)
        dwarf_cfi_end(o->eh_cfi);
    if (o->dwarf)
        dwarf_end(o->dwarf);
    if (o->alt)
        dwarf_end(o->alt);
    if (o->alt_elf) {
        elf_end(o->alt_elf);
        close(o->alt_fd);
    }
    if (o->debug_elf) {
        elf_end(o->debug_elf);
        close(o->debug_fd);
    }
    if (o->elf)
        elf_end(o->elf);
    if (o->fd >= 0)
        close(o->fd);
    free(o->names);
    free(o->by_name);
    free(o->units);
    o->fd = -1;
    o->elf = o->debug_elf = o->dwarf_elf = o->alt_elf = NULL;
    o->has_debug_frame = false;
    o->dwarf = o->alt = NULL;
    o->eh_cfi = o->debug_cfi = NULL;
    o->names = NULL;
    o->by_name = NULL;
    o->units = NULL;
    o->n_names = o->n_by_name = o->n_units = 0;
    o->elf_tried = o->debug_tried = o->dwarf_tried = o->names_read = o->cfi_tried = o->units_read = true;
}
