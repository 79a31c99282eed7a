// SPDX-License-Identifier: MIT
// Many controllers in a process: the published client, one warmStart() after the other. Told by its parent
// { url, version, first, count }, then "end"; tells it { ready }, { run, controller } for each run, { empty } for
// a warmStart() that gave none, and at the end { failures }: how often a poll failed n times between two runs.
const POLLING = { connectionTimeoutMs: 30_000, keepaliveMs: 300_000 };

let ended = false;
// The client's own log is of no use to anybody here.
for (const level of ["log", "info", "warn", "error", "debug"]) console[level] = () => {};

// In real life each controller is a process with connections of its own; here each has its own pool of them.
const realFetch = globalThis.fetch;
await realFetch("data:,"); // makes the pool that all would share, and so its class known
const Pool = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;
const pools = new Map();
const running = new Map(); // controller -> failures since its last run
const failures = {};

globalThis.fetch = async (url, options) => {
  const name = options.headers["x-trigger-workload-controller-id"];
  if (!pools.has(name)) pools.set(name, new Pool());
  try {
    return await realFetch(url, { ...options, dispatcher: pools.get(name) });
  } catch (error) {
    if (error.name !== "AbortError") {
      const times = (running.get(name) ?? 0) + 1;
      running.set(name, times);
      failures[times] = (failures[times] ?? 0) + 1;
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
    process.send(message ? { run: message.run.friendlyId, controller: name } : { empty: name });
  }
}

process.on("message", async (order) => {
  if (order === "end") {
    ended = true;
    process.send({ failures }, () => process.exit(0));
    return;
  }
  const { WarmStartClient } = await import(`trigger-core-${order.version}/v3/workers`);
  for (let i = 0; i < order.count; i++) work(WarmStartClient, order.url, `controller_${order.first + i}`);
  process.send({ ready: true });
});
