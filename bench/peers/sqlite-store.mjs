// SPDX-License-Identifier: MIT
// Held connections in SQLite, as in the article's first stage: any nested metadata becomes rows of names and values,
// and a query for any combination of them finds a connection that has them all.
import { DatabaseSync } from "node:sqlite";

/** { machine: { cpu: 1 } } becomes [["machine.cpu", "1"]]. */
function flatten(metadata, prefix = "") {
  return Object.entries(metadata).flatMap(([name, value]) =>
    value !== null && typeof value === "object" ? flatten(value, `${prefix}${name}.`) : [[prefix + name, String(value)]],
  );
}

export class SqliteStore {
  #database = new DatabaseSync(":memory:");
  #queries = new Map(); // number of fields -> prepared statement
  #connections = new Map(); // id -> connection
  #addConnection;
  #addField;
  #removeConnection;
  #removeFields;

  constructor() {
    this.#database.exec(`
      CREATE TABLE connections (id TEXT PRIMARY KEY, metadata TEXT NOT NULL);
      CREATE TABLE metadata_index (connection_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL);
      CREATE INDEX fields ON metadata_index (key, value, connection_id);
      CREATE INDEX owners ON metadata_index (connection_id);`);
    const prepare = (text) => this.#database.prepare(text);
    this.#addConnection = prepare("INSERT INTO connections VALUES (?, ?)");
    this.#addField = prepare("INSERT INTO metadata_index VALUES (?, ?, ?)");
    this.#removeConnection = prepare("DELETE FROM connections WHERE id = ?");
    this.#removeFields = prepare("DELETE FROM metadata_index WHERE connection_id = ?");
  }

  get size() {
    return this.#connections.size;
  }

  add(id, metadata, connection) {
    this.#connections.set(id, connection);
    this.#addConnection.run(id, JSON.stringify(metadata));
    for (const [key, value] of flatten(metadata)) this.#addField.run(id, key, value);
  }

  remove(id) {
    if (!this.#connections.delete(id)) return;
    this.#removeFields.run(id);
    this.#removeConnection.run(id);
  }

  /** Takes out some connection that has all of these fields; undefined if there is none. */
  take(metadata) {
    const fields = flatten(metadata);
    const found = this.#query(fields.length).get(...fields.flat(), fields.length);
    if (!found) return undefined;
    const connection = this.#connections.get(found.id);
    this.remove(found.id);
    return connection;
  }

  // The shape of this query is the published one.
  #query(fieldsLen) {
    let query = this.#queries.get(fieldsLen);
    if (!query) {
      const any = Array(fieldsLen).fill("(key = ? AND value = ?)").join(" OR ");
      query = this.#database.prepare(`
        SELECT DISTINCT c.id, c.metadata FROM connections c JOIN metadata_index mi ON c.id = mi.connection_id
        WHERE c.id IN (SELECT connection_id FROM metadata_index WHERE ${any}
                       GROUP BY connection_id HAVING COUNT(DISTINCT key) = ?)
        LIMIT 1`);
      this.#queries.set(fieldsLen, query);
    }
    return query;
  }
}
