/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: gcc -O2
// build: clang -O0
#include <alloca.h>
#include <stdio.h>
#include <string.h>
__attribute__((noinline)) static int use(int n) { char *p = alloca(n); int vla[n]; memset(p, n, n); for (int i = 0; i < n; i++) vla[i] = p[i]; int s = 0; for (int i = 0; i < n; i++) s += vla[i]; return s; }
__attribute__((noinline)) static int big(void) { char b[300000]; memset(b, 1, sizeof b); return b[299999] + b[0]; }
int main(void) { int s = 0; for (int i = 1; i < 100; i++) s += use(i); for (int i = 0; i < 5; i++) s += big(); printf("%d\n", s); return 0; }
