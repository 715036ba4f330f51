/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// build: g++ -O0 -std=c++17
// differs: valgrind 3.19 does not compare sizes and alignments
#include <new>
int main()
{
    void *volatile p = operator new(40);
    operator delete(p, 41);                        // expect: Mismatched new/delete size value: 41
                                                   // aux: Address * is 0 bytes inside a block of size 40 alloc'd
    p = operator new[](40);
    operator delete[](p, 39);                      // expect: Mismatched new[][/delete[] size value: 39
    p = operator new(40, std::align_val_t(64));
    operator delete(p, std::align_val_t(32));      // expect: Mismatched new/delete alignment alloc value: 64 dealloc value: 32
    p = operator new(40, std::align_val_t(64));
    operator delete(p);                            // expect: Mismatched new/delete alignment alloc value: 64 dealloc value: default-aligned
    return 0;
}
