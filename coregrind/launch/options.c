/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/options: from words to struct options.
 *
 * The words come from option files, environment variables and the command line,
 * in this order; the last one wins.  The tool is looked for among all of them first,
 * since its table says what the other words mean. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/launch.h"
#include "launch/options.h"
#include "report/report.h"
#include "tool/load.h"

struct options options = {
#define OPTION(type, field, name, def, min, max, choices, help) .field = def,
#define SPECIAL(name, function, help)
#include "launch/options.def"
#undef OPTION
#undef SPECIAL
    .tool = "memcheck", .verbosity = 1, .trace_to = ~0ull,
};

static int option_tool(const char *v)
{
    options.tool = v;
    return *v ? 0 : -1;
}

static int option_command_line_only(const char *v)
{
    return strcmp(v, "yes") && strcmp(v, "no") ? -1 : 0; /* acted on before the words are read */
}

static int option_suppressions(const char *v)
{
    if (options.n_suppressions >= 100)
        return -1;
    options.suppressions = base_realloc(options.suppressions, (options.n_suppressions + 1) * sizeof *options.suppressions);
    options.suppressions[options.n_suppressions++] = v;
    return *v ? 0 : -1;
}

static int option_fullpath(const char *v)
{
    options.fullpath_after = base_realloc(options.fullpath_after, (options.n_fullpath_after + 1) * sizeof *options.fullpath_after);
    options.fullpath_after[options.n_fullpath_after++] = v;
    return 0;
}

/* One bit for each word of a comma list; -1 for an unknown word.  Stops at the end or at ':'. */
static int word_bits(const char *list, const char *const *words, unsigned *bits, const char **end)
{
    for (;;) {
        const size_t n = strcspn(list, ",:");
        int i = 0;
        while (words[i] && (strlen(words[i]) != n || strncmp(words[i], list, n)))
            i++;
        if (!words[i])
            return -1;
        *bits |= 1u << i;
        *end = list + n;
        if (list[n] != ',')
            return 0;
        list += n + 1;
    }
}

static int option_trace(const char *v)
{
    static const char *const words[] = { "guest", "ir", "opt", "tool", "host", NULL };
    const char *end;
    char *rest;
    options.trace = 0;
    if (word_bits(v, words, &options.trace, &end))
        return -1;
    if (!*end)
        return 0;
    options.trace_from = strtoull(end + 1, &rest, 16);
    if (*rest != '-')
        return -1;
    options.trace_to = strtoull(rest + 1, &rest, 16);
    return *rest ? -1 : 0;
}

static int option_stress(const char *v)
{
    static const char *const words[] = { "flush", "evict", "move", "signal", "dirty", "trace", NULL };
    const char *end;
    options.stress = 0;
    return word_bits(v, words, &options.stress, &end) || *end ? -1 : 0;
}

static const struct ng_option rows[] = {
#define OPTION(kind, field, text, def, low, high, words, line) \
    { .name = text, .type = NG_OPT_##kind, .storage = &options.field, .choices = words, .min = low, .max = high, .help = line },
#define SPECIAL(text, function, line) { .name = text, .type = NG_OPT_CALLBACK, .callback = function, .help = line },
#include "launch/options.def"
#undef OPTION
#undef SPECIAL
    { .name = NULL },
};

bool ng_option_value(const char *name, int64_t *value)
{
    for (const struct ng_option *o = rows; o->name; o++)
        if (!strcmp(o->name, name) && (o->type == NG_OPT_BOOL || o->type == NG_OPT_INT)) {
            *value = o->type == NG_OPT_BOOL ? *(bool *)o->storage : *(int64_t *)o->storage;
            return true;
        }
    return false;
}

/* ---- failing ---- */

static void hint_and_exit(void) __attribute__((noreturn));
static void hint_and_exit(void)
{
    report_launcher_error("Use --help for more information or consult the user manual.");
    exit(1);
}

static void bad_option(const char *word, const char *reason) __attribute__((noreturn));
static void bad_option(const char *word, const char *reason)
{
    report_launcher_error("Bad option: %s", word);
    report_launcher_error("%s", reason);
    hint_and_exit();
}

/* ---- one word ---- */

static void store_number(const struct ng_option *o, const char *word, const char *value)
{
    char *end, reason[128];
    errno = 0;
    const long long v = strtoll(value, &end, 0);
    if (end == value || *end || errno)
        bad_option(word, "The value is not a number.");
    if (v < o->min || v > o->max) {
        snprintf(reason, sizeof reason, "The value must be from %lld to %lld.", (long long)o->min, (long long)o->max);
        bad_option(word, reason);
    }
    *(int64_t *)o->storage = v;
}

static void store_choice(const struct ng_option *o, const char *word, const char *value)
{
    char reason[256];
    const char *p = o->choices;
    for (int i = 0; p; i++) {
        const size_t n = strcspn(p, "|");
        if (strlen(value) == n && !strncmp(p, value, n)) {
            *(int *)o->storage = i;
            return;
        }
        p = p[n] ? p + n + 1 : NULL;
    }
    snprintf(reason, sizeof reason, "The value must be one of %s.", o->choices);
    bad_option(word, reason);
}

static void store(const struct ng_option *o, const char *word, const char *value)
{
    switch (o->type) {
    case NG_OPT_BOOL:
        if (strcmp(value, "yes") && strcmp(value, "no"))
            bad_option(word, "The value must be yes or no.");
        *(bool *)o->storage = *value == 'y';
        break;
    case NG_OPT_INT:
    case NG_OPT_SIZE: store_number(o, word, value); break;
    case NG_OPT_STRING: *(const char **)o->storage = value; break;
    case NG_OPT_CHOICE: store_choice(o, word, value); break;
    case NG_OPT_CALLBACK:
        if (o->callback(value))
            bad_option(word, "The value is not valid.");
        break;
    }
}

static bool match(const struct ng_option *table, const char *word)
{
    const size_t n = strcspn(word + 2, "=");
    for (; table && table->name; table++)
        if (strlen(table->name) == n && !strncmp(table->name, word + 2, n) && word[2 + n] == '=') {
            store(table, word, word + 2 + n + 1);
            return true;
        }
    return false;
}

/* --TOOL:name=value counts for that tool alone: the word without its prefix, or NULL if it is another's. */
static const char *for_this_tool(const char *word)
{
    const size_t n = strcspn(word + 2, ":=");
    if (word[2 + n] != ':')
        return word;
    if (strlen(tool->name) != n || strncmp(tool->name, word + 2, n))
        return NULL;
    char *plain;
    if (asprintf(&plain, "--%s", word + 2 + n + 1) < 0)
        base_out_of_memory(0);
    return plain;
}

static bool short_option(const char *word)
{
    if (!strcmp(word, "-q") || !strcmp(word, "--quiet"))
        options.verbosity--;
    else if (!strcmp(word, "-v") || !strcmp(word, "--verbose"))
        options.verbosity++;
    else if (!strcmp(word, "-s"))
        options.show_error_list = 1;
    else
        return false;
    return true;
}

static void parse_word(const char *word)
{
    const char *plain = word;
    if (short_option(word))
        return;
    if (!strncmp(word, "--", 2) && !(plain = for_this_tool(word)))
        return;
    if (!strncmp(plain, "--", 2) && (match(rows, plain) || match(tool->options, plain)))
        return;
    report_launcher_error("Unknown option: %s", word);
    hint_and_exit();
}

/* ---- where words come from ---- */

struct words { const char **v; uint32_t n, cap; };

static void add_word(struct words *w, const char *word)
{
    const uint32_t i = BASE_GROW(w->v, w->n, w->cap);
    w->v[i] = word;
}

/* Words of a text: separated by white space, '#' to the end of the line is a comment in files. */
static void add_text(struct words *w, char *text, bool file)
{
    while (*text) {
        text += strspn(text, " \t\r\n");
        if (file && *text == '#') {
            text += strcspn(text, "\n");
            continue;
        }
        const size_t n = strcspn(text, " \t\r\n");
        if (!n)
            break;
        const bool last = !text[n];
        text[n] = 0;
        add_word(w, text);
        text += n + !last;
    }
}

/* The file in the current directory counts only if nobody else could have put it there. */
static void add_file(struct words *w, const char *dir, const char *name, bool careful)
{
    char path[4096];
    struct stat st;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < 1 << 20 &&
        (!careful || (st.st_uid == geteuid() && !(st.st_mode & S_IWOTH)))) {
        char *text = base_alloc((size_t)st.st_size + 1);
        if (read(fd, text, (size_t)st.st_size) > 0)
            add_text(w, text, true);
    }
    close(fd);
}

static void add_variable(struct words *w, const char *name)
{
    const char *v = getenv(name);
    if (v)
        add_text(w, base_strdup(v), false);
}

static bool same_dir(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void collect_ambient(struct words *w)
{
    const char *home = getenv("HOME");
    if (home) {
        add_file(w, home, ".valgrindrc", false);
        add_file(w, home, ".nagrindrc", false);
    }
    add_variable(w, "VALGRIND_OPTS");
    add_variable(w, "NAGRIND_OPTS");
    if (home && same_dir(home, "."))
        return;
    add_file(w, ".", ".valgrindrc", true);
    add_file(w, ".", ".nagrindrc", true);
}

/* ---- information ---- */

static void help_table(const struct ng_option *o)
{
    for (; o && o->name; o++) {
        const char *value = o->type == NG_OPT_BOOL ? "no|yes" : o->type == NG_OPT_CHOICE ? o->choices :
                            o->type == NG_OPT_INT || o->type == NG_OPT_SIZE ? "<number>" : "<text>";
        char left[128];
        snprintf(left, sizeof left, "--%s=%s", o->name, value);
        printf("    %-34s %s\n", left, o->help ? o->help : "");
    }
}

static void help(void) __attribute__((noreturn));
static void help(void)
{
    printf("usage: nagrind [options] [--] program [arguments]\n\n  general options\n");
    printf("    %-34s %s\n    %-34s %s\n", "-h --help", "this text", "--version", "the version");
    printf("    %-34s %s\n    %-34s %s\n    %-34s %s\n", "-q --quiet", "only errors", "-v --verbose", "say more; may be repeated",
           "-s", "the same as --show-error-list=yes");
    help_table(rows);
    printf("\n  options of the tool %s\n", tool->name);
    help_table(tool->options);
    printf("\n  Options are also read from ~/.valgrindrc and ~/.nagrindrc, $VALGRIND_OPTS and $NAGRIND_OPTS,\n"
           "  ./.valgrindrc and ./.nagrindrc.\n");
    exit(0);
}

static void version(const char *called) __attribute__((noreturn));
static void version(const char *called)
{
    const char *slash = strrchr(called, '/');
    puts(strcmp(slash ? slash + 1 : called, "valgrind") ? "nagrind-" PACKAGE_VERSION : "valgrind-3.28.0");
    exit(0);
}

/* ---- all words ---- */

static int count_own_words(int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--"))
        i++;
    return i;
}

static void choose_tool(const struct words *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        if (!strncmp(w->v[i], "--tool=", 7))
            options.tool = w->v[i] + 7;
    const int error = tool_load(options.tool);
    if (error) {
        report_launcher_error("failed to start tool '%s' for platform 'amd64-linux': %s", options.tool, strerror(-error));
        exit(1);
    }
}

static void check_combinations(void)
{
    if (options.alignment & (options.alignment - 1))
        bad_option("--alignment", "The value must be a power of 2.");
    if (options.exit_on_first_error && !options.error_exitcode)
        bad_option("--exit-on-first-error=yes", "It needs --error-exitcode with a value other than 0.");
    if (options.jit == 1 && tool->wants_planes_v)
        bad_option("--jit=interp", "The interpreter runs programs without the tool: use --tool=none.");
}

void options_parse(int argc, char **argv)
{
    struct words w = { 0 };
    const int own = count_own_words(argc, argv);
    bool ambient = true;
    for (int i = 1; i < own; i++)
        if (!strcmp(argv[i], "--version"))
            version(argv[0]);
        else if (!strcmp(argv[i], "--command-line-only=yes"))
            ambient = false;
    if (ambient)
        collect_ambient(&w);
    for (int i = 1; i < own; i++)
        add_word(&w, argv[i]);
    choose_tool(&w);
    for (int i = 1; i < own; i++)
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
            help();
    for (uint32_t i = 0; i < w.n; i++)
        parse_word(w.v[i]);
    free(w.v);
    check_combinations();
    const int program = own < argc && !strcmp(argv[own], "--") ? own + 1 : own;
    if (program >= argc) {
        report_launcher_error("no program specified");
        hint_and_exit();
    }
    options.argc = argc - program;
    options.argv = argv + program;
}
