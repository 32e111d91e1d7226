// Runs in a page beside the copy of a site: opens each page at each width, lets axe look at it, and says what is wrong,
// one line each. `pages` and `widths` come from the test.
(async () => {
  const said = [];
  const scheme = matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light";
  for (const width of widths) for (const page of pages) {
    const frame = document.createElement("iframe");
    frame.width = width;
    frame.height = 900;
    frame.src = page;
    document.body.append(frame);
    await new Promise(done => frame.onload = done);
    const inside = frame.contentWindow, where = `${page} ${width} ${scheme}`;
    if (inside.document.documentElement.scrollWidth > width) said.push(`wrong ${where}: wider than the screen`);
    const found = await inside.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    for (const fault of found.violations) said.push(`wrong ${where}: ${fault.id}: ${fault.nodes[0].html.slice(0, 200)}`);
    said.push(`looked at ${where}: ${found.passes.length} rules`);
    frame.remove();
  }
  document.getElementById("said").textContent = said.join("\n") + "\nfinished";
})();
