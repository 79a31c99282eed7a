/* SPDX-License-Identifier: MIT */
#include "simulation.h"

#include "generator.h"
#include "seeded.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Steps of one world. One in so many is big, which makes one step in fifty a step among thousands. */
enum { SMALL_STEPS = 1000, BIG_STEPS = 20000, BIG_EVERY = 1000 };

/* A world that takes longer than this, or a list of operations while shrinking, does not end. In seconds. */
enum { WORLD_TIME_MAX = 300, SHRINKING_TIME_MAX = 20 };

/* No more lists than this are tried. */
enum { SHRINKING_MAX = 20000 };

/* In a list of no more than these operations any two are left out at once. */
enum { SHORT_LIST = 30 };

/* ---- One world ---- */

static struct world world;

static void note(struct happenings *all, const struct world *of)
{
    const struct warmstart_stats *stats = &of->model.stats;
    for (int i = 0; i < WARMSTART_ENDINGS; i++)
        all->ended[i] += stats->ended_total[i];
    for (int i = 0; i < WARMSTART_OUTCOMES; i++)
        all->settled[i] += stats->settled_total[i];
    all->attempts += stats->attempts_total;
    all->no_match += stats->no_match_total;
    all->limits += stats->limit_total;
    all->starved += of->starved;
}

/* False: there is a difference, which is in the finding. */
static bool run_world(struct finding *finding, uint64_t seed, enum model_fault fault)
{
    struct seeded seeded;
    seeded_init(&seeded, seed);
    bool big = seed % BIG_EVERY == BIG_EVERY - 1;
    struct generator generator;
    generator_init(&generator, &seeded.source, big, &finding->setting);
    finding->setting.fault = fault;
    finding->seed = seed;
    finding->len = 0;
    world_begin(&world, &finding->setting);
    uint32_t steps = big ? BIG_STEPS : SMALL_STEPS;
    bool agreed = world.difference[0] == '\0';
    while (agreed && finding->len < steps) {
        struct operation *operation = &finding->operations[finding->len];
        generator_next(&generator, &world, operation);
        finding->len++;
        finding->all.steps++;
        agreed = world_do(&world, operation);
    }
    finding->all.worlds++;
    agreed = agreed && world_end(&world);
    note(&finding->all, &world);
    if (agreed)
        return true;
    memcpy(finding->difference, world.difference, sizeof(finding->difference));
    world_free(&world);
    return false;
}

/* ---- Processes ---- */

/* Memory that a child and its parent both see. */
static struct finding *share(void)
{
    struct finding *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("sim: mmap");
        exit(2);
    }
    return shared;
}

static pid_t start_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("sim: fork");
        exit(2);
    }
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
    }
    return child;
}

/* True: the child was content. Else the finding has a difference, if only the signal that ended the child. */
static bool judge(struct finding *finding, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (finding->difference[0] == '\0' && WIFSIGNALED(status))
        (void)snprintf(finding->difference, sizeof(finding->difference), "%s",
                       WTERMSIG(status) == SIGALRM ? "it does not end" : strsignal(WTERMSIG(status)));
    else if (finding->difference[0] == '\0')
        (void)snprintf(finding->difference, sizeof(finding->difference), "exit status %d",
                       WEXITSTATUS(status));
    return false;
}

/* One child's share: every jobs-th seed. */
static _Noreturn void work(const struct simulation *simulation, int job, struct finding *shared)
{
    uint64_t steps = simulation->steps / (uint64_t)simulation->jobs;
    uint64_t seed = simulation->seed + (uint64_t)job;
    bool agreed = true;
    do {
        alarm(WORLD_TIME_MAX);
        agreed = run_world(shared, seed, simulation->fault);
        seed += (uint64_t)simulation->jobs;
        shared->next = seed;
    } while (agreed && shared->all.steps < steps);
    exit(agreed ? 0 : 1); /* not _exit(): coverage is written on the way */
}

static void say_progress(const struct simulation *simulation, struct finding *const shared[])
{
    static time_t said;
    time_t now = time(NULL);
    if (simulation->progress == NULL || now - said < 60)
        return;
    said = now;
    uint64_t steps = 0;
    for (int i = 0; i < simulation->jobs; i++)
        steps += shared[i]->all.steps;
    fprintf(simulation->progress, "%llu steps so far\n", (unsigned long long)steps);
    fflush(simulation->progress);
}

/* Waits for all children; at the first difference the others are stopped. Returns whose it is, or -1. */
static int wait_for(const struct simulation *simulation, pid_t children[], struct finding *const shared[])
{
    int found = -1;
    for (int left = simulation->jobs; left > 0;) {
        int status;
        pid_t child = waitpid(-1, &status, simulation->progress != NULL ? WNOHANG : 0);
        if (child == 0) {
            say_progress(simulation, shared);
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
            continue;
        }
        if (child < 0 && errno == EINTR)
            continue;
        for (int i = 0; i < simulation->jobs; i++) {
            if (children[i] != child)
                continue;
            children[i] = 0;
            left--;
            if (found >= 0 || judge(shared[i], status))
                continue;
            found = i;
            for (int j = 0; j < simulation->jobs; j++)
                if (children[j] > 0)
                    kill(children[j], SIGKILL);
        }
    }
    return found;
}

bool simulation_run(const struct simulation *simulation, struct finding *ret)
{
    struct finding *shared[SIMULATION_JOBS_MAX];
    pid_t children[SIMULATION_JOBS_MAX];
    for (int i = 0; i < simulation->jobs; i++) {
        shared[i] = share();
        children[i] = start_child();
        if (children[i] == 0)
            work(simulation, i, shared[i]);
    }
    int found = wait_for(simulation, children, shared);
    struct happenings all = {0};
    uint64_t next = 0, *sums = (uint64_t *)&all;
    for (int i = 0; i < simulation->jobs; i++) {
        const uint64_t *parts = (const uint64_t *)&shared[i]->all;
        for (size_t j = 0; j < sizeof(all) / sizeof(*sums); j++)
            sums[j] += parts[j];
        next = shared[i]->next > next ? shared[i]->next : next;
    }
    if (found >= 0)
        *ret = *shared[found];
    ret->all = all;
    ret->next = next;
    for (int i = 0; i < simulation->jobs; i++)
        munmap(shared[i], sizeof(*shared[i]));
    return found < 0;
}

/* ---- Shrinking ---- */

struct shrinker {
    struct finding *best;
    struct finding *tried; /* shared, the list that a child runs; difference and len come back */
    unsigned int attempts;
};

static _Noreturn void run_list(struct finding *list)
{
    int nowhere = open("/dev/null", O_WRONLY);
    (void)dup2(nowhere, STDERR_FILENO);
    alarm(SHRINKING_TIME_MAX);
    uint32_t len = list->len;
    world_begin(&world, &list->setting);
    bool agreed = world.difference[0] == '\0';
    for (uint32_t i = 0; agreed && i < len; i++) {
        list->len = i + 1; /* what comes after is not needed, should this be the one */
        agreed = world_do(&world, &list->operations[i]);
    }
    agreed = agreed && world_end(&world);
    memcpy(list->difference, world.difference, sizeof(list->difference));
    world_free(&world);
    _exit(agreed ? 0 : 1);
}

/* Runs shrinker->tried. True: there still is a difference, and the list is the best one now. */
static bool still(struct shrinker *shrinker)
{
    if (++shrinker->attempts > SHRINKING_MAX)
        return false;
    struct finding *tried = shrinker->tried;
    tried->difference[0] = '\0';
    pid_t child = start_child();
    if (child == 0)
        run_list(tried);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (judge(tried, status))
        return false;
    *shrinker->best = *tried;
    return true;
}

static void take_out(struct finding *list, uint32_t place)
{
    memmove(&list->operations[place], &list->operations[place + 1],
            (list->len - place - 1) * sizeof(*list->operations));
    list->len--;
}

/* Tries without some operations. */
static bool without(struct shrinker *shrinker, uint32_t from, uint32_t len)
{
    struct finding *tried = shrinker->tried;
    *tried = *shrinker->best;
    memmove(&tried->operations[from], &tried->operations[from + len],
            (tried->len - from - len) * sizeof(*tried->operations));
    tried->len -= len;
    if (still(shrinker))
        return true;
    /* Perhaps only for the time that passed before it. */
    uint32_t after = shrinker->best->operations[from].after;
    if (len > 1 || after == 0 || from + 1 >= shrinker->best->len)
        return false;
    *tried = *shrinker->best;
    take_out(tried, from);
    tried->operations[from].after += after;
    return still(shrinker);
}

/* Leaves out halves, quarters, and so on to single ones. */
static bool leave_out(struct shrinker *shrinker)
{
    bool better = false;
    for (uint32_t len = (shrinker->best->len + 1) / 2; len > 0; len /= 2) {
        uint32_t end = shrinker->best->len;
        while (end >= len && end <= shrinker->best->len) {
            bool out = without(shrinker, end - len, len);
            better |= out;
            end -= len;
            if (out && end > shrinker->best->len)
                end = shrinker->best->len; /* the list ends earlier, too */
        }
    }
    return better;
}

/* Leaves out two of a short list at once: a waiter, say, and the dispatch that takes it away. */
static bool leave_out_pair(struct shrinker *shrinker)
{
    uint32_t len = shrinker->best->len;
    for (uint32_t second = 1; len <= SHORT_LIST && second < len; second++) {
        for (uint32_t first = 0; first < second; first++) {
            *shrinker->tried = *shrinker->best;
            take_out(shrinker->tried, second);
            take_out(shrinker->tried, first);
            if (still(shrinker))
                return true;
        }
    }
    return false;
}

/* Gives a member of an operation or of the setting its plainest value. */
static bool plain(struct shrinker *shrinker, size_t offset, size_t bytes, uint32_t value)
{
    unsigned char plainest[sizeof(value)];
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value;
    memcpy(plainest, bytes == 1 ? (void *)&byte : bytes == 2 ? (void *)&half : (void *)&value, bytes);
    if (memcmp((char *)shrinker->best + offset, plainest, bytes) == 0)
        return false;
    *shrinker->tried = *shrinker->best;
    memcpy((char *)shrinker->tried + offset, plainest, bytes);
    return still(shrinker);
}

static bool simplify_operation(struct shrinker *shrinker, uint32_t number)
{
    static const struct {
        size_t offset;
        size_t bytes;
        uint32_t value;
    } members[] = {
#define MEMBER(name, value) {offsetof(struct operation, name), sizeof(((struct operation *)0)->name), (value)}
        MEMBER(nth, 0),
        MEMBER(back, 0),
        MEMBER(after, 0),
        MEMBER(match_in, OPERATION_NEVER),
        MEMBER(set, 0),
        MEMBER(how, 0),
        MEMBER(end_in, OPERATION_NEVER),
        MEMBER(retry, 0),
        MEMBER(instance, 0),
        MEMBER(controller, 0),
        MEMBER(turn, 0),
        MEMBER(attempts, 1),
        MEMBER(most, 0),
        MEMBER(conduct, WARMSTART_TESTING_SILENT),
#undef MEMBER
    };
    bool better = false;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (number >= shrinker->best->len)
            break; /* it got so short on the way */
        const struct operation *operation = &shrinker->best->operations[number];
        bool named = operation->kind == OPERATION_CORDON || operation->kind == OPERATION_RETIRE;
        if (named && (members[i].offset == offsetof(struct operation, instance) ||
                      members[i].offset == offsetof(struct operation, controller)))
            continue; /* there is no name 0 */
        size_t at = offsetof(struct finding, operations) + number * sizeof(struct operation);
        better |= plain(shrinker, at + members[i].offset, members[i].bytes, members[i].value);
    }
    return better;
}

/* The fields of one set become none, wherever it is named. */
static bool simplify_set(struct shrinker *shrinker, uint8_t set)
{
    bool named = false;
    *shrinker->tried = *shrinker->best;
    for (uint32_t i = 0; i < shrinker->tried->len; i++) {
        struct operation *operation = &shrinker->tried->operations[i];
        named |= operation->set == set;
        operation->set = operation->set == set ? 0 : operation->set;
    }
    return named && still(shrinker);
}

static bool simplify_setting(struct shrinker *shrinker)
{
    struct world_setting plainest;
    world_setting_init(&plainest);
    const struct {
        size_t offset;
        uint32_t value;
    } members[] = {
#define MEMBER(name) {offsetof(struct world_setting, name), plainest.name}
        MEMBER(waiters_max),    MEMBER(waiters_reserved),    MEMBER(dispatches_max),
        MEMBER(field_sets_max), MEMBER(field_sets_idle_max), MEMBER(instances_max),
        MEMBER(retired_max),    MEMBER(fields_max),          MEMBER(old),
#undef MEMBER
    };
    bool better = false;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        better |= plain(shrinker, offsetof(struct finding, setting) + members[i].offset,
                        sizeof(members[i].value), members[i].value);
    return better;
}

unsigned int simulation_shrink(struct finding *finding)
{
    struct shrinker shrinker = {.best = finding, .tried = share()};
    *shrinker.tried = *finding;
    bool better = still(&shrinker);
    while (better) {
        better = leave_out(&shrinker);
        better |= simplify_setting(&shrinker);
        for (uint32_t i = 0; i < finding->len; i++)
            better |= simplify_operation(&shrinker, i);
        for (uint32_t i = 0; i < finding->len; i++)
            if (finding->operations[i].set != 0)
                better |= simplify_set(&shrinker, finding->operations[i].set);
        better |= leave_out_pair(&shrinker);
    }
    munmap(shrinker.tried, sizeof(*shrinker.tried));
    return shrinker.attempts;
}

void simulation_print(const struct finding *finding, FILE *to)
{
    fprintf(to, "seed %llu; ", (unsigned long long)finding->seed);
    world_setting_print(&finding->setting, to);
    for (uint32_t i = 0; i < finding->len; i++)
        operation_print(&finding->operations[i], to);
    fprintf(to, "then: %s\n", finding->difference);
}
