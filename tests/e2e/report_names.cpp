// SPDX-License-Identifier: GPL-3.0-or-later
// build: g++ -O2
// build: clang++ -gdwarf-4 -O2
// log:    at 0x*: length (report_names.cpp:*)
// log:    by 0x*: main (report_names.cpp:*)
// log:    at 0x*: ns::Box<int>::get(int) const* (report_names.cpp:*)
// log:    at 0x*: operator new[[][]](unsigned long) (vg_replace_malloc.c:*)
/* Inlined calls share the address of their caller; real functions have their full names. */
#include <cstdlib>
volatile int sink;
namespace ns {
template <class T> struct Box {
    T *p;
    __attribute__((noinline)) T get(int i) const { return p[i]; }        // expect: Invalid read of size 4
    __attribute__((always_inline)) int length() const { return p[5] + 1; } // expect: Invalid read of size 4
};
}
int main()
{
    ns::Box<int> b = { new int[4] };
    sink = b.get(4);
    sink = b.length();
    delete[] b.p;
    return 0;
}
