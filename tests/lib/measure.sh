#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Wall time and peak memory of five programs: native, nagrind --tool=none, nagrind, valgrind, in turn; medians of
# N (5) rounds.  PROGRAMS chooses among them.  The table of docs/performance.md is its output.
top=$(cd "$(dirname "$0")/../.." && pwd)
n=${N:-5}
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
cd "$d" || exit 1
cat /usr/include/*.h /usr/include/*/*.h 2>/dev/null | head -c 4000000 > in4
python3 "$top/tests/lib/big_c.py" > big.c
cc1=$(gcc -print-prog-name=cc1)
one() { # name prefix command...
    name=$1 prefix=$2
    shift 2
    /usr/bin/time -o t -f '%e %M' $prefix "$@" >/dev/null 2>&1
    echo "$name $(tail -n 1 t)" >> "$results"
}
for i in $(seq "$n"); do
    for p in ${PROGRAMS:-true python gcc bzip2 xz}; do
        case $p in
        true) set -- /bin/true ;;
        python) set -- /usr/bin/python3 -c pass ;;
        gcc) set -- "$cc1" -quiet -imultiarch x86_64-linux-gnu -O2 big.c -o big.s ;;
        bzip2) set -- bzip2 -kc in4 ;;
        xz) set -- xz -kc in4 ;;
        esac
        results=$d/results
        one "$p native" "" "$@"
        one "$p none" "$top/nagrind -q --tool=none" "$@"
        one "$p nagrind" "$top/nagrind -q --log-file=/dev/null" "$@"
        one "$p valgrind" "valgrind -q --log-file=/dev/null" "$@"
    done
done
printf '%-8s %-9s %8s %10s\n' program under 'wall s' 'peak MB'
for k in $(cut -d' ' -f1,2 results | awk '!s[$0]++' | tr ' ' :); do
    p=${k%:*} u=${k#*:}
    wall=$(grep "^$p $u " results | cut -d' ' -f3 | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
    mem=$(grep "^$p $u " results | cut -d' ' -f4 | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] / 1024 }')
    printf '%-8s %-9s %8.2f %10.1f\n' "$p" "$u" "$wall" "$mem"
done
