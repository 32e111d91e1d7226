//! An edition made from what has changed is the one made from everything, whatever the days bring.

use colport::packager::PublishError;

use super::world::{Newsroom, moment};

/// Dice that fall the same way in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// Articles come, are corrected and taken back; weeks pass in which roles age; keys are replaced.
fn live(newsroom: &mut Newsroom, dice: &mut Dice, hours: i64) {
    for _ in 0..dice.below(4) {
        let (month, article) = (1 + dice.below(12), dice.below(3));
        let path = format!("be/2026/{month:02}/{article}/index.html");
        match dice.below(4) {
            0 => newsroom.remove_if_there(&path),
            _ => newsroom.write(&path, format!("<p>{}", dice.below(3))),
        }
    }
    if dice.below(6) == 0 {
        newsroom.write("index.html", format!("home {}", dice.below(100)));
    }
    if dice.below(8) == 0 {
        newsroom.rekey(u8::try_from(100 + dice.below(100)).unwrap(), moment(hours));
    }
}

fn check(seed: u64) {
    let mut dice = Dice(seed);
    let mut by_change = Newsroom::found(1, 0);
    let mut by_everything = by_change.clone();
    let (mut before, mut hours, mut printed) = (None, 0, 0);
    for _ in 0..25 {
        hours += 1 + i64::try_from(dice.below(24 * 60)).unwrap();
        let same_dice = dice.0;
        live(&mut by_change, &mut dice, hours);
        live(&mut by_everything, &mut Dice(same_dice), hours);
        let one = by_change.publish_after(before.clone(), moment(hours));
        let other = by_everything.publish_after(None, moment(hours));
        match (one, other) {
            (Ok(one), Ok(other)) => {
                let metadata = one.gathered();
                assert!(metadata.iter().eq(other.gathered().iter()));
                assert!(one.bundle() == other.bundle(), "edition {}", one.number());
                (before, printed) = (Some(one), printed + 1);
            }
            (Err(PublishError::Editor(one)), Err(PublishError::Editor(other))) => {
                assert_eq!(one, other);
                // The offline keys were needed.
                by_change.rekey(99, moment(hours));
                by_everything.rekey(99, moment(hours));
            }
            (one, other) => panic!("{one:?} {other:?}"),
        }
    }
    assert!(printed > 15, "{printed} editions");
}

#[test]
fn by_what_changed_and_by_everything_the_same_is_signed() {
    check(0x9e37_79b9_7f4a_7c15);
    check(0x1234_5678_9abc_def1);
}
