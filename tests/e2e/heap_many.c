/* SPDX-License-Identifier: GPL-3.0-or-later */
// not under: interp: takes minutes
// not under: flush: takes minutes
// build: gcc -O2
/* Random allocation of all kinds and sizes; contents must hold. */
// log: All heap blocks were freed -- no leaks are possible
// options: --leak-check=full
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { N = 500 };
static unsigned char *p[N];
static size_t n[N];
int main(void)
{
    unsigned seed = 1, sum = 0;
    for (int i = 0; i < 60000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned k = (seed >> 16) % N, size = seed % 7 ? (seed >> 8) % 300 : (seed >> 8) % 40000;
        if (seed % 5000 == 0)
            size = 300000;
        for (size_t j = 0; j < n[k]; j += 97)
            if (p[k][j] != (unsigned char)(k + j))
                return 1;
        if (seed & 64) {
            free(p[k]);
            p[k] = seed & 128 ? malloc(size) : calloc(1, size);
        } else
            p[k] = realloc(p[k], size ? size : 1), size = size ? size : 1;
        n[k] = size;
        for (size_t j = 0; j < n[k]; j++)
            p[k][j] = (unsigned char)(k + j);
    }
    for (int k = 0; k < N; k++) {
        for (size_t j = 0; j < n[k]; j++)
            sum += p[k][j];
        free(p[k]);
    }
    printf("%u\n", sum);
    return 0;
}
