cat > s.c <<'XX'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) { char *p = malloc(100); strcpy(p, "static hello"); p = realloc(p, 1000); printf("%s %zu %s\n", p, strlen(p), argv[1]); free(p); char b[64]; snprintf(b, 64, "%f %d", 3.25, argc); puts(b); return 6; }
XX
gcc -O2 -static -o s s.c; gcc -O2 -static-pie -o sp s.c
$RUN ./s arg; echo $?; $RUN ./sp arg; echo $?; rm s sp
