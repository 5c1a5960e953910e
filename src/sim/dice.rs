//! The dice of a simulation: every choice that is not the fleet's own is drawn here.
//!
//! Each part of a world (people, weather, delays) has dice of its own from the same seed, so that a
//! new choice in one part does not shift all the others.

use crate::domain::time::Millis;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Dice of one part of a world.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

/// Whose dice.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Who does what, and when.
    People,
    /// What goes wrong.
    Weather,
    /// How long things take.
    Delays,
}

impl Dice {
    /// The dice of a part of the world of that seed.
    pub(super) fn new(seed: u64, part: Part) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(match part {
            Part::People => 1,
            Part::Weather => 2,
            Part::Delays => 3,
        });
        Self(generator)
    }

    /// A number below `bound`; 0 when there is none.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.next_u64() % bound).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of them, if there is any.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A span from `least` to `most`, both included.
    pub(super) fn span(&mut self, least: Millis, most: Millis) -> Millis {
        let width = usize::try_from(most.ms() - least.ms()).unwrap_or(0);
        Millis::from_ms(least.ms() + i64::try_from(self.below(width + 1)).unwrap_or(0))
    }

    /// A span around `mean`: from nearly nothing to twice as long.
    pub(super) fn around(&mut self, mean: Millis) -> Millis {
        self.span(Millis::from_ms(1), Millis::from_ms(mean.ms().saturating_mul(2).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_repeat_themselves_and_parts_differ() {
        let draw = |seed, part| {
            let mut dice = Dice::new(seed, part);
            (0..8).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, Part::People), draw(1, Part::People));
        assert_ne!(draw(1, Part::People), draw(1, Part::Weather));
        assert_ne!(draw(1, Part::People), draw(2, Part::People));
        let mut dice = Dice::new(1, Part::Delays);
        assert_eq!(dice.pick::<u8>(&[]), None);
        for _ in 0..100 {
            let span = dice.span(Millis::from_ms(3), Millis::from_ms(5)).ms();
            assert!((3..=5).contains(&span));
        }
    }
}
