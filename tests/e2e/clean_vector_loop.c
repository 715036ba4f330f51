/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Auto-vectorised loops over arrays of odd lengths, reductions and masks. */
// build: gcc -O3
// build: gcc -O3 -mavx2
// build: clang -O3
// build: clang -O3 -mavx2
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static int sum(const int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i] > 5 ? p[i] : -p[i]; return s; }
__attribute__((noinline)) static int count(const unsigned char *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i] == 'a'; return s; }
__attribute__((noinline)) static void scale(double *d, const float *f, int n) { for (int i = 0; i < n; i++) d[i] = f[i] * 2.5 + i; }
__attribute__((noinline)) static short most(const short *p, int n) { short m = -9; for (int i = 0; i < n; i++) m = p[i] > m ? p[i] : m; return m; }
int main(void)
{
    for (int n = 1; n < 70; n += 7) {
        int *a = malloc(n * sizeof *a); unsigned char *b = malloc(n); float *f = malloc(n * sizeof *f); double *d = malloc(n * sizeof *d); short *h = malloc(2 * n);
        for (int i = 0; i < n; i++) { a[i] = i * 37 % 11; b[i] = "abc"[i % 3]; f[i] = i; h[i] = i * 17 % 23; }
        scale(d, f, n);
        printf("%d %d %f %d\n", sum(a, n), count(b, n), d[n - 1], most(h, n));
        free(a); free(b); free(f); free(d); free(h);
    }
    return 0;
}
