/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "protocol.h"

#include <inttypes.h>

static const double US = 1e3, MS = 1e6, S = 1e9;

static double per_post_us(const struct report *report, uint64_t ns)
{
    uint64_t posts = report->load->counts.posts;
    return posts == 0 ? 0 : (double)ns / US / (double)posts;
}

static double hit_share(const struct load_counts *counts)
{
    return counts->posts == 0 ? 0 : (double)counts->hits / (double)counts->posts;
}

static double held_bytes_each(const struct report *report)
{
    double grown = (double)report->held.anonymous_bytes - (double)report->rest.anonymous_bytes;
    return grown / (double)report->load->controllers_len;
}

/* After many requests on the same connections, which a server may have kept memory for. */
static double worked_bytes_each(const struct report *report)
{
    double grown = (double)report->worked.anonymous_bytes - (double)report->rest.anonymous_bytes;
    return grown / ((double)report->load->controllers_len + report->load->options->supervisors);
}

static void print_latency(const char *name, const struct histogram *histogram, FILE *out)
{
    fprintf(out, "%-12s p50 %.3f ms, p95 %.3f, p99 %.3f, p99.9 %.3f, max %.3f\n", name,
            (double)histogram_percentile(histogram, 50) / MS,
            (double)histogram_percentile(histogram, 95) / MS,
            (double)histogram_percentile(histogram, 99) / MS,
            (double)histogram_percentile(histogram, 99.9) / MS, (double)histogram->max / MS);
}

static void print_faults(const struct faults *faults, FILE *out)
{
    fprintf(out,
            "faults       lost %" PRIu64 ", duplicated %" PRIu64 ", misrouted %" PRIu64 ", altered %" PRIu64
            ", unconfirmed %" PRIu64 ", failed %" PRIu64 ", false hits %" PRIu64 "\n",
            faults->lost, faults->duplicated, faults->misrouted, faults->altered, faults->unconfirmed,
            faults->failed, faults->false_hits);
}

void report_table(const struct report *report, FILE *out)
{
    const struct load *load = report->load;
    const struct load_counts *counts = &load->counts;
    fprintf(out, "posts        %.0f/s, %" PRIu64 " in %.1f s, %.3f %% hits",
            (double)counts->posts / report->seconds, counts->posts, report->seconds, hit_share(counts) * 100);
    if (load->options->rate > 0)
        fprintf(out, ", %" PRIu64 " behind", counts->behind);
    fprintf(out, "\n");
    print_latency("POST", &counts->post, out);
    print_latency("hand-over", &counts->hand_over, out);
    if (load->options->server_pid > 0) {
        fprintf(out, "server       %.2f us CPU for each post (user %.1f, system %.1f), %.0f %% of a core\n",
                per_post_us(report, report->server.cpu_ns), per_post_us(report, report->server.user_ns),
                per_post_us(report, report->server.system_ns),
                (double)report->server.cpu_ns / S / report->seconds * 100);
        fprintf(out,
                "memory       %.1f MB at rest, %.1f held (%.0f bytes for each controller), %.1f under load, "
                "%.1f after\n",
                (double)report->rest.anonymous_bytes / 1e6, (double)report->held.anonymous_bytes / 1e6,
                held_bytes_each(report), (double)report->worked.anonymous_bytes / 1e6,
                (double)report->after.anonymous_bytes / 1e6);
    }
    fprintf(out, "this load    %.0f %% of a core, %" PRIu64 " reconnects, %" PRIu64 " churned\n",
            (double)report->self_ns / S / report->seconds * 100, counts->reconnects, counts->churned);
    print_faults(&load->ledger.faults, out);
}

static void json_latency(const char *name, const struct histogram *histogram, FILE *out)
{
    fprintf(out,
            "  \"%s\": {\"count\": %" PRIu64 ", \"mean\": %.3f, \"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f, "
            "\"p99_9\": %.3f, \"max\": %.3f},\n",
            name, histogram->count, histogram_mean(histogram) / US,
            (double)histogram_percentile(histogram, 50) / US,
            (double)histogram_percentile(histogram, 95) / US,
            (double)histogram_percentile(histogram, 99) / US,
            (double)histogram_percentile(histogram, 99.9) / US, (double)histogram->max / US);
}

static void json_memory(const char *name, const struct process_memory *memory, const char *end, FILE *out)
{
    fprintf(out, "\"%s\": {\"resident_bytes\": %" PRIu64 ", \"anonymous_bytes\": %" PRIu64 "}%s", name,
            memory->resident_bytes, memory->anonymous_bytes, end);
}

static void json_server(const struct report *report, FILE *out)
{
    if (report->load->options->server_pid == 0) {
        fprintf(out, "  \"server\": null,\n");
        return;
    }
    fprintf(out,
            "  \"server\": {\"pid\": %ld, \"cpu_us_per_post\": %.3f, \"user_us_per_post\": %.3f, "
            "\"system_us_per_post\": %.3f, \"core_share\": %.4f,\n    \"memory\": {",
            (long)report->load->options->server_pid, per_post_us(report, report->server.cpu_ns),
            per_post_us(report, report->server.user_ns), per_post_us(report, report->server.system_ns),
            (double)report->server.cpu_ns / S / report->seconds);
    json_memory("rest", &report->rest, ", ", out);
    json_memory("held", &report->held, ", ", out);
    json_memory("worked", &report->worked, ", ", out);
    json_memory("after", &report->after, "},\n", out);
    fprintf(out, "    \"held_bytes_per_connection\": %.1f, \"worked_bytes_per_connection\": %.1f},\n",
            held_bytes_each(report), worked_bytes_each(report));
}

static void json_options(const struct load_options *options, FILE *out)
{
    fprintf(out,
            "  \"options\": {\"controllers\": %u, \"supervisors\": %u, \"idle\": %u, \"keys\": %u, "
            "\"misses_percent\": %g,\n    \"payload_bytes\": %u, \"rate\": %u, \"churn\": %u, "
            "\"warm_up_seconds\": %g, \"duration_seconds\": %g},\n",
            options->controllers, options->supervisors, options->idle, options->keys, options->misses_percent,
            options->payload_bytes, options->rate, options->churn, options->warm_up_s, options->duration_s);
}

void report_json(const struct report *report, FILE *out)
{
    const struct load_options *options = report->load->options;
    const struct load_counts *counts = &report->load->counts;
    const struct faults *faults = &report->load->ledger.faults;
    fprintf(
        out,
        "{\n  \"program\": \"warmstart-bench\", \"version\": \"%s\", \"name\": \"%s\", \"address\": \"%s\", "
        "\"protocol\": \"%s\",\n",
        BENCH_VERSION, options->name, options->address, options->server.protocol->name);
    json_options(options, out);
    fprintf(out,
            "  \"seconds\": %.3f, \"posts\": %" PRIu64 ", \"posts_per_second\": %.1f,\n  \"hits\": %" PRIu64
            ", \"hit_share\": %.6f, \"intended_misses\": %" PRIu64 ",\n  \"behind\": %" PRIu64
            ", \"reconnects\": %" PRIu64 ", \"churned\": %" PRIu64 ",\n",
            report->seconds, counts->posts, (double)counts->posts / report->seconds, counts->hits,
            hit_share(counts), counts->intended_misses, counts->behind, counts->reconnects, counts->churned);
    fprintf(out,
            "  \"faults\": {\"lost\": %" PRIu64 ", \"duplicated\": %" PRIu64 ", \"misrouted\": %" PRIu64
            ", \"altered\": %" PRIu64 ", \"unconfirmed\": %" PRIu64 ", \"failed\": %" PRIu64
            ", \"false_hits\": %" PRIu64 "},\n",
            faults->lost, faults->duplicated, faults->misrouted, faults->altered, faults->unconfirmed,
            faults->failed, faults->false_hits);
    json_latency("post_us", &counts->post, out);
    json_latency("hand_over_us", &counts->hand_over, out);
    json_server(report, out);
    fprintf(out, "  \"self\": {\"core_share\": %.4f}\n}\n", (double)report->self_ns / S / report->seconds);
}
