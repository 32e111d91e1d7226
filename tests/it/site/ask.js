// Runs in a page beside a site: types into its search pages, as they are, and says what they show. `questions` comes from
// the test: page and words.
(async () => {
  const said = [];
  const frame = document.createElement("iframe");
  document.body.append(frame);
  for (const [page, words] of questions) {
    frame.src = page;
    await new Promise(done => frame.onload = done);
    const at = id => frame.contentDocument.getElementById(id);
    const isReady = at("bare").hidden;
    at("words").value = words;
    at("ask").querySelector("button").click();
    for (let n = 0; n < 200 && !/\d|[۰-۹]|\.$|。$/.test(at("state").textContent); n++) await new Promise(done => setTimeout(done, 20));
    const titles = [...at("found").querySelectorAll("h2 a")].map(link => `${link.textContent} <${link.getAttribute("href")}>`);
    said.push([isReady, words, at("state").textContent, ...titles].join(" | "));
  }
  document.getElementById("said").textContent = said.join("\n") + "\nfinished";
})();
