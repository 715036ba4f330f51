/* SPDX-License-Identifier: GPL-3.0-or-later */
/* errors: what the tool struct needs of errors.c, errors_print.c and suppressions.c. */
#pragma once
#include "memcheck.h"

/* The instruction at pc has had its address error from a check: its fault is no second one.  Asked once. */
bool errors_addr_just_reported(guest_addr pc);
bool errors_same(const struct ng_error *a, const struct ng_error *b);
void errors_print(const struct ng_error *e);
const char *errors_xml_kind(const struct ng_error *e);
const char *suppressions_kind_of(const struct ng_error *e, char extra[256]);
int suppressions_kind(const char *word, int *needs_extra);
bool suppressions_match(const struct ng_error *e, int kind, const char *extra);
int suppressions_check_extra(int kind, const char *extra);
