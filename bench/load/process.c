/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, KIB = 1024 };

static FILE *open_file(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

static bool read_ticks(pid_t pid, uint64_t *ret_user, uint64_t *ret_system)
{
    char line[1024];
    FILE *file = open_file(pid, "stat");
    if (file == NULL)
        return false;
    size_t len = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[len] = 0;
    /* The name before it is in parentheses and may have some itself. */
    const char *rest = strrchr(line, ')');
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
    return rest != NULL && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
                                  ret_user, ret_system) == 2;
}

bool process_get_time(pid_t pid, struct process_time *ret_time)
{
    clockid_t clock;
    struct timespec time;
    uint64_t user, system, tick_ns = (uint64_t)(NS_PER_S / sysconf(_SC_CLK_TCK));
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0 ||
        !read_ticks(pid, &user, &system))
        return false;
    ret_time->cpu_ns = (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
    ret_time->user_ns = user * tick_ns;
    ret_time->system_ns = system * tick_ns;
    return true;
}

bool process_get_memory(pid_t pid, struct process_memory *ret_memory)
{
    char line[256];
    uint64_t value;
    FILE *file = open_file(pid, "smaps_rollup");
    *ret_memory = (struct process_memory){0};
    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL) {
        /* NOLINTNEXTLINE(cert-err34-c): the same */
        if (sscanf(line, "Rss: %" SCNu64, &value) == 1)
            ret_memory->resident_bytes = value * KIB;
        /* NOLINTNEXTLINE(cert-err34-c): the same */
        if (sscanf(line, "Anonymous: %" SCNu64, &value) == 1)
            ret_memory->anonymous_bytes = value * KIB;
    }
    fclose(file);
    return ret_memory->resident_bytes > 0;
}
