#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# sanitize.sh FOLDER: the unit tests of the sources in FOLDER, which nobody has configured, built with sanitizers in
# FOLDER/address and FOLDER/undefined.  Any finding ends its test.  Ends with "N passed, N failed".
#
# The undefined-behaviour sanitizer is for all of them.  The address sanitizer keeps its shadow at 0x7fff8000 to 0x10007fff8000,
# where strips 0 and 1 are, and puts functions of its own in place of libc's: it is not for the programs listed here.
no_address='check_heap check_heap_fast check_leak check_strings check_memcheck_instrument check_memcheck_run check_space
    check_syscalls check_host check_host_guest check_host_random check_symbols'
cd "$1" || exit 1
folder=$(pwd)
passed=0
failed=0

# Builds and runs the programs named as SANITIZERS PROGRAM...
run_with() {
    sanitizers=$1
    shift
    mkdir -p "$folder/${sanitizers%%,*}" && cd "$folder/${sanitizers%%,*}" || exit 1
    flags="-O1 -g -fno-omit-frame-pointer -fsanitize=$sanitizers -fno-sanitize-recover=undefined"
    ../configure -q CFLAGS="$flags" || exit 1
    make -s "$@" || exit 1
    for t; do
        out=$(CK_VERBOSITY=normal ASAN_OPTIONS=detect_leaks=0 timeout 300 "$t" 2>&1)
        if [ $? = 0 ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf 'FAIL %s (%s)\n%s\n' "$t" "$sanitizers" "$out"
        fi
    done
}

address=
undefined=
for source in tests/unit/check_*.c; do
    name=$(basename "$source" .c)
    case " $(echo $no_address) " in
    *" $name "*) undefined="$undefined tests/unit/$name" ;;
    *) address="$address tests/unit/$name" ;;
    esac
done
run_with address,undefined $address
run_with undefined $undefined
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
