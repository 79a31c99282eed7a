/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"

/* The same for all, whatever the system's default: nothing older than TLS 1.2. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

#define TEXT_BYTES_MAX ((size_t)1 << 20) /* of a certificate with its chain, a key, or authorities */

/* Each side says once that it has finished. */
#define FINISHED_OURS   1
#define FINISHED_THEIRS 2
#define FINISHED_BOTH   (FINISHED_OURS | FINISHED_THEIRS)

#define ITEMS_MAX 5

struct tls {
    unsigned references; /* the server's, and one for each cell */
    char *certificate;
    char *key;
    char *client_ca; /* NULL: clients need no certificate */
    struct MHD_OptionItem items[ITEMS_MAX];
};

static struct MHD_OptionItem no_items[] = {{MHD_OPTION_END, 0, NULL}};

/* ---- Certificates ---- */

/* 0, or what is wrong, as a static text. */
static const char *try_pair(gnutls_certificate_credentials_t credentials, const char *certificate,
                            const char *key)
{
    const gnutls_datum_t certificate_text = {(unsigned char *)(uintptr_t)certificate,
                                             (unsigned)strlen(certificate)};
    const gnutls_datum_t key_text = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
    int error =
        gnutls_certificate_set_x509_key_mem(credentials, &certificate_text, &key_text, GNUTLS_X509_FMT_PEM);
    return error < 0 ? gnutls_strerror(error) : NULL;
}

static const char *try_client_ca(gnutls_certificate_credentials_t credentials, const char *client_ca)
{
    const gnutls_datum_t text = {(unsigned char *)(uintptr_t)client_ca, (unsigned)strlen(client_ca)};
    int number = gnutls_certificate_set_x509_trust_mem(credentials, &text, GNUTLS_X509_FMT_PEM);
    if (number < 0)
        return gnutls_strerror(number);
    return number == 0 ? "it has no certificate" : NULL;
}

static const char *check_sizes(const char *certificate, const char *key, const char *client_ca)
{
    if (!certificate || !key)
        return "a certificate and a key need each other";
    if (strlen(certificate) > TEXT_BYTES_MAX || strlen(key) > TEXT_BYTES_MAX ||
        (client_ca && strlen(client_ca) > TEXT_BYTES_MAX))
        return "it is larger than 1 MiB";
    return NULL;
}

int warmstart_http_check_tls(const char *certificate, const char *key, const char *client_ca,
                             const char **ret_reason)
{
    gnutls_certificate_credentials_t credentials;
    const char *reason = NULL;
    if (!certificate && !key && !client_ca)
        return 0;
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        reason = "libmicrohttpd was built without TLS";
    } else if (!(reason = check_sizes(certificate, key, client_ca))) {
        if (gnutls_certificate_allocate_credentials(&credentials) < 0)
            return WARMSTART_ERR_MEMORY;
        reason = try_pair(credentials, certificate, key);
        if (!reason && client_ca)
            reason = try_client_ca(credentials, client_ca);
        gnutls_certificate_free_credentials(credentials);
    }
    if (ret_reason && reason)
        *ret_reason = reason;
    return reason ? WARMSTART_ERR_INVALID : 0;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void free_tls(struct tls *tls)
{
    wipe(tls->certificate);
    wipe(tls->key);
    wipe(tls->client_ca);
    free(tls);
}

static void add_item(struct tls *tls, size_t *len, enum MHD_OPTION option, const char *text)
{
    tls->items[(*len)++] = (struct MHD_OptionItem){option, 0, (void *)(uintptr_t)text};
}

/* NULL: no memory. */
static struct tls *copy_texts(const char *certificate, const char *key, const char *client_ca)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    size_t len = 0;
    if (!tls)
        return NULL;
    tls->references = 1;
    tls->certificate = strdup(certificate);
    tls->key = strdup(key);
    tls->client_ca = client_ca ? strdup(client_ca) : NULL;
    if (!tls->certificate || !tls->key || (client_ca && !tls->client_ca)) {
        free_tls(tls);
        return NULL;
    }
    add_item(tls, &len, MHD_OPTION_HTTPS_MEM_CERT, tls->certificate);
    add_item(tls, &len, MHD_OPTION_HTTPS_MEM_KEY, tls->key);
    add_item(tls, &len, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES);
    if (client_ca)
        add_item(tls, &len, MHD_OPTION_HTTPS_MEM_TRUST, tls->client_ca);
    add_item(tls, &len, MHD_OPTION_END, NULL);
    return tls;
}

int warmstart_http_tls_new(struct warmstart_http *http)
{
    struct warmstart_http_options *options = &http->options;
    int error =
        warmstart_http_check_tls(options->tls_certificate, options->tls_key, options->tls_client_ca, NULL);
    if (error < 0 || !options->tls_certificate)
        return error;
    http->tls = copy_texts(options->tls_certificate, options->tls_key, options->tls_client_ca);
    options->tls_certificate = options->tls_key = options->tls_client_ca = NULL;
    return http->tls ? 0 : WARMSTART_ERR_MEMORY;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A cell is a libmicrohttpd daemon, which cannot change its certificate: new connections get new cells. */
int warmstart_http_set_tls(struct warmstart_http *http, const char *certificate, const char *key,
                           const char *client_ca)
{
    if (!http || !http->tls || !certificate)
        return WARMSTART_ERR_INVALID;
    int error = warmstart_http_check_tls(certificate, key, client_ca, NULL);
    if (error < 0)
        return error;
    struct tls *old = http->tls;
    if (is_same(certificate, old->certificate) && is_same(key, old->key) &&
        is_same(client_ca, old->client_ca))
        return 0;
    struct tls *tls = copy_texts(certificate, key, client_ca);
    if (!tls)
        return WARMSTART_ERR_MEMORY;
    http->tls = tls;
    error = warmstart_http_cells_renew(http);
    if (error < 0)
        http->tls = old;
    warmstart_http_tls_drop(error < 0 ? tls : old);
    return error;
}

void warmstart_http_tls_free(struct warmstart_http *http)
{
    warmstart_http_tls_drop(http->tls);
    http->tls = NULL;
}

struct tls *warmstart_http_tls_hold(struct warmstart_http *http)
{
    http->tls->references++;
    return http->tls;
}

void warmstart_http_tls_drop(struct tls *tls)
{
    if (tls && --tls->references == 0)
        free_tls(tls);
}

bool warmstart_http_tls_is_for(const struct warmstart_http *http, sa_family_t family)
{
    return http->tls && family != AF_UNIX;
}

struct MHD_OptionItem *warmstart_http_tls_items(struct warmstart_http *http, bool secure)
{
    return secure ? http->tls->items : no_items;
}

/* ---- Handshakes ---- */

static struct connection *connection_of_handshake(struct link *link)
{
    return (struct connection *)((char *)link - offsetof(struct connection, handshake));
}

static gnutls_session_t session_of(const struct connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

/* GnuTLS's callback for a message that says: finished. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message)
{
    (void)type;
    (void)when;
    (void)message;
    struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
    struct connection *connection = mhd ? warmstart_http_connection_of(mhd) : NULL;
    if (!connection)
        return 0;
    connection->finished |= incoming ? FINISHED_THEIRS : FINISHED_OURS;
    if (connection->finished == FINISHED_BOTH)
        link_remove(&connection->handshake);
    return 0;
}

void warmstart_http_tls_begin(struct connection *connection)
{
    static gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                            (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    gnutls_session_t session = session_of(connection);
    if (!session)
        return;
    /* libmicrohttpd asks for a certificate and then takes none, or any, as well. */
    if (connection->http->tls->client_ca) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(session, &purpose, 1, 0);
    }
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, on_finished);
    link_insert_before(&connection->cell->handshakes, &connection->handshake);
}

static void resume(struct connection *connection)
{
    struct cell *cell = connection->cell;
    connection->paused = false;
    warmstart_loop_unwatch(cell->http->loop, &connection->watch);
    link_remove(&connection->handshake);
    link_insert_before(&cell->handshakes, &connection->handshake);
    MHD_resume_connection(connection->mhd);
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    struct connection *connection = (struct connection *)((char *)watch - offsetof(struct connection, watch));
    resume(connection);
    warmstart_http_cell_mark(connection->cell);
}

/* Without a watch it stays as it is: it is run in vain, which the cell puts a bound to. */
static void pause_one(struct connection *connection)
{
    struct cell *cell = connection->cell;
    gnutls_session_t session = session_of(connection);
    bool wants_to_write = session && gnutls_record_get_direction(session) == 1;
    connection->watch.ready = on_ready;
    if (warmstart_loop_watch(cell->http->loop, &connection->watch, connection->fd,
                             wants_to_write ? EPOLLOUT : EPOLLIN | EPOLLRDHUP) < 0)
        return;
    connection->paused = true;
    MHD_suspend_connection(connection->mhd);
    link_remove(&connection->handshake);
    link_insert_before(&cell->paused, &connection->handshake);
}

void warmstart_http_tls_pause(struct cell *cell)
{
    if (cell->http->closing)
        return;
    struct link *next;
    for (struct link *link = cell->handshakes.next; link != &cell->handshakes; link = next) {
        next = link->next;
        pause_one(connection_of_handshake(link));
    }
}

void warmstart_http_tls_resume_all(struct cell *cell)
{
    while (!link_is_empty(&cell->paused))
        resume(connection_of_handshake(cell->paused.next));
}

void warmstart_http_tls_end(struct connection *connection)
{
    link_remove(&connection->handshake);
}

/* ---- Sending ---- */

void warmstart_http_tls_send(struct connection *connection, const char *text, size_t bytes)
{
    gnutls_session_t session = session_of(connection);
    /* Nothing of an earlier record is left in the way, so this is one record, and one call to the kernel. */
    if (session && connection->finished == FINISHED_BOTH)
        (void)gnutls_record_send(session, text, bytes);
}
