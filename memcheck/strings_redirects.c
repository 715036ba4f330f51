/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_redirects: which text and memory functions run as host code.
 *
 * Of libc; the dynamic linker's own where it exports them.  Most are ifuncs in
 * libc: the core gives every caller of the resolver our hook.  Of several names for
 * one body the first row gives the name that reports have always shown.
 */
#include "strings_text.h"

#define FILE_NAME "vg_replace_strmem.c"
#define LIBC(symbol, hook, line)             { symbol, "libc.so*", hook, symbol, FILE_NAME, line }
#define ALIAS(symbol, shown, hook, line)     { symbol, "libc.so*", hook, shown, FILE_NAME, line }
#define LINKER(symbol, hook, line)           { symbol, "ld-linux-x86-64.so*", hook, symbol, FILE_NAME, line }

const struct ng_redirect strings_redirects[] = {
    LIBC("rindex", strings_strrchr, 254),
    LIBC("strrchr", strings_strrchr, 254),
    LIBC("index", strings_strchr, 280),
    LIBC("strchr", strings_strchr, 280),
    LIBC("strcat", strings_strcat, 344),
    LIBC("strncat", strings_strncat, 390),
    LIBC("strlcat", strings_strlcat, 447),
    LIBC("strnlen", strings_strnlen, 480),
    LIBC("strlen", strings_strlen, 522),
    LIBC("strcpy", strings_strcpy, 581),
    LIBC("strncpy", strings_strncpy, 627),
    LIBC("strlcpy", strings_strlcpy, 670),
    LIBC("strncmp", strings_strncmp, 737),
    LIBC("strcasecmp", strings_strcasecmp, 794),
    LIBC("__strcasecmp", strings_strcasecmp, 794),
    LIBC("strncasecmp", strings_strncasecmp, 838),
    LIBC("strcasecmp_l", strings_strcasecmp_l, 881),
    LIBC("__strcasecmp_l", strings_strcasecmp_l, 881),
    LIBC("strncasecmp_l", strings_strncasecmp_l, 917),
    LIBC("__strncasecmp_l", strings_strncasecmp_l, 917),
    LIBC("strcmp", strings_strcmp, 958),
    LIBC("memchr", strings_memchr, 1005),
    LIBC("memrchr", strings_memrchr, 1029),
    LIBC("memcpy", strings_memcpy, 1157),
    ALIAS("memcpy@GLIBC_2.2.5", "memcpy@GLIBC_2.2.5", strings_memmove, 1160),
    LIBC("bcmp", strings_memcmp, 1237),
    LIBC("memcmp", strings_memcmp, 1221),
    LIBC("stpcpy", strings_stpcpy, 1288),
    ALIAS("__stpcpy", "stpcpy", strings_stpcpy, 1288),
    LIBC("stpncpy", strings_stpncpy, 1342),
    LIBC("memset", strings_memset, 1393),
    ALIAS("__memset_chk", "memset", strings_memset_chk, 1393),
    LIBC("bzero", strings_bzero, 1400),
    LIBC("memmove", strings_memmove, 1417),
    LIBC("bcopy", strings_bcopy, 1471),
    ALIAS("__memmove_chk", "memmove_chk", strings_memmove_chk, 1521),
    LIBC("strchrnul", strings_strchrnul, 1560),
    LIBC("rawmemchr", strings_rawmemchr, 1600),
    ALIAS("__rawmemchr", "rawmemchr", strings_rawmemchr, 1600),
    ALIAS("__memcpy_chk", "memcpy_chk", strings_memcpy_chk, 1705),
    LIBC("strstr", strings_strstr, 1750),
    LIBC("strcasestr", strings_strcasestr, 1842),
    LIBC("strpbrk", strings_strpbrk, 1887),
    LIBC("strcspn", strings_strcspn, 1929),
    LIBC("strspn", strings_strspn, 1973),
    LIBC("memccpy", strings_memccpy, 2001),
    LIBC("mempcpy", strings_mempcpy, 1704),
    ALIAS("__mempcpy", "mempcpy", strings_mempcpy, 1704),
    ALIAS("__mempcpy_chk", "mempcpy", strings_mempcpy_chk, 1704),
    LIBC("wcslen", strings_wcslen, 2060),
    LIBC("wcsnlen", strings_wcsnlen, 2080),
    LIBC("wcscmp", strings_wcscmp, 2100),
    LIBC("wcsncmp", strings_wcsncmp, 2125),
    LIBC("wcscpy", strings_wcscpy, 2150),
    LIBC("wcsncpy", strings_wcsncpy, 2180),
    LIBC("wcpcpy", strings_wcpcpy, 2200),
    LIBC("wcpncpy", strings_wcpncpy, 2210),
    LIBC("wcscat", strings_wcscat, 2230),
    LIBC("wcschr", strings_wcschr, 2260),
    LIBC("wcsrchr", strings_wcsrchr, 2280),
    LIBC("wmemchr", strings_wmemchr, 2300),
    LIBC("wmemcmp", strings_wmemcmp, 2320),
    LIBC("wmemset", strings_wmemset, 2340),
    LIBC("wmemcpy", strings_wmemcpy, 2360),
    LIBC("wmemmove", strings_wmemmove, 2380),

    LINKER("strlen", strings_strlen, 522),
    LINKER("index", strings_strchr, 280),
    LINKER("strchr", strings_strchr, 280),
    LINKER("strcmp", strings_strcmp, 958),
    LINKER("strncmp", strings_strncmp, 737),
    LINKER("memcmp", strings_memcmp, 1221),
    LINKER("stpcpy", strings_stpcpy, 1288),
    LINKER("mempcpy", strings_mempcpy, 1704),
    { 0 }
};
