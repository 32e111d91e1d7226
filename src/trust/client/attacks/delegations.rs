//! Attacks by who may sign for a part of the site, and attacks on the search for a file.

use super::*;

/// A delegation of everything in the folder `ru`, by the key of that name.
fn delegation(name: &str, by: &str, terminating: bool) -> Value {
    json!({
        "name": name, "keyids": [key(by).id()], "threshold": 1, "terminating": terminating,
        "paths": ["ru/*"],
    })
}

fn small_role(name: &str) -> Value {
    let target = json!({ "length": 1, "hashes": { "sha256": "00".repeat(32) } });
    json!({
        "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
        "targets": { format!("ru/{name}.html"): target, "ru/both.html": target },
    })
}

fn with_small_roles(set: &MetadataSet, roles: &[(&str, Value, &str)]) -> MetadataSet {
    let mut set = set.clone();
    let mut files = Vec::new();
    for (name, signed, by) in roles {
        let file = sign_value(signed.clone(), &[by]);
        put(&mut set, name, 1, file.clone());
        files.push((format!("{name}.json"), described(1, &file)));
    }
    reseal(&set, |meta| {
        for (name, described) in files {
            meta[name] = described;
        }
    })
}

#[test]
fn a_delegation_outside_its_paths_speaks_for_nobody() {
    let stolen = republish(&first(), "ru", &["ru"], |signed| {
        signed["targets"]["be/index.html"] =
            json!({ "length": 4, "hashes": { "sha256": "00".repeat(32) } });
        signed["targets"]["be/2026/11/hoax/index.html"] =
            signed["targets"]["be/index.html"].clone();
        signed["targets"]["ru/a/b/c/d/e.html"] = signed["targets"]["be/index.html"].clone();
    });
    let mut trusted = trusted(&stolen);
    let home = lookup(&mut trusted, "be/index.html", &honest(&stolen)).expect("a search");
    assert!(home.is_some_and(|file| file.role == "be" && file.fits(b"be home")));
    for path in ["be/2026/11/hoax/index.html", "ru/a/b/c/d/e.html"] {
        assert_eq!(
            lookup(&mut trusted, path, &honest(&stolen)),
            Ok(None),
            "{path}"
        );
    }
    let (_, files) = everything(trusted, &honest(&stolen)).expect("a walk");
    assert_eq!(
        files.keys().cloned().collect::<Vec<_>>(),
        self::files(&SOME_FILES).into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_file_name_that_leads_out_of_the_site_is_refused() {
    let attack = republish(&first(), "be", &["be"], |signed| {
        signed["targets"]["be/.."] =
            json!({ "length": 4, "hashes": { "sha256": "00".repeat(32) } });
    });
    let refused = everything(trusted(&attack), &honest(&attack)).map(|_| ());
    assert!(matches!(refused, Err(Refusal::BadTargetName { role, .. }) if role == "be"));
}

#[test]
fn cyclic_delegations_come_to_an_end() {
    // `ru` delegates to `be` and `be` to `ru`, each for everything.
    let delegate_to = |other: &str| {
        let public = key(other).public().clone();
        json!({
            "keys": { public.id.as_str(): public.key },
            "roles": [{
                "name": other, "keyids": [public.id], "threshold": 1, "terminating": false,
                "paths": ["*", "*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*"],
            }],
        })
    };
    let set = republish(&first(), "ru", &["ru"], |signed| {
        signed["delegations"] = delegate_to("be")
    });
    let set = republish(&set, "be", &["be"], |signed| {
        signed["delegations"] = delegate_to("ru")
    });
    let mut trusted = trusted(&set);
    assert_eq!(
        lookup(&mut trusted, "be/nothing.html", &honest(&set)),
        Ok(None)
    );
    let (_, files) = everything(trusted, &honest(&set)).expect("a walk with an end");
    assert!(files.contains_key(&path("be/index.html")));
}

#[test]
fn too_many_delegations_are_refused() {
    let be = key("be").public().clone();
    let signed = |name: &str, next: &str| {
        json!({
            "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": {},
            "delegations": {
                "keys": { be.id.as_str(): be.key },
                "roles": [{
                    "name": next, "keyids": [be.id], "threshold": 1, "terminating": false, "paths": [format!("be/*")],
                }],
            },
            "x-name": name,
        })
    };
    // A chain without end: `be` → `b1` → `b2` → …; each new role is made up as it is asked for.
    let chain = |number: usize| {
        sign_value(
            signed(&format!("b{number}"), &format!("b{}", number + 1)),
            &["be"],
        )
    };
    let set = republish(&first(), "be", &["be"], |it| {
        *it = {
            let mut first = signed("be", "b1");
            first["version"] = it["version"].clone();
            first
        }
    });
    let set = reseal(&set, |meta| {
        for number in 1..=60 {
            meta[format!("b{number}.json")] = json!({ "version": 1 });
        }
    });
    let answer = |want: &crate::trust::Want| {
        let number = want
            .role
            .strip_prefix('b')
            .and_then(|number| number.parse().ok());
        number
            .map(chain)
            .or_else(|| set.file(&want.role, want.version).cloned())
    };
    let limited = || {
        let (read, _) = refresh(newcomer(&set), &answer, now(), Expiry::Enforce);
        read.expect("good top-level roles").with_max_roles(50)
    };
    let limit = 50;
    let refused = everything(limited(), &answer).map(|_| ());
    assert!(matches!(refused, Err(Refusal::TooManyRoles { limit: at, .. }) if at == limit));
    let refused = lookup(&mut limited(), "be/nothing.html", &answer);
    assert!(matches!(refused, Err(Refusal::TooManyRoles { limit: at, .. }) if at == limit));
    // Every role of it is validly signed: one fewer, and it is merely found nowhere.
    let mut trusted = limited().with_max_roles(63);
    assert_eq!(
        lookup(&mut trusted, "be/nothing.html", &answer),
        Err(Refusal::Missing {
            role: string("b61")
        })
    );
}

#[test]
fn nothing_is_searched_behind_a_terminating_delegation() {
    let set = with_small_roles(
        &first(),
        &[
            ("one", small_role("one"), "ru"),
            ("two", small_role("two"), "ru"),
        ],
    );
    let delegating = |terminating: bool| {
        republish(&set, "ru", &["ru"], |signed| {
            let ru = key("ru").public().clone();
            signed["delegations"] = json!({
                "keys": { ru.id.as_str(): ru.key },
                "roles": [delegation("one", "ru", terminating), delegation("two", "ru", false)],
            });
        })
    };
    let found = |set: &MetadataSet, path: &str| {
        let file = lookup(&mut trusted(set), path, &honest(set)).expect("a search");
        let (_, all) = everything(trusted(set), &honest(set)).expect("a walk");
        let listed = all
            .get(&crate::trust::testing::path(path))
            .map(|file| file.role.clone());
        assert_eq!(
            file.map(|file| file.role),
            listed,
            "{path}: a walk finds what a search finds"
        );
        listed
    };
    let (open, closed) = (delegating(false), delegating(true));
    assert_eq!(found(&open, "ru/two.html").as_deref(), Some("two"));
    assert_eq!(found(&closed, "ru/two.html"), None);
    // Nor behind one that is further down: not the next in its role, nor the next of the role above.
    let further_down = |terminating: bool| {
        let ru = key("ru").public().clone();
        let mut one = small_role("one");
        one["delegations"] = json!({
            "keys": { ru.id.as_str(): ru.key }, "roles": [delegation("inner", "ru", terminating)],
        });
        let roles = [
            ("one", one, "ru"),
            ("two", small_role("two"), "ru"),
            ("inner", small_role("inner"), "ru"),
        ];
        republish(
            &with_small_roles(&first(), &roles),
            "ru",
            &["ru"],
            |signed| {
                signed["delegations"] = json!({
                    "keys": { ru.id.as_str(): ru.key },
                    "roles": [delegation("one", "ru", false), delegation("two", "ru", false)],
                });
            },
        )
    };
    assert_eq!(
        found(&further_down(false), "ru/two.html").as_deref(),
        Some("two")
    );
    assert_eq!(found(&further_down(true), "ru/two.html"), None);
    // The first in order wins.
    assert_eq!(found(&open, "ru/both.html").as_deref(), Some("one"));
    assert_eq!(found(&closed, "ru/both.html").as_deref(), Some("one"));
}

#[test]
fn what_is_signed_for_one_delegator_is_not_for_another() {
    // `be` and `ru` both delegate to `shared`, each to another key; only the one of `be` has signed.
    let mut signed = small_role("shared");
    signed["targets"]["be/shared.html"] = signed["targets"]["ru/shared.html"].clone();
    let set = with_small_roles(&first(), &[("shared", signed, "shared-be")]);
    let delegate = |set: &MetadataSet, newsroom: &'static str, by: &'static str| {
        republish(set, newsroom, &[newsroom], |signed| {
            let public = key(by).public().clone();
            let mut to = delegation("shared", by, false);
            to["paths"] = json!([format!("{newsroom}/*")]);
            signed["delegations"] =
                json!({ "keys": { public.id.as_str(): public.key }, "roles": [to] });
        })
    };
    let set = delegate(&delegate(&set, "be", "shared-be"), "ru", "shared-ru");
    let mut both = trusted(&set);
    let good = lookup(&mut both, "be/shared.html", &honest(&set)).expect("a search");
    assert_eq!(good.map(|file| file.role).as_deref(), Some("shared"));
    let bad = lookup(&mut both, "ru/shared.html", &honest(&set));
    assert_eq!(bad, Err(not_signed("shared", 0, 1)));
    let whole = everything(trusted(&set), &honest(&set)).map(|_| ());
    assert_eq!(whole, Err(not_signed("shared", 0, 1)));
}
#[test]
fn an_extraneous_file_is_found_nowhere() {
    let set = first();
    let mut trusted = trusted(&set);
    for path in [
        "be/2026/11/river/extra.html",
        "extra.html",
        "fa/index.html",
        "be/2027/01/x/index.html",
    ] {
        assert_eq!(
            lookup(&mut trusted, path, &honest(&set)),
            Ok(None),
            "{path}"
        );
    }
}

#[test]
fn a_file_at_a_wrong_path_is_refused() {
    let set = first();
    let mut trusted = trusted(&set);
    let mut file = |path| {
        lookup(&mut trusted, path, &honest(&set))
            .expect("an honest search")
            .expect("a file")
    };
    // Both contents are signed, but each for its own place.
    assert!(file("be/2026/10/old/index.html").fits(b"old"));
    assert!(!file("be/2026/11/river/index.html").fits(b"old"));
}

#[test]
fn an_arbitrary_file_is_refused() {
    let set = first();
    let mut trusted = trusted(&set);
    let file = lookup(&mut trusted, "be/index.html", &honest(&set)).expect("an honest search");
    let file = file.expect("a file of the edition");
    assert!(file.fits(b"be home"));
    assert!(!file.fits(b"be hoax"), "as long, but not the same");
    assert!(!file.fits(b""));
}
