/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// native: no
// differs: valgrind cannot tell memcpy from memmove here
#include <string.h>
struct s { int a[10]; };
int main(void)
{
    char s[64] = "0123456789abcdefghij";
    struct s x = { 0 }, *volatile p = &x;
    memcpy(s, s + 3, 10);          // expect: Source and destination overlap in memcpy(0x
    memmove(s, s + 3, 10);
    memcpy(s, s + 10, 10);
    *p = x;                        /* to itself: compilers may make this a memcpy */
    memcpy(p, &x, sizeof x);
    return 0;
}
