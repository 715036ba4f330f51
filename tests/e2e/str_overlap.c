/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// native: no
#include <string.h>
#include <wchar.h>
int main(void)
{
    char s[64] = "0123456789abcdefghij";
    wchar_t w[32] = L"0123456789";
    memmove(s, s + 1, 10);
    strcpy(s, s + 2);              // expect: Source and destination overlap in strcpy(0x
    strncpy(s, s + 3, 5);          // expect: Source and destination overlap in strncpy(0x
    stpcpy(s, s + 1);              // expect: Source and destination overlap in stpcpy(0x
    strcpy(s, "abcdef");
    strncat(s, s + 3, 3);          // expect: Source and destination overlap in strncat(0x
    wcscpy(w, w + 2);              // expect: Source and destination overlap in wcscpy(0x
    return 0;
}
