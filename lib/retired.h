/* SPDX-License-Identifier: MIT */
/* Controllers that have left and may not come back for a while. */
#ifndef WARMSTART_LIB_RETIRED_H
#define WARMSTART_LIB_RETIRED_H

#include "manager.h"

void warmstart_retired_init(struct retired *retired, struct memory *memory);
void warmstart_retired_deinit(struct retired *retired);

/* Keeps a controller away until then; a moment that has passed lets it come back. 0;
 * WARMSTART_ERR_LIMIT; WARMSTART_ERR_MEMORY. */
int warmstart_retired_set(struct warmstart_manager *manager, const uint64_t fingerprint[2], uint64_t until);

/* May it not come back yet? */
bool warmstart_is_retired(const struct warmstart_manager *manager, const uint64_t fingerprint[2]);

#endif
