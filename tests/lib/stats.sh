#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# --stats and --perf-map: the figures are there and fit the program; perf shows guest functions.
# usage: stats.sh [DIRECTORY OF THE BUILD]
top=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
ng="$top/nagrind"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0
failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }

cat > "$out/work.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) unsigned long busy_function(unsigned long n)
{
    unsigned long x = 1;
    for (unsigned long i = 0; i < n; i++)
        x = x * 6364136223846793005ul + i;
    return x;
}
static volatile int sink;
static void *volatile block;
int main(int argc, char **argv)
{
    for (int i = 0; i < 1000; i++) {
        block = malloc(10 + i);
        free(block);
    }
    int undefined[4], copy[4]; /* copied, never used: some blocks run in dirty mode */
    memcpy(copy, undefined, sizeof copy);
    for (int i = 0; i < 4; i++)
        sink = copy[i] & 0;
    printf("%lu\n", busy_function(argc > 1 ? strtoul(argv[1], NULL, 10) : 1000));
    return 0;
}
C
gcc -g -O1 -w -o "$out/work" "$out/work.c" || bad build work.c

# figure NAME: the number after it in the last run's statistics
figure() { sed -n "s/^--[0-9]*-- *$1[: ]*\([0-9,]*\).*/\1/p" "$out/log" | head -1 | tr -d ,; }
# at_least NAME N
at_least() {
    n=$(figure "$1")
    if [ -n "$n" ] && [ "$n" -ge "$2" ]; then ok; else bad "$1" "at least $2 wanted, [$n] printed"; fi
}

"$ng" --stats=yes --log-file="$out/log" "$out/work" > /dev/null || bad "--stats" "exit code $?"
at_least "mode 0" 100
at_least "mode 1" 1
at_least "other mode: load of what is not all defined" 1
at_least "calls of malloc" 1000
at_least "calls of free" 1000
at_least "stack traces taken" 1000
at_least "system calls" 10
at_least "exits chained" 10
at_least "indirect jumps that missed" 10
at_least "indirect jumps that hit, returns included" 1000
grep -q 'guest instructions translated in [0-9.]* ms: [0-9.]* us a guest instruction' "$out/log" && ok || bad "--stats" "no translation time"
"$ng" -q --log-file="$out/log" "$out/work" > /dev/null
grep -q 'mode 0' "$out/log" && bad "--stats" "printed without being asked" || ok

"$ng" -q --perf-map=yes "$out/work" > /dev/null &
pid=$!
wait $pid
map=/tmp/perf-$pid.map
grep -Eq '^[0-9a-f]+ [0-9a-f]+ busy_function$' "$map" && ok || bad "--perf-map" "no busy_function in $map"
rm -f "$map"
"$ng" -q "$out/work" > /dev/null &
pid=$!
wait $pid
[ -e /tmp/perf-$pid.map ] && bad "--perf-map" "written without being asked" || ok

# perf itself, where it may be used
if perf record -q -e cpu-clock -o "$out/probe" true 2> /dev/null; then
    perf record -q -e cpu-clock -o "$out/data" "$ng" -q --perf-map=yes "$out/work" 300000000 > /dev/null 2>&1
    share=$(perf report -i "$out/data" --stdio 2> /dev/null | awk '/busy_function/ { sum += $1 } END { print int(sum) }')
    [ "$share" -ge 50 ] && ok || bad "perf" "busy_function has $share % of the samples"
    rm -f /tmp/perf-"$(perf script -i "$out/data" -F pid 2> /dev/null | head -1 | tr -d ' ')".map
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
