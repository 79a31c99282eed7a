/* SPDX-License-Identifier: MIT */
/*
 * A hash table with linear probing, at most half full. Whoever leaves closes the gap, so that nothing piles
 * up.
 */
#include "peers.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "connection.h"

/* An address and its connections; none of them: a free place. */
struct peer {
    uint64_t key;
    uint64_t connections;
};

/* Sets IPv4 addresses apart from the networks of IPv6: this one is not given to anybody. */
#define KEY_IPV4 UINT64_C(0x0000ffff00000000)

static uint64_t key_of_ipv4(const void *address)
{
    uint32_t number;
    memcpy(&number, address, sizeof(number));
    return KEY_IPV4 | ntohl(number);
}

/* False: not an address that is counted. */
static bool read_key(const struct sockaddr *peer, uint64_t *ret_key)
{
    if (peer->sa_family == AF_INET) {
        *ret_key = key_of_ipv4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
        return true;
    }
    if (peer->sa_family != AF_INET6)
        return false;
    const struct in6_addr *address = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        *ret_key = key_of_ipv4(address->s6_addr + 12);
        return true;
    }
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof(key); i++)
        key = key << 8 | address->s6_addr[i];
    *ret_key = key;
    return true;
}

/* Where a key belongs. Keyed, so that nobody can choose addresses that all belong to one place. */
static size_t home_of(const struct peers *peers, uint64_t key)
{
    uint64_t mixed = (key ^ peers->seed[0]) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32 ^ peers->seed[1]) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(mixed ^ mixed >> 32) & peers->mask;
}

/* Where a key is, or would be put. */
static size_t place_of(const struct peers *peers, uint64_t key)
{
    size_t place = home_of(peers, key);
    while (peers->table[place].connections > 0 && peers->table[place].key != key)
        place = (place + 1) & peers->mask;
    return place;
}

int warmstart_http_peers_init(struct warmstart_http *http)
{
    struct peers *peers = &http->peers;
    if (http->options.connections_per_address_max == 0)
        return 0;
    if (getrandom(peers->seed, sizeof(peers->seed), 0) != (ssize_t)sizeof(peers->seed))
        return WARMSTART_ERR_SYSTEM;
    size_t capacity = 2;
    while (capacity < (size_t)http->options.connections_max * 2)
        capacity *= 2;
    peers->table = calloc(capacity, sizeof(*peers->table));
    peers->mask = capacity - 1;
    return peers->table ? 0 : WARMSTART_ERR_MEMORY;
}

void warmstart_http_peers_deinit(struct warmstart_http *http)
{
    free(http->peers.table);
    http->peers.table = NULL;
}

bool warmstart_http_peers_is_full(const struct warmstart_http *http, const struct sockaddr *peer)
{
    const struct peers *peers = &http->peers;
    uint64_t key;
    if (!peers->table || !read_key(peer, &key))
        return false;
    return peers->table[place_of(peers, key)].connections >= http->options.connections_per_address_max;
}

void warmstart_http_peers_enter(struct connection *connection, const struct sockaddr *peer)
{
    struct peers *peers = &connection->http->peers;
    if (!peers->table || !peer || !read_key(peer, &connection->peer))
        return;
    struct peer *entry = &peers->table[place_of(peers, connection->peer)];
    entry->key = connection->peer;
    entry->connections++;
    connection->counted = true;
}

/* Moves into the free place what would not be found any more behind it. */
static void close_gap(struct peers *peers, size_t gap)
{
    for (size_t i = (gap + 1) & peers->mask; peers->table[i].connections > 0; i = (i + 1) & peers->mask) {
        size_t home = home_of(peers, peers->table[i].key);
        bool reaches_over = ((i - home) & peers->mask) >= ((i - gap) & peers->mask);
        if (!reaches_over)
            continue;
        peers->table[gap] = peers->table[i];
        peers->table[i].connections = 0;
        gap = i;
    }
}

void warmstart_http_peers_leave(struct connection *connection)
{
    struct peers *peers = &connection->http->peers;
    if (!connection->counted)
        return;
    connection->counted = false;
    size_t place = place_of(peers, connection->peer);
    assert(peers->table[place].connections > 0);
    if (--peers->table[place].connections == 0)
        close_gap(peers, place);
}
