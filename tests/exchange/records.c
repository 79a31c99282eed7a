/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/client.h>

#include "peers.h"

static void *grow(void *memory, size_t bytes)
{
    void *grown = realloc(memory, bytes);
    if (!grown)
        abort();
    return grown;
}

static struct process_record *process_of(struct records *records, uint32_t serial)
{
    if (serial >= records->processes_len) {
        size_t len = (size_t)serial * 2 + 64;
        records->processes = grow(records->processes, len * sizeof(*records->processes));
        memset(records->processes + records->processes_len, 0,
               (len - records->processes_len) * sizeof(*records->processes));
        records->processes_len = len;
    }
    return &records->processes[serial];
}

void records_add(struct records *records, const struct record *some, size_t len)
{
    if (records->len + len > records->capacity) {
        records->capacity = (records->len + len) * 2;
        records->records = grow(records->records, records->capacity * sizeof(*some));
    }
    for (size_t i = 0; i < len; i++) {
        struct record *record = &records->records[records->len + i];
        *record = some[i];
        record->place = records->len + i + 1;
        records->results += record->type == RECORD_RESULT;
    }
    records->len += len;
}

void records_killed(struct records *records, uint32_t serial)
{
    process_of(records, serial)->killed = true;
}

void records_free(struct records *records)
{
    free(records->records);
    free(records->processes);
}

/* How many records there are of the run that the record at `from` is of. */
static size_t run_length(const struct records *records, size_t from)
{
    size_t len = 1;
    while (from + len < records->len && records->records[from + len].run == records->records[from].run)
        len++;
    return len;
}

/*
 * A controller is answered in the order of its acks. So when it was told that it has a run, every run that it
 * acknowledged before and was not told that it has is not its own: only what comes behind may be.
 */
static void find_answered(struct records *records)
{
    for (size_t from = 0, len; from < records->len; from += len) {
        len = run_length(records, from);
        for (size_t i = from; i < from + len; i++) {
            const struct record *taken = &records->records[i];
            for (size_t k = from; k < i && taken->type == RECORD_TAKEN; k++) {
                const struct record *acking = &records->records[k];
                struct process_record *process = process_of(records, taken->serial);
                if (acking->type == RECORD_ACKING && acking->serial == taken->serial &&
                    acking->place > process->answered)
                    process->answered = acking->place;
            }
        }
    }
}

/* May it have the run, though it did not live to write that down? */
static bool may_have_died_with_it(struct records *records, const struct record *record)
{
    const struct process_record *process = process_of(records, record->serial);
    return record->type == RECORD_ACKING && process->killed && record->place > process->answered;
}

/* A run whose end nobody wrote down: was it under way when its supervisor was killed? So many can have been. */
static bool is_under_way(struct records *records, uint64_t run)
{
    struct process_record *process = process_of(records, (uint32_t)(run >> 32));
    return process->killed && ++process->untold <= PEER_DISPATCHES;
}

/* What is known of one run. */
struct story {
    uint32_t taken;
    uint32_t results;
    uint32_t outcome;
    bool holder_died; /* who acknowledged it may have it and was killed */
    bool sender_died; /* while this was under way */
};

/* What is wrong with it; NULL: nothing. */
static const char *judge(const struct story *story)
{
    if (story->taken > 1)
        return "two have it";
    if (story->results > 1)
        return "it was settled twice";
    if (story->results == 0)
        return story->sender_died ? NULL : "nobody was told what became of it";
    if (story->outcome == WARMSTART_CLIENT_DELIVERED)
        return story->taken == 1 || story->holder_died ? NULL : "told as delivered, and nobody has it";
    if (story->outcome == WARMSTART_CLIENT_UNCERTAIN)
        return NULL;
    return story->taken == 0 ? NULL : "told as not delivered, and somebody has it";
}

static int compare(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

struct figures {
    uint64_t runs;
    uint64_t outcomes[16];
    uint64_t unheard; /* the sender was killed before it could write it down */
    uint64_t died;    /* delivered to one that was killed before it could write it down */
    uint64_t uncertain_taken;
    uint64_t wrong;
};

static void add(struct figures *figures, const struct story *story, uint64_t run)
{
    const char *wrong = judge(story);
    figures->runs++;
    figures->unheard += story->results == 0;
    if (story->results > 0)
        figures->outcomes[story->outcome % 16]++;
    figures->uncertain_taken += story->outcome == WARMSTART_CLIENT_UNCERTAIN && story->taken == 1;
    figures->died += story->outcome == WARMSTART_CLIENT_DELIVERED && story->taken == 0 && !wrong;
    figures->wrong += wrong != NULL;
    if (wrong && figures->wrong <= 10)
        printf("# run %llx: %s (told: %s)\n", (unsigned long long)run, wrong,
               warmstart_client_outcome_name((enum warmstart_client_outcome)story->outcome));
}

static void print(const struct figures *figures)
{
    printf("# %llu runs", (unsigned long long)figures->runs);
    for (int outcome = 1; outcome <= WARMSTART_CLIENT_REFUSED; outcome++)
        printf(", %llu %s", (unsigned long long)figures->outcomes[outcome],
               warmstart_client_outcome_name((enum warmstart_client_outcome)outcome));
    printf("; %llu whose sender was killed\n", (unsigned long long)figures->unheard);
    printf("# delivered to a controller that was killed before it wrote it down: %llu; uncertain, and "
           "somebody has it: %llu; wrong: %llu\n",
           (unsigned long long)figures->died, (unsigned long long)figures->uncertain_taken,
           (unsigned long long)figures->wrong);
}

int records_judge(struct records *records, uint64_t runs)
{
    struct figures figures = {0};
    qsort(records->records, records->len, sizeof(*records->records), compare);
    find_answered(records);
    for (size_t from = 0, len; from < records->len; from += len) {
        len = run_length(records, from);
        uint64_t run = records->records[from].run;
        struct story story = {0};
        for (size_t i = from; i < from + len; i++) {
            const struct record *record = &records->records[i];
            story.taken += record->type == RECORD_TAKEN;
            story.holder_died |= may_have_died_with_it(records, record);
            if (record->type == RECORD_RESULT) {
                story.results++;
                story.outcome = record->outcome;
            }
        }
        story.sender_died = story.results == 0 && is_under_way(records, run);
        add(&figures, &story, run);
    }
    print(&figures);
    bool enough = figures.outcomes[WARMSTART_CLIENT_DELIVERED] >= runs / 4;
    printf("%s 1 - each_run_is_in_one_hand_or_told_otherwise\n", figures.wrong == 0 ? "ok" : "not ok");
    printf("%s 2 - many_runs_were_delivered\n1..2\n", enough ? "ok" : "not ok");
    return figures.wrong > 0 || !enough;
}
