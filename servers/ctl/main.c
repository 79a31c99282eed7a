/* SPDX-License-Identifier: MIT */
/* warmstartctl: the command line of a warm start broker. */
#include "ctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/warmstart.sock"
#define MS_MAX         86400000

static const struct command commands[] = {
    {"wait", "[OPTION]... [METADATA]", "wait for a run and write it to standard output",
     " id instance timeout-ms count ", 0, INT32_MAX, false, run_wait},
    {"dispatch", "[OPTION]... [METADATA]", "hand a run to a waiter that fits",
     " payload timeout-ms attempts subset retry-uncertain ", 0, INT32_MAX, false, run_dispatch},
    {"count", "[--subset] [METADATA]", "how many waiters could be given such a run now", " subset ", 0,
     INT32_MAX, false, run_count},
    {"list", "[--instance HOST] [--exact] [METADATA]", "who waits, by metadata and host", " instance exact ",
     0, INT32_MAX, false, run_list},
    {"stats", "", "figures of the server", " ", 0, 0, false, run_stats},
    {"top", "[--interval-ms MS] [--count N]", "a live view: keys, waiters, rates; q ends it",
     " interval-ms count ", 0, 0, false, run_top},
    {"cordon", "[--for-ms MS] HOST", "give waiters of a host no run for a while", " for-ms ", 1, 1, true,
     run_cordon},
    {"uncordon", "HOST", "end that", " ", 1, 1, true, run_uncordon},
    {"retire", "[--for-ms MS] CONTROLLER", "end a controller's wait and refuse it for a while", " for-ms ", 1,
     1, true, run_retire},
    {"drain", "[--timeout-ms MS] [--spread-ms MS]", "stop the server in good order", " timeout-ms spread-ms ",
     0, 0, false, run_drain},
    {"ping", "", "the versions of protocol and server", " ", 0, 0, false, run_ping},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
    printf("Usage: warmstartctl [--socket PATH] COMMAND [OPTION]... [WORD]...\n\n"
           "Talks to warmstartd over its Unix socket (warmstartd --unix PATH).\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf(
        "\nMETADATA is words such as deployment=d1 cpu:=0.5 (name=text is a string, name:=json a number,\n"
        "true, false or null), or one word that is a JSON object. Options stand before words.\n\nOptions:\n"
        "  --socket PATH      the server's socket; @NAME is an abstract one (WARMSTART_SOCKET, or\n"
        "                     " DEFAULT_SOCKET ")\n"
        "  --id ID            wait: who waits\n"
        "  --instance HOST    wait: on which host; list: only waiters of it\n"
        "  --timeout-ms MS    wait: for how long (for ever); dispatch: settled by then (1000); drain: over\n"
        "                     by then (the server's own)\n"
        "  --count N          wait: so many runs, 0 for ever (1); each is followed by a line feed unless\n"
        "                     it is 1. top: so many views, 0 for ever (0)\n"
        "  --payload TEXT     dispatch: the run (standard input)\n"
        "  --attempts N       dispatch: waiters that are tried (3)\n"
        "  --subset           dispatch, count: waiters may have more metadata than this\n"
        "  --exact            list: waiters have just this metadata\n"
        "  --retry-uncertain  dispatch: try the next one also if nobody can tell; two may get it\n"
        "  --for-ms MS        cordon (3600000), retire (300000): for how long\n"
        "  --spread-ms MS     drain: let waiters go evenly over this time (the server's own)\n"
        "  --interval-ms MS   top: between two views (1000)\n"
        "  --help             this text\n"
        "  --version          the version\n\n"
        "Exit status: 0 done, delivered or received; 1 nobody has the run, there was none, or the server\n"
        "refused; 2 wrong usage; 3 nobody can tell whether somebody has the run; 4 no server.\n");
}

static const struct option options[] = {
    {"socket", required_argument, NULL, 's'},
    {"id", required_argument, NULL, 'i'},
    {"instance", required_argument, NULL, 'n'},
    {"timeout-ms", required_argument, NULL, 't'},
    {"count", required_argument, NULL, 'c'},
    {"payload", required_argument, NULL, 'p'},
    {"attempts", required_argument, NULL, 'a'},
    {"subset", no_argument, NULL, 'u'},
    {"exact", no_argument, NULL, 'e'},
    {"retry-uncertain", no_argument, NULL, 'r'},
    {"for-ms", required_argument, NULL, 'f'},
    {"spread-ms", required_argument, NULL, 'd'},
    {"interval-ms", required_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Ends the program. */
static _Noreturn void misused(const char *what, const char *why)
{
    complain("%s: %s (see warmstartctl --help)", what, why);
    exit(EXIT_USAGE);
}

static uint32_t read_number(const char *option, const char *text, uint32_t min, uint32_t max)
{
    char why[96], *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && strlen(text) <= 10 && number >= min &&
        number <= max)
        return (uint32_t)number;
    snprintf(why, sizeof(why), "a whole number from %u to %u is expected, not \"%.20s\"", min, max, text);
    misused(option, why);
}

static void set_option(struct arguments *arguments, int letter, const char *name, const char *value)
{
    switch (letter) {
    case 's':
        arguments->socket = value;
        break;
    case 'i':
        arguments->id = value;
        break;
    case 'n':
        arguments->instance = value;
        break;
    case 't':
        arguments->timeout_ms = read_number(name, value, 1, MS_MAX);
        break;
    case 'c':
        arguments->count = read_number(name, value, 0, UINT32_MAX - 1);
        break;
    case 'p':
        arguments->payload = value;
        break;
    case 'a':
        arguments->attempts = read_number(name, value, 1, 100);
        break;
    case 'u':
        arguments->subset = true;
        break;
    case 'e':
        arguments->exact = true;
        break;
    case 'r':
        arguments->retry_uncertain = true;
        break;
    case 'f':
        arguments->for_ms = read_number(name, value, 1, MS_MAX);
        break;
    case 'd':
        arguments->spread_ms = read_number(name, value, 1, MS_MAX);
        break;
    case 'v':
        arguments->interval_ms = read_number(name, value, 10, MS_MAX);
        break;
    default:
        break;
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    misused(name, "no such command");
}

static bool takes(const struct command *command, const char *option)
{
    char word[32];
    snprintf(word, sizeof(word), " %s ", option);
    return strcmp(option, "socket") == 0 || (command && strstr(command->options, word));
}

/* Reads options in front of the command (command NULL), or behind it. Leaves optind at the first word. */
static void read_options(const struct command *command, struct arguments *arguments, int argc, char **argv)
{
    int letter, at = 0;
    while ((letter = getopt_long(argc, argv, "+", options, &at)) != -1) {
        if (letter == '?')
            exit(EXIT_USAGE); /* getopt has said why */
        if (letter == 'h') {
            print_help();
            exit(EXIT_DONE);
        }
        if (letter == 'V') {
            printf("warmstartctl " WARMSTART_VERSION_STRING "\n");
            exit(EXIT_DONE);
        }
        if (!takes(command, options[at].name))
            misused(options[at].name, command ? "not an option of this command" : "goes behind the command");
        set_option(arguments, letter, options[at].name, optarg);
    }
}

/* Joins what is left. */
static void read_words(const struct command *command, struct arguments *arguments, int argc, char **argv)
{
    int len = argc - optind;
    size_t bytes = 1;
    if (len < command->words_min || len > command->words_max) {
        char usage[160];
        snprintf(usage, sizeof(usage), "usage: warmstartctl %s %s", command->name, command->usage);
        misused(command->name, usage);
    }
    for (int i = optind; i < argc; i++) {
        if (!command->is_name && strncmp(argv[i], "--", 2) == 0)
            misused(argv[i], "options stand before words");
        bool is_json = len == 1 && argv[i][0] == '{';
        if (!command->is_name && !is_json && (argv[i][0] == '\0' || strchr(argv[i], ' ')))
            misused(argv[i],
                    "a word of metadata has no spaces; a JSON object may have them, as the only word");
        bytes += strlen(argv[i]) + 1;
    }
    arguments->metadata = calloc(1, bytes);
    if (!arguments->metadata) {
        complain("out of memory");
        exit(EXIT_UNREACHABLE);
    }
    for (int i = optind; i < argc; i++) {
        strcat(arguments->metadata, i > optind ? " " : "");
        strcat(arguments->metadata, argv[i]);
    }
    arguments->name = len > 0 ? argv[optind] : NULL;
    arguments->words_len = len;
}

static enum exit_status run(const struct command *command, const struct arguments *arguments)
{
    struct warmstart_client_options client_options;
    struct warmstart_client *client;
    warmstart_client_options_init(&client_options);
    client_options.path = arguments->socket;
    client_options.payload_bytes_max = (size_t)1 << 30;
    client_options.buffered_bytes_max = (size_t)1 << 31;
    int error = warmstart_client_new(&client_options, &client);
    if (error == WARMSTART_ERR_INVALID)
        misused("socket", "a path of 1 to 107 bytes is expected, or @NAME");
    if (error < 0) {
        complain("out of memory or descriptors");
        return EXIT_UNREACHABLE;
    }
    enum exit_status status = command->run(client, arguments);
    warmstart_client_free(client);
    if (fflush(stdout) != 0 && status == EXIT_DONE) {
        complain("cannot write to standard output");
        status = EXIT_UNREACHABLE;
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *socket = getenv("WARMSTART_SOCKET");
    struct arguments arguments = {
        .socket = socket && *socket ? socket : DEFAULT_SOCKET, .interval_ms = 1000, .count = UINT32_MAX};
    read_options(NULL, &arguments, argc, argv);
    if (optind >= argc)
        misused("warmstartctl", "a command is expected");
    const struct command *command = find_command(argv[optind]);
    optind++;
    read_options(command, &arguments, argc, argv);
    read_words(command, &arguments, argc, argv);
    enum exit_status status = run(command, &arguments);
    free(arguments.metadata);
    return (int)status;
}
