/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: g++ -O0
// build: g++ -O2
// build: clang++ -O2
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
struct guard { std::string s; ~guard() { std::puts(s.c_str()); } };
static int deep(int n) { guard g{std::string("unwound ") + std::to_string(n)}; if (n == 0) throw std::out_of_range("bottom"); return deep(n - 1) + 1; }
int main() { for (int i = 0; i < 3; i++) try { deep(i); } catch (const std::logic_error &e) { std::puts(e.what()); } try { try { throw 5; } catch (int) { throw; } } catch (...) { std::puts("rethrown"); } auto p = std::make_shared<std::string>(100, 'x'); std::weak_ptr<std::string> w = p; p.reset(); return w.expired() ? 0 : 1; }
