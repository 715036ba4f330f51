/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A member that no constructor sets decides; an object is used after its delete. */
// differs: valgrind places an access by the first instruction of a function at the call of it
// build: g++ -O0
// build: clang++ -O0
// build: g++ -O1
#include <stdexcept>
volatile int sink;
struct base { virtual ~base() {} int set = 1, unset; base() {} };
struct derived : base { int more[4]; };
__attribute__((noinline)) static void check(const volatile base *b)
{
    if (b->unset)                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
__attribute__((noinline)) static void touch(volatile int *d)
{
    d[1] = 2;                      // expect: Invalid write of size 4
}                                  // aux: Address 0x* is 20 bytes inside a block of size 32 free'd
int main()
{
    derived *d = new derived;
    volatile int *more = d->more;
    try {
        check(d);
        throw std::runtime_error("x");
    } catch (const std::exception &) {
        delete d;
    }
    touch(more);
    return 0;
}
