/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: g++ -O0
// native: no
struct B { virtual ~B() {} virtual int f() { return 3; } int x = 1; };
int main()
{
    B *b = new B;
    delete b;
    return *(volatile int *)&b->x > 100;          // expect: Invalid read of size 4
}                                                 // aux: Address * is 8 bytes inside a block of size 16 free'd
