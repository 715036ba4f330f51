// SPDX-License-Identifier: GPL-3.0-or-later
// Allocation-heavy C++: maps, strings, vectors that grow.  Argument: rounds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

static uint64_t state = 88172645463325252u;

static uint64_t next()
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

struct person {
    std::string name, address;
    std::vector<int> visits;
};

int main(int, char **argv)
{
    long rounds = atol(argv[1]), sum = 0;
    std::map<std::string, std::unique_ptr<person>> people;
    std::unordered_map<std::string, long> totals;

    for (long i = 0; i < rounds; i++) {
        std::string key = "person number " + std::to_string(next() % 20000);
        auto &p = people[key];
        if (!p || next() % 4 == 0) {
            p = std::make_unique<person>();
            p->name = key;
            p->address = "a street that is too long for the short buffer, " + key;
        }
        p->visits.push_back((int)(i % 1000));
        totals[p->address.substr(0, 20 + next() % 40)] += i;
        if (next() % 8 == 0)
            people.erase(people.begin());
    }
    for (auto &[name, p] : people)
        sum += (long)p->visits.size() + (long)p->address.size();
    for (auto &[name, total] : totals)
        sum += total % 1000;
    printf("%zu %zu %ld\n", people.size(), totals.size(), sum);
}
