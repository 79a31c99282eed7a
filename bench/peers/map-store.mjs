// SPDX-License-Identifier: MIT
// Held connections by their four fields, as from the article's second stage on: one string made of all of them leads
// to the set of ids, so a match is two lookups.

const keyOf = ({ deployment, version, machine }) => `${deployment}\0${version}\0${machine.cpu}\0${machine.memory}`;

export class MapStore {
  #ids = new Map(); // key -> set of ids
  #held = new Map(); // id -> { key, connection }

  get size() {
    return this.#held.size;
  }

  add(id, fields, connection) {
    const key = keyOf(fields);
    const ids = this.#ids.get(key);
    if (ids) ids.add(id);
    else this.#ids.set(key, new Set([id]));
    this.#held.set(id, { key, connection });
  }

  remove(id) {
    const held = this.#held.get(id);
    if (!held) return;
    const ids = this.#ids.get(held.key);
    ids.delete(id);
    if (ids.size === 0) this.#ids.delete(held.key);
    this.#held.delete(id);
  }

  /** Takes out a connection with these fields, the one that waits longest; undefined if there is none. */
  take(fields) {
    const ids = this.#ids.get(keyOf(fields));
    if (!ids) return undefined;
    const id = ids.values().next().value;
    const { connection } = this.#held.get(id);
    this.remove(id);
    return connection;
  }
}
