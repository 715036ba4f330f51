/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/synonyms: "somalloc=PATTERN" narrows the default, which is every object that defines
 * such a function; "NONE" stands for objects without a soname.  The C and C++ libraries always count.  */
#include <fnmatch.h>
#include "heap/synonyms.h"

const char *synonyms_option;
static char *pattern; /* NULL: everywhere */

void synonyms_init(void)
{
    static const char key[] = "somalloc=";
    for (const char *p = synonyms_option; p && *p;) {
        const size_t n = strcspn(p, ",");
        if (n > sizeof key - 1 && strncmp(p, key, sizeof key - 1) == 0) {
            free(pattern);
            pattern = base_alloc(n);
            memcpy(pattern, p + sizeof key - 1, n - (sizeof key - 1));
        }
        p += n + (p[n] == ',');
    }
}

bool synonyms_allow(const char *soname)
{
    return !pattern || fnmatch(pattern, soname, 0) == 0 || fnmatch("libstdc++*", soname, 0) == 0 || fnmatch("libc++*", soname, 0) == 0;
}
