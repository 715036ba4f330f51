/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols: objects mapped into the client, their names, lines and unwind rules.
 * Nothing is parsed when an object is mapped but what redirection needs;
 * lines and names are read when a report asks.  Thread safe.  */
#pragma once
#include "base/base.h"
#include "nagrind/tool.h"

/* space tells of every file mapping; an object is complete once its executable segment is mapped.
 * fd may be closed after; symbols keeps a hidden descriptor of its own. */
void symbols_mapped(guest_addr a, uint64_t size, int prot, int fd, uint64_t offset, const char *path);
void symbols_unmapped(guest_addr a, uint64_t size);
struct symbols_frame {
    char *fn;              /* demangled if asked, or NULL; owned by the cache */
    char *fn_mangled, *file, *dir, *object; int line;
    guest_addr pc;
    bool is_inlined;       /* shares pc with the next frame */
};
/* Frames (innermost inlined first) for one code address: their number, at most max. */
int symbols_describe(guest_addr pc, struct symbols_frame *f, int max);
bool symbols_data(guest_addr a, char *name, size_t size, guest_addr *start, uint64_t *sym_size);
/* Section class of an address: "Text", "Data", "BSS", "GOT", ...; object path. */
bool symbols_section(guest_addr a, const char **section, const char **object);
/* Value of an exported or local function symbol in the object that holds / is named by soname glob; 0: none. */
guest_addr symbols_lookup(const char *soname_glob, const char *name);
/* Name (as in the symbol table, not demangled) of the function that holds pc, from the symbol tables alone; false: none. */
bool symbols_function_name(guest_addr pc, char *name, size_t size);
/* First address of the function that holds pc; 0 if unknown. */
guest_addr symbols_function_start(guest_addr pc);
/* Unwinds t: code addresses as traces have them (return addresses minus 1), and the stack pointer
 * in each frame (sps may be NULL).  The number of frames, at most max. */
struct ng_thread;
int symbols_walk(struct ng_thread *t, guest_addr *pcs, guest_addr *sps, int max);
/* The stored trace of these addresses. */
ng_trace symbols_trace_of(const guest_addr *pcs, int n);
/* This thread takes no more traces. */
void symbols_thread_exited(void);
/* Trace store: hash-consed stack traces (ng_trace_* of tool.h are here). */
