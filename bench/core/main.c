/* SPDX-License-Identifier: MIT */
/*
 * bench-core: what the core's operations cost, beside SQLite, GLib and a cache miss, in one run. A benchmark,
 * never a test: its numbers depend on the machine and on what else runs there.
 */
#include "report.h"

#include <getopt.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZES_MAX = 16, CONTENDERS_MAX = 8, STATUS_WRONG = 1, STATUS_USAGE = 2 };

static const char help[] =
    "Usage: bench-core [OPTION]...\n"
    "\n"
    "Measures the operations of libwarmstart's core over many sizes, and beside them GLib's containers, "
    "SQLite\n"
    "in memory and a random pointer chase. Prints tables, and JSON if asked.\n"
    "\n"
    "  --waiters=N,N,...      how many wait (default: 100,1000,10000,100000,1000000)\n"
    "  --keys=N,N,...         distinct field sets among them (default: 1,10,100,1000,10000,100000);\n"
    "                         more keys than waiters are left out\n"
    "  --only=NAME,NAME,...   these contenders: warmstart, warmstart-oldest, glib, sqlite, sqlite-grouped,\n"
    "                         cache-miss\n"
    "  --repetitions=N        how often each is measured, 1 to 99 (default: 7)\n"
    "  --milliseconds=N       how long a repetition takes about, 1 to 10000 (default: 40)\n"
    "  --cpu-time             count this program's CPU time, not the clock: for a machine that is in use\n"
    "  --quick                10,000 and 1,000,000 waiters only, 5 repetitions of 20 ms; what follows it "
    "can\n"
    "                         change that\n"
    "  --all                  slow contenders at large sizes too; may take many minutes\n"
    "  --json=FILE            write everything to FILE too; -: to standard output, instead of the tables\n"
    "  --help                 this text\n"
    "\n"
    "Exit status: 0 done, 1 a contender gave a wrong answer or memory ran out, 2 wrong usage.\n";

static const struct contender *const known[] = {
    &contender_warmstart, &contender_warmstart_oldest, &contender_glib,
    &contender_sqlite,    &contender_sqlite_grouped,   &contender_chase,
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

struct choices {
    uint32_t waiters[SIZES_MAX];
    size_t waiters_len;
    uint32_t keys[SIZES_MAX];
    size_t keys_len;
    const struct contender *contenders[CONTENDERS_MAX]; /* NULL after the last */
    const char *json;
    bool all;
};

_Noreturn void wrong(const char *what)
{
    fprintf(stderr, "bench-core: %s\n", what);
    exit(STATUS_WRONG);
}

void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL)
        wrong("out of memory");
    return memory;
}

static _Noreturn void refuse(const char *what, const char *value)
{
    fprintf(stderr, "bench-core: %s: %s (see --help)\n", what, value);
    exit(STATUS_USAGE);
}

static uint32_t read_number(const char *text, uint32_t max)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || number == 0 || number > max)
        refuse("not a number that fits here", text);
    return (uint32_t)number;
}

static size_t read_numbers(char *text, uint32_t numbers[SIZES_MAX], uint32_t max)
{
    size_t len = 0;
    char *rest;
    for (char *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        if (len == SIZES_MAX)
            refuse("more than 16 sizes", word);
        numbers[len++] = read_number(word, max);
    }
    return len;
}

static void read_contenders(char *text, struct choices *choices)
{
    size_t len = 0;
    char *rest;
    for (char *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        size_t at = 0;
        while (at < KNOWN && strcmp(known[at]->name, word) != 0)
            at++;
        if (at == KNOWN || len == CONTENDERS_MAX - 1)
            refuse("no such contender", word);
        choices->contenders[len++] = known[at];
    }
    choices->contenders[len] = NULL;
}

static void set_sizes(struct choices *choices, bool quick)
{
    static const uint32_t quick_waiters[] = {10000, 1000000}, quick_keys[] = {1, 1000, 100000};
    choices->waiters_len = choices->keys_len = 0;
    if (quick) {
        memcpy(choices->waiters, quick_waiters, sizeof(quick_waiters));
        memcpy(choices->keys, quick_keys, sizeof(quick_keys));
        choices->waiters_len = 2;
        choices->keys_len = 3;
        return;
    }
    for (uint32_t size = 100; size <= 1000000; size *= 10)
        choices->waiters[choices->waiters_len++] = size;
    for (uint32_t size = 1; size <= 100000; size *= 10)
        choices->keys[choices->keys_len++] = size;
}

enum {
    OPTION_WAITERS = 1,
    OPTION_KEYS,
    OPTION_ONLY,
    OPTION_REPETITIONS,
    OPTION_MILLISECONDS,
    OPTION_CPU_TIME,
    OPTION_QUICK,
    OPTION_ALL,
    OPTION_JSON,
    OPTION_HELP
};

static const struct option options[] = {
    {"waiters", required_argument, NULL, OPTION_WAITERS},
    {"keys", required_argument, NULL, OPTION_KEYS},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"repetitions", required_argument, NULL, OPTION_REPETITIONS},
    {"milliseconds", required_argument, NULL, OPTION_MILLISECONDS},
    {"cpu-time", no_argument, NULL, OPTION_CPU_TIME},
    {"quick", no_argument, NULL, OPTION_QUICK},
    {"all", no_argument, NULL, OPTION_ALL},
    {"json", required_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static void read_choices(int argc, char **argv, struct choices *choices, struct report *report)
{
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPTION_WAITERS) {
            choices->waiters_len = read_numbers(optarg, choices->waiters, 10000000);
        } else if (option == OPTION_KEYS) {
            choices->keys_len = read_numbers(optarg, choices->keys, 10000000);
        } else if (option == OPTION_ONLY) {
            read_contenders(optarg, choices);
        } else if (option == OPTION_REPETITIONS) {
            report->effort.repetitions = read_number(optarg, REPETITIONS_MAX);
        } else if (option == OPTION_MILLISECONDS) {
            report->effort.milliseconds = read_number(optarg, 10000);
        } else if (option == OPTION_CPU_TIME) {
            report->effort.cpu_time = 1;
        } else if (option == OPTION_QUICK) {
            set_sizes(choices, true);
            report->effort.repetitions = 5;
            report->effort.milliseconds = 20;
        } else if (option == OPTION_ALL) {
            choices->all = true;
        } else if (option == OPTION_JSON) {
            choices->json = optarg;
        } else if (option == OPTION_HELP) {
            fputs(help, stdout);
            exit(0);
        } else {
            exit(STATUS_USAGE); /* getopt_long() has said why */
        }
    }
    if (optind < argc)
        refuse("no such argument", argv[optind]);
}

/* ---- Experiments ---- */

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void add_memory(struct report *report, const struct contender *contender,
                       const struct population *population, size_t bytes)
{
    if (report->memory_len == report->memory_capacity) {
        report->memory_capacity = report->memory_capacity * 2 + 64;
        report->memory = realloc(report->memory, report->memory_capacity * sizeof(*report->memory));
        if (report->memory == NULL)
            wrong("out of memory");
    }
    report->memory[report->memory_len++] =
        (struct memory_use){.contender = contender->name,
                            .waiters = population->waiters,
                            .keys = population->keys,
                            .bytes_each = (double)bytes / population->waiters};
}

static void progress(const struct population *population)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%9u waiters, %6u keys \r", population->waiters, population->keys);
}

/* The operations of all contenders that have the n-th one, in turn. */
static void measure_operations(const struct contender *const *contenders, void *const *stores, bool rich,
                               const struct population *population, struct report *report)
{
    for (size_t at = 0; at < OPERATIONS_MAX; at++) {
        struct subject subjects[CONTENDERS_MAX];
        size_t len = 0;
        for (size_t i = 0; contenders[i] != NULL; i++) {
            const struct operation *operation = rich ? &contenders[i]->rich[at] : &contenders[i]->plain[at];
            if (operation->name != NULL && stores[i] != NULL)
                subjects[len++] = (struct subject){contenders[i], operation, stores[i]};
        }
        if (len > 0)
            measure(subjects, len, population, &report->effort, &report->results);
    }
}

static void experiment(const struct choices *choices, struct population population, struct report *report)
{
    void *stores[CONTENDERS_MAX] = {NULL};
    const struct contender *const *contenders = choices->contenders;
    progress(&population);
    /* For the chase, whether or not the core itself is measured. */
    void *core = contender_warmstart.create(&population);
    population.bytes = warmstart_store_bytes(core);
    contender_warmstart.destroy(core);
    for (size_t i = 0; contenders[i] != NULL; i++) {
        const struct contender *contender = contenders[i];
        const struct operation *first = population.rich ? contender->rich : contender->plain;
        bool too_slow =
            !population.rich && contender->waiters_max > 0 && population.waiters > contender->waiters_max;
        if (first->name == NULL || (too_slow && !choices->all))
            continue;
        size_t before = allocated();
        stores[i] = contender->create(&population);
        if (contender != &contender_chase && contender != &contender_warmstart_oldest)
            add_memory(report, contender, &population, allocated() - before);
    }
    measure_operations(contenders, stores, population.rich, &population, report);
    for (size_t i = 0; contenders[i] != NULL; i++)
        if (stores[i] != NULL)
            contenders[i]->destroy(stores[i]);
}

static void measure_deadlines(const struct choices *choices, struct report *report)
{
    const struct contender *const contenders[] = {&contender_deadlines, NULL};
    for (size_t i = 0; i < choices->waiters_len; i++) {
        struct population population = {.waiters = choices->waiters[i], .keys = 1};
        void *store = contender_deadlines.create(&population);
        progress(&population);
        measure_operations(contenders, &store, false, &population, report);
        contender_deadlines.destroy(store);
    }
}

enum { RICH_KEYS = 10000 };

static void measure_all(const struct choices *choices, struct report *report)
{
    bool core = false;
    for (size_t i = 0; choices->contenders[i] != NULL; i++)
        core = core || choices->contenders[i] == &contender_warmstart;
    for (size_t i = 0; i < choices->waiters_len; i++)
        for (size_t j = 0; j < choices->keys_len; j++)
            if (choices->keys[j] <= choices->waiters[i])
                experiment(choices,
                           (struct population){.waiters = choices->waiters[i], .keys = choices->keys[j]},
                           report);
    experiment(choices, (struct population){.waiters = RICH_KEYS, .keys = RICH_KEYS, .rich = 1}, report);
    if (core) {
        measure_deadlines(choices, report);
        report->bytes_beside_fields_waiters = 100000;
        report->bytes_beside_fields = warmstart_bytes_each(report->bytes_beside_fields_waiters);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%40s\r", "");
}

static FILE *open_json(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return stdout;
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        exit(STATUS_WRONG);
    }
    return out;
}

int main(int argc, char **argv)
{
    struct choices choices = {0};
    struct report report = {.effort = {.repetitions = 7, .milliseconds = 40}};
    set_sizes(&choices, false);
    memcpy(choices.contenders, known, sizeof(known));
    read_choices(argc, argv, &choices, &report);
    FILE *json = open_json(choices.json);
    measure_all(&choices, &report);
    if (choices.json != NULL)
        report_json(&report, json);
    if (json != stdout || choices.json == NULL) {
        report_tables(&report, choices.contenders, stdout);
        report_goals(&report, stdout);
    }
    free(report.results.list);
    free(report.memory);
    if (fflush(json) != 0 || ferror(json) || (json != stdout && fclose(json) != 0))
        wrong("the JSON could not be written");
    return 0;
}
