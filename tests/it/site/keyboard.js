// Walks through pages with the keys of a real keyboard, as far as a browser can tell: Tab to the end, Shift+Tab back to the
// beginning, and Enter on the first stop. Says what it met, one line of JSON for each page.
// node keyboard.js PROFILE ADDRESS...
const { open } = require("../browser.js");

const [profile, ...pages] = process.argv.slice(2);
const { call, events } = open(profile, "--window-size=1280,900");

// Runs in the page: what has the focus, and how it looks.
const look = () => {
  const stops = [...document.querySelectorAll("a[href], button, input, [tabindex]")].filter(stop => stop.getClientRects().length);
  const stop = document.activeElement;
  if (stops.indexOf(stop) < 0) return null;
  const box = stop.getBoundingClientRect(), style = getComputedStyle(stop);
  return {
    number: stops.indexOf(stop), of: stops.length, words: stop.textContent.trim(), isInMain: !!stop.closest("main"),
    isSeen: box.width > 2 && box.height > 2 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    hasRing: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    row: Math.round(box.top + scrollY), left: Math.round(box.left), isInNav: !!stop.closest("nav"),
  };
};

async function walk(page, session) {
  const say = (method, params) => call(method, params, session);
  const open = async url => {
    const loaded = new Promise(done => events.set("Page.loadEventFired", done));
    await say("Page.navigate", { url });
    await loaded;
  };
  await open(page);
  const focus = async () => (await say("Runtime.evaluate", { expression: `(${look})()`, returnByValue: true })).result.value;
  const press = async (key, code, modifiers = 0) => {
    const text = key === "Enter" ? "\r" : undefined;
    await say("Input.dispatchKeyEvent", { type: "keyDown", key, code: key, windowsVirtualKeyCode: code, modifiers, text });
    await say("Input.dispatchKeyEvent", { type: "keyUp", key, code: key, windowsVirtualKeyCode: code, modifiers });
    return focus();
  };
  const stops = [], back = [];
  for (let stop = await press("Tab", 9); stop && stop.number === stops.length && stops.length < 500; stop = await press("Tab", 9)) stops.push(stop);
  for (let n = 0; n < stops.length + 1; n++) {
    const stop = await press("Tab", 9, 8);
    if (stop) back.push(stop.number);
  }
  await open("about:blank");
  await open(page);
  await press("Tab", 9);
  await press("Enter", 13);
  const skipped = await press("Tab", 9);
  console.log(JSON.stringify({ page, stops, back, skipped }));
}

(async () => {
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  await call("Page.enable", {}, sessionId);
  await call("Emulation.setFocusEmulationEnabled", { enabled: true }, sessionId);
  for (const page of pages) await walk(page, sessionId);
  await call("Browser.close");
})();
