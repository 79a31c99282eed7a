/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdbool.h>
#include <string.h>

static const struct result *find(const struct results *results, const char *contender, const char *operation,
                                 uint32_t waiters, uint32_t keys)
{
    for (size_t i = 0; i < results->len; i++) {
        const struct result *result = &results->list[i];
        if (strcmp(result->contender, contender) == 0 && strcmp(result->operation, operation) == 0 &&
            result->waiters == waiters && result->keys == keys)
            return result;
    }
    return NULL;
}

/* The first result of its row of the table: where the row is printed. */
static bool begins_row(const struct results *results, size_t at)
{
    const struct result *it = &results->list[at];
    for (size_t i = 0; i < at; i++) {
        const struct result *other = &results->list[i];
        if (strcmp(other->operation, it->operation) == 0 && other->waiters == it->waiters &&
            other->keys == it->keys)
            return false;
    }
    return true;
}

static void print_cell(const struct result *result, FILE *out)
{
    char text[32];
    if (result == NULL) {
        fprintf(out, " %18s", "");
        return;
    }
    if (result->error != 0) {
        fprintf(out, " %18s", warmstart_error_name(result->error));
        return;
    }
    double spread = (result->slowest_ns - result->fastest_ns) / result->median_ns * 100;
    snprintf(text, sizeof(text), "%.*f ns ±%2.0f%%", result->median_ns < 100, result->median_ns, spread / 2);
    /* The sign is two bytes and one column. */
    fprintf(out, " %19s", text);
}

void report_tables(const struct report *report, const struct contender *const *contenders, FILE *out)
{
    fprintf(out, "Median of %u repetitions of %u ms%s, and half of what lies between the extremes.\n\n",
            report->effort.repetitions, report->effort.milliseconds,
            report->effort.cpu_time ? " of CPU time" : "");
    for (size_t i = 0; contenders[i] != NULL; i++)
        fprintf(out, "%-16s  %s\n", contenders[i]->name, contenders[i]->about);
    fprintf(out, "\n%-17s %9s %7s", "operation", "waiters", "keys");
    for (size_t i = 0; contenders[i] != NULL; i++)
        fprintf(out, " %18s", contenders[i]->name);
    fprintf(out, "\n");
    for (size_t i = 0; i < report->results.len; i++) {
        const struct result *row = &report->results.list[i];
        if (!begins_row(&report->results, i))
            continue;
        fprintf(out, "%-17s %9u %7u", row->operation, row->waiters, row->keys);
        for (size_t j = 0; contenders[j] != NULL; j++)
            print_cell(find(&report->results, contenders[j]->name, row->operation, row->waiters, row->keys),
                       out);
        fprintf(out, "\n");
    }
    fprintf(out, "\n%-17s %9s %7s\n", "memory", "waiters", "keys");
    for (size_t i = 0; i < report->memory_len; i++) {
        const struct memory_use *use = &report->memory[i];
        fprintf(out, "%-17s %9u %7u %9.0f bytes a waiter, fields included\n", use->contender, use->waiters,
                use->keys, use->bytes_each);
    }
}

struct goal {
    const char *operation;
    uint32_t waiters;
    uint32_t keys;
    double ns_max;
};

static const struct goal goals[] = {
    {"hand-over", 10000, 1000, 200},    {"hand-over", 1000000, 100000, 600},
    {"miss", 10000, 1000, 60},          {"miss", 1000000, 100000, 60},
    {"subset hit", 10000, 10000, 1000}, {"subset miss", 10000, 10000, 1000},
    {"deadline, any", 1000000, 1, 100}, {"deadline, newest", 1000000, 1, 100},
};

enum { BYTES_BESIDE_FIELDS_MAX = 128 };

void report_goals(const struct report *report, FILE *out)
{
    fprintf(out, "\nThe core's goals\n");
    for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++) {
        const struct goal *goal = &goals[i];
        const struct result *result =
            find(&report->results, contender_warmstart.name, goal->operation, goal->waiters, goal->keys);
        if (result == NULL || result->error != 0)
            continue;
        fprintf(out, "%-17s %9u %7u  at most %4.0f ns: %6.1f ns, best %6.1f ns  %s\n", goal->operation,
                goal->waiters, goal->keys, goal->ns_max, result->median_ns, result->fastest_ns,
                result->median_ns <= goal->ns_max ? "reached" : "missed");
    }
    if (report->bytes_beside_fields_waiters > 0)
        fprintf(out, "%-17s %9u %7u  at most %4d bytes beside fields: %.1f  %s\n", "memory",
                report->bytes_beside_fields_waiters, 1U, BYTES_BESIDE_FIELDS_MAX, report->bytes_beside_fields,
                report->bytes_beside_fields <= BYTES_BESIDE_FIELDS_MAX ? "reached" : "missed");
}

void report_json(const struct report *report, FILE *out)
{
    fprintf(out,
            "{\n  \"program\": \"bench-core\",\n  \"version\": \"%s\",\n  \"compiler\": \"%s\",\n"
            "  \"repetitions\": %u,\n  \"milliseconds\": %u,\n  \"clock\": \"%s\",\n  \"results\": [",
            warmstart_version(), __VERSION__, report->effort.repetitions, report->effort.milliseconds,
            report->effort.cpu_time ? "cpu" : "monotonic");
    for (size_t i = 0; i < report->results.len; i++) {
        const struct result *result = &report->results.list[i];
        fprintf(out, "%s\n    {\"operation\": \"%s\", \"contender\": \"%s\", \"waiters\": %u, \"keys\": %u, ",
                i == 0 ? "" : ",", result->operation, result->contender, result->waiters, result->keys);
        if (result->error != 0)
            fprintf(out, "\"error\": \"%s\"}", warmstart_error_name(result->error));
        else
            fprintf(out, "\"median_ns\": %.2f, \"fastest_ns\": %.2f, \"slowest_ns\": %.2f, \"times\": %llu}",
                    result->median_ns, result->fastest_ns, result->slowest_ns,
                    (unsigned long long)result->times);
    }
    fprintf(out, "\n  ],\n  \"memory\": [");
    for (size_t i = 0; i < report->memory_len; i++) {
        const struct memory_use *use = &report->memory[i];
        fprintf(out, "%s\n    {\"contender\": \"%s\", \"waiters\": %u, \"keys\": %u, \"bytes_each\": %.1f}",
                i == 0 ? "" : ",", use->contender, use->waiters, use->keys, use->bytes_each);
    }
    fprintf(out, "\n  ],\n  \"memory_beside_fields\": {\"waiters\": %u, \"bytes_each\": %.1f}\n}\n",
            report->bytes_beside_fields_waiters, report->bytes_beside_fields);
}
