/* SPDX-License-Identifier: MIT */
/*
 * The message of a run: what Trigger.dev's supervisor sends, accepted by its published schema, written as
 * JSON.stringify() writes it, so that a server that parses and writes it anew leaves it as it was.
 */
#ifndef BENCH_LOAD_MESSAGE_H
#define BENCH_LOAD_MESSAGE_H

#include "template.h"

enum { MESSAGE_BYTES_MIN = 700, MESSAGE_BYTES_MAX = 64 << 20 };

/* What a controller of a key says of itself, and what the message says. */
#define MESSAGE_DEPLOYMENT "deployment_k3v9x1wz7q5m2" KEY_PLACE
#define MESSAGE_VERSION    "20260327.4"
#define MESSAGE_CPU        "0.5"
#define MESSAGE_MEMORY     "0.5"

/* Appends a message of exactly so many bytes, with a place for the key and one for the number of the run. */
void message_append(struct template *template, size_t bytes);

#endif
