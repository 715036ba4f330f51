/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// native: no
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
volatile size_t sink;
int main(void)
{
    wchar_t *w = malloc(8 * sizeof *w), *v = malloc(8 * sizeof *v);
    for (int i = 0; i < 8; i++)
        w[i] = L'a';
    w[7] = 0;
    wcscpy(v, w);
    if (wcslen(v) != 7 || wcscmp(v, w) || wcschr(v, L'b') || wcsrchr(v, L'a') != v + 6)
        return 1;
    wcscpy(v, L"12345678");        // expect: Invalid write of size 4
    v[8 - 1] = L'8';
    sink = wcslen(v);              // expect: Invalid read of size 4
                                   // aux: Address * is 0 bytes after a block of size 32 alloc'd
    wchar_t *u = malloc(16);
    sink = wcsnlen(u, 4);          // expect: Conditional jump or move depends on uninitialised value(s)
    free(u);
    free(v);
    free(w);
    return 0;
}
