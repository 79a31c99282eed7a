/* SPDX-License-Identifier: MIT */
/* Instances whose waiters are held but not matched, for nodes that go away. */
#ifndef WARMSTART_LIB_CORDON_H
#define WARMSTART_LIB_CORDON_H

#include "manager.h"

/* Ends the cordon that ends first, if that is not after the manager's time. False: there is none. */
bool warmstart_cordon_due(struct warmstart_manager *manager);

#endif
