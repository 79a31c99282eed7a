// SPDX-License-Identifier: MIT
// The article's second stage: the same with a Map instead of SQLite.
import { MapStore } from "./map-store.mjs";
import { serve } from "./node-broker.mjs";

serve(new MapStore());
