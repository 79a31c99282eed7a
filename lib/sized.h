/* SPDX-License-Identifier: MIT */
/*
 * Structs of a caller that begin with their size, so that they can grow: a caller that was compiled with an
 * older header has a shorter one, a caller with a newer header a longer one. The core's and all bindings'.
 */
#ifndef WARMSTART_LIB_SIZED_H
#define WARMSTART_LIB_SIZED_H

#include <stddef.h>
#include <string.h>
#include <warmstart/warmstart.h>

#define SIZED_BYTES_MAX ((size_t)4096) /* no struct ever grows to this; a size beyond is no size */

/*
 * Brings a caller's struct to the one that this library knows: *known holds the defaults and is overwritten
 * by as much as the caller has. `given` NULL: they stay. 0; WARMSTART_ERR_INVALID: smaller than bytes_min;
 * WARMSTART_ERR_UNSUPPORTED: a longer tail than known, which is not all zero, or beyond SIZED_BYTES_MAX.
 */
static inline int sized_read(void *known, size_t known_bytes, const void *given, size_t bytes_min)
{
    size_t given_bytes = known_bytes;
    if (given != NULL)
        memcpy(&given_bytes, given, sizeof(given_bytes));
    if (given_bytes < bytes_min)
        return WARMSTART_ERR_INVALID;
    if (given_bytes > SIZED_BYTES_MAX)
        return WARMSTART_ERR_UNSUPPORTED;
    for (size_t i = known_bytes; i < given_bytes; i++)
        if (((const char *)given)[i] != 0)
            return WARMSTART_ERR_UNSUPPORTED;
    if (given != NULL)
        memcpy(known, given, given_bytes < known_bytes ? given_bytes : known_bytes);
    memcpy(known, &known_bytes, sizeof(known_bytes));
    return 0;
}

/* Writes as many of the defaults as the caller's struct holds, zeros behind them, and its size. */
static inline void sized_write(void *ret, size_t size, const void *defaults, size_t defaults_bytes)
{
    if (ret == NULL || size < sizeof(size))
        return;
    memset(ret, 0, size);
    memcpy(ret, defaults, size < defaults_bytes ? size : defaults_bytes);
    memcpy(ret, &size, sizeof(size));
}

#endif
