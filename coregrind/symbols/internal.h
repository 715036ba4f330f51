/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols inside: one struct per mapped ELF object. */
#pragma once
#include <elf.h>
#include <elfutils/libdw.h>
#include "symbols/symbols.h"

/* addr: ELF address.  rank: functions and data before labels. */
struct symbols_name { uint64_t addr, size; const char *name; uint8_t type, rank, is_local; };
/* Addresses of a compilation unit, for those that .debug_aranges forgets. */
struct symbols_unit { uint64_t low, high; Dwarf_Off die; };
/* Addresses of the functions of one unit. */
struct symbols_functions { struct symbols_functions *next; Dwarf_Off unit; struct symbols_unit *functions; size_t n, cap; };

struct symbols_object {
    struct symbols_object *next;
    char *path, *soname;
    int fd;                       /* hidden; -1 once gone */
    uint64_t dev, ino, file_size;
    uint64_t bias;                /* guest address - ELF address */
    guest_addr low, high;         /* of all its PT_LOAD segments */
    guest_addr text_low, text_high;
    bool complete, is_static, has_interp, gone;
    Elf64_Phdr *phdrs; int n_phdrs;
    /* read when first asked for, under symbols_lock */
    bool names_read, elf_tried, debug_tried, has_debug_frame, dwarf_tried, cfi_tried, units_read;
    struct symbols_name *names; size_t n_names; /* by address; best name of an address last */
    struct symbols_name **by_name;              /* the global ones, by name; made by names_find */
    size_t n_by_name;
    struct symbols_unit *units; size_t n_units;
    struct symbols_functions *functions;        /* of units that were asked for */
    Elf *elf, *debug_elf, *alt_elf;             /* the file, its separate debug file, and what several of those share */
    Elf *dwarf_elf;                             /* whichever of the first two has the debug information, or NULL */
    int debug_fd, alt_fd;
    Dwarf *dwarf, *alt;
    Dwarf_CFI *eh_cfi, *debug_cfi;
};

extern struct base_lock symbols_lock;
/* The object whose segments hold a, or NULL.  Takes no lock: what a reader may still hold is never freed. */
struct symbols_object *object_at(guest_addr a);
struct symbols_object *object_first(void);

/* The following with symbols_lock held. */
Elf *object_elf(struct symbols_object *o);         /* or NULL */
Elf *object_debug_elf(struct symbols_object *o);   /* its separate debug file, or NULL */
Dwarf *object_dwarf(struct symbols_object *o);     /* of either file, or NULL; unpacks all of it where it is compressed */
bool object_has_debug_frame(struct symbols_object *o); /* does either file? */
void object_close(struct symbols_object *o);       /* forgets all that was read */
void names_read(struct symbols_object *o);
/* Name that holds a function or data address (ELF address). */
const struct symbols_name *names_at(struct symbols_object *o, uint64_t addr, bool data);
/* The inlined calls around an ELF address, innermost first, then the function itself: their number, at most max. */
enum { SCOPES_MAX = 64 };
int scopes_at(struct symbols_object *o, Dwarf_Die *cu, uint64_t addr, Dwarf_Die *out, int max);
void scopes_free(struct symbols_object *o);

guest_addr names_find(struct symbols_object *o, const char *name, bool *ifunc); /* by .symtab */
/* Dynamic symbol by hash, from the file: guest address or 0. */
guest_addr dynamic_find(struct symbols_object *o, const char *name, bool *ifunc);
void dynamic_scan(struct symbols_object *o);  /* soname, then redirect_scan */
void unwind_forget(guest_addr a, uint64_t size); /* rules of addresses that hold something else now */
void describe_forget(void);
