/* SPDX-License-Identifier: MIT */
#include <warmstart/warmstart.h>

struct error_text {
    int error;
    const char *name;
    const char *text;
};

static const struct error_text errors[] = {
    {0, "ok", "no error"},
    {WARMSTART_ERR_INVALID, "invalid", "an argument is not what the call asks for"},
    {WARMSTART_ERR_MEMORY, "memory", "out of memory"},
    {WARMSTART_ERR_LIMIT, "limit", "a configured limit is reached"},
    {WARMSTART_ERR_SHUTDOWN, "shutdown", "shutting down, nothing new is taken"},
    {WARMSTART_ERR_UNSUPPORTED, "unsupported", "not supported by this version of the library"},
    {WARMSTART_ERR_RETIRED, "retired", "the controller was retired and is back too early"},
    {WARMSTART_ERR_SYSTEM, "system", "the operating system refused, errno says why"},
};

static const struct error_text unknown = {1, "unknown", "unknown error"};

static const struct error_text *find(int error)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].error == error)
            return &errors[i];
    return &unknown;
}

const char *warmstart_error_name(int error)
{
    return find(error)->name;
}

const char *warmstart_strerror(int error)
{
    return find(error)->text;
}

const char *warmstart_version(void)
{
    return WARMSTART_VERSION_STRING;
}

const char *warmstart_ending_name(enum warmstart_ending ending)
{
    switch (ending) {
    case WARMSTART_ENDING_DELIVERED:
        return "delivered";
    case WARMSTART_ENDING_LOST:
        return "lost";
    case WARMSTART_ENDING_UNCERTAIN:
        return "uncertain";
    case WARMSTART_ENDING_CANCELLED:
        return "cancelled";
    case WARMSTART_ENDING_EXPIRED:
        return "expired";
    case WARMSTART_ENDING_SUPERSEDED:
        return "superseded";
    case WARMSTART_ENDING_SHUTDOWN:
        return "shutdown";
    case WARMSTART_ENDING_RETIRED:
        return "retired";
    }
    return unknown.name;
}

const char *warmstart_outcome_name(enum warmstart_outcome outcome)
{
    switch (outcome) {
    case WARMSTART_OUTCOME_DELIVERED:
        return "delivered";
    case WARMSTART_OUTCOME_LOST:
        return "lost";
    case WARMSTART_OUTCOME_UNCERTAIN:
        return "uncertain";
    case WARMSTART_OUTCOME_TIMEOUT:
        return "timeout";
    case WARMSTART_OUTCOME_CANCELLED:
        return "cancelled";
    case WARMSTART_OUTCOME_SHUTDOWN:
        return "shutdown";
    }
    return unknown.name;
}
