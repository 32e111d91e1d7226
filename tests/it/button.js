// Opens the operator's page as he does, presses the first button on it, and says where that led and what stands there: two
// lines of JSON.
// node button.js PROFILE ADDRESS
const { spawn } = require("node:child_process");

const [profile, page] = process.argv.slice(2);
const browser = spawn("chromium", [
  "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank",
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

(async () => {
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const say = (method, params) => call(method, params, sessionId);
  const loaded = () => new Promise(done => events.set("Page.loadEventFired", done));
  const told = async () => {
    const expression = "JSON.stringify({ at: location.href, words: document.body.innerText, cookie: document.cookie })";
    console.log((await say("Runtime.evaluate", { expression, returnByValue: true })).result.value);
  };
  await say("Page.enable");
  let load = loaded();
  await say("Page.navigate", { url: page });
  await load;
  await told();
  load = loaded();
  await say("Runtime.evaluate", { expression: "document.querySelector('form button').click()" });
  await load;
  await told();
  await call("Browser.close");
})();
