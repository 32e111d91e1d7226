//! Reads every import and fails on one that runs up the picture in `src/manual/architecture.md`, or sideways between
//! actors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the crate may import. A module that is missing here fails the test: it needs a place first.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let below_edition = ["edition", "trust", "bundle", "site", "io", "base"];
    let actors = ["packager", "sync", "server", "reader"];
    let mut rules = BTreeMap::from([
        ("base", vec![]),
        ("trust", vec!["base"]),
        ("bundle", vec!["base"]),
        ("site", vec!["base"]),
        ("io", vec!["base"]),
        ("edition", vec!["trust", "bundle", "site", "base"]),
        ("config", [&actors[..], &["io", "site", "base"]].concat()),
        (
            "cli",
            [&actors[..], &below_edition[..], &["config"]].concat(),
        ),
        ("manual", vec![]),
        ("lib", vec![]),
        ("main", vec!["cli"]),
    ]);
    rules.extend(actors.map(|actor| (actor, below_edition.to_vec())));
    rules
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The module of the crate that a source file belongs to: the first part of its path below `src`.
fn module_of(source: &Path) -> String {
    let below = source
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .expect("it was found there");
    let first = below
        .iter()
        .next()
        .expect("it has a name")
        .to_string_lossy();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

/// Every module named after `crate::` (or `colport::`), also in groups such as `crate::{base::X, io}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "colport::"]
        .iter()
        .flat_map(|prefix| after_each(code, prefix))
    {
        match start.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.extend(word(start)),
        }
    }
    found
}

fn after_each<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_whole =
        |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    code.match_indices(prefix)
        .filter(|(at, _)| is_whole(*at))
        .map(|(at, _)| &code[at + prefix.len()..])
        .collect()
}

/// The first word of each item at the top of a `{…}` group.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut at_head) = (0, Vec::new(), true);
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_head = true,
            _ if at_head && !c.is_whitespace() => {
                heads.extend(word(&group[index..]));
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn word(text: &str) -> Option<String> {
    let word: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    // `crate::Type` names something of the root, which holds only modules; macros have none here.
    word.starts_with(|c: char| c.is_lowercase()).then_some(word)
}

fn without_comments(code: &str) -> String {
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn no_import_runs_up_the_picture() {
    let rules = allowed();
    let mut faults = Vec::new();
    for source in sources() {
        let module = module_of(&source);
        let code = without_comments(&fs::read_to_string(&source).expect("sources are readable"));
        let Some(may) = rules.get(module.as_str()) else {
            faults.push(format!(
                "{}: module `{module}` has no place in the picture",
                source.display()
            ));
            continue;
        };
        for imported in imports(&code) {
            if imported != module && !may.contains(&imported.as_str()) {
                faults.push(format!(
                    "{}: `{module}` imports `{imported}`",
                    source.display()
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "imports against the picture:\n{}",
        faults.join("\n")
    );
}

#[test]
fn the_reader_of_imports_sees_them_all() {
    let code = "use crate::base::{Digest, SitePath};\nuse crate::{\n    io::files,\n    trust::{self, keys::Key},\n};\nlet x = crate::sync::plan();\nlet y = mycrate::server::x();";
    let seen: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(seen, ["base", "io", "sync", "trust"]);
}

#[test]
fn only_cli_prints() {
    // Tests may, also those in a file of their own.
    for source in sources()
        .into_iter()
        .filter(|source| !source.ends_with("tests.rs"))
    {
        let module = module_of(&source);
        let code = without_comments(&fs::read_to_string(&source).expect("sources are readable"));
        let tests_begin = code.find("#[cfg(test)]").unwrap_or(code.len());
        let prints = ["println!", "eprintln!", "print!(", "eprint!(", "dbg!("]
            .iter()
            .any(|call| code[..tests_begin].contains(call));
        assert!(!prints || module == "cli", "{} prints", source.display());
    }
}

/// The table of the known attacks names for each a test in a simulated world and one over real sockets, the other table
/// one; and all of them exist, where it says.
#[test]
fn every_attack_in_the_manual_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(root.join("src/manual/threats.md")).unwrap();
    let (_, attacks) = manual.split_once("## The known attacks").unwrap();
    let (attacks, _) = attacks.split_once("\n## ").unwrap();
    let mut columns: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut attack = String::new();
    for row in attacks.lines().filter_map(|line| line.strip_prefix("| ")) {
        let mut cells = row.trim_end_matches('|').split('|').map(str::trim);
        let name = cells.next().unwrap_or_default();
        if !name.is_empty() {
            attack = name.to_owned();
        }
        for (column, cell) in cells.enumerate() {
            let Some((module, test)) = named_test(cell) else {
                continue;
            };
            assert!(is_test(root, module, test), "`{test}` is not in `{module}`");
            columns.entry(attack.clone()).or_default().insert(column);
        }
    }
    let twice = columns.values().filter(|columns| columns.len() == 2);
    assert_eq!((twice.count(), columns.len()), (19, 26), "{columns:?}");
}

/// A cell such as `` `MODULE`: `TEST` ``.
fn named_test(cell: &str) -> Option<(&str, &str)> {
    let cell = cell.strip_prefix('`')?.strip_suffix('`')?;
    cell.split_once("`: `")
}

fn is_test(root: &Path, module: &str, test: &str) -> bool {
    let path = module.trim_start_matches("it: ").replace("::", "/");
    let folder = match module.starts_with("it: ") {
        true => "tests/it",
        false => "src",
    };
    let places = [".rs", "/mod.rs"].map(|end| root.join(format!("{folder}/{path}{end}")));
    let sources = places
        .iter()
        .filter_map(|place| fs::read_to_string(place).ok());
    sources
        .into_iter()
        .any(|source| source.contains(&format!("fn {test}()")))
}
