/* SPDX-License-Identifier: GPL-3.0-or-later */
// log: All heap blocks were freed -- no leaks are possible
// log: total heap usage: 2 allocs, 2 frees, 300 bytes allocated
// options: --leak-check=full
#include <stdlib.h>
int main(void)
{
    free(malloc(100));
    free(calloc(2, 100));
    return 0;
}
