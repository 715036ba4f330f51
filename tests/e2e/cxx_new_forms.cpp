/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: g++ -O0 -std=c++17
// build: g++ -O2 -std=c++17
// build: clang++ -O1 -std=c++17
// options: --leak-check=full
// log: All heap blocks were freed -- no leaks are possible
#include <cstdint>
#include <cstdio>
#include <new>
#include <string>
#include <vector>
#include <memory>
#include <map>
struct alignas(64) wide { char c[100]; };
struct counted { static int n; int x; counted() { n++; } ~counted() { n--; } };
int counted::n;
int main()
{
    wide *w = new wide, *ws = new wide[3];
    if ((uintptr_t)w % 64 || (uintptr_t)ws % 64)
        return 1;
    delete w;
    delete[] ws;
    int *i = new (std::nothrow) int(5);
    delete i;
    wide *nw = new (std::nothrow) wide[2];
    delete[] nw;
    counted *c = new counted[7];
    printf("%d\n", counted::n);
    delete[] c;
    printf("%d\n", counted::n);
    std::vector<std::string> v;
    for (int k = 0; k < 1000; k++)
        v.push_back(std::string(k % 50, 'x') + std::to_string(k));
    std::map<int, std::shared_ptr<int>> m;
    for (int k = 0; k < 1000; k++)
        m[k * 7 % 1001] = std::make_shared<int>(k);
    size_t total = 0;
    for (auto &s : v)
        total += s.size();
    for (auto &e : m)
        total += *e.second;
    printf("%zu\n", total);
    volatile size_t huge = (size_t)1 << 46;
    char *none = new (std::nothrow) char[huge];
    printf("%d\n", none == nullptr);
    return 0;
}
