/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --leak-check=full
// log: of which reachable via heuristic:
// log: newarray           : 88 bytes in 1 blocks
// log: multipleinheritance: 40 bytes in 1 blocks
// log: possibly lost: 0 bytes in 0 blocks
#include <cstdlib>
struct a { virtual ~a() {} long x; };
struct b { virtual ~b() {} long y; };
struct both : a, b { long z; };
struct item { long v; ~item() { v = 0; } };
item *items;
b *second;
int main()
{
    items = new item[10];
    second = new both;
    return 0;
}
