"use strict";
// Looks into the index of this copy. Nothing that is typed leaves the device: whole files of the index are loaded, the
// newest first, the same for every question. Needs no server, so it works from a disk as well.
(() => {
  const at = id => document.getElementById(id);
  const element = (name, more) => Object.assign(document.createElement(name), more);
  const words = at("ask").dataset, language = document.documentElement.lang, state = at("state"), found = at("found");
  // Made here, so that without scripts there is nothing that does not work.
  const box = element("input", { id: "words", type: "search", autocomplete: "off", spellcheck: false, enterKeyHint: "search" });
  const form = element("form");
  form.setAttribute("role", "search");
  form.append(element("label", { htmlFor: "words", textContent: words.label }), box, element("button", { textContent: words.go }));
  const older = element("button", { textContent: words.older, hidden: true });
  // "2026/10:2 2026/11:3" becomes the names of five files, the newest first.
  const files = words.files.split(" ").filter(Boolean).flatMap(month => {
    const [folder, count] = month.split(":");
    return Array.from({ length: +count }, (_, n) => `${folder}/search-${n + 1}.css`);
  }).reverse();
  const BATCH = 4, ENOUGH = 12;

  // The same as `terms.rs`, step by step.
  const folded = { "ё": "е", "ς": "σ", "ґ": "г", "ı": "i", "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ؤ": "و" };
  const fold = text => text.toLowerCase()
    .replace(/[\u0300-\u036f\u064b-\u0652\u0670\u0640\u200b-\u200f\u00ad\u2060\ufeff'’ʼ`]/g, "")
    .replace(/[ёςґıيىئكةأإآؤ]/g, letter => folded[letter]);
  const UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}";
  const RUNS = new RegExp(`[${UNSPACED}]+|(?:(?![${UNSPACED}])[\\p{Alphabetic}\\p{N}])+`, "gu");
  const isUnspaced = new RegExp(`^[${UNSPACED}]`, "u");
  const termsOf = text => (fold(text).match(RUNS) || []).flatMap(run => {
    const letters = [...run];
    if (isUnspaced.test(run)) return letters.slice(1).map((letter, n) => [letters[n] + letter]);
    return letters.length > 1 ? [stems(run)] : [];
  });
  // Of a word with many endings the index keeps some, so what is asked for is looked up with each of its own and without.
  const stems = word => {
    const letters = [...(word.startsWith("ال") && [...word].length >= 6 ? word.slice(2) : word)];
    const all = [letters.join("")];
    for (let n = 0; n < 5 && letters.length > 4 && "аеийіїоуўыьэюямхвaeisdıuünlrтةهایونت".includes(letters[letters.length - 1]); n++) {
      letters.pop();
      all.push(letters.join(""));
    }
    return all;
  };
  const hash = word => {
    let hash = 0x811c9dc5;
    for (let n = 0; n < word.length; n++) hash = Math.imul(hash ^ word.charCodeAt(n), 0x01000193);
    return (hash ^ hash >>> 18) & 0x3ffff;
  };
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const hashesIn = text => {
    const hashes = new Set();
    for (let n = 0, sum = 0; n < text.length;) {
      const digits = text[n] === "_" ? text.slice(n + 1, n += 4) : text.slice(n, n += 2);
      hashes.add(sum += [...digits].reduce((number, digit) => number << 6 | DIGITS.indexOf(digit), 0));
    }
    return hashes;
  };

  // A file of the index is a style sheet that gives the page one custom property: rows, as JSON.
  const load = file => new Promise(done => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = file;
    sheet.onload = () => {
      const text = getComputedStyle(document.documentElement).getPropertyValue("--rows");
      sheet.remove();
      try { done(JSON.parse(text)); } catch { done(null); }
    };
    sheet.onerror = () => { sheet.remove(); done(null); };
    document.head.append(sheet);
  });
  const kept = new Map();
  const rowsOf = async file => {
    if (!kept.has(file)) {
      const rows = await load(file);
      if (!rows) return null;
      kept.set(file, rows.map(row => ({ row, hashes: hashesIn(row[4]), head: fold(row[1]) })).reverse());
    }
    return kept.get(file);
  };

  // As the pages show them. Not every browser knows every language, so the months are told, except for the Persian ones.
  const locale = { ar: "ar-u-nu-latn" }[language] || language, stop = language.startsWith("zh") ? "。" : ".";
  const day = text => {
    const [year, month, date] = text.split("-");
    if (words.days) return words.days.split("|")[month - 1].replace("#", +date).replace("%", year);
    return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(text));
  };
  const shown = ([href, title, date, summary, , tongue]) => {
    const article = element("article", { dir: "auto" }), heading = element("h2"), by = element("p", { className: "by" });
    if (tongue) article.lang = tongue;
    heading.append(element("a", { textContent: title, href }));
    by.append(element("time", { textContent: day(date), dateTime: date, lang: language, dir: document.documentElement.dir }));
    article.append(heading, ...summary ? [element("p", { textContent: summary })] : [], by);
    return article;
  };

  let asked = 0;
  const ask = async () => {
    const mine = ++asked, text = box.value.trim(), plain = fold(text), wanted = termsOf(text).map(term => term.map(hash));
    const results = [];
    let next = 0;
    found.replaceChildren();
    older.hidden = true;
    if (!plain) { state.textContent = ""; return; }
    const go = async () => {
      older.hidden = true;
      state.textContent = words.busy;
      const before = results.length;
      let lost = 0, reached = "";
      for (let batch = 0; next < files.length && (batch < BATCH || results.length - before < ENOUGH && batch < 4 * BATCH); batch++, next++) {
        const rows = await rowsOf(files[next]);
        if (mine !== asked) return;
        if (!rows) { lost++; continue; }
        for (const { row, hashes, head } of rows) {
          const inHead = head.includes(plain);
          if (inHead || wanted.length && wanted.every(term => term.some(one => hashes.has(one)))) results.push({ row, inHead });
          reached = row[2];
        }
      }
      // The sort is stable: the newest first, after those that have the words in the headline.
      found.replaceChildren(...[...results].sort((a, b) => b.inHead - a.inHead).map(({ row }) => shown(row)));
      const count = new Intl.NumberFormat(locale).format(results.length);
      const parts = [results.length ? `${words.found} ${count}${stop}` : words.none];
      if (next < files.length && reached) parts.push(`${words.reach} ${day(reached)}${stop}`);
      if (lost) parts.push(words.lost);
      state.textContent = parts.join(" ");
      older.hidden = next >= files.length;
    };
    older.onclick = go;
    await go();
  };
  form.addEventListener("submit", event => { event.preventDefault(); ask(); });
  at("ask").append(form);
  at("more").append(older);
  at("bare").hidden = true;
})();
