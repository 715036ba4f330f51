/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols inside: one struct per mapped ELF object. */
#pragma once
#include <elf.h>
#include <elfutils/libdwfl.h>
#include "symbols/symbols.h"

struct symbols_name { uint64_t addr, size; const char *name; uint8_t type, rank; }; /* addr: ELF address */

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
    bool names_read, dwfl_tried;
    struct symbols_name *names; size_t n_names; /* by address; best name of an address last */
    Dwfl *dwfl;
    Dwfl_Module *module;
    Dwarf_CFI *cfi; Dwarf_Addr cfi_bias; bool cfi_tried;
};

extern struct base_lock symbols_lock;
/* The object whose segments hold a, or NULL.  Takes no lock: the list only grows, and what is gone is marked. */
struct symbols_object *object_at(guest_addr a);
struct symbols_object *object_first(void);
/* Its symbol table; symbols_lock held. */
void names_read(struct symbols_object *o);
/* libdwfl's view of o, or NULL; symbols_lock held. */
Dwfl_Module *object_module(struct symbols_object *o);
/* Name that holds a function or data address (ELF address); symbols_lock held. */
const struct symbols_name *names_at(struct symbols_object *o, uint64_t addr, bool data);
/* Dynamic symbol by hash, from the file: guest address or 0. */
guest_addr dynamic_find(struct symbols_object *o, const char *name, bool *ifunc);
guest_addr names_find(struct symbols_object *o, const char *name, bool *ifunc); /* by .symtab */
void dynamic_scan(struct symbols_object *o);  /* soname, then redirect_scan */
void unwind_forget(void);
void describe_forget(void);
