/* SPDX-License-Identifier: MIT */
/*
 * Lines and bodies of the Unix protocol. The input is a stream; its first byte says into what pieces it is cut.
 * In pieces it is the same as whole, and what a line was taken apart into lies in that line.
 */
#include <string.h>

#include "command.h"
#include "fuzz.h"
#include "input.h"

enum { LINE_BYTES_MAX = 512, BODY_BYTES_MAX = 256, EVENTS_MAX = 4096 };

/* What was understood: each event, and a sum over what it told. */
struct story {
    struct {
        enum input_event event;
        uint64_t sum;
    } events[EVENTS_MAX];
    size_t events_len;
};

static uint64_t sum_of(const char *bytes, size_t len)
{
    uint64_t sum = UINT64_C(14695981039346656037) ^ len;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return sum;
}

static void tell(struct story *story, enum input_event event, const char *bytes, size_t len)
{
    fuzz_require(story->events_len < EVENTS_MAX);
    story->events[story->events_len].event = event;
    story->events[story->events_len].sum = sum_of(bytes, len);
    story->events_len++;
}

static void check_word(const struct word *word, const char *line, size_t bytes)
{
    if (word->text == NULL)
        return;
    fuzz_require(word->text >= line && word->bytes <= bytes && word->text + word->bytes <= line + bytes);
}

static void check_message(const char *message)
{
    size_t bytes = strnlen(message, COMMAND_MESSAGE_BYTES);
    fuzz_require(bytes > 0 && bytes < COMMAND_MESSAGE_BYTES);
    fuzz_require(warmstart_unix_command_is_text(message, bytes));
}

static void check_command(const struct command *command, const char *line, size_t bytes)
{
    fuzz_require(command->verb < VERBS && command->tag.text != NULL);
    fuzz_require(command->tag.bytes >= 1 && command->tag.bytes <= TAG_BYTES_MAX);
    fuzz_require(command->has_body == (command->verb == VERB_DISPATCH));
    fuzz_require(command->timeout_ms <= COMMAND_TIME_MS_MAX && command->for_ms <= COMMAND_TIME_MS_MAX);
    fuzz_require(command->attempts <= COMMAND_ATTEMPTS_MAX && command->max <= COMMAND_GROUPS_MAX);
    fuzz_require(command->id.bytes <= COMMAND_VALUE_BYTES_MAX &&
                 command->name.bytes <= COMMAND_VALUE_BYTES_MAX);
    const size_t verb_bytes = strlen(warmstart_unix_verb_name(command->verb));
    fuzz_require(bytes > verb_bytes &&
                 memcmp(line, warmstart_unix_verb_name(command->verb), verb_bytes) == 0);
}

/* Takes a line apart. Whether a body follows it. */
static bool check_line(const char *line, size_t bytes, uint64_t *ret_body_bytes)
{
    static struct metadata metadata;
    struct command command;
    char message[COMMAND_MESSAGE_BYTES] = "";
    char *block = fuzz_block(line, bytes);
    enum command_error error = warmstart_unix_command_read(block ? block : "", bytes, &command, message);
    check_word(&command.tag, block, bytes);
    check_word(&command.argument, block, bytes);
    check_word(&command.name, block, bytes);
    check_word(&command.id, block, bytes);
    check_word(&command.instance, block, bytes);
    check_word(&command.metadata, block, bytes);
    if (error == COMMAND_OK)
        check_command(&command, block, bytes);
    else
        check_message(message);
    message[0] = '\0';
    if (error == COMMAND_OK && !warmstart_unix_command_metadata(&command, &metadata, message))
        check_message(message);
    bool follows = command.has_body && command.body_bytes <= BODY_BYTES_MAX && error != COMMAND_BAD_BODY;
    *ret_body_bytes = command.body_bytes;
    free(block);
    return follows;
}

struct reading {
    struct input input;
    struct story story;
    char body[BODY_BYTES_MAX];
    size_t body_bytes;
    bool over;
};

/* Understands what is complete. How many bytes are done with. */
static size_t consume(struct reading *reading, const char *data, size_t bytes)
{
    size_t done = 0;
    while (!reading->over) {
        size_t used = 0, line_bytes = 0;
        enum input_event event =
            warmstart_unix_input_next(&reading->input, data + done, bytes - done, &used, &line_bytes);
        fuzz_require(used <= bytes - done && line_bytes <= used);
        uint64_t body_bytes;
        const char *line = data + done;
        done += used;
        if (event == INPUT_MORE)
            break;
        if (event == INPUT_GOT_LINE) {
            fuzz_require(used <= LINE_BYTES_MAX && line[used - 1] == '\n');
            tell(&reading->story, event, line, line_bytes);
            if (check_line(line, line_bytes, &body_bytes)) {
                reading->body_bytes = (size_t)body_bytes;
                warmstart_unix_input_expect(&reading->input, body_bytes % 3 == 2 ? NULL : reading->body,
                                            (size_t)body_bytes);
            }
        } else if (event == INPUT_GOT_BODY) {
            tell(&reading->story, event, reading->body,
                 reading->body_bytes % 3 == 2 ? 0 : reading->body_bytes);
        } else {
            tell(&reading->story, event, "", 0);
            reading->over = true;
        }
    }
    return done;
}

static struct reading *new_reading(void)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    fuzz_require(reading != NULL);
    reading->input.line_bytes_max = LINE_BYTES_MAX;
    return reading;
}

/* As a server does it: what is not used is there again, with more behind it. */
static struct reading *read_in_pieces(const char *data, size_t bytes, size_t piece)
{
    struct reading *reading = new_reading();
    char *pending = NULL;
    size_t pending_bytes = 0;
    for (size_t at = 0; at < bytes && !reading->over; at += piece) {
        size_t more = bytes - at < piece ? bytes - at : piece;
        char *all = malloc(pending_bytes + more);
        fuzz_require(all != NULL);
        if (pending_bytes > 0)
            memcpy(all, pending, pending_bytes);
        memcpy(all + pending_bytes, data + at, more);
        size_t used = consume(reading, all, pending_bytes + more);
        free(pending);
        pending_bytes += more - used;
        pending = fuzz_block(all + used, pending_bytes);
        fuzz_require(reading->over || pending_bytes < LINE_BYTES_MAX);
        free(all);
    }
    free(pending);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0 || bytes > EVENTS_MAX)
        return 0;
    const char *stream = (const char *)data + 1;
    struct reading *whole = new_reading();
    (void)consume(whole, stream, bytes - 1);
    struct reading *pieces = read_in_pieces(stream, bytes - 1, (size_t)data[0] % 61 + 1);
    fuzz_require(whole->over == pieces->over);
    fuzz_require(whole->story.events_len == pieces->story.events_len);
    for (size_t i = 0; i < whole->story.events_len; i++) {
        fuzz_require(whole->story.events[i].event == pieces->story.events[i].event);
        fuzz_require(whole->story.events[i].sum == pieces->story.events[i].sum);
    }
    free(whole);
    free(pieces);
    return 0;
}
