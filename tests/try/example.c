/* Four bugs in twenty lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point { int x, y; };

static int sum(const struct point *p)
{
    if (p->x + p->y > 10)            /* y was never set */
        return 1;
    return 0;
}

int main(void)
{
    struct point *p = malloc(sizeof *p);
    char *name = malloc(5);
    p->x = 3;
    strcpy(name, "point");           /* one byte too many */
    printf("%s %d\n", name, sum(p));
    free(p);
    return p->x == 3 ? 0 : 1;        /* p is gone, name is leaked */
}
