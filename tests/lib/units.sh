#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds and runs every unit test program; adds up libcheck's own counts.
make -s -j"$(nproc)" check-programs-built || { echo "0 passed, 1 failed"; exit 1; }
passed=0
failed=0
for t in tests/unit/check_*; do
    case $t in *.c | *.o | *.h | *.dirstamp) continue ;; esac
    [ -x "$t" ] || continue
    out=$(CK_VERBOSITY=normal timeout 120 "$t" 2>&1)
    code=$?
    # libcheck: "97%: Checks: 34, Failures: 1, Errors: 0"
    counts=$(printf '%s\n' "$out" | grep -E 'Checks: [0-9]+' | sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/' |
        awk '{ c += $1; f += $2 + $3 } END { print c + 0, f + 0 }')
    c=${counts% *}
    f=${counts#* }
    [ "$code" != 0 ] && [ "$f" = 0 ] && f=1 && c=$((c + 1))
    [ "$c" = 0 ] && f=1 && c=1
    passed=$((passed + c - f))
    failed=$((failed + f))
    [ "$f" = 0 ] || printf 'FAIL %s\n%s\n' "$t" "$out"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
