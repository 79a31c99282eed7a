/* SPDX-License-Identifier: MIT */
/* sim: the simulation as a program, for soaks and for replaying a seed. */
#include "simulation.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: sim [OPTION]...\n"
    "\n"
    "Random operations on a manager in lock-step with a naive model of it. What differs is cut down to a "
    "short\n"
    "list of operations and printed; the exit status is 1 then.\n"
    "\n"
    "  --steps N    about so many operations, but whole worlds (2000000); 1 replays the world of a seed\n"
    "  --seed S     the first world (1); where it stopped is printed, to go on from\n"
    "  --jobs N     processes (1)\n"
    "  --fault F    put a fault into the model, to see what is made of it: order, retired, uncertain, "
    "subset\n"
    "  --as-found   do not cut it down\n"
    "  --progress   say now and then how far it is\n"
    "  --help       this text\n";

/* A number of at least `least`; ends the program if it is none. */
static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    unsigned long long parsed = strtoull(text, &end, 0);
    if (*text == '\0' || *text == '-' || *end != '\0' || parsed < least || parsed > most) {
        fprintf(stderr, "sim: '%s' is not a number from %llu to %llu\n", text, (unsigned long long)least,
                (unsigned long long)most);
        exit(2);
    }
    return parsed;
}

static enum model_fault fault(const char *name)
{
    static const char *const names[] = {"none", "order", "retired", "uncertain", "subset", "crash"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum model_fault)i;
    fprintf(stderr, "sim: '%s' is no fault\n", name);
    exit(2);
}

static void read_options(int argc, char **argv, struct simulation *simulation, bool *ret_as_found)
{
    static const struct option options[] = {
        {"steps", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'S'},
        {"jobs", required_argument, NULL, 'j'},  {"progress", no_argument, NULL, 'p'},
        {"as-found", no_argument, NULL, 'a'},    {"fault", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            simulation->steps = number(optarg, 1, UINT64_MAX);
        else if (option == 'S')
            simulation->seed = number(optarg, 0, UINT64_MAX);
        else if (option == 'j')
            simulation->jobs = (int)number(optarg, 1, SIMULATION_JOBS_MAX);
        else if (option == 'f')
            simulation->fault = fault(optarg);
        else if (option == 'a')
            *ret_as_found = true;
        else if (option == 'p')
            simulation->progress = stderr;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct finding finding;
    struct simulation simulation = {.seed = 1, .steps = 2000000, .jobs = 1};
    bool as_found = false;
    read_options(argc, argv, &simulation, &as_found);
    if (simulation_run(&simulation, &finding)) {
        printf("%llu steps in %llu worlds, seeds %llu to %llu: no difference\n",
               (unsigned long long)finding.all.steps, (unsigned long long)finding.all.worlds,
               (unsigned long long)simulation.seed, (unsigned long long)(finding.next - 1));
        return EXIT_SUCCESS;
    }
    printf("a difference after %llu steps; replay it with: sim --steps 1 --seed %llu\n%s\n",
           (unsigned long long)finding.all.steps, (unsigned long long)finding.seed, finding.difference);
    if (as_found)
        return EXIT_FAILURE;
    unsigned int tried = simulation_shrink(&finding);
    printf("\ncut down to %u operations in %u attempts:\n", finding.len, tried);
    simulation_print(&finding, stdout);
    return EXIT_FAILURE;
}
