/* SPDX-License-Identifier: MIT */
/* The life of a waiter: its state is where it is, and each step from one to another is here. */
#ifndef WARMSTART_LIB_WAITER_H
#define WARMSTART_LIB_WAITER_H

#include "manager.h"

/*
 * Lets a waiter wait (again): WAITING, or UNMATCHABLE when match_until has passed, or it ends as EXPIRED.
 * It is in no queue, has no timer and no dispatch.
 */
void warmstart_waiter_wait(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at);

/*
 * The cordon of its instance has begun or ended: WAITING and UNMATCHABLE are decided anew; others later. What
 * is to be matched comes into a list for warmstart_queue_add_all(), so that it is in no queue until then.
 */
void warmstart_waiter_reconsider(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at,
                                 uint32_t *list);

/* Takes a waiter that is WAITING out of its queue and off its timer, into another state. */
void warmstart_waiter_take(struct warmstart_manager *manager, struct waiter *waiter, enum waiter_state state);

/* WAITING becomes CLAIMED for lease_ns. */
void warmstart_waiter_claim(struct warmstart_manager *manager, struct waiter *waiter);

/* Claims for a dispatch: WAITING or CLAIMED becomes OFFERED, its DELIVER event is queued. */
void warmstart_waiter_offer(struct warmstart_manager *manager, struct waiter *waiter,
                            struct dispatch *dispatch);

/* Undoes an offer: the waiter waits again. */
void warmstart_waiter_withdraw(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at);

/* Its DELIVER event is pulled: OFFERED becomes DELIVERING. */
void warmstart_waiter_delivering(struct warmstart_manager *manager, struct waiter *waiter);

/*
 * Ends a waiter in any state: out of everything it is in, its ENDED event queued; its successor waits from
 * now on.
 */
void warmstart_waiter_end(struct warmstart_manager *manager, struct waiter *waiter,
                          enum warmstart_ending ending, uint64_t at);

/* The first half of it, for a SETTLED event that comes before. warmstart_waiter_tell() has to follow. */
void warmstart_waiter_leave(struct warmstart_manager *manager, struct waiter *waiter,
                            enum warmstart_ending ending, uint64_t at);

/* The second half: queues the ENDED event. */
void warmstart_waiter_tell(struct warmstart_manager *manager, struct waiter *waiter);

/* The waiter that is blocked behind this one; NULL: none. */
struct waiter *warmstart_waiter_successor(const struct warmstart_manager *manager,
                                          const struct waiter *waiter);

/* Its timer is due. */
void warmstart_waiter_due(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at);

#endif
