/* SPDX-License-Identifier: MIT */
/* The load finds what is wrong: runs that are lost, doubled, altered or answered wrongly. */
#include "bench/load/ledger.h"
#include "bench/load/message.h"
#include "bench/load/protocol.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct ledger ledger;
static struct template message;

static void set_up(void)
{
    ledger_init(&ledger);
    message_append(&message, 2048);
}

static void tear_down(void)
{
    ledger_deinit(&ledger);
    template_deinit(&message);
}

START_TEST(a_run_that_is_answered_and_arrives_is_no_fault)
{
    uint64_t first = ledger_post(&ledger, 5, false), second = ledger_post(&ledger, 6, false);
    uint64_t third = ledger_post(&ledger, 7, true);
    ck_assert(ledger_arrive(&ledger, first)); /* before its answer */
    ledger_answer(&ledger, first, true);
    ledger_answer(&ledger, second, true);
    ck_assert_uint_eq(ledger_missing(&ledger), 1);
    ck_assert(ledger_arrive(&ledger, second));
    ledger_answer(&ledger, third, false);
    ck_assert_uint_eq(ledger_missing(&ledger), 0);
    ck_assert_uint_eq(ledger_moment(&ledger, second), 6);
    ledger_close(&ledger);
    ck_assert_uint_eq(faults_sum(&ledger.faults), 0);
}
END_TEST

START_TEST(each_fault_is_counted_as_what_it_is)
{
    uint64_t lost = ledger_post(&ledger, 1, false), twice = ledger_post(&ledger, 1, false);
    uint64_t unconfirmed = ledger_post(&ledger, 1, false), nobody = ledger_post(&ledger, 1, true);
    uint64_t failed = ledger_post(&ledger, 1, false);
    ledger_answer(&ledger, lost, true);
    ledger_answer(&ledger, twice, true);
    ck_assert(ledger_arrive(&ledger, twice));
    ck_assert(!ledger_arrive(&ledger, twice));
    ledger_answer(&ledger, unconfirmed, false);
    ck_assert(ledger_arrive(&ledger, unconfirmed));
    ledger_answer(&ledger, nobody, true);
    ledger_fail(&ledger, failed);
    ck_assert(!ledger_arrive(&ledger, 99));
    ledger_close(&ledger);
    ck_assert_uint_eq(ledger.faults.lost, 2); /* that for nobody too */
    ck_assert_uint_eq(ledger.faults.duplicated, 1);
    ck_assert_uint_eq(ledger.faults.unconfirmed, 1);
    ck_assert_uint_eq(ledger.faults.false_hits, 1);
    ck_assert_uint_eq(ledger.faults.failed, 1);
    ck_assert_uint_eq(ledger.faults.altered, 1);
}
END_TEST

START_TEST(a_message_has_the_length_that_was_asked_for)
{
    static const size_t lengths[] = {MESSAGE_BYTES_MIN, 1499, 1500, 2048, 1000000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct template other = {0};
        message_append(&other, lengths[i]);
        ck_assert_uint_eq(other.len, lengths[i]);
        ck_assert_uint_eq(other.keys_len, 1);
        ck_assert_uint_eq(other.numbers_len, 1);
        template_deinit(&other);
    }
}
END_TEST

START_TEST(every_altered_byte_of_a_message_is_seen)
{
    struct template sent = {0};
    uint32_t key;
    uint64_t number;
    message_append(&sent, 2048);
    template_set_key(&sent, 0xabcdef01);
    template_set_number(&sent, UINT64_C(0x123456789abcdef0));
    ck_assert(template_matches(&message, sent.bytes, sent.len, &key, &number));
    ck_assert_uint_eq(key, 0xabcdef01);
    ck_assert_uint_eq(number, UINT64_C(0x123456789abcdef0));
    ck_assert(!template_matches(&message, sent.bytes, sent.len - 1, &key, &number));
    for (size_t i = 0; i < sent.len; i++) {
        sent.bytes[i] ^= 0x40; /* no hexadecimal digit is left one */
        ck_assert_msg(!template_matches(&message, sent.bytes, sent.len, &key, &number), "byte %zu", i);
        sent.bytes[i] ^= 0x40;
    }
    template_deinit(&sent);
}
END_TEST

struct utterance {
    const struct protocol *protocol;
    enum role role;
    enum heard heard;
    const char *bytes;
    const char *message; /* NULL: none */
};

static const struct utterance utterances[] = {
    {&protocol_http, ROLE_CONTROLLER, HEARD_MESSAGE, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "{}"},
    {&protocol_http, ROLE_CONTROLLER, HEARD_MESSAGE,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n3\r\n{\"a\r\nA\r\n\":12345678\r\n1\r\n}\r\n0\r\n\r\n",
     "{\"a\":12345678}"},
    {&protocol_http, ROLE_CONTROLLER, HEARD_END, "HTTP/1.1 204 No Content\r\n\r\n", NULL},
    {&protocol_http, ROLE_CONTROLLER, HEARD_WRONG, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", NULL},
    {&protocol_http, ROLE_CONTROLLER, HEARD_WRONG, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", NULL},
    {&protocol_http, ROLE_CONTROLLER, HEARD_WRONG, "SSH-2.0-x\r\n\r\n", NULL},
    {&protocol_http, ROLE_SUPERVISOR, HEARD_HIT,
     "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"didWarmStart\":true}", NULL},
    {&protocol_http, ROLE_SUPERVISOR, HEARD_MISS,
     "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"didWarmStart\":false}", NULL},
    {&protocol_http, ROLE_SUPERVISOR, HEARD_WRONG, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", NULL},
    {&protocol_unix, ROLE_CONTROLLER, HEARD_MESSAGE, "PAYLOAD w 42 2\n{}\n", "{}"},
    {&protocol_unix, ROLE_CONTROLLER, HEARD_CONFIRMED, "OK a\n", NULL},
    {&protocol_unix, ROLE_CONTROLLER, HEARD_REVOKED, "ERR a over too late\n", NULL},
    {&protocol_unix, ROLE_CONTROLLER, HEARD_END, "TIMEOUT w\n", NULL},
    {&protocol_unix, ROLE_CONTROLLER, HEARD_WRONG, "ERR w limit too many\n", NULL},
    {&protocol_unix, ROLE_SUPERVISOR, HEARD_HIT, "DELIVERED d 1 controller-1\n", NULL},
    {&protocol_unix, ROLE_SUPERVISOR, HEARD_MISS, "NO_MATCH d\n", NULL},
    {&protocol_unix, ROLE_SUPERVISOR, HEARD_WRONG, "SHUTDOWN d 1\n", NULL},
    {&protocol_redis, ROLE_CONTROLLER, HEARD_MESSAGE, "*2\r\n$3\r\nkey\r\n$2\r\n{}\r\n", "{}"},
    {&protocol_redis, ROLE_CONTROLLER, HEARD_WRONG, "-ERR no\r\n", NULL},
    {&protocol_redis, ROLE_SUPERVISOR, HEARD_HIT, ":1\r\n", NULL},
    {&protocol_redis, ROLE_SUPERVISOR, HEARD_WRONG, "-OOM no\r\n", NULL},
    {&protocol_beanstalk, ROLE_CONTROLLER, HEARD_MESSAGE, "RESERVED 7 2\r\n{}\r\n", "{}"},
    {&protocol_beanstalk, ROLE_CONTROLLER, HEARD_CONFIRMED, "DELETED\r\n", NULL},
    {&protocol_beanstalk, ROLE_CONTROLLER, HEARD_REVOKED, "NOT_FOUND\r\n", NULL},
    {&protocol_beanstalk, ROLE_SUPERVISOR, HEARD_HIT, "INSERTED 7\r\n", NULL},
    {&protocol_beanstalk, ROLE_SUPERVISOR, HEARD_WRONG, "BURIED 7\r\n", NULL},
};

/* Whole, cut off at every byte, and with more behind it. Each in memory of its own length. */
START_TEST(answers_are_understood_however_they_come)
{
    const struct utterance *it = &utterances[_i];
    size_t len = strlen(it->bytes);
    for (size_t part = 1; part <= len + 3; part++) {
        char *bytes = malloc(part);
        for (size_t i = 0; i < part; i++)
            bytes[i] = i < len ? it->bytes[i] : 'X';
        struct hearing hearing = {0};
        enum heard heard = it->protocol->hear(it->role, bytes, part, &hearing);
        if (part >= len) {
            ck_assert_int_eq(heard, it->heard);
            ck_assert_uint_eq(heard == HEARD_WRONG ? len : hearing.used, len);
            if (it->message != NULL) {
                ck_assert_uint_eq(hearing.message_bytes, strlen(it->message));
                ck_assert_mem_eq(hearing.message, it->message, hearing.message_bytes);
            }
        } else {
            ck_assert(heard == HEARD_TOO_LITTLE || (heard == HEARD_WRONG && it->heard == HEARD_WRONG));
        }
        free(bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("what the benchmark checks");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_run_that_is_answered_and_arrives_is_no_fault);
    tcase_add_test(tests, each_fault_is_counted_as_what_it_is);
    tcase_add_test(tests, a_message_has_the_length_that_was_asked_for);
    tcase_add_test(tests, every_altered_byte_of_a_message_is_seen);
    tcase_add_loop_test(tests, answers_are_understood_however_they_come, 0,
                        (int)(sizeof(utterances) / sizeof(utterances[0])));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
