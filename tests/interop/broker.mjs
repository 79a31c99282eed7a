// SPDX-License-Identifier: MIT
// A warmstartd of its own for a test, and the supervisor's side of it. With WARMSTART_INTEROP_SERVER in the
// environment, a command, another server takes its place: one that has the options of bench/peers and nothing more.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

const other = process.env.WARMSTART_INTEROP_SERVER;
const program = process.env.WARMSTARTD;
if (!program && !other) throw new Error("WARMSTARTD must be set: the path of the warmstartd to test");

/** Is it another server, which has no tokens and no metrics but for the number of waiters? */
export const isOther = other !== undefined;

// A program under valgrind or a sanitizer on a busy machine is slow; nothing here is a measurement.
const DEADLINE_MS = 60_000;

/** Waits until condition() gives something true, and returns that. */
export async function until(what, condition) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`still not so after ${DEADLINE_MS} ms: ${what}`);
    await delay(5);
  }
}

/** The promise's result, or an error that says what did not come. */
export async function within(what, promise) {
  const timer = new AbortController();
  const late = delay(DEADLINE_MS, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`not within ${DEADLINE_MS} ms: ${what}`)),
    () => undefined,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** fetch(), with an error that says why: its own is always "fetch failed". */
async function request(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw new Error(`${error.message}: ${error.cause?.code ?? ""} ${error.cause?.message ?? ""}`, { cause: error });
  }
}

// A machine that stands still for seconds is no reason to hand a run to somebody else.
const PATIENT = {
  "dispatch-timeout-ms": 30_000,
  "confirm-timeout-ms": 20_000,
  "ack-timeout-ms": 20_000,
  "unix-lease-ms": 20_000,
};
// Of the options that warmstartd has, those that the other servers have too.
const COMMON = ["connection-timeout-ms", "keepalive-ms"];

/** Program and arguments for a server with these options. */
function commandLine({ http = "127.0.0.1:0", ...options }) {
  if (!isOther) {
    const flags = Object.entries({ http, "log-level": "debug", ...PATIENT, ...options });
    return [program, flags.map(([name, value]) => `--${name}=${value}`)];
  }
  const flags = COMMON.filter((name) => name in options).map((name) => `--${name}=${options[name]}`);
  const [first, ...words] = other.split(" ");
  return [first, [...words, `--port=${http.split(":").at(-1)}`, ...flags]];
}

const listens = (port) =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

// fetch() refuses some ports below.
const FIRST_PORT = 10_100;

/**
 * A free port that the kernel gives to nobody else meanwhile, neither for a connection nor as "any port": for who
 * listens on it more than once. 0 where the kernel gives out all of them.
 */
export async function lastingPort() {
  const [low, high] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
  const every = Array.from({ length: 65_536 - FIRST_PORT }, (_, i) => FIRST_PORT + i);
  const ports = every.filter((port) => port < low || port > high);
  if (ports.length === 0) return 0;
  return until("a port is free", async () => {
    const port = ports[Math.floor(Math.random() * ports.length)];
    return (await listens(port)) && port;
  });
}

const MESSAGE = readFileSync(new URL("../data/dequeued-message.json", import.meta.url), "utf8");

let runs = 0;

/** A realistic message of a run that no other message has. */
export function message(change = () => {}) {
  const made = JSON.parse(MESSAGE);
  made.run.friendlyId = `run_interop${++runs}`;
  change(made);
  return made;
}

export class Broker {
  /** The published clients that were made for it. */
  clients = [];

  /** Starts warmstartd with these options; it listens on a free port unless they say where. */
  static async start(options = {}) {
    const broker = new Broker();
    broker.child = spawn(...commandLine(options), { stdio: ["ignore", "pipe", "pipe"] });
    broker.log = "";
    broker.child.stderr.setEncoding("utf8").on("data", (text) => (broker.log += text));
    broker.exited = new Promise((resolve, reject) => {
      broker.child.once("error", reject);
      broker.child.once("close", (code, signal) => resolve(signal ?? code));
    });
    const listening = new Promise((resolve) => {
      createInterface({ input: broker.child.stdout }).on("line", (line) => {
        const match = /^listening on (http:\/\/\S+)$/.exec(line);
        if (match) resolve(match[1]);
      });
    });
    const ended = broker.exited.then((status) => {
      throw new Error(`warmstartd ended with ${status}: ${broker.log}`);
    });
    ended.catch(() => {});
    broker.url = new URL(await within("the address of warmstartd", Promise.race([listening, ended])));
    broker.sockets = broker.openSockets();
    return broker;
  }

  /** SIGTERM; what it exited with: 0, or the name of a signal. Under a sanitizer not 0 if it leaked. */
  async stop() {
    this.child.kill("SIGTERM");
    return within("the end of warmstartd", this.exited);
  }

  /** Whether it runs, or how it ended; what a broker that dies has to say has been heard then. */
  async state() {
    const ended = this.exited.then((status) => `(ended with ${status})`);
    return Promise.race([ended, delay(1000).then(() => "(running)")]);
  }

  /** After a failure too: ends it and its clients, of which one that is polling would go on for minutes. */
  kill() {
    for (const client of this.clients) client.abort();
    this.child.kill("SIGKILL");
  }

  /** One POST as a supervisor makes it: true or false, an error if the answer is anything else. */
  async dispatch(dequeuedMessage) {
    const response = await request(new URL("/warm-start", this.url), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      },
      body: JSON.stringify({ dequeuedMessage }),
    });
    const text = await response.text();
    const answer = response.status === 200 ? JSON.parse(text) : {};
    if (typeof answer.didWarmStart !== "boolean") throw new Error(`POST answered ${response.status} ${text}`);
    return answer.didWarmStart;
  }

  /** Dispatches until some controller takes it. */
  async deliver(dequeuedMessage) {
    await until("a controller takes the run", () => this.dispatch(dequeuedMessage));
  }

  /** The number behind a line of the metrics. */
  async metric(line) {
    const response = await request(new URL("/metrics", this.url));
    const found = (await response.text()).split("\n").find((one) => one.startsWith(`${line} `));
    if (!found) throw new Error(`no metric ${line}`);
    return Number(found.slice(line.length + 1));
  }

  /** How many polls are held now, in whatever state. */
  async held() {
    const response = await request(new URL("/metrics", this.url));
    const lines = [...(await response.text()).matchAll(/^warmstart_waiters(?:\{[^}]*\})? (\d+)$/gm)];
    if (lines.length === 0) throw new Error("no metric warmstart_waiters");
    return lines.reduce((sum, line) => sum + Number(line[1]), 0);
  }

  async untilHeld(count) {
    await until(`${count} polls are held`, async () => (await this.held()) === count);
  }

  /** The sockets that warmstartd has open, the listening one too. */
  openSockets() {
    const folder = `/proc/${this.child.pid}/fd`;
    let count = 0;
    for (const name of readdirSync(folder)) {
      try {
        if (readlinkSync(`${folder}/${name}`).startsWith("socket:")) count++;
      } catch {
        // closed meanwhile
      }
    }
    return count;
  }

  /** Waits until no more sockets are open than at the start. */
  async untilQuiet() {
    await until("every connection is closed", () => this.openSockets() <= this.sockets);
  }
}
