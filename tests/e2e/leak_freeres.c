/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libc keeps for itself is freed before the search. */
// options: --leak-check=full --show-leak-kinds=all
// log: All heap blocks were freed -- no leaks are possible
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char buffer[100];
    setlocale(LC_ALL, "");
    setenv("SOME", "thing", 1);
    snprintf(buffer, sizeof buffer, "%s", getpwuid(0)->pw_name);
    puts(buffer);
    return 0;
}
