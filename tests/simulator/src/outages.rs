//! When a source is out of order as a whole: for an hour, a day or a week.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;

use crate::draw::{Purpose, Stream};
use crate::parameters::{OUTAGE_MISLEADS, OUTAGES_A_YEAR, YEAR};

/// A source that can be out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Fastly's status API.
    Fastly,
    /// The registries' RDAP servers, or the network between.
    Rdap,
    /// The DNS, as seen from where the question is asked.
    Dns,
}

/// A time in which a source gives nobody a true answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub from: Timestamp,
    /// Until when, that moment excluded.
    pub until: Timestamp,
    /// How it shows.
    pub shows: Shows,
}

/// How an outage shows to who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// As no answer.
    Silence,
    /// As an answer that looks like data: `unknown`. Fastly only.
    Unknown,
}

/// The outages of all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outages {
    fastly: Vec<Outage>,
    rdap: Vec<Outage>,
    dns: Vec<Outage>,
}

impl Outages {
    /// What a seed brings between two times: outages of each source by itself, and one week in which all are silent, if there is
    /// a year to have it in.
    pub(crate) fn drawn(seed: u64, start: Timestamp, end: Timestamp) -> Self {
        let mut stream = Stream::new(seed, 0, Purpose::Outages);
        let mut outages = Self::default();
        for source in [Source::Fastly, Source::Rdap, Source::Dns] {
            for (yearly, length) in OUTAGES_A_YEAR {
                // One trial an hour: often enough that two in one hour do not matter.
                let hours = end.duration_since(start).as_hours();
                let hourly = yearly / YEAR.as_secs_f64() * 3600.0;
                for hour in 0..hours {
                    if stream.happens(hourly) {
                        let from = start + SignedDuration::from_hours(hour);
                        let shows = match source {
                            Source::Fastly if stream.happens(OUTAGE_MISLEADS) => Shows::Unknown,
                            Source::Fastly | Source::Rdap | Source::Dns => Shows::Silence,
                        };
                        outages.add(
                            source,
                            Outage {
                                from,
                                until: from + length,
                                shows,
                            },
                        );
                    }
                }
            }
        }
        let week = SignedDuration::from_hours(7 * 24);
        if end.duration_since(start) >= YEAR {
            let from = start + stream.between(week, end.duration_since(start) - week);
            for source in [Source::Fastly, Source::Rdap, Source::Dns] {
                outages.add(
                    source,
                    Outage {
                        from,
                        until: from + week,
                        shows: Shows::Silence,
                    },
                );
            }
        }
        outages
    }

    /// Adds one.
    pub fn add(&mut self, source: Source, outage: Outage) {
        let list = match source {
            Source::Fastly => &mut self.fastly,
            Source::Rdap => &mut self.rdap,
            Source::Dns => &mut self.dns,
        };
        list.push(outage);
        list.sort_by_key(|outage| outage.from);
    }

    /// The outages of a source, by their beginning.
    pub fn of(&self, source: Source) -> &[Outage] {
        match source {
            Source::Fastly => &self.fastly,
            Source::Rdap => &self.rdap,
            Source::Dns => &self.dns,
        }
    }

    /// How a source is out of order at a time, if it is.
    pub(crate) fn at(&self, source: Source, time: Timestamp) -> Option<Shows> {
        let list = self.of(source);
        let begun = list.partition_point(|outage| outage.from <= time);
        // The longest lasts a week and a long one may have short ones within: a few steps back are enough.
        list[begun.saturating_sub(8)..begun]
            .iter()
            .rev()
            .find(|outage| time < outage.until)
            .map(|outage| outage.shows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    #[test]
    fn every_run_of_a_year_has_a_week_in_which_no_source_answers() {
        for seed in 0..20 {
            let outages = Outages::drawn(seed, at(0), at(365 * 24));
            let silent_for_a_week = (0..365 * 24 - 7 * 24).any(|hour| {
                [Source::Fastly, Source::Rdap, Source::Dns]
                    .into_iter()
                    .all(|source| {
                        (1..7 * 24).all(|more| outages.at(source, at(hour + more)).is_some())
                    })
            });
            assert!(silent_for_a_week, "{seed}");
        }
        assert!(
            Outages::drawn(1, at(0), at(300 * 24))
                .of(Source::Dns)
                .iter()
                .all(|outage| outage.until.duration_since(outage.from).as_hours() < 24 * 8)
        );
    }

    #[test]
    fn an_outage_begins_and_ends_to_the_second() {
        let mut outages = Outages::default();
        outages.add(
            Source::Rdap,
            Outage {
                from: at(10),
                until: at(20),
                shows: Shows::Silence,
            },
        );
        let second = SignedDuration::from_secs(1);
        assert_eq!(outages.at(Source::Rdap, at(10) - second), None);
        assert_eq!(outages.at(Source::Rdap, at(10)), Some(Shows::Silence));
        assert_eq!(
            outages.at(Source::Rdap, at(20) - second),
            Some(Shows::Silence)
        );
        assert_eq!(outages.at(Source::Rdap, at(20)), None);
        assert_eq!(outages.at(Source::Fastly, at(15)), None);
    }
}
