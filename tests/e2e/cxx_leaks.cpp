/* SPDX-License-Identifier: GPL-3.0-or-later */
/* new, new[], and an object that is lost when an exception passes. */
// build: g++ -O0
// build: clang++ -O0
// build: g++ -O2 -fno-builtin
// options: --leak-check=full
#include <string>
void *volatile keep;
__attribute__((noinline)) static void thrower()
{
    keep = new char[61];           // expect: 61 bytes in 1 blocks are definitely lost in loss record
    keep = nullptr;
    throw 1;
}
struct node { node *next; std::string text; };
int main()
{
    keep = new int[5];             // expect: 20 bytes in 1 blocks are definitely lost in loss record
    try {
        thrower();
    } catch (int) {
    }
    keep = new node{ new node{ nullptr, "short" }, std::string(40, 'y') }; // expect: 121 (40 direct, 81 indirect) bytes in 1 blocks are definitely lost in loss record
    keep = nullptr;
    return 0;
}
