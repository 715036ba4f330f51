/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strings_redirects: which text and memory functions run as host code.
 *
 * Of libc; the dynamic linker's own where it exports them.  Most are ifuncs in
 * libc: the core gives every caller of the resolver our hook.  Of several names for
 * one body the first row gives the name that reports have always shown.
 */
#include "strings_fast.h"
#include "strings_text.h"

#define FILE_NAME "vg_replace_strmem.c"
/* The last argument: FAST_WAY and how many arguments it has, or ONE_WAY. */
#define FAST_WAY(name, args) fast_##name, args
#define ONE_WAY NULL, 0
#define LIBC(symbol, hook, line, ...)         { symbol, "libc.so*", hook, symbol, FILE_NAME, line, __VA_ARGS__ }
#define ALIAS(symbol, shown, hook, line, ...) { symbol, "libc.so*", hook, shown, FILE_NAME, line, __VA_ARGS__ }
#define LINKER(symbol, hook, line, ...)       { symbol, "ld-linux-x86-64.so*", hook, symbol, FILE_NAME, line, __VA_ARGS__ }

const struct ng_redirect strings_redirects[] = {
    LIBC("rindex", strings_strrchr, 254, FAST_WAY(strrchr, 2)),
    LIBC("strrchr", strings_strrchr, 254, FAST_WAY(strrchr, 2)),
    LIBC("index", strings_strchr, 280, FAST_WAY(strchr, 2)),
    LIBC("strchr", strings_strchr, 280, FAST_WAY(strchr, 2)),
    LIBC("strcat", strings_strcat, 344, ONE_WAY),
    LIBC("strncat", strings_strncat, 390, ONE_WAY),
    LIBC("strlcat", strings_strlcat, 447, ONE_WAY),
    LIBC("strnlen", strings_strnlen, 480, FAST_WAY(strnlen, 2)),
    LIBC("strlen", strings_strlen, 522, FAST_WAY(strlen, 1)),
    LIBC("strcpy", strings_strcpy, 581, FAST_WAY(strcpy, 2)),
    LIBC("strncpy", strings_strncpy, 627, ONE_WAY),
    LIBC("strlcpy", strings_strlcpy, 670, ONE_WAY),
    LIBC("strncmp", strings_strncmp, 737, FAST_WAY(strncmp, 3)),
    LIBC("strcasecmp", strings_strcasecmp, 794, ONE_WAY),
    LIBC("__strcasecmp", strings_strcasecmp, 794, ONE_WAY),
    LIBC("strncasecmp", strings_strncasecmp, 838, ONE_WAY),
    LIBC("strcasecmp_l", strings_strcasecmp_l, 881, ONE_WAY),
    LIBC("__strcasecmp_l", strings_strcasecmp_l, 881, ONE_WAY),
    LIBC("strncasecmp_l", strings_strncasecmp_l, 917, ONE_WAY),
    LIBC("__strncasecmp_l", strings_strncasecmp_l, 917, ONE_WAY),
    LIBC("strcmp", strings_strcmp, 958, FAST_WAY(strcmp, 2)),
    LIBC("memchr", strings_memchr, 1005, FAST_WAY(memchr, 3)),
    LIBC("memrchr", strings_memrchr, 1029, ONE_WAY),
    LIBC("memcpy", strings_memcpy, 1157, FAST_WAY(memcpy, 3)),
    ALIAS("memcpy@GLIBC_2.2.5", "memcpy@GLIBC_2.2.5", strings_memmove, 1160, FAST_WAY(memmove, 3)),
    LIBC("bcmp", strings_memcmp, 1237, FAST_WAY(memcmp, 3)),
    LIBC("memcmp", strings_memcmp, 1221, FAST_WAY(memcmp, 3)),
    LIBC("stpcpy", strings_stpcpy, 1288, FAST_WAY(stpcpy, 2)),
    ALIAS("__stpcpy", "stpcpy", strings_stpcpy, 1288, FAST_WAY(stpcpy, 2)),
    LIBC("stpncpy", strings_stpncpy, 1342, ONE_WAY),
    LIBC("memset", strings_memset, 1393, FAST_WAY(memset, 3)),
    ALIAS("__memset_chk", "memset", strings_memset_chk, 1393, FAST_WAY(memset_chk, 4)),
    LIBC("bzero", strings_bzero, 1400, ONE_WAY),
    LIBC("memmove", strings_memmove, 1417, FAST_WAY(memmove, 3)),
    LIBC("bcopy", strings_bcopy, 1471, ONE_WAY),
    ALIAS("__memmove_chk", "memmove_chk", strings_memmove_chk, 1521, FAST_WAY(memmove_chk, 4)),
    LIBC("strchrnul", strings_strchrnul, 1560, FAST_WAY(strchrnul, 2)),
    LIBC("rawmemchr", strings_rawmemchr, 1600, FAST_WAY(rawmemchr, 2)),
    ALIAS("__rawmemchr", "rawmemchr", strings_rawmemchr, 1600, FAST_WAY(rawmemchr, 2)),
    ALIAS("__memcpy_chk", "memcpy_chk", strings_memcpy_chk, 1705, FAST_WAY(memcpy_chk, 4)),
    LIBC("strstr", strings_strstr, 1750, ONE_WAY),
    LIBC("strcasestr", strings_strcasestr, 1842, ONE_WAY),
    LIBC("strpbrk", strings_strpbrk, 1887, ONE_WAY),
    LIBC("strcspn", strings_strcspn, 1929, ONE_WAY),
    LIBC("strspn", strings_strspn, 1973, ONE_WAY),
    LIBC("memccpy", strings_memccpy, 2001, ONE_WAY),
    LIBC("mempcpy", strings_mempcpy, 1704, FAST_WAY(mempcpy, 3)),
    ALIAS("__mempcpy", "mempcpy", strings_mempcpy, 1704, FAST_WAY(mempcpy, 3)),
    ALIAS("__mempcpy_chk", "mempcpy", strings_mempcpy_chk, 1704, FAST_WAY(mempcpy_chk, 4)),
    LIBC("wcslen", strings_wcslen, 2060, ONE_WAY),
    LIBC("wcsnlen", strings_wcsnlen, 2080, ONE_WAY),
    LIBC("wcscmp", strings_wcscmp, 2100, ONE_WAY),
    LIBC("wcsncmp", strings_wcsncmp, 2125, ONE_WAY),
    LIBC("wcscpy", strings_wcscpy, 2150, ONE_WAY),
    LIBC("wcsncpy", strings_wcsncpy, 2180, ONE_WAY),
    LIBC("wcpcpy", strings_wcpcpy, 2200, ONE_WAY),
    LIBC("wcpncpy", strings_wcpncpy, 2210, ONE_WAY),
    LIBC("wcscat", strings_wcscat, 2230, ONE_WAY),
    LIBC("wcschr", strings_wcschr, 2260, ONE_WAY),
    LIBC("wcsrchr", strings_wcsrchr, 2280, ONE_WAY),
    LIBC("wmemchr", strings_wmemchr, 2300, ONE_WAY),
    LIBC("wmemcmp", strings_wmemcmp, 2320, ONE_WAY),
    LIBC("wmemset", strings_wmemset, 2340, ONE_WAY),
    LIBC("wmemcpy", strings_wmemcpy, 2360, ONE_WAY),
    LIBC("wmemmove", strings_wmemmove, 2380, ONE_WAY),

    LINKER("strlen", strings_strlen, 522, FAST_WAY(strlen, 1)),
    LINKER("index", strings_strchr, 280, FAST_WAY(strchr, 2)),
    LINKER("strchr", strings_strchr, 280, FAST_WAY(strchr, 2)),
    LINKER("strcmp", strings_strcmp, 958, FAST_WAY(strcmp, 2)),
    LINKER("strncmp", strings_strncmp, 737, FAST_WAY(strncmp, 3)),
    LINKER("memcmp", strings_memcmp, 1221, FAST_WAY(memcmp, 3)),
    LINKER("stpcpy", strings_stpcpy, 1288, FAST_WAY(stpcpy, 2)),
    LINKER("mempcpy", strings_mempcpy, 1704, FAST_WAY(mempcpy, 3)),
    { 0 }
};
