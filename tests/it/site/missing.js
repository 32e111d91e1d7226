// Runs in a page beside a site that has no pictures: says of each page how many are missing, and which are higher than a few
// lines, or leave a hole beside what they belong to. `pages` comes from the test.
(async () => {
  const said = [];
  for (const width of [390, 1280]) for (const page of pages) {
    const frame = Object.assign(document.createElement("iframe"), { width, height: 20000, src: page });
    document.body.append(frame);
    await new Promise(done => frame.onload = done);
    await new Promise(done => setTimeout(done, 300));
    const pictures = [...frame.contentDocument.images];
    const hole = [...frame.contentDocument.querySelectorAll(".pic+div")].filter(text => text.offsetWidth < text.parentNode.offsetWidth);
    for (const picture of pictures) if (picture.offsetHeight > 90) said.push(`large ${page} ${width}: ${picture.outerHTML} ${picture.offsetHeight}`);
    for (const text of hole) said.push(`large ${page} ${width}: beside ${text.outerHTML}`);
    said.push(`looked at ${page} ${width}: ${pictures.length} pictures`);
    frame.remove();
  }
  document.getElementById("said").textContent = said.join("\n") + "\nfinished";
})();
