/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "option.h"
#include "options.h"

enum {
    TEXT_COLUMN = 30, /* where the text of an option begins */
    COLUMNS = 84,     /* no line is longer */
};

/* A place in the output. */
struct page {
    FILE *out;
    size_t column; /* bytes on this line so far */
};

/* Puts one word behind a blank, or on a new line when it does not fit any more. */
static void put_word(struct page *page, const char *word, size_t bytes)
{
    if (page->column > TEXT_COLUMN && page->column + 1 + bytes > COLUMNS) {
        fputc('\n', page->out);
        page->column = 0;
    }
    if (page->column < TEXT_COLUMN) {
        fprintf(page->out, "%*s", (int)(TEXT_COLUMN - page->column), "");
        page->column = TEXT_COLUMN;
    } else if (page->column > TEXT_COLUMN) {
        fputc(' ', page->out);
        page->column++;
    }
    fwrite(word, 1, bytes, page->out);
    page->column += bytes;
}

static void put_text(struct page *page, const char *text)
{
    while (*text != '\0') {
        size_t bytes = strcspn(text, " ");
        put_word(page, text, bytes);
        text += bytes;
        text += strspn(text, " ");
    }
}

/* The default and the environment variable, as one word. */
static void put_source(struct page *page, const struct warmstart_daemon_option *option)
{
    char initial[64] = "", variable[WARMSTART_DAEMON_OPTION_NAME_BYTES], word[192];

    switch (option->kind) {
    case WARMSTART_DAEMON_ACTION:
        return;
    case WARMSTART_DAEMON_LISTENER:
        snprintf(initial, sizeof(initial), "%s",
                 option->initial == WARMSTART_HTTP_ALL ? WARMSTART_DAEMON_DEFAULT_ADDRESS : "none");
        break;
    case WARMSTART_DAEMON_SOCKET:
    case WARMSTART_DAEMON_FILE:
    case WARMSTART_DAEMON_NAMES:
        snprintf(initial, sizeof(initial), "none");
        break;
    case WARMSTART_DAEMON_NUMBER:
    case WARMSTART_DAEMON_BYTES:
    case WARMSTART_DAEMON_CHOICE:
    case WARMSTART_DAEMON_MODE:
        warmstart_daemon_option_print(option, option->initial, initial, sizeof(initial));
        break;
    }
    warmstart_daemon_option_variable(option, variable);
    int bytes = snprintf(word, sizeof(word), "[%s, %s]", initial, variable);
    put_word(page, word, (size_t)bytes);
}

static void put_option(FILE *out, const struct warmstart_daemon_option *option)
{
    struct page page = {.out = out};
    int bytes = fprintf(out, "  --%s%s%s", option->name, option->value != NULL ? " " : "",
                        option->value != NULL ? option->value : "");

    page.column = bytes > 0 ? (size_t)bytes : 0;
    if (page.column + 2 > TEXT_COLUMN) {
        fputc('\n', out);
        page.column = 0;
    }
    put_text(&page, option->text);
    put_source(&page, option);
    fputc('\n', out);
}

void warmstart_daemon_options_help(FILE *out)
{
    fputs("Usage: warmstartd [--OPTION VALUE | --OPTION=VALUE]...\n"
          "\n"
          "A warm start broker: holds the polls of idle run controllers and hands each the run\n"
          "that a supervisor sends for one like it.\n"
          "\n"
          "Options [default, environment variable]. Flags win over the environment, that over\n"
          "the file of --config.\n"
          "\n",
          out);
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++)
        put_option(out, &warmstart_daemon_option_table[i]);
    fputs("\n"
          "Examples:\n"
          "  warmstartd --http 127.0.0.1:0 --log-level debug\n"
          "      a free port, for a first look; the address is printed\n"
          "  warmstartd --http-poll '[::]:8080' --http-dispatch 10.0.0.5:8081 --log-format json\n"
          "      controllers from everywhere, supervisors only on an inner address\n"
          "  warmstartd --unix /run/warmstart.sock --unix-allow-dispatch root,@supervisors\n"
          "      the line protocol for programs of this host\n",
          out);
}
