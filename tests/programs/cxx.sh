cat > c.cpp <<'XX'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>
struct B { virtual ~B() {} virtual int f(int) = 0; };
struct D : B { int k; D(int k) : k(k) {} int f(int x) override { if (x % 10 == 9) throw std::runtime_error("nine"); return x * k; } };
int main() { std::map<std::string, int> m; std::unordered_map<int, std::vector<int>> u; for (int i = 0; i < 3000; i++) { m["key" + std::to_string(i % 211)] += i; u[i % 31].push_back(i); }
 long s = 0; for (auto &p : m) s += p.second * p.first.size(); for (auto &p : u) s += p.second.back(); std::cout << s << "\n";
 std::vector<std::unique_ptr<B>> v; for (int i = 0; i < 5; i++) v.push_back(std::make_unique<D>(i)); int caught = 0; for (int i = 0; i < 100; i++) try { s += v[i % 5]->f(i); } catch (std::exception &e) { caught++; } std::cout << s << " " << caught << "\n";
 std::vector<double> d(1000); for (int i = 0; i < 1000; i++) d[i] = (i * 7919 % 1009) / 3.0; std::sort(d.begin(), d.end()); std::cout << d[0] << " " << d[999] << "\n";
 std::regex r("(\\w+)-(\\d+)"); std::smatch sm; std::string t = "abc-123"; std::cout << std::regex_match(t, sm, r) << sm[2] << "\n";
 std::thread th([&] { std::ostringstream o; o << std::hex << 255 << " " << 1.5f; t = o.str(); }); th.join(); std::cout << t << std::endl; return 3; }
XX
g++ -O2 -g -o c c.cpp -pthread && $RUN ./c; echo $?; rm c
