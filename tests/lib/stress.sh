#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The tests again in other modes: everything dirty; longer translations at once; rare events forced at every
# block; the interpreter.  Without an argument a choice that takes a few minutes,
# with "all" everything (an hour).  Ends with "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0
failed=0
group() { # title command...
    echo "-- $1"
    shift
    "$@" >"$log" 2>&1
    cat "$log"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    [ -n "$line" ] || line="0 passed, 1 failed"
    f=${line#*, }
    passed=$((passed + ${line%% *}))
    failed=$((failed + ${f%% *}))
}
e2e="python3 tests/lib/e2e.py --seconds=300"
programs="python3 tests/lib/programs.py"
events=--stress=flush,evict,move,signal

if [ "$1" = all ]; then
    group "end to end, dirty" $e2e --stress=dirty
    group "end to end, hot at once" $e2e --hot=2
    group "programs, hot at once" $programs --hot=2
    group "end to end, traces checked" $e2e --stress=trace
    group "programs, traces checked" $programs --stress=trace
    group "end to end, --track-origins=no" $e2e --track-origins=no
    group "end to end, $events" $e2e $events
    group "end to end, --stress=flush,evict,move" $e2e --stress=flush,evict,move
    group "end to end, dirty and flush,evict,move" $e2e --stress=dirty,flush,evict,move
    group "end to end, values, --tool=none" $e2e --tool=none
    group "end to end, values, interpreter" $e2e --tool=none --jit=interp
    group "programs, dirty" $programs --stress=dirty
    group "programs, $events" $programs $events
    group "programs, interpreter" $programs --tool=none --jit=interp
    group "odd worlds, dirty" env NG_OPTIONS=--stress=dirty sh tests/lib/worlds.sh
    group "odd worlds, --stress=flush,evict,move" env NG_OPTIONS=--stress=flush,evict,move sh tests/lib/worlds.sh
else
    t=tests/e2e
    p=tests/programs
    group "end to end, dirty" $e2e --stress=dirty
    group "end to end, hot at once" $e2e --hot=2
    group "end to end, traces checked" $e2e --stress=trace
    group "end to end, $events" $e2e $events $t/border_[afmrt]*.c $t/border_lazy.c $t/border_loop.c $t/clean_longjmp.c $t/clean_makecontext.c \
        $t/clean_selfmod.c $t/clean_signals.c $t/clean_x87.c $t/undef_shapes.c $t/signal_*.c $t/fork_*.c $t/segv_handler.c \
        $t/longjmp_undef.c
    group "end to end, values, interpreter" $e2e --tool=none --jit=interp $t/border_[afmt]*.c $t/clean_longjmp.c $t/clean_selfmod.c \
        $t/clean_signals.c $t/clean_space.c $t/clean_x87.c $t/null_*.c $t/segv_handler.c $t/divide.c $t/ill.c $t/fork_both.c
    group "programs, dirty" $programs --stress=dirty $p/bash.sh $p/perl.sh $p/lua.sh $p/sqlite.sh $p/git.sh $p/xz.sh
    group "programs, traces checked" $programs --stress=trace $p/bash.sh $p/perl.sh $p/lua.sh $p/sqlite.sh $p/git.sh
    group "programs, $events" $programs $events $p/ls.sh $p/sed.sh
    group "programs, interpreter" $programs --tool=none --jit=interp $p/ls.sh $p/sed.sh
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
