# known: cc1: its sparse sets read elements that were never written, by design (sparseset.h)
cat > t.c <<'XX'
#include <stdio.h>
#include <string.h>
struct s { int a, b : 3; char c; double d; };
static int cmp(const void *x, const void *y) { return *(int *)x - *(int *)y; }
void qsort(void *, unsigned long, unsigned long, int (*)(const void *, const void *));
int main(int argc, char **argv) { struct s v[10]; memset(v, 0, sizeof v); for (int i = 0; i < 10; i++) v[i].a = (i * 7919) % 13, v[i].d = i / 3.0; int k[10]; for (int i = 0; i < 10; i++) k[i] = v[i].a; qsort(k, 10, 4, cmp); for (int i = 0; i < 10; i++) printf("%d ", k[i]); puts(""); return 0; }
XX
CC1=$(gcc -print-prog-name=cc1)
$RUN $CC1 -imultiarch x86_64-linux-gnu -quiet -O2 t.c -o t.s; $RUN as t.s -o t.o; $RUN gcc -v -O2 -c t.c -o t2.o 2>&1 | grep -c version; cmp t.o t2.o
cat t.s | md5sum
gcc -o t t.o -v 2>&1 | grep collect2 > /dev/null
$RUN ld -o t3 -dynamic-linker /lib64/ld-linux-x86-64.so.2 /usr/lib/x86_64-linux-gnu/crt1.o /usr/lib/x86_64-linux-gnu/crti.o t.o -lc /usr/lib/x86_64-linux-gnu/crtn.o
$RUN ./t3; rm -f t t3
