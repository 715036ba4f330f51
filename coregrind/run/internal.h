/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run inside: what the files of this room share. */
#pragma once
#include "code/code.h"
#include "run/run.h"

/* Where guest functions called by run_call_guest return to: never mapped, recognised by the dispatcher. */
#define RUN_RETURN_PC (ng_strip_size - 0x1000)

/* The translation of (pc, mode), made now if there is none.  NULL: the bytes cannot be fetched, and *fault_at is
 * the first address that cannot.  indirect: an indirect jump leads there. */
struct translation *run_translate(struct ng_thread *t, guest_addr pc, int mode, bool indirect, guest_addr *fault_at);
/* pc's block has run often: a longer translation takes the place of its first one, if that can be. */
void run_translate_hot(struct ng_thread *t, guest_addr pc);
/* An indirect jump leads to `to`.  false: that discarded all translations, this one too. */
bool run_note_indirect(const struct translation *to);
void run_translator_free(void);          /* this thread's buffers */

/* checked.c: blocks on pages that are written and run alternately (translation.checked). */
/* b becomes a translation; bytes: the b->guest_bytes that were decoded.  Must it be checked? */
bool run_checked_note(const struct ir_block *b, const uint8_t *bytes);
/* Are the guest's bytes still those?  If not, the translation is dropped. */
bool run_checked_is_same(struct translation *to);
void run_checked_after_fork(void);

/* --trace: prints what options.trace asks for, if pc is in its range. */
enum run_trace { RUN_TRACE_GUEST = 1, RUN_TRACE_IR = 2, RUN_TRACE_OPT = 4, RUN_TRACE_TOOL = 8, RUN_TRACE_HOST = 16 };
void run_trace_block(enum run_trace what, const struct ir_block *b);
void run_trace_guest(const struct ir_block *b);
void run_trace_host(const struct translation *t);

/* IR_EXIT_CLIENTREQ: the block of words is at rax, the default result in rdx. */
void run_client_request(struct ng_thread *t);
/* printf of the guest's format with the guest's va_list (its address): malloc'd text. */
char *run_format_guest(guest_addr fmt, guest_addr va_list_at, size_t *length);

/* threads.c */
void run_thread_list_add(struct ng_thread *t);
void run_thread_list_remove(struct ng_thread *t);
/* Calls fn for each thread in the list with the list lock held. */
void run_thread_list_each(void (*fn)(struct ng_thread *t, void *arg), void *arg);
int run_thread_count(void);
/* For struct vex_decode_request.string_helper: of the tool's fast functions (strings.c), 0 if it has none. */
int run_string_helper(void);
void run_thread_list_after_fork(struct ng_thread *t);
/* What a thread that leaves owes the guest, after its dispatcher returned; the host thread then ends. */
void run_thread_finish(struct ng_thread *t);

/* world.c */
void run_world_after_fork(struct ng_thread *t);
void run_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t timeout_ns); /* 0: for ever */
void run_futex_wake(_Atomic uint32_t *word, int n);
/* Takes t out of the way while the world is stopped. */
void run_stop_here(struct ng_thread *t);

/* dispatch.c: runs generated code until it leaves; state.exit_info says how. */
void run_enter(struct ng_thread *t, const struct translation *to);

/* emulate.c: one instruction by the slow path (IR_EXIT_EMULATE). */
void run_emulate(struct ng_thread *t, const struct ir_exit *e);

/* interp.c: --jit=interp, one block; its exit, or NULL after a fault (kernel_signal_raise was called),
 * or with *no_code set if nothing can be fetched at pc (the caller raises it).  */
const struct ir_exit *run_interpret(struct ng_thread *t, guest_addr pc, bool *no_code);

/* stats.c: --stats. */
void run_stats_init(void);
/* --stats: generated code left for another mode at pc. */
void run_stats_mode(struct ng_thread *t, guest_addr pc, enum ir_why why);
uint64_t run_cpu_ns(void);               /* processor time of this thread; a system call */
uint64_t run_cpu_ns_since(uint64_t start); /* the same since then, less what the two readings take; for --stats */
void run_print_stats(void);
void run_stats_thread_gone(const struct ng_thread *t); /* its figures are added to those of threads that have ended */
