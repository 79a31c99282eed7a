// SPDX-License-Identifier: MIT
// Many controllers in a process: the published client, one warmStart() after the other. Told by its parent
// { url, version, first, count }, "stalled" now and then, and "end"; tells it { ready }, { run, controller, at } for
// each run, { empty } for a warmStart() that gave none, { failed, times } for a poll that failed for the n-th time
// between two runs, and { stalled }, as stalls.mjs has it.
import { watchStalls } from "./stalls.mjs";

const POLLING = { connectionTimeoutMs: 30_000, keepaliveMs: 300_000 };

let ended = false;
const stalled = watchStalls();
// The client's own log is of no use to anybody here.
for (const level of ["log", "info", "warn", "error", "debug"]) console[level] = () => {};

// In real life each controller is a process with connections of its own; here each has its own pool of them.
const realFetch = globalThis.fetch;
await realFetch("data:,"); // makes the pool that all would share, and so its class known
const Pool = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;
const pools = new Map();
const running = new Map(); // controller -> failures since its last run

globalThis.fetch = async (url, options) => {
  const name = options.headers["x-trigger-workload-controller-id"];
  if (!pools.has(name)) pools.set(name, new Pool());
  try {
    return await realFetch(url, { ...options, dispatcher: pools.get(name) });
  } catch (error) {
    if (error.name !== "AbortError") {
      const times = (running.get(name) ?? 0) + 1;
      running.set(name, times);
      process.send({ failed: name, times });
    }
    throw error;
  }
};

async function work(WarmStartClient, url, name) {
  const client = new WarmStartClient({
    apiUrl: new URL(url),
    controllerId: name,
    deploymentId: "deployment_k3v9x1wz7q5m2r8t4n6pb",
    deploymentVersion: "20260327.4",
    machineCpu: "0.5",
    machineMemory: "0.5",
  });
  while (!ended) {
    const message = await client.warmStart({ workerInstanceName: name, ...POLLING });
    running.delete(name);
    process.send(message ? { run: message.run.friendlyId, controller: name, at: Date.now() } : { empty: name });
  }
}

process.on("message", async (order) => {
  if (order === "end") {
    ended = true;
    process.send({ over: true }, () => process.exit(0));
    return;
  }
  if (order === "stalled") {
    process.send({ stalled: stalled() });
    return;
  }
  const { WarmStartClient } = await import(`trigger-core-${order.version}/v3/workers`);
  for (let i = 0; i < order.count; i++) work(WarmStartClient, order.url, `controller_${order.first + i}`);
  process.send({ ready: true });
});
