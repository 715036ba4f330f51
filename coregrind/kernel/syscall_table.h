/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/syscall_table: the rows of syscalls.def, parsed.
 *
 * Rows are parsed once, when the table is first asked for; a row that does not
 * parse stops nagrind at once (and the unit test long before).  Read-only after.  */
#pragma once
#include "kernel/kernel.h"

enum syscall_arg_kind {
    ARG_NONE,
    ARG_INT,        /* a number; width bytes count */
    ARG_FD,         /* a descriptor of the client */
    ARG_DIRFD,      /* a descriptor, or a negative special value */
    ARG_ADDR,       /* an address that is not followed */
    ARG_PTR,        /* memory checked by code */
    ARG_STR,        /* string read */
    ARG_MEM,        /* buffer */
    ARG_IOV,        /* array of struct iovec */
    ARG_SOCKADDR,   /* socket address read */
};
enum { ARG_READS = 1, ARG_WRITES = 2 };
enum { BLOCKS = 1, NORESULT = 2, NEWFD = 4 };

/* A number of bytes: the product of two factors. */
enum syscall_factor_kind { FACTOR_CONST, FACTOR_ARG, FACTOR_ARG32, FACTOR_DEREF, FACTOR_BITS, FACTOR_PAGES, FACTOR_RET };
struct syscall_factor { uint8_t kind, arg; uint32_t value; };
struct syscall_size { struct syscall_factor f[2]; };
enum syscall_cond_kind { COND_ALWAYS, COND_BITS, COND_EQUAL };
struct syscall_field { const char *what; uint32_t offset, size; };

struct syscall_arg {
    uint8_t kind, width, dir;
    bool nullable, clip, on_eintr, cond_negated, has_upto;
    uint8_t cond, cond_arg;
    uint64_t cond_value;
    const char *name;
    const char *reg_what, *mem_what;  /* "write(buf)" */
    struct syscall_size size, upto;
    struct syscall_field *fields;
    int n_fields;
};

typedef int64_t (*syscall_code)(struct ng_thread *t, const uint64_t a[6]);
struct syscall_row {
    const char *name, *report, *text;
    syscall_code code;
    int flags, n_args;
    struct syscall_arg args[6];
    const char *mem_prefix;           /* what memory is reported under: "socketcall.bind" */
};

enum { SYSCALL_MAX = 463 };
/* The row of a number, or NULL. */
const struct syscall_row *syscall_row(uint64_t number);
/* Bytes that `size` stands for; ret counts for FACTOR_RET only. */
uint64_t syscall_size(const struct syscall_size *size, const uint64_t a[6], int64_t ret);
/* Does the argument take part in a call with these arguments? */
bool syscall_arg_applies(const struct syscall_arg *arg, const uint64_t a[6]);
/* Parses text into row (name, report set); 0, or the offset of the first bad character plus 1. */
int syscall_row_parse(struct syscall_row *row);
