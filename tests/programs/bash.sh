cat > script.sh <<'XX'
#!/bin/bash
set -e
declare -A m
for i in {1..300}; do m[$((i % 17))]+="$i "; done
for k in "${!m[@]}"; do echo "$k: ${m[$k]}"; done | sort -n
f() { local x=$1; if ((x <= 1)); then echo 1; else echo $((x * $(f $((x - 1))))); fi; }
f 10
printf '%05d|%s\n' 42 "$(echo a b c | tr a-z A-Z)"
trap 'echo trapped' USR1; kill -USR1 $$
cat <<< "here string" | { read a b; echo "$b $a"; }
[[ "foobar" =~ ^f(o+)b ]] && echo "${BASH_REMATCH[1]}"
echo $(seq 1 50 | while read n; do echo -n $((n*n)),; done)
sleep 0.1 & wait $!; echo "waited $?"
(exit 7) || echo "sub $?"
exit 5
XX
chmod +x script.sh
$RUN ./script.sh
echo "exit $?"
$RUN bash -c 'echo $0 $1 $#; ls /etc/hostname | wc -l' zero one
