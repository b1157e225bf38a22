//! A list of servers that somebody publishes, IANA or the operator, and the copy of it that is kept on this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Trust};
use crate::http::{self, in_full};

/// Where IANA publishes its list.
const IANA: &str = "https://data.iana.org/rdap/dns.json";
/// How long fetching a list may take: nothing waits for it that could not do without.
const FETCH: Duration = Duration::from_secs(5);
/// How old the copy may be before the list is fetched again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// How long after an attempt that failed there is no other.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// The longest list that is read; IANA's has some hundred kilobytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// A list at a URL, and where its copy is kept.
#[derive(Clone, Debug)]
pub(super) struct Published {
    url: String,
    trust: Trust,
    copy: PathBuf,
}

/// The copy, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What it is a copy of: under another setting it is of no use.
    url: String,
    /// When the list was last asked for, with whatever success.
    tried_at: Timestamp,
    /// The last list that was had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<List>,
}

#[derive(Serialize, Deserialize)]
struct List {
    fetched_at: Timestamp,
    text: String,
}

impl Published {
    /// IANA's list.
    pub(super) fn by_iana(copy: &Path) -> Self {
        Self::new(IANA, Trust::Registries, copy.to_owned())
    }

    /// The operator's, with a copy of its own beside that of IANA's.
    pub(super) fn by_operator(url: &str, copy: &Path) -> Self {
        Self::new(url, Trust::Operator, copy.with_extension("own.json"))
    }

    fn new(url: &str, trust: Trust, copy: PathBuf) -> Self {
        Self {
            url: url.to_owned(),
            trust,
            copy,
        }
    }

    /// The list without asking anybody for it: the copy, of whatever age, or else the list that is built in.
    pub(super) fn at_hand(&self) -> Bootstrap {
        let list = self.kept().and_then(|kept| kept.list);
        list.and_then(|list| Bootstrap::of_fetched(&list.text, self.trust).ok())
            .unwrap_or_else(Bootstrap::shipped)
    }

    /// The list as it is published `now` (real time); `None` if the copy is of today, if the list cannot be had, or could not
    /// within the last hour. What is at hand serves on then.
    pub(super) async fn anew(&self, now: Timestamp) -> Option<Bootstrap> {
        let kept = self.kept();
        if kept.as_ref().is_some_and(|kept| !kept.is_due(now)) {
            return None;
        }
        let older = kept.and_then(|kept| kept.list);
        let serves_on = match older {
            Some(_) => "an older copy serves",
            None => "the built-in list serves",
        };
        // Before the answer: nobody else tries meanwhile, nor after this process has been killed over it.
        self.keep(now, older);
        match self.fetch().await {
            Ok((bootstrap, text)) => {
                let list = List {
                    fetched_at: now,
                    text,
                };
                self.keep(now, Some(list));
                Some(bootstrap)
            }
            Err(why) => {
                match self.trust {
                    Trust::Registries => {
                        tracing::debug!(why, "IANA's list cannot be fetched; {serves_on}");
                    }
                    Trust::Operator => tracing::warn!(
                        why,
                        "LAPSEWATCH_RDAP_BOOTSTRAP cannot be fetched; {serves_on}"
                    ),
                }
                None
            }
        }
    }

    async fn fetch(&self) -> Result<(Bootstrap, String), String> {
        let text = async {
            let client = http::client()?.timeout(FETCH).build()?;
            let response = client.get(&self.url).send().await?.error_for_status()?;
            http::body(response, LONGEST).await
        };
        let text = text.await.map_err(|error| in_full(&error))?;
        let text = text.ok_or("it is longer than 8 MiB")?;
        let text = String::from_utf8(text).map_err(|error| error.to_string())?;
        Ok((Bootstrap::of_fetched(&text, self.trust)?, text))
    }

    /// The copy, if it is one of this very list.
    fn kept(&self) -> Option<Kept> {
        let text = std::fs::read(&self.copy).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.url == self.url).then_some(kept)
    }

    /// Keeps a copy. One that cannot be kept is fetched again, no more.
    fn keep(&self, tried_at: Timestamp, list: Option<List>) {
        let kept = Kept {
            url: self.url.clone(),
            tried_at,
            list,
        };
        if let Err(error) = self.write(&kept) {
            tracing::debug!(
                cause = in_full(&error),
                "the list of the registries' servers is not kept"
            );
        }
    }

    /// Another process reads the whole copy or the one before, never half of it.
    fn write(&self, kept: &Kept) -> io::Result<()> {
        let beside = self
            .copy
            .with_added_extension(std::process::id().to_string());
        std::fs::write(&beside, serde_json::to_vec(kept)?)?;
        std::fs::rename(beside, &self.copy)
    }
}

impl Kept {
    fn is_due(&self, now: Timestamp) -> bool {
        // A time that lies ahead is a wrong clock's, and would put the next attempt off for ever.
        let is_within =
            |time, since| (SignedDuration::ZERO..time).contains(&now.duration_since(since));
        let has_fresh = self
            .list
            .as_ref()
            .is_some_and(|list| is_within(FRESH, list.fetched_at));
        !has_fresh && !is_within(AGAIN, self.tried_at)
    }
}

#[cfg(test)]
mod tests {
    use rdap_stand_in::{Reply, StandIn};
    use tempfile::TempDir;

    use super::*;

    /// Somebody who publishes a list, and a folder for the copy of it.
    struct Publisher {
        stand_in: StandIn,
        folder: TempDir,
    }

    impl Publisher {
        fn new(list: &str) -> Self {
            let publisher = Self {
                stand_in: StandIn::start().unwrap(),
                folder: tempfile::tempdir().unwrap(),
            };
            publisher.publishes(list);
            publisher
        }

        fn publishes(&self, list: &str) {
            let reply = Reply {
                body: (list.to_owned(), 1),
                ..Reply::page(200, "")
            };
            self.stand_in.says("dns.json", reply);
        }

        fn is_away(&self) {
            self.stand_in.says("dns.json", Reply::page(503, ""));
        }

        fn url(&self) -> String {
            format!("{}domain/dns.json", self.stand_in.url())
        }

        fn calls(&self) -> u64 {
            self.stand_in.calls("dns.json")
        }

        fn copy(&self) -> PathBuf {
            self.folder.path().join("lapsewatch.db.rdap.json")
        }

        /// What IANA publishes is at this publisher's.
        fn as_iana(&self) -> Published {
            Published::new(&self.url(), Trust::Registries, self.copy())
        }

        fn as_operator(&self) -> Published {
            Published::by_operator(&self.url(), &self.copy())
        }
    }

    /// IANA's list as it ships, and a server for `.jp`, which has none there.
    fn with_jp(server: &str) -> String {
        let mut list: serde_json::Value =
            serde_json::from_str(include_str!("../../data/rdap-dns.json")).unwrap();
        let jp = serde_json::json!([["jp"], [server]]);
        list["services"].as_array_mut().unwrap().push(jp);
        list.to_string()
    }

    fn own(server: &str) -> String {
        format!(r#"{{"services":[[["jp"],["{server}"]]]}}"#)
    }

    fn of_jp(list: &Bootstrap) -> Option<String> {
        let server = list.base(&"example.jp".parse().unwrap());
        server.map(ToString::to_string)
    }

    fn hours(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    const NEW: &str = "https://rdap.example.jp/";
    const NEWER: &str = "https://newer.example.jp/";

    #[tokio::test]
    async fn ianas_list_is_fetched_once_a_day_and_its_copy_serves_meanwhile() {
        let iana = Publisher::new(&with_jp(NEW));
        assert_eq!(of_jp(&iana.as_iana().at_hand()), None, "the built-in list");
        let fetched = iana.as_iana().anew(hours(0)).await.unwrap();
        assert_eq!(of_jp(&fetched).as_deref(), Some(NEW));

        iana.publishes(&with_jp(NEWER));
        assert!(iana.as_iana().anew(hours(23)).await.is_none());
        assert_eq!(of_jp(&iana.as_iana().at_hand()).as_deref(), Some(NEW));
        assert_eq!(iana.calls(), 1);

        let of_the_next_day = iana.as_iana().anew(hours(24)).await.unwrap();
        assert_eq!(of_jp(&of_the_next_day).as_deref(), Some(NEWER));
        assert_eq!(of_jp(&iana.as_iana().at_hand()).as_deref(), Some(NEWER));
        assert_eq!(iana.calls(), 2);
    }

    #[tokio::test]
    async fn while_iana_is_away_an_older_copy_serves_and_an_attempt_an_hour_is_made() {
        let iana = Publisher::new(&with_jp(NEW));
        iana.as_iana().anew(hours(0)).await.unwrap();
        iana.is_away();
        for now in [100, 100, 101] {
            assert!(iana.as_iana().anew(hours(now)).await.is_none());
            assert_eq!(of_jp(&iana.as_iana().at_hand()).as_deref(), Some(NEW));
        }
        assert_eq!(iana.calls(), 3, "the second at 100 hours is left out");
        iana.publishes(&with_jp(NEWER));
        assert!(iana.as_iana().anew(hours(102)).await.is_some());
    }

    #[tokio::test]
    async fn without_a_copy_the_built_in_list_serves_and_a_failure_is_remembered_all_the_same() {
        let iana = Publisher::new("");
        for nothing_of_use in ["", "{}", &own(NEW)] {
            iana.publishes(nothing_of_use);
            std::fs::remove_file(iana.copy()).ok();
            let before = iana.calls();
            for _ in 0..2 {
                assert!(iana.as_iana().anew(hours(0)).await.is_none());
            }
            assert_eq!(iana.calls(), before + 1, "{nothing_of_use}");
            let at_hand = iana.as_iana().at_hand();
            assert!(at_hand.base(&"example.org".parse().unwrap()).is_some());
            assert_eq!(of_jp(&at_hand), None);
        }
    }

    #[tokio::test]
    async fn ianas_list_names_no_server_of_this_network_neither_fetched_nor_as_a_copy() {
        let iana = Publisher::new(&with_jp("http://127.0.0.1:8080/"));
        let fetched = iana.as_iana().anew(hours(0)).await.unwrap();
        assert_eq!(of_jp(&fetched), None);
        assert_eq!(of_jp(&iana.as_iana().at_hand()), None);
    }

    #[tokio::test]
    async fn the_operators_list_is_kept_as_well_and_under_another_setting_it_is_not_used() {
        let own_server = "http://10.0.0.1/";
        let operator = Publisher::new(&own(own_server));
        let fetched = operator.as_operator().anew(hours(0)).await.unwrap();
        assert_eq!(of_jp(&fetched).as_deref(), Some(own_server));
        operator.is_away();
        assert!(operator.as_operator().anew(hours(23)).await.is_none());
        assert_eq!(operator.calls(), 1);
        let at_hand = operator.as_operator().at_hand();
        assert_eq!(of_jp(&at_hand).as_deref(), Some(own_server));

        let copy = operator.copy();
        assert!(!copy.exists(), "the place of IANA's copy");
        let of_iana = Published::by_iana(&copy).at_hand();
        assert_eq!(of_jp(&of_iana), None);
        let elsewhere = Published::by_operator("http://127.0.0.1:1/dns.json", &copy);
        assert_eq!(of_jp(&elsewhere.at_hand()), None);
        assert!(elsewhere.anew(hours(0)).await.is_none(), "it is tried");
        assert_eq!(of_jp(&operator.as_operator().at_hand()), None, "and kept");
    }

    #[tokio::test]
    async fn a_copy_from_the_future_is_fetched_anew() {
        let iana = Publisher::new(&with_jp(NEW));
        iana.as_iana().anew(hours(1000)).await.unwrap();
        assert!(iana.as_iana().anew(hours(0)).await.is_some());
        assert!(iana.as_iana().anew(hours(1)).await.is_none());
    }

    #[tokio::test]
    async fn what_is_no_copy_is_no_hindrance() {
        let iana = Publisher::new(&with_jp(NEW));
        std::fs::write(iana.copy(), "{").unwrap();
        assert_eq!(of_jp(&iana.as_iana().at_hand()), None);
        assert!(iana.as_iana().anew(hours(0)).await.is_some());
    }
}
