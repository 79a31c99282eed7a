/* SPDX-License-Identifier: MIT */
/* The rules of lib/manager.h, checked from inside. */
#ifndef TESTS_SIM_INSIDE_H
#define TESTS_SIM_INSIDE_H

#include <warmstart/warmstart.h>

/* NULL: all rules hold; else the one that does not. Looks at everything; changes nothing. */
const char *inside_check(const struct warmstart_manager *manager);

/* As if so many deadlines had been set before that the count of them soon begins at 0 again. */
void inside_make_old(struct warmstart_manager *manager);

#endif
