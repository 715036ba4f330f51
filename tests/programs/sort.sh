awk 'BEGIN { x = 42; for (i = 0; i < 60000; i++) { x = (x * 1103515245 + 12345) % 2147483648; print x, i } }' > in
$RUN sort --parallel=4 -S 200K in -o out1
$RUN sort -k2,2nr -k1 --parallel=2 in | head -2000
$RUN sort -u -n in | md5sum
