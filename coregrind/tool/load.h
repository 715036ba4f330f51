/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tool/load: finds and loads the tool; holds the helper and object tables of the tool API. */
#pragma once
#include "base/base.h"
#include "nagrind/tool.h"

extern const struct ng_tool *tool;      /* the one that runs; set by tool_load */
/* "memcheck" beside the executable (in place), in pkglibdir, $NAGRIND_LIB, $VALGRIND_LIB; or a path with a slash. -errno. */
int tool_load(const char *name);
ng_helper_fn tool_helper(int id);
const char *tool_helper_name(int id);
void *tool_object(int id);
