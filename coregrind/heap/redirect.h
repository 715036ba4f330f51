/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/redirect: guest functions replaced by host code, found by name when an object is mapped. */
#pragma once
#include "run/run.h"
#include "symbols/symbols.h"

/* symbols calls this once per newly complete object: name -> address by GNU hash (or symbol table of a static executable). */
struct redirect_object {
    const char *soname;   /* "NONE" if it has none */
    void *arg;
    /* address of a defined symbol, 0 if none; *ifunc: it is a resolver */
    guest_addr (*find)(void *arg, const char *name, bool *ifunc);
};
void redirect_scan(const struct redirect_object *o);
void redirect_forget(guest_addr a, uint64_t size);     /* unmapped */
/* Hook id at a guest address, 0: none. Lock-free. */
uint32_t redirect_at(guest_addr pc);
/* Runs hook id for t and returns to the guest caller (IR_EXIT_HOSTCALL).  An ifunc resolver's hook returns the address
 * of a stub in the hook page; calls to that address arrive here again. */
void redirect_call(struct ng_thread *t, uint32_t id);
/* The fast way of hook id, if it has one and calls need not be counted; else NULL. */
ng_fast_fn redirect_fast(uint32_t id);
uint16_t redirect_fast_gprs(uint32_t id);              /* registers that it reads, a bit each; 0: there is none */
/* Is the hook no C function, so that all registers but its result stay? */
bool redirect_keeps(uint32_t id);
guest_addr redirect_ret(void);                         /* a `ret` instruction, by which hooks return */
/* Display of a hook's frame: name, file, line; false if pc is no hook. */
bool redirect_describe(guest_addr pc, const char **name, const char **file, int *line);
/* Calls are counted by function from now on (after redirect_init). */
void redirect_count_calls(void);
/* The function of a row, and how often it was called: 0 but for the first of several rows with one name.
 * NULL past the last row. */
const char *redirect_calls(uint32_t row, uint64_t *n);
void redirect_init(void);                              /* maps the hook page */
/* What a hook asked for with ng_fault or ng_hook_jump.  redirect_call calls this after the hook, with state.rip at
 * the function's stub: true if it was carried out, and then there is no return to the caller. */
enum { HOOK_RETURN, HOOK_JUMP, HOOK_FAULT };
bool redirect_outcome(struct ng_thread *t);
