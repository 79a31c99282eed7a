/* SPDX-License-Identifier: MIT */
/* The life of a dispatch: offered to a waiter, perhaps to another, settled. */
#ifndef WARMSTART_LIB_DISPATCH_H
#define WARMSTART_LIB_DISPATCH_H

#include "manager.h"

/*
 * The offer was withdrawn by the waiter's end before anything was written: offers the payload to the next
 * one.
 */
void warmstart_dispatch_offer_next(struct warmstart_manager *manager, struct dispatch *dispatch, uint64_t at);

/* What became of the payload at the waiter that it was written to, which ends. */
void warmstart_dispatch_report(struct warmstart_manager *manager, struct waiter *waiter,
                               enum warmstart_outcome outcome, uint64_t at);

/* Settles it at once, whatever state it is in; `outcome` holds if the payload is not out. */
void warmstart_dispatch_stop(struct warmstart_manager *manager, struct dispatch *dispatch,
                             enum warmstart_outcome outcome, uint64_t at);

#endif
