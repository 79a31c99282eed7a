/* SPDX-License-Identifier: MIT */
/*
 * The generic store in SQL, in memory: a table of waiters and a table of their flattened fields, statements
 * prepared once, no journal, all in one transaction. Two ways to ask for a waiter:
 *
 *   joined   one point look-up in a covering index for each field, the rarest field first, the newest waiter
 *   grouped  as a generic store puts it together: all rows that match any field, grouped by waiter, those
 *            with as many as were asked for
 *
 * No deadline, controller id, outcome, event or limit.
 */
#include "contender.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    sqlite3 *database;
    sqlite3_stmt *add_waiter;
    sqlite3_stmt *add_field;
    sqlite3_stmt *remove_waiter;
    sqlite3_stmt *remove_fields;
    sqlite3_stmt *find;
    struct population population;
    struct input input;
    uint64_t random;
};

static const char schema[] =
    "PRAGMA journal_mode = OFF;"
    "CREATE TABLE waiters (id INTEGER PRIMARY KEY, controller TEXT NOT NULL);"
    "CREATE TABLE fields (name TEXT NOT NULL, value TEXT NOT NULL, waiter INTEGER NOT NULL,"
    " PRIMARY KEY (name, value, waiter)) WITHOUT ROWID;"
    "CREATE INDEX fields_of_waiter ON fields (waiter);"
    "BEGIN;";

static sqlite3_stmt *prepare(struct store *store, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        wrong(sqlite3_errmsg(store->database));
    return statement;
}

static void append(char *sql, size_t sql_bytes, const char *format, int first, int second)
{
    size_t used = strlen(sql);
    /* cppcheck-suppress wrongPrintfScanfArgNum; it reads the format as if it were empty */
    int written = snprintf(sql + used, sql_bytes - used, format, first, second);
    if (written < 0 || (size_t)written >= sql_bytes - used)
        wrong("SQLite: a statement is too long");
}

/* CROSS JOIN: SQLite keeps the order. */
static void write_joined(char *sql, size_t sql_bytes, int fields)
{
    append(sql, sql_bytes, "SELECT f0.waiter FROM fields f0", 0, 0);
    for (int i = 1; i < fields; i++)
        append(sql, sql_bytes, " CROSS JOIN fields f%d", i, 0);
    append(sql, sql_bytes, " WHERE f0.name = ?1 AND f0.value = ?2", 0, 0);
    for (int i = 1; i < fields; i++) {
        append(sql, sql_bytes, " AND f%d.name = ?%d", i, 2 * i + 1);
        append(sql, sql_bytes, " AND f%d.value = ?%d", i, 2 * i + 2);
        append(sql, sql_bytes, " AND f%d.waiter = f0.waiter", i, 0);
    }
    append(sql, sql_bytes, " ORDER BY f0.waiter DESC LIMIT 1", 0, 0);
}

static void write_grouped(char *sql, size_t sql_bytes, int fields)
{
    append(sql, sql_bytes,
           "SELECT DISTINCT w.id FROM waiters w JOIN fields f ON f.waiter = w.id WHERE w.id IN"
           " (SELECT waiter FROM fields WHERE",
           0, 0);
    for (int i = 0; i < fields; i++) {
        append(sql, sql_bytes, i == 0 ? "" : " OR", 0, 0);
        append(sql, sql_bytes, " (name = ?%d AND value = ?%d)", 2 * i + 1, 2 * i + 2);
    }
    append(sql, sql_bytes, " GROUP BY waiter HAVING COUNT(DISTINCT name) = %d) LIMIT 1", fields, 0);
}

static void finish(struct store *store, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        wrong(sqlite3_errmsg(store->database));
    sqlite3_reset(statement);
}

static void add(struct store *store)
{
    const struct input *input = &store->input;
    sqlite3_bind_text(store->add_waiter, 1, input->controller, (int)input->controller_bytes, SQLITE_STATIC);
    finish(store, store->add_waiter);
    sqlite3_int64 waiter = sqlite3_last_insert_rowid(store->database);
    sqlite3_bind_int64(store->add_field, 3, waiter);
    for (size_t i = 0; i < input->fields_len; i++) {
        const struct warmstart_field *field = &input->fields[i];
        sqlite3_bind_text(store->add_field, 1, field->name, (int)field->name_bytes, SQLITE_STATIC);
        sqlite3_bind_text(store->add_field, 2, field->value, (int)field->value_bytes, SQLITE_STATIC);
        finish(store, store->add_field);
    }
}

static sqlite3_int64 find(struct store *store)
{
    const struct input *input = &store->input;
    sqlite3_int64 waiter = 0;
    for (int i = 0; i < (int)input->fields_len; i++) {
        const struct warmstart_field *field = &input->fields[i];
        sqlite3_bind_text(store->find, 2 * i + 1, field->name, (int)field->name_bytes, SQLITE_STATIC);
        sqlite3_bind_text(store->find, 2 * i + 2, field->value, (int)field->value_bytes, SQLITE_STATIC);
    }
    if (sqlite3_step(store->find) == SQLITE_ROW)
        waiter = sqlite3_column_int64(store->find, 0);
    if (sqlite3_reset(store->find) != SQLITE_OK)
        wrong(sqlite3_errmsg(store->database));
    return waiter;
}

static void take(struct store *store, sqlite3_int64 waiter)
{
    sqlite3_bind_int64(store->remove_fields, 1, waiter);
    sqlite3_bind_int64(store->remove_waiter, 1, waiter);
    finish(store, store->remove_fields);
    finish(store, store->remove_waiter);
}

static struct store *create(const struct population *population,
                            void (*write)(char *sql, size_t sql_bytes, int fields))
{
    struct store *store = allocate(1, sizeof(*store));
    char sql[1024] = "";
    store->population = *population;
    store->random = 1;
    input_init(&store->input);
    if (sqlite3_open_v2(":memory:", &store->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        wrong("SQLite: cannot open a database");
    if (sqlite3_exec(store->database, schema, NULL, NULL, NULL) != SQLITE_OK)
        wrong(sqlite3_errmsg(store->database));
    store->add_waiter = prepare(store, "INSERT INTO waiters (controller) VALUES (?)");
    store->add_field = prepare(store, "INSERT INTO fields (name, value, waiter) VALUES (?, ?, ?)");
    store->remove_waiter = prepare(store, "DELETE FROM waiters WHERE id = ?");
    store->remove_fields = prepare(store, "DELETE FROM fields WHERE waiter = ?");
    write(sql, sizeof(sql), population->rich ? 2 : (int)store->input.fields_len);
    store->find = prepare(store, sql);
    for (uint32_t waiter = 0; waiter < population->waiters; waiter++) {
        if (population->rich)
            input_set_rich_key(&store->input, waiter % population->keys);
        else
            input_set_key(&store->input, waiter % population->keys);
        input_set_controller(&store->input, waiter);
        add(store);
    }
    return store;
}

static void *create_joined(const struct population *population)
{
    return create(population, write_joined);
}

static void *create_grouped(const struct population *population)
{
    return create(population, write_grouped);
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    sqlite3_finalize(store->add_waiter);
    sqlite3_finalize(store->add_field);
    sqlite3_finalize(store->remove_waiter);
    sqlite3_finalize(store->remove_fields);
    sqlite3_finalize(store->find);
    sqlite3_close(store->database);
    free(store);
}

static int cycle(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        uint32_t key = random_below(&store->random, store->population.keys);
        input_set_key(&store->input, key);
        sqlite3_int64 waiter = find(store);
        if (waiter == 0)
            wrong("SQLite: nobody was found");
        take(store, waiter);
        input_set_controller(&store->input, key);
        add(store);
    }
    return 0;
}

static int miss(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        input_set_key(&store->input, (uint32_t)(random_next(&store->random) >> 32) | UINT32_C(0x80000000));
        if (find(store) != 0)
            wrong("SQLite: somebody was found");
    }
    return 0;
}

static int ask(struct store *store, enum question question, int expected, uint64_t times)
{
    for (; times > 0; times--) {
        input_set_question(&store->input, question, random_below(&store->random, store->population.keys));
        if ((find(store) != 0) != expected)
            wrong("SQLite: a subset was answered wrongly");
    }
    return 0;
}

static int narrow(void *store, uint64_t times)
{
    return ask(store, QUESTION_NARROW, 1, times);
}

static int narrow_miss(void *store, uint64_t times)
{
    return ask(store, QUESTION_NARROW_MISS, 0, times);
}

static int wide(void *store, uint64_t times)
{
    return ask(store, QUESTION_WIDE, 1, times);
}

static int wide_miss(void *store, uint64_t times)
{
    return ask(store, QUESTION_WIDE_MISS, 0, times);
}

const struct contender contender_sqlite = {
    .name = "sqlite",
    .about = "SQLite in memory, joined by point look-ups: find, delete, insert",
    .waiters_max = 100000,
    .create = create_joined,
    .destroy = destroy,
    .plain = {{"hand-over", cycle}, {"miss", miss}},
    .rich = {{"subset hit", narrow},
             {"subset miss", narrow_miss},
             {"wide subset hit", wide},
             {"wide subset miss", wide_miss}},
};

const struct contender contender_sqlite_grouped = {
    .name = "sqlite-grouped",
    .about = "the same tables, asked as the article's generic store did: any field, grouped, counted",
    .waiters_max = 1000,
    .create = create_grouped,
    .destroy = destroy,
    .plain = {{"hand-over", cycle}, {"miss", miss}},
    .rich = {{"subset hit", narrow},
             {"subset miss", narrow_miss},
             {"wide subset hit", wide},
             {"wide subset miss", wide_miss}},
};
