/* SPDX-License-Identifier: MIT */
/* Bytes as calls to a manager, which has to do what the model of it does; see ../sim/lockstep.h. */
#include "fuzz.h"
#include "lockstep.h"

struct bytes_source {
    struct lockstep_source source;
    struct fuzz_stock stock;
};

/* As many bytes as the bound needs, so that each byte of the input matters. */
static uint64_t draw(struct lockstep_source *source, uint64_t bound)
{
    struct fuzz_stock *stock = &((struct bytes_source *)source)->stock;
    uint64_t number = fuzz_byte(stock);
    if (bound == UINT64_MAX)
        return number * UINT64_C(0x9e3779b97f4a7c15);
    if (bound > 256)
        number = number << 8 | fuzz_byte(stock);
    return number % bound;
}

static bool more(struct lockstep_source *source)
{
    return ((struct bytes_source *)source)->stock.bytes > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct bytes_source source = {
        .source = {.draw = draw, .more = more},
        .stock = {data, bytes},
    };
    lockstep_run(&source.source);
    return 0;
}
