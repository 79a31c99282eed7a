// SPDX-License-Identifier: MIT
// What all peers have in common: their options, the line that says where they listen, and their end.

const DEFAULTS = {
  port: 8080, // 0: any that is free
  "connection-timeout-ms": 30_000, // told to controllers
  "keepalive-ms": 300_000, // told to controllers
  "hold-timeout-ms": 65_000, // a poll that nobody matched is answered 408 after so long
};

/** The options from the command line, each `--name=value` or `--name value`; ends the process if one is wrong. */
export function readOptions(words = process.argv.slice(2)) {
  const options = { ...DEFAULTS };
  const left = words.flatMap((word) => {
    const at = word.indexOf("=");
    return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
  });
  while (left.length > 0) {
    const name = left.shift().replace(/^--/, "");
    const value = Number(left.shift());
    if (!(name in DEFAULTS) || !Number.isInteger(value) || value < 0) {
      console.error(`usage: [--${Object.keys(DEFAULTS).join(" NUMBER] [--")} NUMBER]`);
      process.exit(2);
    }
    options[name] = value;
  }
  return options;
}

/** Says where it listens, in the words of warmstartd, and ends the process on SIGTERM and SIGINT. */
export function announce(port, stop) {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      stop();
      process.exit(0);
    });
  }
  console.log(`listening on http://127.0.0.1:${port}`);
}
