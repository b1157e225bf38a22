//! A domain object of RDAP (RFC 9083, 5.3), read defensively: a field that is not as it should be is absent, and takes no
//! other with it.

use jiff::Timestamp;
use lapsewatch_core::{DomainName, HostName, RdapFacts, RdapFailure, RdapFinding, RdapStatus};
use serde_json::Value;

use super::unreadable;
use crate::hosts::sorted;
use crate::text::kept;

/// More statuses than any registration has; what is beyond is not kept.
const MOST_STATUSES: usize = 32;

/// 1980 and 2200, in seconds since 1970: before the first and after any domain.
const EARLIEST: i64 = 315_532_800;
const LATEST: i64 = 7_258_118_400;

/// Reads the answer to a question about `domain`.
pub(super) fn read(body: &[u8], domain: &DomainName) -> RdapFinding {
    let object: Value = match serde_json::from_slice(body) {
        Ok(object) => object,
        Err(error) => return unreadable(&kept(&format!("it is not JSON: {error}"))),
    };
    if object["objectClassName"] != "domain" {
        return unreadable("it is not an RDAP domain object");
    }
    match is_about(&object, domain) {
        Some(true) => {}
        Some(false) => {
            return RdapFinding::NoAnswer {
                reason: RdapFailure::OtherName,
            };
        }
        None => return unreadable("it names no domain"),
    }
    RdapFinding::Registered(facts(&object))
}

/// Whether a 404's body is an error as RDAP writes it (RFC 9083, 6).
pub(super) fn is_error_of_rdap(body: &[u8]) -> bool {
    let object: Value = serde_json::from_slice(body).unwrap_or_default();
    object["errorCode"] == 404 || object["rdapConformance"].is_array()
}

/// Whether the object is that of the domain; `None` if it does not say.
fn is_about(object: &Value, domain: &DomainName) -> Option<bool> {
    if let Some(name) = object["ldhName"].as_str() {
        let name = HostName::parse(name);
        return Some(name.is_some_and(|name| name.as_str() == domain.as_str()));
    }
    let name = object["unicodeName"].as_str()?.trim_end_matches('.');
    let labels = |name: &str| name.split('.').count();
    let is_same = labels(name) == labels(domain.as_str())
        && name.parse().is_ok_and(|named: DomainName| named == *domain);
    Some(is_same)
}

fn facts(object: &Value) -> RdapFacts {
    let name_servers = list(&object["nameservers"])
        .filter_map(|server| HostName::parse(server["ldhName"].as_str()?));
    RdapFacts {
        // The earliest: of two dates, the later one could take an address from its owner. A `reregistration` or
        // `reinstantiation` is no registration by others: some registries write one when the owner restores or renews.
        // To the second, as most registries have it: what was verified in the very same is left alone.
        registered_at: dates(object, "registration")
            .min()
            .and_then(|date| Timestamp::from_second(date.as_second()).ok()),
        expires_at: dates(object, "expiration").max(),
        registrar_expires_at: dates(object, "registrar expiration").max(),
        transferred_at: dates(object, "transfer").max(),
        statuses: list(&object["status"])
            .filter_map(|status| Some(RdapStatus::from(kept(status.as_str()?))))
            .take(MOST_STATUSES)
            .collect(),
        registrar: list(&object["entities"]).find_map(registrar),
        name_servers: sorted(name_servers),
    }
}

/// The dates of an event, in whole milliseconds. One without an offset is nobody's time, and left out.
fn dates<'a>(object: &'a Value, action: &'a str) -> impl Iterator<Item = Timestamp> {
    list(&object["events"])
        .filter(move |event| {
            event["eventAction"]
                .as_str()
                .is_some_and(|said| said.eq_ignore_ascii_case(action))
        })
        .filter_map(|event| {
            let date: Timestamp = event["eventDate"].as_str()?.trim().parse().ok()?;
            // A date beyond all calendars (9999-12-31 is a favourite) means that there is none.
            Some(date)
                .filter(|date| (EARLIEST..LATEST).contains(&date.as_second()))
                .and_then(|date| Timestamp::from_millisecond(date.as_millisecond()).ok())
        })
}

/// The registrar's number at IANA, if the entity is the registrar.
fn registrar(entity: &Value) -> Option<u32> {
    let is_registrar = list(&entity["roles"]).any(|role| role == "registrar");
    let id = |public_id: &Value| {
        let is_ianas = public_id["type"]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("IANA Registrar ID"));
        let identifier = &public_id["identifier"];
        let number = identifier
            .as_str()
            .and_then(|text| text.trim().parse().ok())
            .or_else(|| u32::try_from(identifier.as_u64()?).ok());
        number.filter(|_| is_ianas)
    };
    list(&entity["publicIds"])
        .find_map(id)
        .filter(|_| is_registrar)
}

/// The items of a list; none of what is no list.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn domain() -> DomainName {
        "example.org".parse().unwrap()
    }

    fn read_json(object: &Value) -> RdapFinding {
        read(object.to_string().as_bytes(), &domain())
    }

    fn facts_of(mut object: Value) -> RdapFacts {
        object["objectClassName"] = json!("domain");
        object["ldhName"] = json!("EXAMPLE.org.");
        match read_json(&object) {
            RdapFinding::Registered(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_fact_is_read() {
        let facts = facts_of(json!({
            "events": [
                {"eventAction": "registration", "eventDate": "1995-08-31T04:00:00Z"},
                {"eventAction": "expiration", "eventDate": "2027-08-30T06:00:00+02:00"},
                {"eventAction": "registrar expiration", "eventDate": "2026-08-30T04:00:00Z"},
                {"eventAction": "transfer", "eventDate": "2019-01-01T00:00:00.123456Z"},
                {"eventAction": "last changed", "eventDate": "2026-01-01T00:00:00Z"}
            ],
            "status": ["client transfer prohibited", "auto renew period"],
            "entities": [
                {"roles": ["abuse"], "publicIds": [{"type": "IANA Registrar ID", "identifier": "1"}]},
                {"roles": ["registrar"], "publicIds": [{"type": "IANA Registrar ID", "identifier": "292"}]}
            ],
            "nameservers": [{"ldhName": "NS2.example.net"}, {"ldhName": "ns1.example.net."}, {"ldhName": "ns1.example.net"}]
        }));
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(facts.registered_at, time("1995-08-31T04:00:00Z"));
        assert_eq!(facts.expires_at, time("2027-08-30T04:00:00Z"));
        assert_eq!(facts.registrar_expires_at, time("2026-08-30T04:00:00Z"));
        assert_eq!(facts.transferred_at, time("2019-01-01T00:00:00.123Z"));
        assert_eq!(
            facts.statuses,
            [
                RdapStatus::Other("client transfer prohibited".to_owned()),
                RdapStatus::AutoRenewPeriod
            ]
        );
        assert_eq!(facts.registrar, Some(292));
        let servers: Vec<_> = facts.name_servers.iter().map(HostName::as_str).collect();
        assert_eq!(servers, ["ns1.example.net", "ns2.example.net"]);
    }

    #[test]
    fn of_two_registrations_the_earlier_counts_and_a_date_without_an_offset_is_none() {
        let registered = |dates: &[&str]| {
            let events = dates
                .iter()
                .map(|date| json!({"eventAction": "registration", "eventDate": date}));
            facts_of(json!({"events": events.collect::<Vec<_>>()})).registered_at
        };
        let earlier = "2001-01-01T00:00:00Z";
        assert_eq!(
            registered(&["2020-01-01T00:00:00Z", earlier]),
            Some(earlier.parse().unwrap())
        );
        assert_eq!(registered(&["2020-01-01T00:00:00"]), None);
        assert_eq!(registered(&["2020-01-01"]), None);
        assert_eq!(registered(&["9999-12-31T00:00:00+03:00"]), None);
        assert_eq!(registered(&["0001-01-01T00:00:00Z"]), None);
    }

    #[test]
    fn a_registration_is_dated_to_the_second_and_never_later_than_it_was() {
        let object = json!({"events": [{"eventAction": "registration", "eventDate": "2020-01-02T03:04:05.999Z"}]});
        let second = "2020-01-02T03:04:05Z".parse().ok();
        assert_eq!(facts(&object).registered_at, second);
    }

    #[test]
    fn a_reregistration_is_not_taken_for_a_registration_by_others() {
        for action in ["reregistration", "reinstantiation"] {
            let events = json!([{"eventAction": action, "eventDate": "2026-01-01T00:00:00Z"}]);
            assert_eq!(facts_of(json!({ "events": events })).registered_at, None);
        }
    }

    #[test]
    fn fields_of_a_wrong_kind_are_absent_and_take_no_other_with_them() {
        let facts = facts_of(json!({
            "events": [7, {"eventAction": 1}, {"eventAction": "expiration", "eventDate": "2027-01-01T00:00:00Z"}],
            "status": {"a": 1},
            "entities": "none",
            "nameservers": [null, {"ldhName": "not a host"}, {"ldhName": "ns.example.org"}]
        }));
        assert!(facts.expires_at.is_some());
        assert_eq!(facts.name_servers.len(), 1);
        assert_eq!((facts.registrar, facts.statuses), (None, Vec::new()));
    }

    #[test]
    fn control_characters_do_not_get_through() {
        let facts = facts_of(json!({"status": ["pending delete\u{1b}[2J", "a\u{0}b\r\nc"]}));
        assert_eq!(
            facts.statuses,
            [
                RdapStatus::Other("pending delete [2J".to_owned()),
                RdapStatus::Other("a b c".to_owned())
            ]
        );
    }

    #[test]
    fn an_answer_about_another_name_or_none_is_no_answer() {
        let other = |object: Value| match read_json(&object) {
            RdapFinding::NoAnswer { reason } => reason,
            other => panic!("{other:?}"),
        };
        let named = |name: &str| json!({"objectClassName": "domain", "ldhName": name});
        assert_eq!(other(named("example.net")), RdapFailure::OtherName);
        assert_eq!(other(named("www.example.org")), RdapFailure::OtherName);
        for object in [
            json!({"objectClassName": "domain"}),
            json!({"objectClassName": "nameserver", "ldhName": "example.org"}),
            json!([]),
            json!(null),
        ] {
            assert!(matches!(other(object), RdapFailure::Unreadable { .. }));
        }
    }

    #[test]
    fn a_name_that_is_told_in_unicode_only_is_compared_in_the_form_that_was_asked() {
        let asked: DomainName = "bücher.de".parse().unwrap();
        let body = json!({"objectClassName": "domain", "unicodeName": "bücher.de"}).to_string();
        assert!(matches!(
            read(body.as_bytes(), &asked),
            RdapFinding::Registered(_)
        ));
        let body = json!({"objectClassName": "domain", "unicodeName": "www.bücher.de"}).to_string();
        assert!(matches!(
            read(body.as_bytes(), &asked),
            RdapFinding::NoAnswer { .. }
        ));
    }

    proptest! {
        #[test]
        fn any_body_is_survived(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(!matches!(read(&body, &domain()), RdapFinding::NotRegistered));
        }

        #[test]
        fn any_text_in_any_field_is_survived(text in "(?s).{0,300}", key in "events|status|entities|nameservers") {
            let facts = facts_of(json!({ key: [text, {"eventDate": text, "ldhName": text}] }));
            for status in facts.statuses {
                prop_assert!(!String::from(status).contains(char::is_control));
            }
        }
    }
}
