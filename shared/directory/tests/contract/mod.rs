//! What every directory does, whatever keeps it: run by one test file an adapter.

use std::future::Future;

use lapsewatch_core::{
    Cursor, Left, LeftReason, Outcome, PlanId, RestoreOrder, Timestamp, UnverifyOrder, Verdict,
    WatchedDomain,
};
use lapsewatch_directory::{Directory, DirectoryError};

/// A directory of its own, empty at first, and the registry's side of it.
pub(crate) trait Fixture: Sized + Send + Sync {
    /// The adapter.
    type Directory: Directory;

    /// An empty one.
    fn new() -> impl Future<Output = Self>;

    /// The directory under test.
    fn directory(&self) -> &Self::Directory;

    /// The registry verifies addresses, each at a time or at one nobody knows. What it says of an address that is there
    /// already is newer.
    fn verify(&self, addresses: &[(&str, Option<&str>)]) -> impl Future<Output = ()>;

    /// Whether the address counts as verified.
    fn is_verified(&self, address: &str) -> impl Future<Output = bool>;
}

/// The contract as tests of one adapter.
macro_rules! contract {
    ($fixture:ty: $($test:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                contract::$test(<$fixture as contract::Fixture>::new().await).await;
            }
        )+
    };
    ($fixture:ty) => {
        contract!($fixture:
            an_empty_directory_lists_nothing,
            every_spelling_of_a_domain_is_one_domain,
            an_address_below_a_private_suffix_stands_on_both_names,
            the_loss_of_a_private_suffix_unverifies_the_addresses_below_it,
            what_cannot_be_watched_is_not_listed,
            the_earliest_verification_is_told,
            long_lists_come_in_pages,
            addresses_at_other_domains_are_left_alone,
            an_address_verified_since_is_left_alone,
            an_address_verified_at_an_unknown_time_is_covered,
            the_same_order_again_counts_what_it_did,
            a_preview_changes_nothing_and_says_what_the_order_will,
            an_address_unverified_by_another_plan_is_counted_as_left,
            a_domain_leaves_with_its_last_verified_address,
            an_unverified_address_comes_back_only_by_a_later_verification,
            a_restoration_undoes_exactly_that_plan,
            a_restoration_again_counts_what_it_did,
            an_address_verified_since_the_plan_is_not_restored_but_counted,
            a_late_second_order_does_not_undo_a_restoration,
            a_new_plan_covers_what_was_restored,
            a_new_registration_covers_what_was_verified_before_it_and_nothing_since,
            a_new_registration_covers_what_is_undated_only_if_it_was_seen_before_it,
            what_a_person_has_restored_no_new_registration_before_that_covers,
            an_order_for_a_domain_without_addresses_does_nothing,
        );
    };
}
pub(crate) use contract;

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const EARLIER: &str = "2024-01-01T00:00:00Z";
const OBSERVED: &str = "2025-01-01T00:00:00Z";
const LATER: &str = "2025-02-01T00:00:00Z";
/// When every fixture takes its addresses in.
pub(crate) const FIRST_SEEN: &str = "2026-01-01T00:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn order(plan: &str, domain: &str) -> UnverifyOrder {
    UnverifyOrder {
        plan: PlanId::from_stored(plan),
        domain: domain.parse().unwrap(),
        verdict: Verdict::Lapsed,
        verified_before: time(OBSERVED),
        evidence: Vec::new(),
        at: time("2025-01-02T00:00:00Z"),
    }
}

fn undo(plan: &str, domain: &str) -> RestoreOrder {
    RestoreOrder {
        plan: PlanId::from_stored(plan),
        domain: domain.parse().unwrap(),
        at: time("2025-03-01T00:00:00Z"),
    }
}

fn outcome(addresses: u64, left: &[(LeftReason, u64)]) -> Outcome {
    Outcome {
        addresses,
        left: left
            .iter()
            .map(|&(reason, addresses)| Left { reason, addresses })
            .collect(),
    }
}

async fn pages(directory: &impl Directory) -> Result<Vec<WatchedDomain>, DirectoryError> {
    let mut all: Vec<WatchedDomain> = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = directory.domains(cursor.as_ref()).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}

/// The names on all pages. A domain may stand on two.
async fn listed(fixture: &impl Fixture) -> Vec<String> {
    let mut names: Vec<String> = pages(fixture.directory())
        .await
        .unwrap()
        .into_iter()
        .map(|watched| watched.domain.to_string())
        .collect();
    names.sort();
    names.dedup();
    names
}

async fn unverify(fixture: &impl Fixture, order: &UnverifyOrder) -> Outcome {
    fixture.directory().unverify(order).await.unwrap()
}

async fn restore(fixture: &impl Fixture, order: &RestoreOrder) -> Outcome {
    fixture.directory().restore(order).await.unwrap()
}

pub(crate) async fn an_empty_directory_lists_nothing(fixture: impl Fixture) {
    assert_eq!(listed(&fixture).await, [""; 0]);
}

pub(crate) async fn every_spelling_of_a_domain_is_one_domain(fixture: impl Fixture) {
    let addresses = [
        "a@bücher.de",
        "b@xn--bcher-kva.de",
        "c@mail.BÜCHER.de.",
        "d@a.b.xn--BCHER-kva.de",
    ];
    fixture
        .verify(&addresses.map(|address| (address, Some(EARLIER))))
        .await;
    assert_eq!(listed(&fixture).await, ["xn--bcher-kva.de"]);

    let done = unverify(&fixture, &order("p", "xn--bcher-kva.de")).await;
    assert_eq!(done, outcome(4, &[]));
    for address in addresses {
        assert!(!fixture.is_verified(address).await, "{address}");
    }
}

pub(crate) async fn an_address_below_a_private_suffix_stands_on_both_names(fixture: impl Fixture) {
    fixture
        .verify(&[("a@mail.shop.uk.com", Some(EARLIER))])
        .await;
    assert_eq!(listed(&fixture).await, ["shop.uk.com", "uk.com"]);
    assert_eq!(
        unverify(&fixture, &order("p", "shop.uk.com")).await,
        outcome(1, &[])
    );
    assert!(!fixture.is_verified("a@mail.shop.uk.com").await);
    assert_eq!(listed(&fixture).await, [""; 0]);
}

pub(crate) async fn the_loss_of_a_private_suffix_unverifies_the_addresses_below_it(
    fixture: impl Fixture,
) {
    fixture
        .verify(&[
            ("a@shop.uk.com", Some(EARLIER)),
            ("b@other.uk.com", Some(EARLIER)),
            ("c@shop.co.uk", Some(EARLIER)),
        ])
        .await;
    let both = order("p", "uk.com");
    assert_eq!(unverify(&fixture, &both).await, outcome(2, &[]));
    assert!(!fixture.is_verified("a@shop.uk.com").await);
    assert!(!fixture.is_verified("b@other.uk.com").await);
    assert_eq!(listed(&fixture).await, ["shop.co.uk"]);

    assert_eq!(
        restore(&fixture, &undo("p", "uk.com")).await,
        outcome(2, &[])
    );
    assert_eq!(
        listed(&fixture).await,
        ["other.uk.com", "shop.co.uk", "shop.uk.com", "uk.com"]
    );
}

pub(crate) async fn what_cannot_be_watched_is_not_listed(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@[192.0.2.1]", Some(EARLIER)),
            ("b@host.test", None),
            ("c@example.org", Some(EARLIER)),
        ])
        .await;
    assert_eq!(listed(&fixture).await, ["example.org"]);
}

pub(crate) async fn the_earliest_verification_is_told(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(LATER)),
            ("b@mail.example.org", Some(LONG_AGO)),
            ("c@example.org", None),
            ("a@example.net", None),
        ])
        .await;
    let all = pages(fixture.directory()).await.unwrap();
    let earliest = |name: &str| {
        all.iter()
            .filter(|watched| watched.domain.as_str() == name)
            .filter_map(|watched| watched.earliest_verified_at)
            .min()
    };
    assert_eq!(earliest("example.org"), Some(time(LONG_AGO)));
    assert_eq!(
        earliest("example.net"),
        Some(time(FIRST_SEEN)),
        "nobody knows when it was verified, but by then it was"
    );
}

pub(crate) async fn long_lists_come_in_pages(fixture: impl Fixture) {
    let addresses: Vec<String> = (0..2_500)
        .map(|n| format!("a@example-{n:04}.org"))
        .collect();
    let verified: Vec<(&str, Option<&str>)> = addresses
        .iter()
        .map(|address| (address.as_str(), Some(EARLIER)))
        .collect();
    fixture.verify(&verified).await;

    let first = fixture.directory().domains(None).await.unwrap();
    assert!(first.next.is_some());
    let expected: Vec<String> = addresses
        .iter()
        .map(|address| address[2..].to_owned())
        .collect();
    assert_eq!(listed(&fixture).await, expected);
}

pub(crate) async fn addresses_at_other_domains_are_left_alone(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("a@example.net", Some(EARLIER)),
            ("a@notexample.org", Some(EARLIER)),
        ])
        .await;
    unverify(&fixture, &order("p", "example.org")).await;
    assert_eq!(listed(&fixture).await, ["example.net", "notexample.org"]);
}

pub(crate) async fn an_address_verified_since_is_left_alone(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("before@example.org", Some("2024-12-31T23:59:59.999Z")),
            ("then@example.org", Some(OBSERVED)),
            ("since@example.org", Some(LATER)),
        ])
        .await;
    let done = unverify(&fixture, &order("p", "example.org")).await;
    assert_eq!(done, outcome(1, &[(LeftReason::VerifiedSince, 2)]));
    assert!(!fixture.is_verified("before@example.org").await);
    assert!(fixture.is_verified("then@example.org").await);
    assert!(fixture.is_verified("since@example.org").await);
}

pub(crate) async fn an_address_verified_at_an_unknown_time_is_covered(fixture: impl Fixture) {
    fixture.verify(&[("a@example.org", None)]).await;
    let done = unverify(&fixture, &order("p", "example.org")).await;
    assert_eq!(done, outcome(1, &[]));
    assert!(!fixture.is_verified("a@example.org").await);
}

pub(crate) async fn the_same_order_again_counts_what_it_did(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("b@example.org", None),
            ("c@example.org", Some(LATER)),
        ])
        .await;
    let order = order("p", "example.org");
    let first = unverify(&fixture, &order).await;
    assert_eq!(first, outcome(2, &[(LeftReason::VerifiedSince, 1)]));
    assert_eq!(unverify(&fixture, &order).await, first);
    assert!(fixture.is_verified("c@example.org").await);
}

pub(crate) async fn a_preview_changes_nothing_and_says_what_the_order_will(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("b@example.org", None),
            ("c@example.org", Some(LATER)),
        ])
        .await;
    let order = order("p", "example.org");
    let foreseen = fixture.directory().preview(&order).await.unwrap();
    assert!(fixture.is_verified("a@example.org").await);
    assert!(fixture.is_verified("b@example.org").await);
    assert_eq!(unverify(&fixture, &order).await, foreseen);
    assert_eq!(fixture.directory().preview(&order).await.unwrap(), foreseen);
}

pub(crate) async fn an_address_unverified_by_another_plan_is_counted_as_left(
    fixture: impl Fixture,
) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    unverify(&fixture, &order("first", "example.org")).await;
    let done = unverify(&fixture, &order("second", "example.org")).await;
    assert_eq!(done, outcome(0, &[(LeftReason::NotVerified, 1)]));
}

pub(crate) async fn a_domain_leaves_with_its_last_verified_address(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("b@example.org", Some(LATER)),
        ])
        .await;
    unverify(&fixture, &order("first", "example.org")).await;
    assert_eq!(listed(&fixture).await, ["example.org"]);
    let last = UnverifyOrder {
        verified_before: time("2025-06-01T00:00:00Z"),
        ..order("second", "example.org")
    };
    unverify(&fixture, &last).await;
    assert_eq!(listed(&fixture).await, [""; 0]);
}

pub(crate) async fn an_unverified_address_comes_back_only_by_a_later_verification(
    fixture: impl Fixture,
) {
    fixture
        .verify(&[("a@example.org", Some(EARLIER)), ("b@example.org", None)])
        .await;
    unverify(&fixture, &order("p", "example.org")).await;
    fixture
        .verify(&[("a@example.org", Some(EARLIER)), ("b@example.org", None)])
        .await;
    assert_eq!(listed(&fixture).await, [""; 0]);

    fixture.verify(&[("a@example.org", Some(LATER))]).await;
    assert!(fixture.is_verified("a@example.org").await);
    assert!(!fixture.is_verified("b@example.org").await);
    let again = unverify(&fixture, &order("q", "example.org")).await;
    assert_eq!(
        again,
        outcome(
            0,
            &[(LeftReason::VerifiedSince, 1), (LeftReason::NotVerified, 1)]
        )
    );
}

pub(crate) async fn a_restoration_undoes_exactly_that_plan(fixture: impl Fixture) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("a@example.net", Some(EARLIER)),
            ("b@example.org", Some(LATER)),
        ])
        .await;
    unverify(&fixture, &order("first", "example.org")).await;
    unverify(&fixture, &order("first", "example.net")).await;
    let second = UnverifyOrder {
        verified_before: time("2025-06-01T00:00:00Z"),
        ..order("second", "example.org")
    };
    unverify(&fixture, &second).await;

    assert_eq!(
        restore(&fixture, &undo("first", "example.org")).await,
        outcome(1, &[])
    );
    assert!(fixture.is_verified("a@example.org").await);
    assert!(!fixture.is_verified("b@example.org").await);
    assert!(!fixture.is_verified("a@example.net").await);
}

pub(crate) async fn a_restoration_again_counts_what_it_did(fixture: impl Fixture) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    unverify(&fixture, &order("p", "example.org")).await;
    for _ in 0..2 {
        assert_eq!(
            restore(&fixture, &undo("p", "example.org")).await,
            outcome(1, &[])
        );
    }
}

pub(crate) async fn an_address_verified_since_the_plan_is_not_restored_but_counted(
    fixture: impl Fixture,
) {
    fixture
        .verify(&[
            ("a@example.org", Some(EARLIER)),
            ("b@example.org", Some(EARLIER)),
        ])
        .await;
    unverify(&fixture, &order("p", "example.org")).await;
    fixture.verify(&[("a@example.org", Some(LATER))]).await;
    let done = restore(&fixture, &undo("p", "example.org")).await;
    assert_eq!(done, outcome(1, &[(LeftReason::ChangedSince, 1)]));
    assert!(fixture.is_verified("a@example.org").await);
    assert!(fixture.is_verified("b@example.org").await);
}

pub(crate) async fn a_late_second_order_does_not_undo_a_restoration(fixture: impl Fixture) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    let order = order("p", "example.org");
    unverify(&fixture, &order).await;
    restore(&fixture, &undo("p", "example.org")).await;
    assert_eq!(unverify(&fixture, &order).await, outcome(1, &[]));
    assert!(fixture.is_verified("a@example.org").await);
}

pub(crate) async fn a_new_plan_covers_what_was_restored(fixture: impl Fixture) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    unverify(&fixture, &order("first", "example.org")).await;
    restore(&fixture, &undo("first", "example.org")).await;
    assert_eq!(
        unverify(&fixture, &order("second", "example.org")).await,
        outcome(1, &[])
    );
    assert!(!fixture.is_verified("a@example.org").await);
    assert_eq!(
        restore(&fixture, &undo("first", "example.org")).await,
        outcome(0, &[])
    );
    assert!(!fixture.is_verified("a@example.org").await);
}

pub(crate) async fn an_order_for_a_domain_without_addresses_does_nothing(fixture: impl Fixture) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    assert_eq!(
        unverify(&fixture, &order("p", "example.net")).await,
        outcome(0, &[])
    );
    assert_eq!(
        restore(&fixture, &undo("p", "example.org")).await,
        outcome(0, &[])
    );
    assert!(fixture.is_verified("a@example.org").await);
}

/// The domain was registered again then.
fn registered_again(plan: &str, at: &str) -> UnverifyOrder {
    UnverifyOrder {
        verdict: Verdict::Resurrected {
            registered_at: time(at),
        },
        verified_before: time(at),
        ..order(plan, "example.org")
    }
}

pub(crate) async fn a_new_registration_covers_what_was_verified_before_it_and_nothing_since(
    fixture: impl Fixture,
) {
    fixture
        .verify(&[
            ("older@example.org", Some(EARLIER)),
            ("same@example.org", Some(OBSERVED)),
            ("newer@example.org", Some(LATER)),
        ])
        .await;
    let order = registered_again("p", OBSERVED);
    let foreseen = fixture.directory().preview(&order).await.unwrap();
    let done = unverify(&fixture, &order).await;
    assert_eq!(done, outcome(1, &[(LeftReason::VerifiedSince, 2)]));
    assert_eq!(done, foreseen);
    assert!(!fixture.is_verified("older@example.org").await);
    assert!(fixture.is_verified("same@example.org").await);
    assert!(fixture.is_verified("newer@example.org").await);
}

pub(crate) async fn a_new_registration_covers_what_is_undated_only_if_it_was_seen_before_it(
    fixture: impl Fixture,
) {
    fixture.verify(&[("a@example.org", None)]).await;
    let before = unverify(&fixture, &registered_again("p", FIRST_SEEN)).await;
    assert_eq!(before, outcome(0, &[(LeftReason::VerifiedSince, 1)]));
    let after = unverify(&fixture, &registered_again("q", "2026-01-01T00:00:01Z")).await;
    assert_eq!(after, outcome(1, &[]));
    assert!(!fixture.is_verified("a@example.org").await);
}

pub(crate) async fn what_a_person_has_restored_no_new_registration_before_that_covers(
    fixture: impl Fixture,
) {
    fixture.verify(&[("a@example.org", Some(EARLIER))]).await;
    unverify(&fixture, &registered_again("p", OBSERVED)).await;
    restore(&fixture, &undo("p", "example.org")).await;
    let again = unverify(&fixture, &registered_again("q", OBSERVED)).await;
    assert_eq!(again, outcome(0, &[(LeftReason::VerifiedSince, 1)]));
    assert!(fixture.is_verified("a@example.org").await);
}
