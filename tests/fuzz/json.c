/* SPDX-License-Identifier: MIT */
/* Any bytes: the JSON scanner accepts what jansson accepts, and finds the same values. */
#include "fuzz.h"
#include "json_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_require(json_oracle_compare((const char *)data, bytes) >= 0);
    return 0;
}
