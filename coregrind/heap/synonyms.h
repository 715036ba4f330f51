/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/synonyms: --soname-synonyms: which objects' allocation functions are replaced. */
#pragma once
#include "base/base.h"

/* The option's value ("somalloc=PATTERN,..."), or NULL; set by launch before redirect_init. */
extern const char *synonyms_option;
void synonyms_init(void);
/* May an object that is not the C library have its allocation functions replaced? */
bool synonyms_allow(const char *soname);
