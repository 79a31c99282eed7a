// SPDX-License-Identifier: MIT
// A structured log that makes its line first and looks at the level then, as that of the article's Node stages did.
const LEVELS = ["error", "warn", "info", "debug"];
const LEVEL = LEVELS.indexOf("info");

function write(level, message, fields) {
  const line = JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields });
  if (LEVELS.indexOf(level) <= LEVEL) console.error(line);
}

export const log = {
  info: (message, fields) => write("info", message, fields),
  debug: (message, fields) => write("debug", message, fields),
};
