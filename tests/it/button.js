// Opens the operator's page as he does, presses the first button on it, and says where that led and what stands there: two
// lines of JSON.
// node button.js PROFILE ADDRESS
const { open } = require("./browser.js");

const [profile, page] = process.argv.slice(2);
const { call, events } = open(profile);

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
