//! A mirror looked at file by file, in virtual time.

use std::time::Duration;

use colport::reader::{Audit, Fault, FileFault, audit};
use tokio::time::{Instant, timeout};

use super::world::{Behaviour, Newsroom, World, moment};

async fn look(world: &World, newsroom: &Newsroom) -> Result<Audit, Fault> {
    let url = world.urls().remove(0);
    let root = Some(newsroom.first_root());
    audit(world, &url, root, moment(1), &mut |_, _| {}).await
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_mirror_has_an_end() {
    let mut newsroom = Newsroom::found(1, 4);
    let edition = newsroom.publish(moment(0));
    let files = edition.files().count();
    let day = Duration::from_secs(24 * 3600);
    for (behaviour, looked_at) in [(Behaviour::Good, files), (Behaviour::Slow(200), 3)] {
        let mut world = World::default();
        world.add(behaviour).show(&edition);
        let begun = Instant::now();
        let found = timeout(day, look(&world, &newsroom))
            .await
            .unwrap()
            .unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(400),
            "{:?}",
            begun.elapsed()
        );
        let skipped = found.faulty.iter();
        let skipped = skipped.filter(|(_, fault)| *fault == FileFault::NotLookedAt);
        assert_eq!(files - skipped.count(), looked_at, "{behaviour:?}");
        assert!(found.faulty.len() == files - looked_at);
    }
    // Not even the metadata comes.
    for behaviour in [Behaviour::Silent, Behaviour::Drip] {
        let mut world = World::default();
        world.add(behaviour).show(&edition);
        let fault = timeout(day, look(&world, &newsroom))
            .await
            .unwrap()
            .unwrap_err();
        assert!(matches!(fault, Fault::Silent { .. }), "{fault}");
    }
}
