// SPDX-License-Identifier: GPL-3.0-or-later
/* Heaps whose bookkeeping shows in the peak memory:
 *
 *     heap untouched MIB      one block that is never written
 *     heap written MIB        one block, every byte written
 *     heap many BLOCKS        that many small blocks at once  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long one(size_t size, int written)
{
    unsigned long *block = malloc(size), sum = 0;
    if (!block)
        return 0;
    block[1] = 1;
    for (size_t i = 0; written && i < size / sizeof *block; i++)
        block[i] = i;
    sum = block[1] + (written ? block[size / sizeof *block - 1] : 0);
    free(block);
    return sum;
}

static unsigned long many(size_t count)
{
    void **last = NULL;
    unsigned long sum = 0;
    for (size_t i = 0; i < count; i++) {
        void **block = malloc(8 + i % 40);
        if (!block)
            return 0;
        *block = last;
        last = block;
    }
    while (last) {
        void **next = *last;
        free(last);
        last = next;
        sum++;
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t n = strtoul(argv[2], NULL, 10);
    printf("%lu\n", strcmp(argv[1], "many") == 0 ? many(n) : one(n << 20, strcmp(argv[1], "written") == 0));
    return 0;
}
