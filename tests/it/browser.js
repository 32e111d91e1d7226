// A browser without a window, that is told what to do by the DevTools protocol over pipes. `events` has what to do when
// something happens; `call` asks, and gives the answer.
const { spawn } = require("node:child_process");

exports.open = (profile, ...flags) => {
  const browser = spawn("chromium", [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--remote-debugging-pipe", ...flags, `--user-data-dir=${profile}`, "about:blank",
  ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const [, , , ask, answers] = browser.stdio;
  const waiting = new Map(), events = new Map();
  let last = 0, rest = "";
  answers.setEncoding("utf8").on("data", piece => {
    const messages = (rest + piece).split("\0");
    rest = messages.pop();
    for (const message of messages.map(JSON.parse)) {
      const done = message.id ? waiting.get(message.id) : events.get(message.method);
      if (done) done(message.result ?? message);
    }
  });
  const call = (method, params = {}, sessionId) => new Promise(done => {
    waiting.set(++last, done);
    ask.write(JSON.stringify({ id: last, method, params, sessionId }) + "\0");
  });
  return { call, events };
};
