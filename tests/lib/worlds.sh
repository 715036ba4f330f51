#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Odd worlds: limits, closed descriptors, no /proc, odd environments, huge and
# many mappings, wild pointers.  Each case: the same output and exit code as native.
# NG_OPTIONS: more options for nagrind.
top=$(cd "$(dirname "$0")/../.." && pwd)
ng="$top/nagrind"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1
passed=0
failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }

# same TITLE SHELL-TEXT: $RUN in the text is empty natively, nagrind otherwise; outputs and codes must agree
same() {
    title=$1
    native=$(RUN='' timeout 100 sh -c "$2" 2>&1; echo "exit $?")
    ours=$(RUN="$ng -q $NG_OPTIONS --log-file=$out/log" timeout 100 sh -c "$2" 2>&1; echo "exit $?")
    if [ "$native" = "$ours" ]; then ok; else bad "$title" "natively [$native], under nagrind [$ours] $(head -c 300 "$out/log" 2>/dev/null)"; fi
    if [ -z "$3" ] && grep -q -E 'Invalid|uninitialised|nagrind:' "$out/log" 2>/dev/null; then bad "$title" "$(head -c 300 "$out/log")"; fi
    rm -f "$out/log"
}

for p in wild wild_syscalls mappings sparse recurse ident; do
    gcc -g -O1 -w -o "$out/$p" "$top/tests/worlds/$p.c" -ldl || bad build "$p"
done

same "ulimit -s unlimited" 'ulimit -s unlimited; ulimit -s; $RUN ls /usr/include/linux | head -20; $RUN sh -c "ulimit -s"'
same "ulimit -v" 'ulimit -v 8000000; $RUN ls -l /etc/passwd; $RUN /usr/bin/python3 -c "print(sum(range(1000)))"'
same "ulimit -n" 'ulimit -n 40; $RUN sh -c "ulimit -n; ls /proc/self/fd | wc -l; echo x 3>/dev/null"'
same "closed stdin" '$RUN cat <&-; echo $?'
same "closed stdout" '$RUN /bin/echo hi >&-; echo $?'
same "closed all" '$RUN sh -c "exit 5" <&- >&- 2>&-; echo $?'
same "LD_PRELOAD" 'LD_PRELOAD=/lib/x86_64-linux-gnu/libm.so.6 $RUN env | grep -E "^LD_"; LD_PRELOAD=/lib/x86_64-linux-gnu/libm.so.6 $RUN cat /proc/self/maps | grep -c "libm.so" | sed "s/[1-9]/n/"'
same "LD_LIBRARY_PATH" 'LD_LIBRARY_PATH=/nonexistent:/tmp $RUN sh -c "echo \$LD_LIBRARY_PATH"'
same "LD_BIND_NOW" 'LD_BIND_NOW=1 $RUN ls -d /etc'
same "GLIBC_TUNABLES" 'GLIBC_TUNABLES=glibc.malloc.check=1 $RUN sh -c "echo \$GLIBC_TUNABLES"'
same "empty environment" 'env -i $RUN /usr/bin/env'
same "environment" 'A=1 B="x y" $RUN env | grep -E "^(A|B|NAGRIND)"'
same "read-only cwd" 'cd /proc && $RUN ls -d self/.'
same "deleted cwd" 'mkdir d && cd d && rmdir ../d && $RUN sh -c "echo hi"'
same "many mappings" '$RUN ./mappings'
same "sparse mapping" '$RUN ./sparse'
same "stack overflow" '$RUN ./recurse; echo $?' expected
same "identity" '$RUN ./ident a "b c"'
same "wild writes" '$RUN ./wild 2000' expected
same "wild system calls" '$RUN ./wild_syscalls' expected
same "exit codes" '$RUN sh -c "exit 0"; echo $?; $RUN sh -c "exit 255"; echo $?; $RUN sh -c "kill -9 \$\$"; echo $?; $RUN sh -c "kill -TERM \$\$"; echo $?'
same "pipe closed" '$RUN seq 100000 | head -1; $RUN yes | head -1'
same "no program output buffering" '$RUN sh -c "echo a; echo b >&2; echo c" 2>&1'

# every wild write got its report
"$ng" $NG_OPTIONS --log-file="$out/log" --error-limit=no ./wild 500 >/dev/null 2>&1
n=$(grep -c -E 'Invalid (read|write) of size' "$out/log")
if [ "$n" -ge 1 ] && grep -q -E 'ERROR SUMMARY: 500 errors' "$out/log"; then ok; else bad "wild writes are reported" "$(tail -3 "$out/log")"; fi
rm -f "$out/log"

# without /proc (needs the right to unshare)
if unshare -m true 2>/dev/null; then
    r=$(unshare -m sh -c "umount -l /proc && $ng -q $NG_OPTIONS /bin/echo fine" 2>&1)
    if [ "$r" = fine ]; then ok; else bad "no /proc" "$r"; fi
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
