/* SPDX-License-Identifier: MIT */
#include "operation.h"

#include "universe.h"

static const char *const names[OPERATION_KINDS] = {
    "register",      "cancel",   "match",   "release", "count",           "foreach",
    "foreach_match", "dispatch", "deliver", "report",  "cancel_dispatch", "abandon",
    "cordon",        "retire",   "advance", "pull",    "wrong_kind",      "shutdown"};
static const char *const conducts[] = {"confirms",  "loses",   "doubts",
                                       "is silent", "is late", "confirms twice"};

static void print_span(FILE *to, const char *what, uint32_t span)
{
    if (span == OPERATION_NEVER)
        return;
    fprintf(to, ", %s in %u", what, span);
}

static void print_query(FILE *to, const struct operation *operation)
{
    fprintf(to, " {%s}%s", universe_text(operation->set),
            operation->how == WARMSTART_MATCH_SUBSET ? " as a subset" : "");
}

static void print_register(FILE *to, const struct operation *operation)
{
    fprintf(to, " {%s}", universe_text(operation->set));
    if (operation->controller != 0)
        fprintf(to, ", controller %d", operation->controller);
    if (operation->instance != 0)
        fprintf(to, ", instance %d", operation->instance);
    print_span(to, "not matched", operation->match_in);
    print_span(to, "expires", operation->end_in);
}

static void print_details(FILE *to, const struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPERATION_REGISTER:
        print_register(to, operation);
        break;
    case OPERATION_MATCH:
    case OPERATION_COUNT:
    case OPERATION_FOREACH_MATCH:
        print_query(to, operation);
        break;
    case OPERATION_DISPATCH:
        print_query(to, operation);
        fprintf(to, ", %d attempts%s", operation->attempts, operation->retry ? ", also after UNCERTAIN" : "");
        print_span(to, "deadline", operation->end_in);
        break;
    case OPERATION_DELIVER:
        fprintf(to, " to #%u", operation->subject);
        print_span(to, "deadline", operation->end_in);
        break;
    case OPERATION_REPORT:
        fprintf(to, " #%u %s", operation->subject,
                warmstart_outcome_name((enum warmstart_outcome)operation->outcome));
        break;
    case OPERATION_CANCEL:
    case OPERATION_RELEASE:
    case OPERATION_CANCEL_DISPATCH:
    case OPERATION_ABANDON:
    case OPERATION_WRONG_KIND:
        fprintf(to, " #%u", operation->subject);
        break;
    case OPERATION_CORDON:
        fprintf(to, " instance %d", operation->instance);
        print_span(to, "ends", operation->end_in);
        break;
    case OPERATION_RETIRE:
        fprintf(to, " controller %d", operation->controller);
        print_span(to, "ends", operation->end_in);
        break;
    case OPERATION_PULL:
        if (operation->most != 0)
            fprintf(to, " %d", operation->most);
        fprintf(to, ", the transport %s", conducts[operation->conduct]);
        break;
    case OPERATION_FOREACH:
    case OPERATION_ADVANCE:
    case OPERATION_SHUTDOWN:
        break;
    }
}

void operation_print(const struct operation *operation, FILE *to)
{
    fprintf(to, "#%-6u", operation->number);
    if (operation->after != 0)
        fprintf(to, "+%-7u", operation->after);
    else
        fprintf(to, "%-8s", "");
    fprintf(to, "%s", names[operation->kind]);
    print_details(to, operation);
    if (operation->back != 0)
        fprintf(to, ", told a time %u earlier", operation->back);
    if (operation->nth != 0)
        fprintf(to, ", allocation %u%s fails", operation->nth, operation->on ? " and all after it" : "");
    fputc('\n', to);
}
