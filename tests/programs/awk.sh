$RUN awk -F: '{ n[$NF]++; len += length($0) } END { for (s in n) print s, n[s]; printf "%.3f %d\n", len / NR, NR }' /etc/passwd | sort
$RUN gawk 'BEGIN { for (i = 0; i < 20000; i++) a[i % 997] = a[i % 997] + i * 1.5; s = 0; for (k in a) s += a[k]; print s, toupper("done"), substr("hello world", 3, 5), gensub(/o/, "0", "g", "foo boo") }'
