/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The string functions of libc, on buffers of exact size. */
// build: gcc -O0 -fno-builtin
// build: gcc -O2
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
int main(void)
{
    for (int n = 0; n < 70; n += 3) {
        char *a = malloc(n + 1), *b = malloc(2 * n + 2);
        for (int i = 0; i < n; i++) a[i] = 'a' + i % 26;
        a[n] = 0; strcpy(b, a); strcat(b, a);
        printf("%zu %d %d %s %s %zu %zu\n", strlen(b), strcmp(a, b) < 0, memcmp(a, b, n), strchr(a, 'z') ? "z" : "-", strrchr(b, 'c') ? "c" : "-", strspn(a, "abc"), strcspn(a, "xyz"));
        char *s = strstr(b, "ba"), *m = memchr(a, 'q', n), *d = strdup(a), *nd = strndup(a, 5); printf("%d %d %s %s\n", s != 0, m != 0, d, nd);
        printf("%d %zu %d\n", strncmp(a, b, 3), strnlen(a, 10), strcasecmp(a, d)); memmove(b + 1, b, n); free(d); free(nd); free(a); free(b);
    }
    wchar_t w[8]; wcscpy(w, L"wide"); printf("%zu %d\n", wcslen(w), wcscmp(w, L"wide"));
    char *tok, buf[] = "a,b;c"; for (tok = strtok(buf, ",;"); tok; tok = strtok(0, ",;")) puts(tok);
    return 0;
}
