// SPDX-License-Identifier: MIT
// The published client, unmodified, against a real warmstartd. In the environment: WARMSTARTD, its path;
// CLIENT_VERSION, the version of the client if not all of them; or WARMSTART_INTEROP_SERVER (see broker.mjs).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Broker, isOther, lastingPort, message, until, within } from "./broker.mjs";

const VERSIONS = process.env.CLIENT_VERSION ? [process.env.CLIENT_VERSION] : ["4.4.6", "4.5.12", "4.8.3"];
// What data/dequeued-message.json fits.
const DEPLOYMENT = "deployment_k3v9x1wz7q5m2r8t4n6pb";
const VERSION = "20260327.4";
const POLLING = { workerInstanceName: "interop", connectionTimeoutMs: 30_000, keepaliveMs: 300_000 };
// For polls that do not end with a run: the client leaves their timers behind, which the process waits for.
const BRIEFER = { ...POLLING, connectionTimeoutMs: 10_000 };
const SECRET = "a secret of nobody";

const directory = mkdtempSync(join(tmpdir(), "warmstart-interop-"));
after(() => rmSync(directory, { recursive: true }));
const secretFile = join(directory, "secret");
writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });

// The client logs to the console. None of it may stand between the results, and it says what it did.
const clientLog = [];
for (const level of ["log", "info", "warn", "error", "debug"]) {
  console[level] = (...words) => clientLog.push(words.join(" "));
}

let controllers = 0;

/** Everything about one version of the package. */
async function load(version) {
  const [workers, schemas, v3] = await Promise.all([
    import(`trigger-core-${version}/v3/workers`),
    import(`trigger-core-${version}/v3/schemas`),
    import(`trigger-core-${version}/v3`),
  ]);
  const controller = (broker, options = {}) => {
    const client = new workers.WarmStartClient({
      apiUrl: broker.url,
      controllerId: `controller_${++controllers}`,
      deploymentId: DEPLOYMENT,
      deploymentVersion: VERSION,
      machineCpu: "0.5",
      machineMemory: "0.5",
      ...options,
    });
    broker.clients.push(client);
    return client;
  };
  return { controller, schema: schemas.DequeuedMessage, mint: v3.mintWorkloadDeploymentToken };
}

const packages = new Map();
for (const version of VERSIONS) packages.set(version, await load(version));
// The oldest version cannot mint yet; a controller of it may be given a token all the same.
const firstMint = (await load("4.5.12")).mint;

async function token(mint, { secret = SECRET, seconds = 3600, claims: others = {} } = {}) {
  const claims = {
    deployment: DEPLOYMENT,
    deployment_version: VERSION,
    environment_id: "env_1",
    environment_type: "PRODUCTION",
    org_id: "org_1",
    project_id: "proj_1",
    ...others,
  };
  return mint(claims, secret, Math.floor(Date.now() / 1000) + seconds);
}

for (const [version, { controller, schema, mint }] of packages) {
  /** A test with a broker of its own, which ends cleanly. */
  const brokerTest = (name, options, body) =>
    test(`${version}: ${name}`, async () => {
      const broker = await Broker.start(options);
      try {
        await body(broker);
        assert.equal(await broker.stop(), 0, broker.log);
      } catch (error) {
        error.message += `\n--- warmstartd ${await broker.state()}\n${broker.log.slice(-4000)}`;
        throw error;
      } finally {
        broker.kill();
      }
    });

  const received = (promise) => within("the run's arrival", promise);

  const times = { "connection-timeout-ms": 20_000, "keepalive-ms": 0 };
  brokerTest("connect() tells the times", times, async (broker) => {
    const answer = await controller(broker).connect();
    assert.deepEqual(answer, { success: true, data: { connectionTimeoutMs: 20_000, keepaliveMs: 0 } });
  });

  brokerTest("warmStart() gets the run that is posted", {}, async (broker) => {
    const run = controller(broker).warmStart(POLLING);
    await broker.untilHeld(1);
    const sent = message();
    assert.equal(await broker.dispatch(sent), true);
    assert.deepEqual(await received(run), schema.parse(sent));
    await broker.untilHeld(0);
    assert.equal(await broker.dispatch(message()), false, "a run has one receiver");
  });

  brokerTest("the same client gets one run after the other", {}, async (broker) => {
    const client = controller(broker);
    for (let i = 0; i < 5; i++) {
      const sent = message();
      const run = client.warmStart(POLLING);
      await broker.deliver(sent);
      assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
    }
  });

  brokerTest("after abort() nobody gets the run", {}, async (broker) => {
    const client = controller(broker);
    const run = client.warmStart(BRIEFER);
    await broker.untilHeld(1);
    client.abort();
    assert.equal(await received(run), null);
    assert.equal(await broker.dispatch(message()), false);
    assert.equal(await broker.held(), 0);
    await broker.untilQuiet();
  });

  test(`${version}: a poll that the server closed at its end goes on with the next server`, async () => {
    const first = await Broker.start({ http: `127.0.0.1:${await lastingPort()}` });
    let next;
    try {
      const run = controller(first).warmStart(BRIEFER);
      await first.untilHeld(1);
      assert.equal(await first.stop(), 0, first.log);
      next = await Broker.start({ http: first.url.host });
      const sent = message();
      await next.deliver(sent);
      assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
      assert.equal(await next.stop(), 0, next.log);
    } finally {
      first.kill();
      next?.kill();
    }
  });

  // The margin is for the time that a run takes to its client, even if the machine stands still for seconds.
  const short = { "connection-timeout-ms": 6000, "match-margin-ms": 5000 };
  brokerTest("a poll that timed out and came again gets its run", short, async (broker) => {
    const client = controller(broker);
    const { data } = await client.connect();
    const before = clientLog.length;
    const run = client.warmStart({ ...POLLING, ...data });
    const timedOut = () => clientLog.slice(before).filter((line) => /timed out, retrying/.test(line)).length;
    await until("two polls have timed out", () => timedOut() >= 2);
    const sent = message();
    await broker.deliver(sent);
    assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
  });

  brokerTest("when keepaliveMs runs out it gives up with null", short, async (broker) => {
    // A client that stood still may have given up before its poll was there.
    await until("a poll was held", async () => {
      const run = controller(broker).warmStart({ ...POLLING, connectionTimeoutMs: 300, keepaliveMs: 500 });
      if (isOther) await broker.untilHeld(1); // it does not count them
      assert.equal(await received(run), null);
      return isOther || (await broker.metric("warmstart_registrations_total")) > 0;
    });
    assert.equal(await broker.dispatch(message()), false);
  });

  const others = {
    deployment: (sent) => (sent.deployment.friendlyId = "deployment_other"),
    version: (sent) => (sent.backgroundWorker.version = "20260327.40"),
    cpu: (sent) => (sent.run.machine.cpu = 1),
    memory: (sent) => (sent.run.machine.memory = 0.25),
  };
  for (const [what, change] of Object.entries(others)) {
    brokerTest(`a run of another ${what} is not taken`, {}, async (broker) => {
      const run = controller(broker).warmStart(POLLING);
      await broker.untilHeld(1);
      assert.equal(await broker.dispatch(message(change)), false);
      const sent = message();
      assert.equal(await broker.dispatch(sent), true, "it waits on");
      assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
    });
  }

  brokerTest("cpu and memory compare as numbers", {}, async (broker) => {
    const run = controller(broker, { machineCpu: "1", machineMemory: "2.0" }).warmStart(POLLING);
    await broker.untilHeld(1);
    const sent = message((made) => Object.assign(made.run.machine, { cpu: 1, memory: 2 }));
    assert.equal(await broker.dispatch(sent), true);
    assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
  });

  // What only warmstartd has.
  const ourTest = isOther ? () => {} : brokerTest;
  ourTest("warmStart() gets a run that is dispatched in the generic dialect", {}, async (broker) => {
    for (const [mode, match] of [
      ["exact", { memory: 0.5, cpu: 0.5, version: VERSION, deployment: DEPLOYMENT }],
      ["subset", { deployment: DEPLOYMENT }],
    ]) {
      const run = controller(broker).warmStart(POLLING);
      await broker.untilHeld(1);
      const payload = message();
      const response = await fetch(new URL("/v1/dispatch", broker.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ match, mode, payload }),
      });
      assert.deepEqual(await response.json(), {
        delivered: true,
        outcome: "delivered",
        attempts: 1,
        controller: `controller_${controllers}`,
      });
      assert.deepEqual(await received(run), schema.parse(payload));
      await broker.untilHeld(0);
    }
  });

  const minter = mint ? "that it minted itself" : "that a newer version minted";
  ourTest(`a token ${minter} stands for its deployment`, {}, async (broker) => {
    const deploymentId = await token(mint ?? firstMint);
    assert.equal(deploymentId.split(".").length, 3);
    const run = controller(broker, { deploymentId }).warmStart(POLLING);
    await broker.untilHeld(1);
    const other = message(others.deployment);
    assert.equal(await broker.dispatch(other), false);
    const sent = message();
    assert.equal(await broker.dispatch(sent), true);
    assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
    const secrets = [deploymentId, ...deploymentId.split("."), sent.image, sent.environment.id];
    const logged = secrets.filter((secret) => broker.log.includes(secret));
    assert.equal(logged.length, 0, "a token or a part of the message is in the log");
  });

  // The file of the secret ends with a line end, as an editor leaves it.
  const enforced = { "token-mode": "enforce", "token-secret-file": secretFile };
  ourTest(`a token ${minter} is enough where tokens are enforced`, enforced, async (broker) => {
    const deploymentId = await token(mint ?? firstMint);
    for (let i = 0; i < 3; i++) {
      const run = controller(broker, { deploymentId }).warmStart(POLLING);
      await broker.untilHeld(1);
      const sent = message();
      assert.equal(await broker.dispatch(sent), true);
      assert.equal((await received(run)).run.friendlyId, sent.run.friendlyId);
    }
    assert.equal(await broker.metric('warmstart_http_tokens_total{result="valid"}'), 3);
    assert.equal(await broker.metric("warmstart_http_token_signatures_total"), 1);
  });

  const refused = {
    "minted with another secret": { secret: "another secret", result: "signature" },
    "that has expired": { seconds: -1, result: "expired" },
    "for another version": { claims: { deployment_version: "20260327.5" }, result: "version" },
  };
  for (const [what, { result, ...how }] of Object.entries(refused)) {
    ourTest(`a token ${what} is refused where tokens are enforced`, enforced, async (broker) => {
      const deploymentId = await token(mint ?? firstMint, how);
      const run = controller(broker, { deploymentId }).warmStart(BRIEFER);
      assert.equal(await received(run), null, "its controller exits");
      assert.equal(await broker.metric(`warmstart_http_tokens_total{result="${result}"}`), 1);
      assert.equal(await broker.held(), 0);
      assert.ok(!broker.log.includes(deploymentId));
    });
  }

  brokerTest("50 clients get 40 runs each, every run once", {}, async (broker) => {
    const CLIENTS = 50;
    const RUNS = 40;
    const SUPERVISORS = 8;
    const got = new Map();
    const work = async () => {
      const client = controller(broker);
      for (let i = 0; i < RUNS; i++) {
        const { friendlyId } = (await client.warmStart(POLLING)).run;
        got.set(friendlyId, (got.get(friendlyId) ?? 0) + 1);
      }
    };
    const posts = Array.from({ length: CLIENTS * RUNS }, () => message());
    const expected = posts.map((post) => post.run.friendlyId).sort();
    const supervise = async () => {
      for (let post = posts.pop(); post; post = posts.pop()) await broker.deliver(post);
    };
    const everybody = [
      ...Array.from({ length: CLIENTS }, work),
      ...Array.from({ length: SUPERVISORS }, supervise),
    ];
    await within("all runs' arrival", Promise.all(everybody));
    assert.deepEqual([...got.keys()].sort(), expected);
    assert.deepEqual([...new Set(got.values())], [1]);
    assert.equal(await broker.dispatch(message()), false, "nobody waits any more");
    await broker.untilQuiet();
  });
}
