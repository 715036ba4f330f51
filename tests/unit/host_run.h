/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_run: builds small blocks and runs what host_x86_64 makes of them. */
#pragma once
#include <errno.h>
#include "vex/vex.h"

/* Distances of the planes, as NG_PLANE_V and NG_PLANE_O with strips of 2^44; GS base holds the first. */
#define TEST_PLANE_V 0x100005555000ull
#define TEST_PLANE_O 0x30000aaaa000ull

extern __thread struct x86_state test_state __attribute__((tls_model("initial-exec"), aligned(64)));
extern uint8_t *test_memory;          /* 64 KiB below 2 GiB, with V and O planes */
extern uint8_t *test_stack_top;       /* a guest stack's middle */

void test_init(void);
uint64_t test_random(void);
void test_random_state(struct x86_state *s);   /* rsp: on the test's stack */
void test_begin(struct ir_block *b, enum ir_form form);
uint32_t test_insn(struct ir_block *b, struct ir_insn n);  /* IMARK */
void test_native(struct ir_block *b, struct ir_insn n);    /* IMARK and NATIVE */
#define test_native_text(b, text, length, ...) \
    test_native(b, test_with_bytes((struct ir_insn){ .mem_base = 0xff, .mem_index = 0xff, __VA_ARGS__ }, text, length))
struct ir_insn test_with_bytes(struct ir_insn n, const char *bytes, int length);
void test_exit(struct ir_block *b, enum ir_exit_kind kind, guest_addr pc);
/* Emits, places and runs b on *s (changed); the exit that was taken. */
const struct vex_exit *test_run(const struct ir_block *b, bool identity, struct x86_state *s);
/* Executes one instruction on *s by host_x86_64_emit_single. */
void test_run_single(const struct ir_insn *insn, struct x86_state *s);
extern int test_error;                /* of the latest test_run */
extern struct vex_code test_code;     /* of the latest run */
extern uint8_t *test_placed;          /* where it ran */
int32_t *test_counter(void);          /* that of every block that counts its runs; then those of its parts */
void *test_fault_tramp(void);         /* where a signal handler goes on */
/* Emits b and places it elsewhere; in line: with its entries for indirect jumps first. */
uint8_t *test_place_second(const struct ir_block *b, bool in_line);
void test_cache(guest_addr pc, void *first, void *second); /* into both levels of indirect jumps; NULL: nothing */
void *test_first_level(guest_addr pc);
void test_dump(void);                 /* disassembly-ready bytes on stderr */
typedef uint64_t (*test_helper)(uint64_t, uint64_t, uint64_t);
extern test_helper test_helpers[16];
