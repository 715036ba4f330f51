/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tool/tables: the numbers by which translations name a tool's functions and objects.
 * Filled from the tool's init, before there are threads; read-only after. */
#include "tool/load.h"

struct entry { const char *name; void *p; };
struct table { struct entry *entries; int n, cap; };
static struct table helpers, objects;

static int table_add(struct table *t, const char *name, void *p)
{
    const int i = BASE_GROW(t->entries, t->n, t->cap);
    t->entries[i] = (struct entry){ name, p };
    return i;
}

int ng_helper_register(const char *name, ng_helper_fn fn)
{
    return table_add(&helpers, name, (void *)fn);
}

int ng_object_register(const char *name, void *p)
{
    return table_add(&objects, name, p);
}

ng_helper_fn tool_helper(int id)
{
    ng_assert(id >= 0 && id < helpers.n);
    return (ng_helper_fn)helpers.entries[id].p;
}

const char *tool_helper_name(int id)
{
    return id >= 0 && id < helpers.n ? helpers.entries[id].name : "?";
}

void *tool_object(int id)
{
    ng_assert(id >= 0 && id < objects.n);
    return objects.entries[id].p;
}
