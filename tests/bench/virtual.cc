// SPDX-License-Identifier: GPL-3.0-or-later
// Virtual calls of a dozen kinds in random order.  Argument: passes over 4,096 objects.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

struct shape {
    virtual ~shape() = default;
    virtual uint64_t area(uint64_t scale) const = 0;
    virtual void grow(uint64_t by) = 0;
    virtual bool is_round() const { return false; }
};

template <int Kind> struct figure : shape {
    uint64_t side = Kind;
    uint64_t area(uint64_t scale) const override { return side * scale + Kind; }
    void grow(uint64_t by) override { side = (side + by) & 0xffff; }
    bool is_round() const override { return Kind % 3 == 0; }
};

template <int Kind> static std::unique_ptr<shape> make_of(int kind)
{
    if constexpr (Kind == 0)
        return std::make_unique<figure<0>>();
    else
        return kind == Kind ? std::make_unique<figure<Kind>>() : make_of<Kind - 1>(kind);
}

int main(int, char **argv)
{
    std::vector<std::unique_ptr<shape>> shapes;
    uint32_t random = 12345;
    for (int i = 0; i < 4096; i++) {
        random = random * 1664525 + 1013904223;
        shapes.push_back(make_of<11>((int)(random >> 16) % 12));
    }
    uint64_t sum = 0, passes = strtoul(argv[1], nullptr, 10);
    for (uint64_t pass = 0; pass < passes; pass++)
        for (auto &s : shapes) {
            s->grow(pass);
            sum += s->is_round() ? s->area(pass) : s->area(3);
        }
    printf("%llu\n", (unsigned long long)sum);
}
