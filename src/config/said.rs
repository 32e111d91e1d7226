//! What is said of a mistake in `colport.toml`: where it is and what is wrong with it, and nothing that may be a password. It
//! stands in the journal of whoever watches, and is sent to whoever is asked for help.

use url::Url;

/// A mistake by the number of its line and the setting that stands there.
pub(super) fn of_toml(error: &toml::de::Error, text: &str) -> String {
    let what = without_value(error.message());
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return what;
    };
    let line = before.matches('\n').count();
    let named = text.split('\n').nth(line).and_then(setting);
    let named = named.map(|name| format!(", at `{name}`"));
    format!("line {}{}: {what}", line + 1, named.unwrap_or_default())
}

pub(super) fn of_json(error: &serde_json::Error) -> String {
    without_value(&error.to_string())
}

/// `NAME = …` or `[[NAME]]`
fn setting(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let name = match line.strip_prefix('[') {
        Some(section) => section.trim_start_matches('[').split(']').next(),
        None => line.split_once('=').map(|(name, _)| name),
    };
    name.map(str::trim).filter(|name| is_word(name))
}

fn is_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=40).contains(&text.len()) && text.chars().all(is_plain)
}

/// serde repeats what stands there. The name of a setting may stay.
fn without_value(message: &str) -> String {
    const BEFORE: [(&str, &str); 4] = [
        ("invalid type: string", "\""),
        ("invalid value: string", "\""),
        ("unknown variant", "`"),
        ("unknown field", "`"),
    ];
    let repeating = BEFORE
        .iter()
        .find_map(|(begin, mark)| Some((begin, mark, message.strip_prefix(begin)?)));
    let Some((begin, mark, rest)) = repeating else {
        return message.to_owned();
    };
    // The last one is no part of what stands there.
    let Some((value, expected)) = rest.rsplit_once(&format!("{mark}, expected ")) else {
        return (*begin).to_owned();
    };
    match value.strip_prefix(" `").is_some_and(is_word) {
        true => message.to_owned(),
        false => format!("{begin}, expected {expected}"),
    }
}

/// An address by its scheme and host, or of what is none its host alone, as far as one can be told.
pub(super) fn of_address(text: &str) -> String {
    if let Ok(url) = Url::parse(text)
        && let Some(host) = url.host_str()
    {
        return format!("{}://{host}", url.scheme());
    }
    let behind = text.rsplit('@').next().unwrap_or_default();
    let behind = behind.split_once("://").map_or(behind, |(_, host)| host);
    let host = behind.split(['/', '?', '#']).next();
    host.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{EXAMPLE, parse};

    #[test]
    fn no_mistake_shows_a_password_and_each_is_told_by_its_line_and_name() {
        let source = "folder = \"articles\"";
        let check = |from: &str, to: &str, says: &[&str]| {
            let text = EXAMPLE.replacen(from, to, 1);
            let line = EXAMPLE
                .lines()
                .position(|line| line.starts_with(from))
                .unwrap();
            let error = parse(&text, Path::new("/news")).unwrap_err();
            for secret in ["PASS", "SECRET", "\n"] {
                assert!(!error.contains(secret), "{error}");
            }
            for says in says {
                let says = says.replace("LINE", &format!("line {}", line + 1));
                assert!(error.contains(&says), "{error}: {says}");
            }
        };
        let fed = "fed = \"https://ed:PASS1@n.example/feed?token=SECRET\"";
        check(
            source,
            fed,
            &[
                "LINE, at `fed`: unknown field `fed`, expected one of",
                "`feed`",
            ],
        );
        check(
            source,
            "proxy = \"http://puser:PASS@h:1\"",
            &["LINE, at `proxy`: unknown field `proxy`"],
        );
        check(
            source,
            "newest = \"https://ed:PASS@n.example/\\\", expected SECRET\"",
            &["LINE, at `newest`: invalid type: string, expected"],
        );
        check(
            source,
            "feed = \"https://ed:PASS@n.example",
            &["LINE, at `feed`: "],
        );
        check(
            source,
            "feed = https://ed:PASS@n.example",
            &["LINE, at `feed`: "],
        );
        check(
            source,
            "feed = \"a\"\n\"https://ed:PASS@n.example`, expected SECRET\" = 1",
            &["unknown field, expected one of"],
        );
        check(
            "# effort = \"best\"",
            "effort = \"https://ed:PASS@n.example\"",
            &["LINE, at `effort`: unknown variant, expected `best` or `quick`"],
        );
        check(
            "# effort = \"best\"",
            "effort = \"harder\"",
            &["`harder`, expected"],
        );
        check(
            source,
            "feed = \"ftp://ed:PASS1@n.example/SECRET\"",
            &["`ftp://n.example` begins with `ftp`"],
        );
        for feed in [
            "https://ed:PASS@:n.example:x/feed",
            "https://ed:PASS/1@n.example:x/feed?token=SECRET",
        ] {
            check(
                source,
                &format!("feed = \"{feed}\""),
                &["n.example:x` is no address"],
            );
        }
        check(
            source,
            "wordpress = \"n.example/SECRET\"",
            &["`n.example` is no address"],
        );
        for mirror in [
            "sftp = \"http://ed:PASS@n.example/\"",
            "colport = \"https://ed:PASS@n.example:x/\"",
            "folder = \"a\"\nurl = \"https://ed:PASS@n.example:x/\"",
        ] {
            let text = format!("[[mirror]]\nname = \"x\"\n{mirror}\n[pack]");
            check("[pack]", &text, &["n.example"]);
        }
    }
}
