cat /usr/include/*.h | head -c 600000 > in
$RUN xz -T2 --block-size=200000 -k -3 in
$RUN xz -dc in.xz | md5sum
