// SPDX-License-Identifier: MIT
// warmstartd is stopped and started again while 200 published clients wait and supervisors send runs. In the
// environment: WARMSTARTD, its path; CLIENT_VERSION, the version of the client.
//
// After a failure the client makes a pause of nothing or 1 s, after the next one of nothing, 1 or 2 s (round(random *
// 2^n) s). So who fails once is back 1 s after the next process is ready at the latest, and 2 s are asked for here.
// To that comes the time that this machine took away, as measured in the processes concerned.
import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { message, until, within } from "./broker.mjs";
import { watchStalls } from "./stalls.mjs";

const VERSION = process.env.CLIENT_VERSION ?? "4.8.3";
const LIMIT_MS = 2000;
const SECOND_PAUSE_MS = 2000;
const CLIENTS = 200;
const PROCESSES = 4;
const SUPERVISORS = 6;

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const highest = (numbers) => numbers.reduce((most, number) => Math.max(most, number), 0);
const quantile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)];
const middle = (numbers) => quantile(numbers, 0.5);
const stalled = watchStalls();

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
    fleet.twice = new Set(); // controllers that failed twice since it was emptied
    fleet.since = 0; // signs of life before that do not count
    fleet.seen = new Map(); // controller -> when it first gave a sign of life
    fleet.children = [];
    const count = CLIENTS / PROCESSES;
    for (let i = 0; i < PROCESSES; i++) {
      const child = fork(pathOf("controllers.mjs"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      fleet.children.push(child);
      child.exited = new Promise((resolve) => child.once("exit", resolve));
      const ready = new Promise((resolve, reject) => {
        child.on("message", (told) => fleet.hear(told, child, resolve));
        child.once("exit", () => reject(new Error("the controllers' process has ended")));
      });
      ready.catch(() => {});
      child.send({ url, version: VERSION, first: i * count, count });
      await within("the controllers' start", ready);
    }
    return fleet;
  }

  hear(told, child, ready) {
    if (told.ready) ready();
    if (told.empty) this.empty.push(told.empty);
    if (told.stalled !== undefined) child.tellStalled(told.stalled);
    if (told.failed) {
      this.failures.set(told.times, (this.failures.get(told.times) ?? 0) + 1);
      if (told.times === 2) this.twice.add(told.failed);
    }
    if (!told.run) return;
    this.got.set(told.run, (this.got.get(told.run) ?? 0) + 1);
    this.see(told.controller, told.at);
  }

  /** A controller has been seen at a time. */
  see(controller, at) {
    if (at >= this.since && !this.seen.has(controller)) this.seen.set(controller, at);
  }

  /** Forgets whom it has seen. */
  look(since) {
    this.since = since;
    this.seen.clear();
  }

  /** The milliseconds lost so far, by process. */
  async stalled() {
    const told = this.children.map((child) => new Promise((resolve) => (child.tellStalled = resolve)));
    for (const child of this.children) child.send("stalled");
    return within("the processes' stalls", Promise.all(told));
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

/** The controllers whose polls are held now. */
async function held(url) {
  try {
    const response = await fetch(new URL("/warm-start/waiters", url));
    const { waiters, truncated } = await response.json();
    assert.equal(truncated, false);
    return waiters.map(({ instance }) => instance);
  } catch (error) {
    if (error.code === "ERR_ASSERTION") throw error;
    return []; // nobody is there for the moment
  }
}

/** Waits until every controller was seen. Returns how long the slowest look took. */
async function untilAllSeen(url, fleet) {
  let slowest = 0;
  await until("every controller is back", async () => {
    const begun = performance.now();
    for (const controller of await held(url)) fleet.see(controller, Date.now());
    slowest = Math.max(slowest, performance.now() - begun);
    if (fleet.seen.size < CLIENTS) await delay(20);
    return fleet.seen.size === CLIENTS;
  });
  return slowest;
}

/** Waits until nearly every poll is held at one moment, so that hardly a client is on its way. */
async function untilSettled(url) {
  await until("nearly every poll is held", async () => {
    const { length } = await held(url);
    if (length < CLIENTS * 0.95) await delay(20);
    return length >= CLIENTS * 0.95;
  });
}

/**
 * Restarts once. How long after the next process was ready it took until each controller waited again, or had a run,
 * and by how much longer that was than it may take.
 */
async function round(service, fleet) {
  const before = [...(await fleet.stalled()), stalled()];
  fleet.twice.clear();
  const told = await service.restart();
  fleet.look(told.readyAt);
  const slowest = await untilAllSeen(service.url, fleet);
  const own = stalled() - before.pop();
  const lost = (await fleet.stalled()).map((one, i) => one - before[i] + own + slowest);

  const back = [];
  let lateMs = 0;
  for (const [controller, at] of fleet.seen) {
    const process = Math.floor(Number(controller.split("_")[1]) / (CLIENTS / PROCESSES));
    const pause = fleet.twice.has(controller) ? SECOND_PAUSE_MS : 0;
    back.push(at - told.readyAt);
    lateMs = Math.max(lateMs, at - told.readyAt - LIMIT_MS - pause - lost[process]);
  }
  return { ...told, back, lateMs, lostMs: highest(lost), twice: fleet.twice.size };
}

/** Waits until every controller has got a run, which makes its client count its retries from 0 again. */
async function untilAllServed(fleet) {
  fleet.look(Date.now());
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

    const back = told.flatMap((one) => one.back);
    const share = (part) => quantile(back, part).toFixed(0);
    const unanswered = fleet.got.size - supervisors.accepted.length;
    report(`${rounds} restarts: stop ${middle(told.map((one) => one.stopMs))} ms, start ` +
      `${middle(told.map((one) => one.startMs))} ms (medians)`);
    report(`back after the next was ready: median ${share(0.5)} ms, 90 % ${share(0.9)} ms, 99 % ${share(0.99)} ms, ` +
      `worst of ${back.length} ${highest(back).toFixed(0)} ms; the last of ${CLIENTS}: median ` +
      `${middle(told.map((one) => highest(one.back))).toFixed(0)} ms`);
    report(`time lost by this machine in a restart: median ${middle(told.map((one) => one.lostMs)).toFixed(0)} ms, ` +
      `worst ${highest(told.map((one) => one.lostMs)).toFixed(0)} ms`);
    const failures = [...fleet.failures].map(([times, count]) => `${count} for the ${times}. time`);
    report(`polls that failed since their controller's last run: ${failures.join(", ") || "none"}`);
    report(`${supervisors.sent} runs: ${supervisors.accepted.length} true, ${supervisors.failed} without an ` +
      `answer, ${unanswered} received and not answered true`);
    assert.deepEqual(fleet.empty, [], "a warmStart() gave null");
    assert.deepEqual([...new Set(fleet.got.values())], [1], "a run was received twice");
    assert.ok(supervisors.accepted.length >= rounds, "hardly any run was handed over");
    return { lateMs: highest(told.map((one) => one.lateMs)), failures: fleet.failures };
  } finally {
    for (const child of fleet?.children ?? []) child.kill("SIGKILL");
    service.child.kill("SIGKILL");
  }
}

/** A test that prints its figures. */
const restartTest = (name, body) => test(name, async (context) => body((text) => context.diagnostic(text)));

restartTest("20 restarts on one socket, polls closed: nobody fails twice, and each is back in 2 s", async (report) => {
  // The client doubles its pause with each failure until it gets a run, so each gets one between two restarts.
  const { lateMs, failures } = await restarts(report, "keep", 20, { order: "oldest" }, true);
  // A machine with much more to do than it can may stop the server between the closing of a client's two connections.
  assert.ok((failures.get(2) ?? 0) <= (20 * CLIENTS) / 1000, "clients failed twice in one restart");
  assert.ok(!failures.has(3), "a client failed three times");
  assert.equal(lateMs, 0, `a client was back ${lateMs} ms too late`);
});

restartTest("10 restarts on one socket, polls redirected: hardly anybody makes a pause", async (report) => {
  const options = { order: "oldest", "drain-polls": "redirect" };
  const { lateMs, failures } = await restarts(report, "keep", 10, options, true);
  // Only who sends the next poll on a connection that is just being closed, right after its last run.
  const count = [...failures.values()].reduce((sum, one) => sum + one, 0);
  assert.ok(count <= (10 * CLIENTS) / 50, `${count} polls failed`);
  assert.equal(lateMs, 0, `a client was back ${lateMs} ms too late`);
});

restartTest("2 restarts on the same port, opened again: all come back", async (report) => {
  await restarts(report, "port", 2, { order: "oldest" }, true);
});
