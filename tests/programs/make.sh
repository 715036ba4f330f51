# known: cc1: its sparse sets read elements that were never written, by design (sparseset.h)
for i in 1 2 3 4; do echo "#include <stdio.h>
int f$i(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * $i; return s; }" > f$i.c; done
echo 'int printf(const char *, ...); int f1(int), f2(int), f3(int), f4(int); int main(void) { printf("%d\n", f1(5) + f2(6) + f3(7) + f4(8)); return 0; }' > main.c
printf 'OBJS = f1.o f2.o f3.o f4.o main.o\nprog: $(OBJS)\n\tgcc -o $@ $(OBJS)\n%%.o: %%.c\n\tgcc -O1 -c -o $@ $<\n' > Makefile
case "$RUN" in *nagrind*|*valgrind*) T=--trace-children=yes ;; esac
$RUN $T make -j2 > out.txt; sort out.txt > o; rm out.txt; ./prog; $RUN $T make
rm -f prog
