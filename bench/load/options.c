/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "failure.h"
#include "message.h"
#include "protocol.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: warmstart-bench [OPTION]... ADDRESS\n"
    "\n"
    "Loads a warm start broker: controllers wait, supervisors post runs, and every run is followed from its "
    "post\n"
    "to its arrival. Says how fast that went, what it cost the server, and whether anything was lost, "
    "duplicated,\n"
    "misrouted, altered or answered wrongly.\n"
    "\n"
    "ADDRESS is one of\n"
    "  http://HOST:PORT             Trigger.dev's HTTP\n"
    "  http+unix:PATH               the same on a Unix socket\n"
    "  unix:PATH                    the line protocol of warmstartd's Unix socket\n"
    "  redis://HOST:PORT            Redis: BLPOP and LPUSH on one list for each key\n"
    "  redis+unix:PATH              the same on a Unix socket\n"
    "  beanstalk://HOST:PORT        beanstalkd: reserve, delete and put in one tube for each key\n"
    "\n"
    "  --controllers=N              hold a wait each, and wait again when they have a run (default: 500)\n"
    "  --supervisors=N              post, one run at a time each (default: 50)\n"
    "  --dispatch=ADDRESS           where supervisors connect to (default: ADDRESS)\n"
    "  --idle=N                     further controllers, of keys that nobody posts to (default: 0)\n"
    "  --keys=N                     distinct deployments among the controllers (default: 1)\n"
    "  --misses=PERCENT             share of posts for a deployment that nobody has (default: 0)\n"
    "  --payload=BYTES              length of the message, at least 700 (default: 2048)\n"
    "  --rate=N                     posts a second at fixed moments; latencies count from the moment that "
    "was\n"
    "                               meant, so that a stall is not hidden. 0: each supervisor posts as soon "
    "as it\n"
    "                               has its answer (default: 0)\n"
    "  --churn=N                    connections a second that wait and are closed after a tenth of a second\n"
    "                               (default: 0)\n"
    "  --warm-up=SECONDS            not measured (default: 2)\n"
    "  --duration=SECONDS           measured (default: 10)\n"
    "  --poll-timeout=SECONDS       a controller closes an older wait and waits on a new connection; HTTP "
    "only\n"
    "                               (default: 30)\n"
    "  --server-pid=PID             measure this process's CPU time and memory\n"
    "  --name=TEXT                  goes into the JSON\n"
    "  --json=FILE                  write the results to FILE too; -: to standard output, instead of the "
    "table\n"
    "  --quiet                      no line of progress\n"
    "  --help                       this text\n"
    "\n"
    "Exit status: 0 done, and all was right; 1 something was lost, duplicated, misrouted, altered or "
    "answered\n"
    "wrongly; 2 wrong usage; 3 the server cannot be reached, or went away.\n";

enum {
    OPTION_CONTROLLERS = 1,
    OPTION_SUPERVISORS,
    OPTION_DISPATCH,
    OPTION_IDLE,
    OPTION_KEYS,
    OPTION_MISSES,
    OPTION_PAYLOAD,
    OPTION_RATE,
    OPTION_CHURN,
    OPTION_WARM_UP,
    OPTION_DURATION,
    OPTION_POLL_TIMEOUT,
    OPTION_SERVER_PID,
    OPTION_NAME,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP
};

static const struct option names[] = {
    {"controllers", required_argument, NULL, OPTION_CONTROLLERS},
    {"supervisors", required_argument, NULL, OPTION_SUPERVISORS},
    {"dispatch", required_argument, NULL, OPTION_DISPATCH},
    {"idle", required_argument, NULL, OPTION_IDLE},
    {"keys", required_argument, NULL, OPTION_KEYS},
    {"misses", required_argument, NULL, OPTION_MISSES},
    {"payload", required_argument, NULL, OPTION_PAYLOAD},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"churn", required_argument, NULL, OPTION_CHURN},
    {"warm-up", required_argument, NULL, OPTION_WARM_UP},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"poll-timeout", required_argument, NULL, OPTION_POLL_TIMEOUT},
    {"server-pid", required_argument, NULL, OPTION_SERVER_PID},
    {"name", required_argument, NULL, OPTION_NAME},
    {"json", required_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static _Noreturn void refuse(const char *what, const char *value)
{
    fprintf(stderr, "warmstart-bench: %s: %s (see --help)\n", what, value);
    exit(STATUS_USAGE);
}

static uint32_t read_count(const char *text, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || number < min || number > max) {
        fprintf(stderr, "warmstart-bench: expected a whole number from %u to %u, not %s\n", min, max, text);
        exit(STATUS_USAGE);
    }
    return (uint32_t)number;
}

static double read_amount(const char *text, double max)
{
    char *end;
    double number = strtod(text, &end);
    if (*text < '0' || *text > '9' || *end != 0 || !(number <= max)) {
        fprintf(stderr, "warmstart-bench: expected a number from 0 to %g, not %s\n", max, text);
        exit(STATUS_USAGE);
    }
    return number;
}

static struct address read_address(const char *text)
{
    struct address address;
    if (!address_read(text, &address))
        refuse("not an address of a server", text);
    return address;
}

enum { COUNT_MAX = 1000000, SECONDS_MAX = 86400, PERCENT_MAX = 100 };

static void read_option(struct load_options *options, int option, const char **ret_dispatch)
{
    switch (option) {
    case OPTION_CONTROLLERS:
        options->controllers = read_count(optarg, 1, COUNT_MAX);
        break;
    case OPTION_SUPERVISORS:
        options->supervisors = read_count(optarg, 1, COUNT_MAX);
        break;
    case OPTION_DISPATCH:
        *ret_dispatch = optarg;
        break;
    case OPTION_IDLE:
        options->idle = read_count(optarg, 0, COUNT_MAX);
        break;
    case OPTION_KEYS:
        options->keys = read_count(optarg, 1, COUNT_MAX);
        break;
    case OPTION_MISSES:
        options->misses_percent = read_amount(optarg, PERCENT_MAX);
        break;
    case OPTION_PAYLOAD:
        options->payload_bytes = read_count(optarg, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX);
        break;
    case OPTION_RATE:
        options->rate = read_count(optarg, 0, COUNT_MAX);
        break;
    case OPTION_CHURN:
        options->churn = read_count(optarg, 0, COUNT_MAX);
        break;
    case OPTION_WARM_UP:
        options->warm_up_s = read_amount(optarg, SECONDS_MAX);
        break;
    case OPTION_DURATION:
        options->duration_s = read_amount(optarg, SECONDS_MAX);
        break;
    case OPTION_POLL_TIMEOUT:
        options->poll_timeout_s = read_amount(optarg, SECONDS_MAX);
        break;
    case OPTION_SERVER_PID:
        options->server_pid = (pid_t)read_count(optarg, 1, INT32_MAX);
        break;
    case OPTION_NAME:
        options->name = optarg;
        break;
    case OPTION_JSON:
        options->json = optarg;
        break;
    case OPTION_QUIET:
        options->quiet = true;
        break;
    case OPTION_HELP:
        fputs(help, stdout);
        exit(STATUS_RIGHT);
    default:
        exit(STATUS_USAGE); /* getopt_long() has said why */
    }
}

/* A quotation mark in the JSON would need more than it is worth. */
static void check_name(const char *name)
{
    for (; *name != 0; name++)
        if ((unsigned char)*name < ' ' || *name == '"' || *name == '\\')
            refuse("neither quotation mark, backslash nor control character may be in", "--name");
}

void load_options_read(struct load_options *options, int argc, char **argv)
{
    const char *dispatch = NULL;
    int option;
    *options = (struct load_options){.controllers = 500,
                                     .supervisors = 50,
                                     .keys = 1,
                                     .payload_bytes = 2048,
                                     .warm_up_s = 2,
                                     .duration_s = 10,
                                     .poll_timeout_s = 30,
                                     .name = ""};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        read_option(options, option, &dispatch);
    if (argc - optind != 1)
        refuse("expected one ADDRESS", argc == optind ? "none was given" : argv[optind + 1]);
    options->address = argv[optind];
    options->server = read_address(options->address);
    options->dispatch = dispatch == NULL ? options->server : read_address(dispatch);
    check_name(options->name);
    check_name(options->address);
    if (options->dispatch.protocol != options->server.protocol)
        refuse("supervisors have to speak as controllers do", dispatch);
    if (options->misses_percent > 0 && !options->server.protocol->answers_miss)
        refuse("this server does not say that nobody waits, so there can be no --misses", options->address);
    if (options->duration_s <= 0)
        refuse("nothing can be measured", "--duration=0");
}
