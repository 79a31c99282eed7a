// SPDX-License-Identifier: MIT
// A broker on node:http around a store of held connections, with what the article found in its profiles: every request
// is validated by a schema, headers go through an object of their own, a debug log makes lines that nobody gets.
import { createServer } from "node:http";

import { log } from "./eager-log.mjs";
import { announce, readOptions } from "./options.mjs";
import { Dispatch, PollHeaders } from "./schema.mjs";

const BODY_BYTES_MAX = 8 << 20;

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** The body as a string; undefined if it is too long. */
async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Serves with this store until the process is told to end. */
export function serve(store) {
  const options = readOptions();
  const times = { connectionTimeoutMs: options["connection-timeout-ms"], keepaliveMs: options["keepalive-ms"] };
  let polls = 0;

  function hold(request, response) {
    const parsed = PollHeaders.safeParse(Object.fromEntries(Object.entries(request.headers)));
    if (!parsed.success) return answer(response, 400, { error: "a header is missing" });
    const headers = parsed.data;
    const id = `connection_${++polls}`;
    const fields = {
      deployment: headers["x-trigger-deployment-id"],
      version: headers["x-trigger-deployment-version"],
      machine: { cpu: headers["x-trigger-machine-cpu"], memory: headers["x-trigger-machine-memory"] },
    };
    const controller = headers["x-trigger-workload-controller-id"];
    log.debug("connection added", { id, controller, fields });
    const cleanup = setTimeout(() => {
      store.remove(id);
      answer(response, 408, { error: "no run came" });
    }, options["hold-timeout-ms"]);
    response.once("close", () => {
      clearTimeout(cleanup);
      store.remove(id);
    });
    store.add(id, fields, { response, cleanup, controller });
  }

  async function dispatch(request, response) {
    const text = await readBody(request);
    if (text === undefined) return answer(response, 413, { error: "the body is too long" });
    const body = parseJson(text);
    const parsed = Dispatch.safeParse(body);
    if (!parsed.success) return answer(response, 400, { error: parsed.error.message });
    const { run, deployment, backgroundWorker } = parsed.data.dequeuedMessage;
    log.debug("match requested", { run: run.friendlyId, deployment, machine: run.machine });
    const { cpu, memory } = run.machine;
    const found = store.take({
      deployment: deployment.friendlyId,
      version: backgroundWorker.version,
      machine: { cpu, memory },
    });
    if (found) {
      clearTimeout(found.cleanup);
      answer(found.response, 200, body.dequeuedMessage);
      log.debug("run handed over", { run: run.friendlyId, controller: found.controller });
    }
    answer(response, 200, { didWarmStart: found !== undefined });
  }

  const server = createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    if (route === "GET /warm-start") hold(request, response);
    else if (route === "POST /warm-start") dispatch(request, response).catch(() => request.destroy());
    else if (route === "GET /connect") answer(response, 200, times);
    else if (route === "GET /metrics") response.end(`warmstart_waiters ${store.size}\n`);
    else answer(response, 404, { error: "no such path" });
  });
  server.requestTimeout = 0;
  server.listen({ port: options.port, host: "127.0.0.1", backlog: 4096 }, () => {
    announce(server.address().port, () => server.closeAllConnections());
  });
}
