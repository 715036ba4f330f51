// SPDX-License-Identifier: GPL-3.0-or-later
/* Follows pointers in random order through a large block: every step misses the
 * caches.  Arguments: MiB, steps in thousands.  */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct node {
    struct node *next;
    uint64_t value, unused[6];
};

int main(int argc, char **argv)
{
    size_t n = (size_t)atol(argv[argc - 2]) * 1048576 / sizeof(struct node);
    long steps = atol(argv[argc - 1]) * 1000;
    struct node *nodes = malloc(n * sizeof *nodes), *at;
    uint64_t r = 88172645463325252u, sum = 0;

    for (size_t i = 0; i < n; i++) {
        nodes[i].next = &nodes[i];
        nodes[i].value = i;
    }
    /* Sattolo's shuffle: one cycle through all of them.  */
    for (size_t i = n - 1; i > 0; i--) {
        r ^= r << 13;
        r ^= r >> 7;
        r ^= r << 17;
        size_t j = r % i;
        struct node *t = nodes[i].next;
        nodes[i].next = nodes[j].next;
        nodes[j].next = t;
    }
    at = nodes;
    for (long i = 0; i < steps; i++) {
        sum += at->value;
        at = at->next;
    }
    printf("%llu %llu\n", (unsigned long long)sum, (unsigned long long)at->value);
    free(nodes);
    return 0;
}
