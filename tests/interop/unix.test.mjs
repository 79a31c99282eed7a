// SPDX-License-Identifier: MIT
// The published client on one transport, the line protocol on the other: runs cross over both ways, and each is
// confirmed by whoever got it. In the environment: WARMSTARTD, its path.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { WarmStartClient } from "trigger-core-4.8.3/v3/workers";

import { Broker, message, until, within } from "./broker.mjs";

const directory = mkdtempSync(join(tmpdir(), "warmstart-interop-"));
after(() => rmSync(directory, { recursive: true }));

// The client logs to the console; none of it may stand between the results.
for (const level of ["log", "info", "warn", "error", "debug"]) console[level] = () => {};

const KEY = { deployment: "deployment_k3v9x1wz7q5m2r8t4n6pb", version: "20260327.4", cpu: 0.5, memory: 0.5 };
const POLLING = { workerInstanceName: "interop", connectionTimeoutMs: 30_000, keepaliveMs: 300_000 };

/** A client of the line protocol: twenty lines, as docs/unix-protocol.md has it. */
class Line {
  constructor(path) {
    this.socket = connect(path);
    this.pending = Buffer.alloc(0);
    this.frames = [];
    this.socket.on("data", (bytes) => {
      this.pending = Buffer.concat([this.pending, bytes]);
      while (this.take());
    });
  }

  take() {
    const end = this.pending.indexOf("\n");
    if (end < 0) return false;
    const line = this.pending.subarray(0, end).toString();
    const words = line.split(" ");
    const body = words[0] === "PAYLOAD" ? Number(words[3]) : words[0] === "DATA" ? Number(words[2]) : -1;
    if (this.pending.length < end + 1 + body + 1) return false;
    this.frames.push({ line, words, body: this.pending.subarray(end + 1, end + 1 + Math.max(body, 0)) });
    this.pending = this.pending.subarray(end + 1 + (body < 0 ? 0 : body + 1));
    return true;
  }

  say(line, body) {
    this.socket.write(`${line}\n`);
    if (body !== undefined) this.socket.write(`${body}\n`);
  }

  hear() {
    return until("the broker says something", () => this.frames.shift());
  }

  async wait(tag) {
    this.say(`wait ${tag} id=${tag} ${JSON.stringify(KEY)}\nping p`);
    assert.match((await this.hear()).line, /^OK p 1 /);
  }
}

const crossing = (name, body, options = {}) =>
  test(name, async () => {
    const path = join(directory, "socket");
    const broker = await Broker.start({ unix: path, ...options });
    const line = new Line(path);
    try {
      await body(broker, line);
      line.socket.destroy();
      assert.equal(await broker.stop(), 0, broker.log);
    } finally {
      line.socket.destroy();
      broker.kill();
    }
  });

const controller = (broker, controllerId) => {
  const client = new WarmStartClient({
    apiUrl: broker.url,
    controllerId,
    deploymentId: KEY.deployment,
    deploymentVersion: KEY.version,
    machineCpu: "0.5",
    machineMemory: "0.5",
  });
  broker.clients.push(client);
  return client;
};

/** Until so many controllers could get a run, on whichever transport. */
async function matchable(line, count) {
  await until(`${count} wait`, async () => {
    line.say(`count c ${JSON.stringify(KEY)}`);
    return (await line.hear()).line === `OK c ${count}`;
  });
}

crossing("a run dispatched on the Unix socket reaches the published client", async (broker, line) => {
  const waiting = controller(broker, "controller_1").warmStart(POLLING);
  await matchable(line, 1);
  const sent = message();
  const bytes = JSON.stringify(sent);
  line.say(`dispatch d ${Buffer.byteLength(bytes)} ${JSON.stringify(KEY)}`, bytes);
  const got = await within("the run", waiting);
  assert.equal(got.run.friendlyId, sent.run.friendlyId);
  assert.equal((await line.hear()).line, "DELIVERED d 1 controller_1");
});

crossing("a run dispatched over HTTP reaches a client on the Unix socket, and waits for its word", async (broker, line) => {
  await line.wait("w");
  const sent = message();
  let told;
  const dispatched = broker.dispatch(sent).then((answer) => (told = answer));
  const { words, body } = await line.hear();
  assert.deepEqual(words.slice(0, 2), ["PAYLOAD", "w"]);
  assert.deepEqual(JSON.parse(body.toString()), sent);
  assert.equal(told, undefined);
  line.say(`ack a ${words[2]}`);
  assert.equal((await line.hear()).line, "OK a");
  assert.equal(await within("the answer", dispatched), true);
});

crossing("a run that is refused on the Unix socket goes to the published client", async (broker, line) => {
  const waiting = controller(broker, "controller_2").warmStart(POLLING);
  await matchable(line, 1);
  await line.wait("w");
  const sent = message();
  const dispatched = broker.dispatch(sent);
  const { words } = await line.hear();
  line.say(`refuse r ${words[2]}`);
  assert.equal((await line.hear()).line, "OK r");
  assert.equal((await within("the run", waiting)).run.friendlyId, sent.run.friendlyId);
  assert.equal(await within("the answer", dispatched), true);
});

const notAcknowledged = async (broker, line) => {
  await line.wait("w");
  const dispatched = broker.dispatch(message());
  const { words } = await line.hear();
  assert.equal((await line.hear()).line, `OVER w ${words[2]}`);
  assert.equal(await within("the answer", dispatched), false);
  line.say(`ack a ${words[2]}`);
  assert.match((await line.hear()).line, /^ERR a over /);
};
crossing("a run that is not acknowledged is told as false", notAcknowledged, { "unix-lease-ms": 2000 });

crossing("who went away without a word has not got the run", async (broker, line) => {
  await line.wait("w");
  line.socket.destroy();
  await until("it is noticed", async () => (await broker.dispatch(message())) === false);
});
