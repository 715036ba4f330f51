/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: g++ -O0
// build: g++ -O2
// build: clang++ -O0
#include <vector>
volatile int sink;
struct Node { int value; int weight; Node() : value(1) {} };
__attribute__((noinline)) static void check(Node *n)
{
    if (n->weight > 3)         // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
int main()
{
    Node *n = new Node;
    check(n);
    delete n;
    return 0;
}
