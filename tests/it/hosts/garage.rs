//! A cluster of three machines that keep a bucket together. Only where `scripts/garage` has started one.

use std::sync::Arc;

use colport::io::line::Line;
use colport::io::store::{self, Credentials, Keeper, S3};
use colport::sync::{Outcome, Source};

use super::{Newspaper, push_through};

async fn push(source: &Source) -> Outcome {
    let endpoint = std::env::var("COLPORT_GARAGE").unwrap();
    let keeper = Keeper::S3(S3 {
        endpoint: endpoint.parse().unwrap(),
        region: "garage".into(),
        bucket: "river".into(),
        prefix: "site".into(),
        credentials: Credentials::Environment("COLPORT_GARAGE".into()),
    });
    let store = store::open(&keeper, &Arc::new(Line::default())).unwrap();
    push_through(&*store, source, true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_takes_editions_also_while_one_of_its_machines_is_dead() {
    let Ok(node) = std::env::var("COLPORT_GARAGE_NODE") else {
        println!("not tested: no cluster is running; see scripts/garage");
        return;
    };
    let mut paper = Newspaper::new(10);
    let outcome = push(&paper.source()).await;
    assert!(matches!(outcome, Outcome::Pushed(_)), "{outcome:?}");
    assert_eq!(push(&paper.source()).await, Outcome::Already { edition: 1 });
    paper.publish_next();
    assert!(push(&paper.source()).await.is_good());
    let killed = std::process::Command::new("kill")
        .args(["-9", &node])
        .status();
    assert!(killed.unwrap().success());
    paper.publish_next();
    let outcome = push(&paper.source()).await;
    assert!(
        matches!(&outcome, Outcome::Pushed(pushed) if pushed.edition == 3),
        "{outcome:?}"
    );
    assert_eq!(push(&paper.source()).await, Outcome::Already { edition: 3 });
}
