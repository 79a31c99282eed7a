/* SPDX-License-Identifier: MIT */
/*
 * Lines as words of metadata: each is a field, or leaves everything as it was. A name and a value that are
 * given apart are read as the word is.
 */
#include "fields.h"

static int add_apart(struct metadata *metadata, const char *word, size_t bytes)
{
    struct metadata_failure failure;
    const char *sign = bytes > 0 ? memchr(word, '=', bytes) : NULL;
    if (sign == NULL)
        return 0;
    size_t name_bytes = (size_t)(sign - word);
    size_t value_bytes = bytes - name_bytes - 1;
    if (name_bytes > 0 && sign[-1] == ':')
        return warmstart_metadata_add_json(metadata, word, name_bytes - 1, sign + 1, value_bytes, &failure);
    return warmstart_metadata_add_text(metadata, word, name_bytes, sign + 1, value_bytes, &failure);
}

static void check_word(struct metadata *metadata, struct metadata *apart, const char *word, size_t bytes)
{
    struct metadata_failure failure = {METADATA_REASON_NONE, 0};
    size_t fields_len = metadata->fields_len;
    size_t text_bytes = metadata->text_bytes;
    char *block = fuzz_block(word, bytes);
    int added = warmstart_metadata_add_word(metadata, block, bytes, &failure);
    fuzz_require(add_apart(apart, block, bytes) == added);
    fuzz_require(metadata->fields_len == fields_len + (size_t)added);
    if (!added) {
        fuzz_require(metadata->text_bytes == text_bytes);
        fuzz_require(failure.reason > METADATA_REASON_NONE && failure.reason < METADATA_REASONS);
        fuzz_require(failure.offset <= bytes);
    }
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct metadata metadata;
    static struct metadata apart;
    const char *at = (const char *)data;
    const char *end = at + bytes;
    warmstart_metadata_begin(&metadata);
    warmstart_metadata_begin(&apart);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        check_word(&metadata, &apart, at, (size_t)(line_end - at));
        at = line_end + 1;
    }
    fields_check(&metadata);
    fuzz_require(apart.text_bytes == metadata.text_bytes);
    fuzz_require(memcmp(apart.text, metadata.text, metadata.text_bytes) == 0);
    return 0;
}
