//! Programs of the operator's that are started when something is to be done which colport cannot do by itself: have a
//! mirror made, tell a channel, wake a person.
//!
//! Each is told in one JSON object on its standard input what is wanted; `on` says why it was started. See
//! [`program`] for what it finds and how it ends.

use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::io::program::{self, Bounds, Program, ProgramError};

/// When it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// There are fewer mirrors in stock than there should be. It prints a mirror's description.
    NeedMirror,
    /// The list of a channel is another.
    Announce,
    /// The operator ought to know.
    Alert,
}

impl Occasion {
    /// As it is written in `colport.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedMirror => "need_mirror",
            Self::Announce => "announce",
            Self::Alert => "alert",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub on: Occasion,
    pub program: Program,
    pub time: Duration,
}

impl Hook {
    /// By which it is told from others that start the same program.
    pub fn words(&self) -> String {
        let arguments = self.program.arguments.iter();
        let words = std::iter::once(&self.program.name).chain(arguments);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

const OUTPUT_BYTES: usize = 64 << 10;

#[derive(Serialize)]
struct Call<'a, T> {
    on: Occasion,
    #[serde(flatten)]
    told: &'a T,
}

/// Starts it, and gives what it printed. `told` must be an object.
pub async fn call<T: Serialize + Sync>(hook: &Hook, told: &T) -> Result<Vec<u8>, ProgramError> {
    let call = Call { on: hook.on, told };
    let input = serde_json::to_vec(&call).expect("what is told has numbers and texts only");
    let bounds = Bounds {
        time: hook.time,
        output_bytes: OUTPUT_BYTES,
    };
    program::run(&hook.program, &input, &bounds).await
}

/// Starts all of them at one time, so that none waits for one that hangs or fails, and tells which failed.
pub async fn call_all<T: Serialize + Sync>(hooks: &[Hook], told: &T) -> Vec<ProgramError> {
    let calls = hooks.iter().map(|hook| call(hook, told));
    let called = futures_util::future::join_all(calls).await;
    called.into_iter().filter_map(Result::err).collect()
}

/// What strangers or programs of others say, without what looks like an address of whatever kind: it goes into the journal,
/// onto the page, and to people by ways that others read.
pub fn discreet(words: &str) -> String {
    let bare = |word: &str| match is_address(word) {
        true => "…".to_owned(),
        false => word.to_owned(),
    };
    let words: Vec<String> = words.split_whitespace().map(bare).collect();
    words.join(" ")
}

/// An address itself, something that holds one, or a name with a dot in it; rather one too many.
fn is_address(word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut parts = word.split('.');
    let has_dot = parts.next().is_some_and(|part| part.ends_with(is_part))
        && parts.any(|part| part.starts_with(is_part));
    has_dot
        || word.contains(['@', '#', '[', ']'])
        || word.contains("//")
        || word.contains("::")
        || {
            // An address of the sixth version, a host with its port, or a name that is nothing but long.
            let longest = word.split(|c| !is_part(c)).map(str::len).max();
            word.matches(':').count() >= 2 || longest >= Some(24)
        }
}

/// What is told to a hook of [`Occasion::NeedMirror`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// What it may be called: drawn by lot, since a name must not tell whose mirror it is.
    pub name: String,
    /// Whom the mirrors that there are must not be found by.
    pub avoid: Avoid,
    /// Of the newsroom, for `colport serve --root`.
    pub fingerprint: String,
    /// Mirrors that a new one may copy, for `colport serve --from`; none, if there are only such that it must not learn of.
    pub follow: Vec<Url>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Avoid {
    pub providers: Vec<String>,
    pub accounts: Vec<String>,
    /// As one registers them.
    pub domains: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hook_that_fails_or_hangs_keeps_no_word_from_the_others() {
        let place = tempfile::tempdir().unwrap();
        let hook = |script: &str| Hook {
            on: Occasion::Alert,
            program: Program {
                name: "sh".into(),
                arguments: vec!["-c".into(), script.into()],
                folder: place.path().into(),
                passed: Vec::new(),
            },
            // Who hangs need not be waited for long.
            time: Duration::from_secs(if script == "sleep 60" { 2 } else { 60 }),
        };
        let hooks = ["exit 1", "sleep 60", "cat >heard", "no-such-program"].map(hook);
        let told = serde_json::json!({"text": "wake up"});
        let failed = call_all(&hooks, &told).await;
        assert_eq!(failed.len(), 3, "{failed:?}");
        let heard = crate::io::files::read(&place.path().join("heard"), 1000).unwrap();
        assert!(String::from_utf8(heard).unwrap().contains("wake up"));
    }

    #[test]
    fn what_looks_like_an_address_is_left_out() {
        let check = |words: &str, expected: &str| assert_eq!(discreet(words), expected);
        check(
            "no machine is left: ask Anna.",
            "no machine is left: ask Anna.",
        );
        check(
            "curl: (7) status 502, again in 3 s",
            "curl: (7) status 502, again in 3 s",
        );
        check(
            "could not reach https://balo.example/x",
            "could not reach …",
        );
        check("(balo.example) is taken", "… is taken");
        check("host=balo.example:8443", "…");
        check(
            "ssh: connect to host 192.0.2.7 port 22: refused",
            "ssh: connect to host … port 22: refused",
        );
        check("at 2001:db8::7 or fe80:0:0:1", "at … or …");
        check("root@machine: no", "… no");
        check("балоту.бел is gone", "… is gone");
        check(&format!("{}onion", "a".repeat(56)), "…");
    }

    #[tokio::test]
    async fn a_hook_is_told_why_and_what() {
        let hook = Hook {
            on: Occasion::NeedMirror,
            program: Program {
                name: "cat".into(),
                arguments: Vec::new(),
                folder: std::env::temp_dir(),
                passed: Vec::new(),
            },
            time: Duration::from_secs(20),
        };
        let need = Need {
            name: "balotiku".into(),
            avoid: Avoid {
                domains: vec!["a.example".into()],
                ..Avoid::default()
            },
            fingerprint: "9f2c".into(),
            follow: vec![Url::parse("https://a.example/").unwrap()],
        };
        let said = String::from_utf8(call(&hook, &need).await.unwrap()).unwrap();
        assert_eq!(
            said,
            "{\"on\":\"need_mirror\",\"name\":\"balotiku\",\"avoid\":{\"providers\":[],\"accounts\":[],\"domains\":[\"a.example\"]},\
             \"fingerprint\":\"9f2c\",\"follow\":[\"https://a.example/\"]}"
        );
    }
}
