//! Chance as a pure function: the same seed, subject and purpose give the same number on every machine, in any order.

use jiff::SignedDuration;

/// What a number is drawn for. Two purposes never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The life of a domain.
    History = 1,
    /// When a source is out of order.
    Outages,
    /// Whether Fastly's answer goes wrong.
    FastlyNoise,
    /// Whether RDAP's answer goes wrong.
    RdapNoise,
    /// Whether the DNS's answer goes wrong.
    DnsNoise,
    /// Whether Fastly shows that a name is expiring or being deleted.
    Visible,
    /// How a holder uses his domain.
    Use,
    /// What the registrar puts at an expired name.
    Parking,
    /// Whether, and how long before the expiry, a term is renewed.
    Renewal,
    /// Whether the registry's clock is wrong.
    Clock,
    /// When PyPI had last looked at an address before the time simulated.
    LastLook,
    /// Whether Fastly calls a domain free that is not.
    FalseLoss,
}

/// The number for a subject (the index of a domain), a purpose, and whatever tells one occasion from another.
pub(crate) fn draw(seed: u64, subject: u64, purpose: Purpose, occasion: u64) -> Draw {
    let seeded = mix(seed ^ ((purpose as u64) << 56));
    Draw(mix(mix(seeded ^ subject) ^ occasion))
}

/// A number drawn, uniform over 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The number between 0 and 1, 1 excluded.
    pub(crate) fn unit(self) -> f64 {
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0
    }

    /// Whether something of this probability happens.
    pub(crate) fn is_below(self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `limit`; 0 if the limit is 0.
    pub(crate) fn below(self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.0) * u128::from(limit)) >> 64).unwrap_or(0)
    }
}

/// A series of numbers for one subject.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    /// The series for a subject and a purpose.
    pub(crate) fn new(seed: u64, subject: u64, purpose: Purpose) -> Self {
        let Draw(state) = draw(seed, subject, purpose, 0);
        Self { state }
    }

    /// The next number of the series.
    pub(crate) fn number(&mut self) -> Draw {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Draw(mix(self.state))
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.number().is_below(probability)
    }

    /// A time between two, in whole seconds, each as likely as another.
    pub(crate) fn between(
        &mut self,
        least: SignedDuration,
        most: SignedDuration,
    ) -> SignedDuration {
        let span = u64::try_from((most - least).as_secs()).unwrap_or(0);
        let more = i64::try_from(self.number().below(span + 1)).unwrap_or(0);
        least + SignedDuration::from_secs(more)
    }

    /// A time between two, in whole seconds, each order of magnitude as likely as another.
    pub(crate) fn log_between(
        &mut self,
        least: SignedDuration,
        most: SignedDuration,
    ) -> SignedDuration {
        let ratio = most.as_secs_f64() / least.as_secs_f64();
        let drawn = least.as_secs_f64() * ratio.powf(self.number().unit());
        SignedDuration::from_secs(SignedDuration::from_secs_f64(drawn).as_secs())
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014): cheap, and every bit of the outcome depends on every bit that
/// goes in.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_depends_on_all_that_it_is_drawn_for_and_on_nothing_else() {
        let number = draw(1, 2, Purpose::Use, 3);
        assert_eq!(number, draw(1, 2, Purpose::Use, 3));
        for other in [
            draw(2, 2, Purpose::Use, 3),
            draw(1, 3, Purpose::Use, 3),
            draw(1, 2, Purpose::Clock, 3),
            draw(1, 2, Purpose::Use, 4),
        ] {
            assert_ne!(number, other);
        }
    }

    #[test]
    fn an_event_happens_as_often_as_its_probability_says() {
        let happened = (0..100_000)
            .filter(|&subject| draw(7, subject, Purpose::Use, 0).is_below(0.1))
            .count();
        // Four standard deviations of a binomial draw: 4 × √(100,000 × 0.1 × 0.9) = 380.
        assert!((9_620..=10_380).contains(&happened), "{happened}");
    }

    #[test]
    fn times_drawn_stay_between_their_bounds() {
        let mut stream = Stream::new(1, 1, Purpose::History);
        let (least, most) = (SignedDuration::from_hours(1), SignedDuration::from_hours(2));
        for _ in 0..1000 {
            assert!((least..=most).contains(&stream.between(least, most)));
            assert!((least..=most).contains(&stream.log_between(least, most)));
        }
        assert_eq!(stream.between(least, least), least);
    }
}
