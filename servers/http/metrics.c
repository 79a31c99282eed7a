/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "auth.h"
#include "confirm.h"
#include "deadline.h"
#include "dispatch.h"
#include "text.h"

/* Upper bounds of the histogram, and how Prometheus writes them. */
static const struct {
    uint64_t ns;
    const char *seconds;
} bounds[HISTOGRAM_BUCKETS] = {
    {UINT64_C(50000), "5e-05"},   {UINT64_C(100000), "0.0001"}, {UINT64_C(250000), "0.00025"},
    {UINT64_C(500000), "0.0005"}, {UINT64_C(1000000), "0.001"}, {UINT64_C(2500000), "0.0025"},
    {UINT64_C(5000000), "0.005"}, {UINT64_C(10000000), "0.01"}, {UINT64_C(25000000), "0.025"},
    {UINT64_C(50000000), "0.05"}, {UINT64_C(100000000), "0.1"}, {UINT64_C(250000000), "0.25"},
    {UINT64_C(500000000), "0.5"}, {UINT64_C(1000000000), "1"},  {UINT64_C(2000000000), "2"},
};

void warmstart_http_metrics_hand_over(struct warmstart_http *http, uint64_t duration_ns)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && duration_ns > bounds[bucket].ns)
        bucket++;
    http->counters.hand_over_total[bucket]++;
    http->counters.hand_over_ns_total += duration_ns;
}

/* ---- Lines ---- */

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
    warmstart_http_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_labelled(struct text *text, const char *name, const char *label, const char *value,
                         uint64_t number)
{
    warmstart_http_text_add(text, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, number);
}

static void add_counter(struct text *text, const char *name, const char *help, uint64_t number)
{
    add_head(text, name, "counter", help);
    warmstart_http_text_add(text, "%s %" PRIu64 "\n", name, number);
}

static void add_gauge(struct text *text, const char *name, const char *help, uint64_t number)
{
    add_head(text, name, "gauge", help);
    warmstart_http_text_add(text, "%s %" PRIu64 "\n", name, number);
}

static void add_seconds(struct text *text, const char *name, const char *type, const char *help, uint64_t ns)
{
    add_head(text, name, type, help);
    warmstart_http_text_add(text, "%s %" PRIu64 ".%09" PRIu64 "\n", name, ns / SECOND_NS, ns % SECOND_NS);
}

/* ---- Groups of metrics ---- */

static void add_waiters(struct text *text, const struct warmstart_stats *stats)
{
    const char *name = "warmstart_waiters";
    add_head(text, name, "gauge", "Controllers that wait, by state.");
    add_labelled(text, name, "state", "waiting", stats->waiters_waiting);
    add_labelled(text, name, "state", "unmatchable", stats->waiters_unmatchable);
    add_labelled(text, name, "state", "claimed", stats->waiters_claimed);
    add_labelled(text, name, "state", "delivering", stats->waiters_delivering);
    add_labelled(text, name, "state", "blocked", stats->waiters_blocked);
    add_gauge(text, "warmstart_groups", "Distinct sets of fields that have waiters.", stats->groups);
    add_gauge(text, "warmstart_field_sets", "Distinct sets of fields in use or remembered.",
              stats->field_sets);
    add_gauge(text, "warmstart_instances", "Distinct instances that have waiters.", stats->instances);
    add_counter(text, "warmstart_registrations_total", "Controllers that began to wait.",
                stats->registered_total);

    name = "warmstart_endings_total";
    add_head(text, name, "counter", "Waiters that ended, by cause.");
    for (int ending = WARMSTART_ENDING_DELIVERED; ending <= WARMSTART_ENDING_RETIRED; ending++)
        add_labelled(text, name, "cause", warmstart_ending_name((enum warmstart_ending)ending),
                     stats->ended_total[ending]);
}

static void add_hand_over(struct text *text, const struct counters *counters)
{
    const char *name = "warmstart_hand_over_duration_seconds";
    add_head(text, name, "histogram", "From a POST that was read to its confirmed delivery.");
    uint64_t sum = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += counters->hand_over_total[i];
        warmstart_http_text_add(text, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].seconds, sum);
    }
    sum += counters->hand_over_total[HISTOGRAM_BUCKETS];
    uint64_t ns = counters->hand_over_ns_total;
    warmstart_http_text_add(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    warmstart_http_text_add(text, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, ns / SECOND_NS, ns % SECOND_NS);
    warmstart_http_text_add(text, "%s_count %" PRIu64 "\n", name, sum);
}

static void add_dispatches(struct text *text, const struct warmstart_http *http,
                           const struct warmstart_stats *stats)
{
    const struct counters *counters = &http->counters;
    const char *name = "warmstart_dispatches_total";
    add_head(text, name, "counter", "POSTs that could be read, by outcome.");
    for (int outcome = 0; outcome < POST_OUTCOMES; outcome++)
        add_labelled(text, name, "outcome", warmstart_http_post_outcome_name((enum post_outcome)outcome),
                     counters->posts_total[outcome]);
    name = "warmstart_unmatchable_total";
    add_head(text, name, "counter", "POSTs whose message nobody can match, by reason.");
    for (int misfit = TRIGGER_MISFIT_NONE + 1; misfit < TRIGGER_MISFITS; misfit++)
        add_labelled(text, name, "reason", warmstart_trigger_misfit_name((enum trigger_misfit)misfit),
                     counters->misfits_total[misfit]);
    add_gauge(text, "warmstart_dispatches_running", "Dispatches of all transports that are not settled.",
              stats->dispatches);
    add_counter(text, "warmstart_attempts_total", "Payloads that were given to a transport to write.",
                stats->attempts_total);
    name = "warmstart_http_acknowledgements_total";
    add_head(text, name, "counter", "Acknowledgements by controllers themselves, by what they were.");
    static const char *const kinds[ACKNOWLEDGEMENTS] = {[ACKNOWLEDGEMENT_TAKEN] = "taken",
                                                        [ACKNOWLEDGEMENT_OVER] = "over",
                                                        [ACKNOWLEDGEMENT_UNKNOWN] = "unknown"};
    for (int kind = 0; kind < ACKNOWLEDGEMENTS; kind++)
        add_labelled(text, name, "result", kinds[kind], counters->acknowledgements_total[kind]);
    add_hand_over(text, counters);
}

static void add_connections(struct text *text, const struct warmstart_http *http)
{
    const struct counters *counters = &http->counters;
    add_gauge(text, "warmstart_http_connections", "Open HTTP connections.", counters->connections);
    add_counter(text, "warmstart_http_connections_accepted_total", "HTTP connections that were accepted.",
                counters->connections_total);
    add_counter(text, "warmstart_http_connections_refused_total",
                "HTTP connections over the limit, or for want of descriptors or memory.",
                counters->connections_refused_total);
    const char *name = "warmstart_http_timeouts_total";
    add_head(text, name, "counter", "HTTP connections that were closed for taking too long, by phase.");
    for (int phase = PHASE_NONE + 1; phase < PHASES; phase++)
        add_labelled(text, name, "phase", warmstart_http_phase_name((enum phase)phase),
                     counters->timeouts_total[phase]);
    add_gauge(text, "warmstart_http_polls_held", "Polls that are held.", http->polls_len);
    add_gauge(text, "warmstart_http_cells", "libmicrohttpd daemons in use.", http->cells_len);
    add_gauge(text, "warmstart_http_draining", "1 once draining has begun.",
              warmstart_http_is_stopping(http) ? 1 : 0);
}

static void add_refusals(struct text *text, const struct warmstart_http *http)
{
    const uint64_t *refusals = http->counters.refusals_total;
    const char *name = "warmstart_http_bodies_refused_total";
    add_head(text, name, "counter", "Bodies of POSTs that were refused, by reason.");
    add_labelled(text, name, "reason", "missing", refusals[REFUSAL_BODY_MISSING]);
    add_labelled(text, name, "reason", "invalid", refusals[REFUSAL_BODY_INVALID]);
    add_labelled(text, name, "reason", "too_large", refusals[REFUSAL_BODY_TOO_LARGE]);
    name = "warmstart_http_errors_total";
    add_head(text, name, "counter", "Error answers, by code.");
    for (int refusal = 0; refusal < REFUSALS; refusal++)
        add_labelled(text, name, "code", warmstart_http_refusal_name((enum refusal)refusal),
                     refusals[refusal]);
}

static void add_process(struct text *text, const struct warmstart_http *http,
                        const struct warmstart_stats *stats)
{
    struct warmstart_loop_stats loop = {.size = sizeof(loop)};
    warmstart_loop_get_stats(http->loop, &loop);
    add_gauge(text, "warmstart_memory_bytes", "Memory of the manager.", stats->memory_bytes);
    add_gauge(text, "warmstart_http_body_bytes", "Memory of the bodies of POSTs.", http->counters.body_bytes);
    add_counter(text, "warmstart_loop_rounds_total", "Rounds of the loop.", loop.rounds_total);
    add_seconds(text, "warmstart_loop_busy_seconds_total", "counter", "Time spent in rounds of the loop.",
                loop.busy_ns_total);
    add_seconds(text, "warmstart_loop_longest_round_seconds", "gauge", "The longest round of the loop.",
                loop.round_ns_max);
    add_seconds(text, "warmstart_loop_lag_seconds", "gauge", "How late the last timer ran.",
                loop.late_ns_last);
    add_seconds(text, "warmstart_loop_longest_lag_seconds", "gauge", "How late the latest timer ran.",
                loop.late_ns_max);
    add_head(text, "warmstart_build_info", "gauge", "What is running; always 1.");
    warmstart_http_text_add(text, "warmstart_build_info{version=\"%s\",microhttpd=\"%s\"} 1\n",
                            warmstart_version(), MHD_get_version());
}

/* ---- What others count ---- */

struct warmstart_http_metrics {
    struct text *text;
};

static bool is_metric_name(const char *name)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name[0] != '\0' && !(name[0] >= '0' && name[0] <= '9') && name[strspn(name, signs)] == '\0';
}

static bool is_counter_name(const char *name)
{
    static const char end[] = "_total";
    size_t bytes = strlen(name), end_bytes = sizeof(end) - 1;
    return bytes > end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

int warmstart_http_add_metric(struct warmstart_http_metrics *metrics, const char *name, const char *help,
                              uint64_t value)
{
    if (!metrics || !name || !help || !is_metric_name(name) || strpbrk(help, "\n\\"))
        return WARMSTART_ERR_INVALID;
    if (is_counter_name(name))
        add_counter(metrics->text, name, help, value);
    else
        add_gauge(metrics->text, name, help, value);
    return metrics->text->failed ? WARMSTART_ERR_MEMORY : 0;
}

static void add_foreign(struct text *text, const struct warmstart_http *http)
{
    struct warmstart_http_metrics metrics = {.text = text};
    if (http->options.on_metrics)
        http->options.on_metrics(http->options.on_metrics_user, &metrics);
}

char *warmstart_http_metrics_write(const struct warmstart_http *http, size_t *ret_bytes)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_get_stats(warmstart_loop_manager(http->loop), &stats);
    struct text text = {0};
    add_waiters(&text, &stats);
    add_dispatches(&text, http, &stats);
    add_connections(&text, http);
    add_refusals(&text, http);
    warmstart_http_auth_metrics(http, &text);
    add_process(&text, http, &stats);
    add_foreign(&text, http);
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    *ret_bytes = text.bytes;
    return text.data;
}
