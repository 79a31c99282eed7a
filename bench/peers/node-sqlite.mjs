// SPDX-License-Identifier: MIT
// The article's first stage: Node 22 and its SQLite.
import { serve } from "./node-broker.mjs";
import { SqliteStore } from "./sqlite-store.mjs";

serve(new SqliteStore());
