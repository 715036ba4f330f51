/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O2 -fno-builtin
/* Every function on texts that end right before an unmapped page, at all alignments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
int main(void)
{
    char *m = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), out[5000];
    munmap(m + 8192, 4096);
    char *end = m + 8192;
    unsigned long sum = 0;
    for (int n = 0; n < 300; n++) {
        char *p = end - n - 1;
        memset(p, 'a' + n % 20, n);
        p[n] = 0;
        sum = sum * 31 + strlen(p) + strnlen(p, 77) + (strchr(p, 'c') != 0) + (strrchr(p, 'd') - p > 5);
        sum = sum * 31 + (memchr(p, 0, n + 1) == p + n) + strspn(p, "abc") + strcspn(p, "xyz");
        strcpy(out, p);
        sum = sum * 31 + (strcmp(out, p) == 0) + (strncmp(p, out, 50) == 0) + (strcasecmp(out, p) == 0) + (memcmp(out, p, n) == 0);
        memcpy(out + 7, p, n);
        memmove(out + 3, out + 7, n);
        strcat(strcpy(out, "x"), p);
        sum = sum * 31 + strlen(out) + (strstr(out, p) == out + 1 || n == 0) + (strpbrk(p, "q") != 0);
        strncpy(out, p, 200);
        sum = sum * 31 + (unsigned char)out[150];
    }
    printf("%lu\n", sum);
    return 0;
}
