printf 'one\ntwo\nthree foo\nfour foo\n' > f
$RUN vim -u NONE -i NONE -es -N f -c '%s/foo/bar/g' -c 'g/two/d' -c 'normal Goadded' -c 'wq'
cat f
