/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// differs: valgrind 3.19 does not know these errors
#include <malloc.h>
#include <stdlib.h>
int main(void)
{
    void *p = 0;
    volatile size_t three = 3, zero = 0;
    if (posix_memalign(&p, three, 10) != 22)   // expect: Invalid alignment value: 3 (should be non-zero, a power of 2 and a multiple of sizeof(void*))
        return 1;
    p = memalign(three, 10);                   // expect: Invalid alignment value: 3 (should be power of 2)
    free(p);
    p = memalign(16, zero);                    // expect: Unsafe allocation with size of zero is implementation-defined
    free(p);
    return 0;
}
