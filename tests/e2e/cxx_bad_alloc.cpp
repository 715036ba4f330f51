/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: g++ -O0
// build: g++ -O2
// differs: valgrind cannot throw
#include <cstdio>
#include <new>
#include <vector>
static volatile size_t huge = (size_t)1 << 46;
struct noisy { ~noisy() { puts("unwound"); } };
static char *get()
{
    noisy n;
    return new char[huge];
}
int main()
{
    for (int i = 0; i < 3; i++)
        try {
            get();
        } catch (const std::bad_alloc &e) {
            puts(e.what());
        }
    try {
        std::vector<int> v(huge);
    } catch (std::bad_alloc &) {
        puts("no vector");
    }
    char *p = new (std::nothrow) char[huge];
    printf("%d\n", p == nullptr);
    return 0;
}
