# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints a C program of 11 lines a function, always the same.  Argument: functions, 500 if not given."""
import random
import sys
functions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
random.seed(5)
out = ['#include <stdio.h>\n#include <string.h>\n']
for i in range(functions):
    out.append(f'''static int f{i}(int a, int *p, const char *s)
{{
    int r = {i};
    for (int k = 0; k < a; k++) {{
        r += p[k % {random.randint(3, 60)}] * {random.randint(2, 99)};
        if (r % {random.randint(2, 9)} == 0) r ^= (int)strlen(s);
        switch (r & 3) {{ case 0: r += k; break; case 1: r -= {random.randint(1, 50)}; break; default: r = r * 3 + 1; }}
    }}
    return r;
}}
''')
out.append('int main(void)\n{\n    int p[64] = {0}, s = 0;\n')
for i in range(functions):
    out.append(f'    s += f{i}({random.randint(1, 20)}, p, "x{i}");\n')
out.append('    printf("%d\\n", s);\n    return 0;\n}\n')
print(''.join(out), end='')
