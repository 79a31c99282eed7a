// SPDX-License-Identifier: MIT
// warmstartd is stopped and started again while 200 published clients wait and supervisors send runs. In the
// environment: WARMSTARTD, its path; CLIENT_VERSION, the version of the client; RESTART_LIMIT_MS, by when all
// clients have to be back (2,000), where a build is too slow for that.
import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { message, until, within } from "./broker.mjs";

const VERSION = process.env.CLIENT_VERSION ?? "4.8.3";
const LIMIT_MS = Number(process.env.RESTART_LIMIT_MS ?? 2000);
const CLIENTS = 200;
const PROCESSES = 2;
const SUPERVISORS = 6;

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const highest = (numbers) => numbers.reduce((most, number) => Math.max(most, number), 0);
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** The service manager and, behind it, one warmstartd after the other. */
class Service {
  static async start(mode, options) {
    const service = new Service();
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    service.child = spawn("python3", [pathOf("successor.py"), mode, process.env.WARMSTARTD, ...flags], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    service.log = "";
    service.child.stderr.setEncoding("utf8").on("data", (text) => (service.log += text));
    service.exited = new Promise((resolve) => service.child.once("close", resolve));
    service.lines = createInterface({ input: service.child.stdout })[Symbol.asyncIterator]();
    const { port } = await service.line();
    service.url = `http://127.0.0.1:${port}`;
    return service;
  }

  async line() {
    const { value } = await within("a line of the service manager", this.lines.next());
    assert.ok(value, `the service manager has ended: ${this.log}`);
    return JSON.parse(value);
  }

  async restart() {
    this.child.stdin.write("\n");
    const told = await this.line();
    assert.equal(told.status, 0, this.log);
    return told;
  }

  async stop() {
    this.child.stdin.end();
    assert.equal((await this.line()).status, 0, this.log);
    await within("the end of the service manager", this.exited);
  }
}

/** The controllers, and what each of them has got. */
class Fleet {
  static async start(url) {
    const fleet = new Fleet();
    fleet.got = new Map(); // run -> how often
    fleet.empty = [];
    fleet.failures = new Map(); // n -> how often a client failed for the n-th time since its last run
    fleet.seen = new Set(); // controllers with a sign of life since it was emptied
    fleet.children = [];
    const count = CLIENTS / PROCESSES;
    for (let i = 0; i < PROCESSES; i++) {
      const child = fork(pathOf("controllers.mjs"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      fleet.children.push(child);
      child.exited = new Promise((resolve) => child.once("exit", resolve));
      const ready = new Promise((resolve, reject) => {
        child.on("message", (told) => fleet.hear(told, resolve));
        child.once("exit", () => reject(new Error("the controllers' process has ended")));
      });
      ready.catch(() => {});
      child.send({ url, version: VERSION, first: i * count, count });
      await within("the controllers' start", ready);
    }
    return fleet;
  }

  hear(told, ready) {
    if (told.ready) ready();
    if (told.empty) this.empty.push(told.empty);
    for (const [times, count] of Object.entries(told.failures ?? {})) {
      this.failures.set(times, (this.failures.get(times) ?? 0) + count);
    }
    if (!told.run) return;
    this.got.set(told.run, (this.got.get(told.run) ?? 0) + 1);
    this.seen.add(told.controller);
  }

  async stop() {
    for (const child of this.children) child.send("end");
    for (const child of this.children) await within("the controllers' end", child.exited);
  }
}

/** Supervisors that send one run after the other until stop(). */
class Supervisors {
  constructor(url) {
    this.url = new URL("/warm-start", url);
    this.accepted = []; // runs that were answered true
    this.sent = 0;
    this.failed = 0; // POSTs without any answer: the supervisor starts a cold container
    this.running = true;
    this.all = Promise.all(Array.from({ length: SUPERVISORS }, () => this.work()));
  }

  async post(dequeuedMessage) {
    const body = JSON.stringify({ dequeuedMessage });
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url, { method: "POST", headers, body });
    assert.equal(response.status, 200);
    return (await response.json()).didWarmStart;
  }

  async work() {
    while (this.running) {
      const sent = message();
      this.sent++;
      try {
        if (await this.post(sent)) this.accepted.push(sent.run.friendlyId);
        else await delay(5);
      } catch (error) {
        if (error.code === "ERR_ASSERTION") throw error;
        this.failed++;
        await delay(5);
      }
    }
  }

  async stop() {
    this.running = false;
    await within("the supervisors' last answers", this.all);
  }
}

/** Adds the controllers whose polls are held now. */
async function look(url, seen) {
  try {
    const response = await fetch(new URL("/warm-start/waiters", url));
    const { waiters, truncated } = await response.json();
    assert.equal(truncated, false);
    for (const { instance } of waiters) seen.add(instance);
  } catch (error) {
    if (error.code === "ERR_ASSERTION") throw error; // otherwise nobody is there for the moment
  }
}

async function untilAllSeen(url, fleet) {
  await until("every controller is back", async () => {
    await look(url, fleet.seen);
    if (fleet.seen.size < CLIENTS) await delay(20);
    return fleet.seen.size === CLIENTS;
  });
}

/** Waits until nearly every poll is held at one moment, so that hardly a client is on its way. */
async function untilSettled(url) {
  await until("nearly every poll is held", async () => {
    const held = new Set();
    await look(url, held);
    if (held.size < CLIENTS * 0.95) await delay(20);
    return held.size >= CLIENTS * 0.95;
  });
}

/** Restarts once. How long it took until every controller waited again, or had a run, from the next process. */
async function round(service, fleet) {
  const begun = performance.now();
  const told = await service.restart();
  // What the process before gave does not count; a message of it that is still on its way is a millisecond's.
  fleet.seen.clear();
  await untilAllSeen(service.url, fleet);
  return { ...told, backMs: performance.now() - begun };
}

/** Waits until every controller has got a run, which makes its client count its retries from 0 again. */
async function untilAllServed(fleet) {
  fleet.seen.clear();
  await until("every controller has got a run", () => fleet.seen.size === CLIENTS);
}

async function restarts(report, mode, rounds, options, served) {
  const service = await Service.start(mode, { "log-level": "warn", ...options });
  let fleet;
  try {
    fleet = await Fleet.start(service.url);
    await untilAllSeen(service.url, fleet);
    const supervisors = new Supervisors(service.url);
    const told = [];
    for (let i = 0; i < rounds; i++) {
      if (served) await untilAllServed(fleet);
      await untilSettled(service.url);
      told.push(await round(service, fleet));
    }
    await supervisors.stop();
    await until("every run that was answered true is there", () =>
      supervisors.accepted.every((run) => fleet.got.has(run)),
    );
    await fleet.stop();
    await service.stop();

    const back = told.map((one) => one.backMs);
    const unanswered = fleet.got.size - supervisors.accepted.length;
    report(`${rounds} restarts: stop ${middle(told.map((one) => one.stopMs))} ms, start ` +
      `${middle(told.map((one) => one.startMs))} ms (medians); all ${CLIENTS} clients back after ` +
      `${middle(back).toFixed(0)} ms (median), ${highest(back).toFixed(0)} ms (worst)`);
    const failures = [...fleet.failures].map(([times, count]) => `${count} for the ${times}. time`);
    report(`polls that failed since their controller's last run: ${failures.join(", ") || "none"}`);
    report(`${supervisors.sent} runs: ${supervisors.accepted.length} true, ${supervisors.failed} without an ` +
      `answer, ${unanswered} received and not answered true`);
    assert.deepEqual(fleet.empty, [], "a warmStart() gave null");
    assert.deepEqual([...new Set(fleet.got.values())], [1], "a run was received twice");
    assert.ok(supervisors.accepted.length >= rounds, "hardly any run was handed over");
    return { worstMs: highest(back), failures: fleet.failures };
  } finally {
    for (const child of fleet?.children ?? []) child.kill("SIGKILL");
    service.child.kill("SIGKILL");
  }
}

/** A test that prints its figures. */
const restartTest = (name, body) => test(name, async (context) => body((text) => context.diagnostic(text)));

/** A machine with more to do than it has processors for takes its time. */
function limitMs(failures) {
  // After a first failure the client makes a pause of up to 1 s, after a second one of up to 2 s more.
  const pauseMs = failures.has("2") ? 2000 : 0;
  return (LIMIT_MS + pauseMs) * Math.max(1, loadavg()[0] / availableParallelism());
}

restartTest("20 restarts on one socket, polls closed: all are back in 2 s and what a second pause of the client takes", async (report) => {
  // The client doubles its pause with each failure until it gets a run, so each gets one between two restarts.
  const { worstMs, failures } = await restarts(report, "keep", 20, { order: "oldest" }, true);
  // Twice in one restart: only who sent its poll first on a connection that was just being closed.
  assert.ok((failures.get("2") ?? 0) <= CLIENTS / 10 && failures.size <= 2, "clients were sent away twice");
  assert.ok(worstMs <= limitMs(failures), `the last client was back after ${worstMs} ms`);
});

restartTest("5 restarts on one socket, polls redirected: hardly anybody makes a pause", async (report) => {
  const { worstMs, failures } = await restarts(report, "keep", 5, { "drain-polls": "redirect" }, false);
  // Only who sends the next poll on a connection that is just being closed, right after its last run.
  const count = [...failures.values()].reduce((sum, one) => sum + one, 0);
  assert.ok(count <= (5 * CLIENTS) / 10, `${count} polls failed`);
  assert.ok(worstMs <= limitMs(failures), `the last client was back after ${worstMs} ms`);
});

restartTest("2 restarts on the same port, opened again: all come back", async (report) => {
  await restarts(report, "port", 2, { order: "oldest" }, true);
});
