//! Where the registries' servers are: a sweep fetches the list that the operator publishes, a question never does.

use std::process::Command;

use fastly_stand_in::Script;
use rdap_stand_in::{Reply, StandIn, registered};

use crate::support::{DAY_1, House, text};

fn run(mut command: Command) {
    let output = command.output().expect("lapsewatch runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_sweep_fetches_the_operators_list_and_a_question_takes_what_is_at_hand() {
    let house = House::new(Script::default());
    house.import(&["alice@example.org".to_owned()]);
    let registry = StandIn::start().expect("the stand-in starts");
    let list = Reply {
        body: (registry.bootstrap(&["dev", "org"]), 1),
        ..Reply::page(200, "")
    };
    registry.says("dns.json", list);
    let since = [("registration", "2015-01-01T00:00:00Z")];
    registry.says(
        "elsewhere.dev",
        Reply::object(&registered("elsewhere.dev", &since)),
    );
    let url = format!("{}domain/dns.json", registry.url());
    let with_list = |arguments: &[&str]| {
        let mut command = house.command(DAY_1, arguments);
        command.env("LAPSEWATCH_RDAP_BOOTSTRAP", &url);
        command
    };

    // The list that is built in has no server for .jp, nor has the operator's.
    run(with_list(&["check", "elsewhere.jp"]));
    assert_eq!(registry.total(), 0, "nobody was asked for the list");
    run(with_list(&["sweep"]));
    assert_eq!(registry.calls("dns.json"), 1);
    run(with_list(&["check", "elsewhere.dev"]));
    assert_eq!(registry.calls("elsewhere.dev"), 1, "the list is at hand");
    run(with_list(&["sweep", "--domain", "example.org"]));
    assert_eq!(registry.calls("dns.json"), 1, "it is of today");
}
