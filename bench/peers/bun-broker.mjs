// SPDX-License-Identifier: MIT
// The article's third stage, and compiled its fourth: Bun.serve and a Map, single headers, only the fields that are
// matched are checked, no log line that nobody gets; a poll whose client has gone is answered 499, because a promise
// that never settles would be kept for good.
import { MapStore } from "./map-store.mjs";
import { announce, readOptions } from "./options.mjs";

const options = readOptions();
const times = { connectionTimeoutMs: options["connection-timeout-ms"], keepaliveMs: options["keepalive-ms"] };
const store = new MapStore();
let polls = 0;

function hold(request) {
  const { headers } = request;
  const deployment = headers.get("x-trigger-deployment-id");
  const version = headers.get("x-trigger-deployment-version");
  const cpu = headers.get("x-trigger-machine-cpu");
  const memory = headers.get("x-trigger-machine-memory");
  if (!deployment || !version || !cpu || !memory || !headers.get("x-trigger-workload-controller-id")) {
    return Response.json({ error: "a header is missing" }, { status: 400 });
  }
  const id = ++polls;
  return new Promise((resolve) => {
    const finish = (response) => {
      clearTimeout(cleanup);
      resolve(response);
    };
    const drop = (status) => {
      store.remove(id);
      finish(new Response(null, { status }));
    };
    const cleanup = setTimeout(drop, options["hold-timeout-ms"], 408);
    // Fires again when the answer has been sent: by then the store does not know the id any more.
    request.signal.addEventListener("abort", () => drop(499), { once: true });
    store.add(id, { deployment, version, machine: { cpu: Number(cpu), memory: Number(memory) } }, finish);
  });
}

async function dispatch(request) {
  let message;
  try {
    ({ dequeuedMessage: message } = await request.json());
  } catch {
    return Response.json({ error: "not JSON" }, { status: 400 });
  }
  const deployment = message?.deployment?.friendlyId;
  const version = message?.backgroundWorker?.version;
  const machine = message?.run?.machine;
  if (!deployment || !version || typeof machine?.cpu !== "number" || typeof machine.memory !== "number") {
    return Response.json({ error: "a field is missing" }, { status: 400 });
  }
  const finish = store.take({ deployment, version, machine });
  if (finish) finish(Response.json(message));
  return Response.json({ didWarmStart: finish !== undefined });
}

const server = Bun.serve({
  port: options.port,
  hostname: "127.0.0.1",
  idleTimeout: 120,
  routes: {
    "/warm-start": { GET: hold, POST: dispatch },
    "/connect": { GET: () => Response.json(times) },
    "/metrics": { GET: () => new Response(`warmstart_waiters ${store.size}\n`) },
  },
  fetch: () => Response.json({ error: "no such path" }, { status: 404 }),
});
announce(server.port, () => server.stop(true));
