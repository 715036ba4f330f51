/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Containers past their ends and after their lives. */
// differs: valgrind places an access by the first instruction of a function at the call of it
// build: g++ -O0
// build: g++ -O2
// build: clang++ -O1
#include <map>
#include <memory>
#include <string>
#include <vector>
volatile long sink;
__attribute__((noinline)) static long at(const volatile long *p, int i)
{
    return p[i];                   // expect: Invalid read of size 8
}                                  // aux: Address 0x* is 0 bytes after a block of size 24 alloc'd
__attribute__((noinline)) static char letter(const volatile char *p)
{
    return p[5];                   // expect: Invalid read of size 1
}                                  // aux: Address 0x* is 5 bytes inside a block of size 51 free'd
int main()
{
    std::vector<long> v(3);
    sink = at(v.data(), 3);
    const char *text;
    {
        std::string s(50, 'x');
        text = s.c_str();
    }
    sink = letter(text);
    return 0;
}
