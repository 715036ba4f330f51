/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/client_printf: printf on a guest format with a guest va_list (System V x86-64: the register
 * save area first, then the overflow area).  Each conversion is done alone by our own snprintf;
 * guest memory is read only through ng_read, so a wild pointer prints as such.  */
#include <stdio.h>
#include "run/internal.h"

struct guest_va { uint32_t gp_offset, fp_offset; uint64_t overflow, save; };
struct text { char *s; size_t n, cap; };

static void text_add(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n) + 64;
        t->s = base_realloc(t->s, t->cap);
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

static uint64_t read_word(guest_addr a)
{
    uint64_t v = 0;
    ng_read(&v, a, sizeof v);
    return v;
}

static uint64_t next_overflow(struct guest_va *va)
{
    const uint64_t v = read_word(va->overflow);
    va->overflow += 8;
    return v;
}

static uint64_t next_integer(struct guest_va *va)
{
    if (va->gp_offset >= 48)
        return next_overflow(va);
    va->gp_offset += 8;
    return read_word(va->save + va->gp_offset - 8);
}

static double next_double(struct guest_va *va)
{
    uint64_t bits;
    double d;
    if (va->fp_offset >= 176) {
        bits = next_overflow(va);
    } else {
        bits = read_word(va->save + va->fp_offset);
        va->fp_offset += 16;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* A long double lies in two words of the overflow area, 16-aligned. */
static long double next_long_double(struct guest_va *va)
{
    long double d = 0;
    va->overflow = ROUND_UP(va->overflow, 16);
    ng_read(&d, va->overflow, sizeof d);
    va->overflow += 16;
    return d;
}

/* A conversion: "%-08.3l" as text with '*' resolved, length modifier apart. */
struct spec { char text[64]; size_t n; int size; bool long_double; int precision; };

static void spec_add(struct spec *s, char c)
{
    if (s->n + 8 < sizeof s->text)
        s->text[s->n++] = c;
    s->text[s->n] = 0;
}

static void spec_add_star(struct spec *s, struct guest_va *va)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", (int)next_integer(va));
    for (const char *d = digits; *d; d++)
        spec_add(s, *d);
}

/* Reads flags, width, precision and length at f; returns the conversion character's place. */
static const char *parse_spec(const char *f, struct spec *s, struct guest_va *va)
{
    *s = (struct spec){ .size = 4, .precision = -1 };
    spec_add(s, '%');
    for (; *f && strchr("-+ #0'", *f); f++)
        spec_add(s, *f);
    for (bool in_precision = false; *f; f++) {
        if (*f == '*') {
            spec_add_star(s, va);
        } else if (*f == '.' && !in_precision) {
            in_precision = true;
            spec_add(s, '.');
        } else if (*f >= '0' && *f <= '9') {
            spec_add(s, *f);
        } else {
            break;
        }
    }
    const char *dot = strchr(s->text, '.');
    s->precision = dot ? atoi(dot + 1) : -1;
    for (;; f++) {
        if (*f == 'l' || *f == 'j' || *f == 'z' || *f == 't' || *f == 'q')
            s->size = 8;
        else if (*f == 'h')
            s->size = s->size == 2 ? 1 : 2;
        else if (*f == 'L')
            s->long_double = true;
        else
            return f;
    }
}

static void add_string(struct text *out, struct spec *s, guest_addr a)
{
    enum { LONGEST = 1 << 16 };
    char *buf = base_alloc(LONGEST + 64);
    size_t n = 0;
    const size_t most = s->precision >= 0 && s->precision < LONGEST ? (size_t)s->precision : LONGEST;
    if (!a) {
        strcpy(buf, "(null)");
    } else {
        while (n < most && ng_read(buf + n, a + n, 1) == 1 && buf[n])
            n++;
        buf[n] = 0;
    }
    char *line;
    spec_add(s, 's');
    const int length = asprintf(&line, s->text, buf);
    if (length >= 0) {
        text_add(out, line, (size_t)length);
        free(line);
    }
    free(buf);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_conversion(struct text *out, struct spec *s, char c, struct guest_va *va)
{
    char buf[512] = "";
    switch (c) {
    case 's':
        add_string(out, s, next_integer(va));
        return;
    case 'c':
        spec_add(s, 'c');
        snprintf(buf, sizeof buf, s->text, (int)next_integer(va));
        break;
    case 'p':
        spec_add(s, 'p');
        snprintf(buf, sizeof buf, s->text, (void *)next_integer(va));
        break;
    case 'd': case 'i': {
        uint64_t v = next_integer(va);
        v = s->size == 8 ? v : s->size == 4 ? (uint64_t)(int32_t)v : s->size == 2 ? (uint64_t)(int16_t)v : (uint64_t)(int8_t)v;
        spec_add(s, 'l');
        spec_add(s, 'd');
        snprintf(buf, sizeof buf, s->text, (long)v);
        break;
    }
    case 'u': case 'x': case 'X': case 'o': {
        uint64_t v = next_integer(va);
        v = s->size == 8 ? v : s->size == 4 ? (uint32_t)v : s->size == 2 ? (uint16_t)v : (uint8_t)v;
        spec_add(s, 'l');
        spec_add(s, c);
        snprintf(buf, sizeof buf, s->text, (unsigned long)v);
        break;
    }
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case 'a': case 'A':
        if (s->long_double) {
            spec_add(s, 'L');
            spec_add(s, c);
            snprintf(buf, sizeof buf, s->text, next_long_double(va));
        } else {
            spec_add(s, c);
            snprintf(buf, sizeof buf, s->text, next_double(va));
        }
        break;
    case 'n':
        next_integer(va);
        return;
    case '%':
        strcpy(buf, "%");
        break;
    default:
        snprintf(buf, sizeof buf, "%s%c", s->text, c);
    }
    text_add(out, buf, strlen(buf));
}

char *run_format_guest(guest_addr fmt_at, guest_addr va_list_at, size_t *length)
{
    enum { FORMAT = 1 << 16 };
    struct text out = { 0 };
    struct guest_va va = { .gp_offset = 48, .fp_offset = 176 };
    char *fmt = base_alloc(FORMAT);
    size_t n = 0;
    while (n < FORMAT - 1 && ng_read(fmt + n, fmt_at + n, 1) == 1 && fmt[n])
        n++;
    fmt[n] = 0;
    ng_read(&va, va_list_at, sizeof va);
    text_add(&out, "", 0);
    for (const char *f = fmt; *f;) {
        const char *percent = strchrnul(f, '%');
        struct spec s;
        text_add(&out, f, (size_t)(percent - f));
        if (!*percent)
            break;
        f = parse_spec(percent + 1, &s, &va);
        if (!*f)
            break;
        add_conversion(&out, &s, *f++, &va);
    }
    free(fmt);
    *length = out.n;
    return out.s;
}
