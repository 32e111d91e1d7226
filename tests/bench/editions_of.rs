//! Signs two folders as one edition after the other, to measure how the second travels: `editions_of OLD NEW OUT`.
//!
//! `OUT/www` becomes a mirror of the second, without the site itself, `OUT/store` a reader's store with the first. Says what
//! the dense forms cost a processor, and how a first download without pictures compares with the seekable file.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is a program of its own"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use colport::base::SitePath;
use colport::edition::{
    DenseForms, Holding, Variant, VerifiedEdition, write_excerpt, write_update,
};
use colport::packager::{Effort, Files, Lifetimes, NewsroomFolder, Press, PublishError};
use colport::reader::Store;
use jiff::{SignedDuration, Timestamp};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, old, new, out] = arguments.as_slice() else {
        println!("usage: editions_of OLD NEW OUT");
        return Ok(());
    };
    let out = Path::new(out);
    let www = out.join("www/.colport");
    fs::create_dir_all(www.join("bundle"))?;
    fs::create_dir_all(www.join("metadata"))?;
    let (old, new) = (files(Path::new(old), "")?, files(Path::new(new), "")?);
    let folder = NewsroomFolder::at(&out.join("newsroom"));
    let now = Timestamp::now();
    let ids: std::result::Result<Vec<_>, _> = ["be", "en", "fa", "ru", "zh"]
        .into_iter()
        .map(str::parse)
        .collect();
    let ids = ids?;
    folder.found(&ids, now, &Lifetimes::default())?;
    let mut press = Press {
        metadata: folder.metadata(None)?,
        previous: None,
        kept: Default::default(),
        waiting: Default::default(),
        keys: folder.publishing_keys(&ids)?,
        lifetimes: Lifetimes::default(),
        effort: Effort::Quick,
    };
    let first = print(&press, &old, now - SignedDuration::from_hours(24))?;
    press.metadata = folder.metadata(Some(&first))?;
    press.previous = Some(first.clone());
    let second = print(&press, &new, now)?;

    let store = Store::open(&out.join("store"))?;
    store.drop_anchor(&folder.newcomer()?.root)?;
    store.remember(&first.remembered())?;
    fs::write(store.edition_place(), first.bundle())?;
    for (name, entry) in second.metadata() {
        let place = www.join("metadata").join(name.to_string());
        fs::write(place, second.content(entry))?;
    }
    let bundle = |name: &str, bytes: &[u8]| {
        println!("{name}: {} bytes", bytes.len());
        fs::write(www.join("bundle").join(name), bytes)
    };
    bundle("2.tar.gz", second.bundle())?;
    bundle(
        "1-2.tar.gz",
        &write_update(Vec::new(), &second, &Holding::from(first.proof()))?,
    )?;
    let begun = cpu()?;
    let mut forms = DenseForms::since(&first, &second)?;
    bundle("1-2.zst", &forms.write(Vec::new(), Variant::Full)?)?;
    println!("  {:.2} s of a processor", cpu()? - begun);
    bundle("1-2-text.zst", &forms.write(Vec::new(), Variant::Text)?)?;
    println!("  {:.2} s with this", cpu()? - begun);
    let begun = cpu()?;
    let mut forms = DenseForms::of(&second);
    bundle("2.zst", &forms.write(Vec::new(), Variant::Full)?)?;
    println!("  {:.2} s of a processor", cpu()? - begun);
    let dense = forms.write(Vec::new(), Variant::Text)?;
    bundle("2-text.zst", &dense)?;
    let text = write_excerpt(Vec::new(), &second, Variant::Text)?;
    bundle("text.tar.gz", &text)?;
    println!(
        "  {:.3} of it is dense",
        dense.len() as f64 / text.len() as f64
    );
    Ok(())
}

/// Seconds that this thread has had a processor.
fn cpu() -> Result<f64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = told.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

fn print(press: &Press, files: &Files, now: Timestamp) -> Result<Arc<VerifiedEdition>> {
    let place = |out: Vec<u8>| Ok::<_, PublishError>(Bytes::from(out));
    Ok(Arc::new(press.print(files, now, Vec::new(), place)?))
}

/// In the shape of a site of ours: pictures lie beside the articles or among the assets.
fn files(folder: &Path, below: &str) -> Result<Files> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path(), &format!("{path}/"))?);
        } else {
            let path = path.replace("img/", "assets/");
            found.insert(SitePath::parse(&path)?, fs::read(entry.path())?.into());
        }
    }
    Ok(found)
}
