for i in 1 2 3; do cat /usr/include/*.h; done | head -c 700000 > in
$RUN gzip -9 -n -k in; $RUN gzip -dc in.gz | md5sum
$RUN bzip2 -k in; $RUN bzip2 -dc in.bz2 | md5sum
$RUN zstd -q -T2 -12 in -o in.zst; $RUN zstd -q -dc in.zst | md5sum
