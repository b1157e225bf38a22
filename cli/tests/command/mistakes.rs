//! What a user sees who makes a mistake: a clear message, the exit code as said, and nothing half-written.

use std::io::Write;

use crate::support::{DAY_1, House, path, text};
use fastly_stand_in::{Behaviour, Script};

fn house() -> House {
    House::new(Script {
        key: Some("key-of-the-tests".into()),
        ..Script::answering("active")
    })
}

/// Runs, and answers what was said on standard error; the exit code must be `code`.
fn complaint(command: &mut std::process::Command, code: i32) -> String {
    let output = command.output().expect("lapsewatch runs");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn no_key_and_a_wrong_key_say_what_to_do() {
    let house = house();
    house.import(&["a@one.org".into(), "b@two.org".into()]);
    let said = complaint(
        house
            .command(DAY_1, &["sweep"])
            .env_remove("FASTLY_API_TOKEN"),
        1,
    );
    assert!(said.contains("FASTLY_API_TOKEN is not set"), "{said}");
    let said = complaint(
        house
            .command(DAY_1, &["sweep"])
            .env("FASTLY_API_TOKEN", "wrong-key"),
        1,
    );
    assert!(
        said.contains("rejected the key") && said.contains("global:read"),
        "{said}"
    );
    assert!(
        !said.contains("wrong-key"),
        "the key is never printed: {said}"
    );
    assert_eq!(
        house.json(DAY_1, &["sweep"], 0)["verdicts"]["held"],
        2,
        "the right key goes on"
    );
}

#[test]
fn no_network_is_unknown_and_never_lapsed() {
    let house = house();
    house.import(&["a@one.org".into()]);
    let output = house
        .command(DAY_1, &["sweep", "--json"])
        .env("LAPSEWATCH_FASTLY_URL", "http://127.0.0.1:9")
        .output()
        .expect("lapsewatch runs");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(document["verdicts"]["unknown"], 1, "{document}");
}

#[test]
fn a_file_that_cannot_be_imported_leaves_no_store_behind() {
    let house = house();
    for file in [house.path("missing.csv"), house.folder.path().to_owned()] {
        let said = complaint(&mut house.command(DAY_1, &["import", path(&file)]), 1);
        assert!(
            said.contains("directory") || said.contains("cannot open"),
            "{said}"
        );
        assert!(!house.store().exists());
    }
    let empty = house.path("empty.csv");
    std::fs::write(&empty, "").expect("written");
    let said = complaint(&mut house.command(DAY_1, &["import", path(&empty)]), 1);
    assert!(said.contains("empty"), "{said}");
}

#[test]
fn bad_lines_are_named_and_the_good_ones_kept() {
    let house = house();
    let file = house.path("mixed.csv");
    let mut csv = std::fs::File::create(&file).expect("created");
    csv.write_all(
        b"email,verified_at,account\na@one.org,2020-01-01T00:00:00Z,a\nb@two.org,yesterday,b\n",
    )
    .expect("written");
    csv.write_all(b"\xff\xfe@three.org,,c\nd@four.org,,d\n")
        .expect("written");
    csv.write_all(&vec![b'x'; 8 * 1024 * 1024])
        .expect("written");
    csv.write_all(b"\ne@five.org,2020-01-01T00:00:00Z,e\n")
        .expect("written");
    let report = house.json(DAY_1, &["import", path(&file)], 0);
    let lines: Vec<_> = report["bad"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| bad["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 6], "{report}");
    assert_eq!(report["addresses"], 3);
    assert_eq!(
        house.json(DAY_1, &["import", path(&file)], 0)["addresses"],
        3,
        "imported again, nothing doubles"
    );
}

#[test]
fn a_store_that_is_none_is_left_as_it_was() {
    let house = house();
    std::fs::write(house.store(), "these are my tax papers, not a database; 100 bytes of text would do it, so here are some more of them")
        .expect("written");
    let said = complaint(&mut house.command(DAY_1, &["plan"]), 1);
    assert!(said.contains("not"), "{said}");
    assert!(
        std::fs::read_to_string(house.store())
            .expect("read")
            .starts_with("these are my tax papers")
    );
}

#[test]
fn usage_and_settings_are_checked_before_anything_is_done() {
    let house = house();
    complaint(&mut house.command(DAY_1, &["swep"]), 2);
    complaint(
        &mut house.command(DAY_1, &["sweep", "--due", "--domain", "one.org"]),
        2,
    );
    for (name, value) in [
        ("FASTLY_RATE", "fast"),
        ("FASTLY_RATE", "0"),
        ("FASTLY_MONTHLY_BUDGET", "-1"),
        ("LAPSEWATCH_NOW", "noon"),
    ] {
        let said = complaint(house.command(DAY_1, &["plan"]).env(name, value), 1);
        assert!(said.contains(name), "{said}");
    }
    assert!(!house.store().exists());
    let said = complaint(&mut house.command(DAY_1, &["check", "mail.example.org"]), 1);
    assert!(said.contains("ask about example.org"), "{said}");
}

#[test]
fn throttling_and_failures_are_retried_and_what_stays_silent_is_unknown() {
    let script = Script::answering("active")
        .on(
            "throttled.org",
            [
                Behaviour::TooManyRequests {
                    retry_after: Some(1),
                    reset: None,
                },
                Behaviour::answer("active"),
            ],
        )
        .on("broken.org", [Behaviour::NotJson]);
    let house = House::new(script);
    house.import(&["a@throttled.org".into(), "b@broken.org".into()]);
    let swept = house.json(DAY_1, &["sweep"], 0);
    assert_eq!(
        (&swept["verdicts"]["held"], &swept["verdicts"]["unknown"]),
        (&1.into(), &1.into()),
        "{swept}"
    );
    assert_eq!(house.fastly.calls("throttled.org"), 2);
    assert_eq!(house.fastly.calls("broken.org"), 1);
}

#[test]
fn a_store_of_a_newer_version_is_named_and_left_as_it_was() {
    let house = house();
    house.import(&["a@one.org".into()]);
    let store = rusqlite::Connection::open(house.store()).expect("the store opens");
    let newer = "UPDATE schema_versions SET version = 99 WHERE component = 'watchlist'";
    store.execute(newer, []).expect("the version is set");
    drop(store);
    let before = std::fs::read(house.store()).expect("the store is read");
    let said = complaint(&mut house.command(DAY_1, &["sweep"]), 1);
    assert!(said.contains("newer version of Lapsewatch"), "{said}");
    let after = std::fs::read(house.store()).expect("the store is read");
    assert!(before == after, "the store was changed");
}

/// The kernel refuses a file above the limit as it refuses one on a full disk; the shell has it refuse without a signal.
#[test]
fn a_disk_that_is_full_is_said_and_nothing_is_half_written() {
    let house = house();
    house.import(&["first@one.org".into()]);
    let many: Vec<String> = (0..20_000).map(|n| format!("a@number{n}.org")).collect();
    let file = house.addresses(&many);
    let import = house.command(DAY_1, &["import", path(&file)]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", r#"trap "" XFSZ; ulimit -f 200; exec "$0" "$@""#])
        .arg(import.get_program())
        .args(import.get_args());
    let said = complaint(&mut limited, 1);
    assert!(said.contains("import addresses"), "{said}");
    let imported = house.json(DAY_1, &["import", path(&file)], 0);
    assert_eq!(imported["added"], 20_000, "nothing had been kept of it");
}

#[test]
fn an_output_that_takes_nothing_fails_with_a_sentence() {
    let house = house();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("the full device");
    let said = complaint(house.command(DAY_1, &["plan"]).stdout(full), 1);
    assert!(said.contains("cannot write the output"), "{said}");
}

/// Ctrl-C.
fn interrupt(process: &std::process::Child) {
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status();
    assert!(interrupted.expect("kill runs").success());
}

/// A house that watches so many domains, where a call takes so long.
fn slow_house(domains: u64, latency_ms: u64) -> House {
    let house = House::new(Script {
        latency_ms,
        ..Script::answering("active")
    });
    let addresses: Vec<_> = (0..domains).map(|n| format!("a@number{n}.org")).collect();
    house.import(&addresses);
    house
}

/// Waits until Fastly has been asked so often.
fn wait_for_calls(house: &House, calls: u64) {
    while house.fastly.total() < calls {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn ctrl_c_stops_a_sweep_and_the_next_one_goes_on_from_there() {
    const DOMAINS: u64 = 300;
    let house = slow_house(DOMAINS, 100);
    let sweep = house
        .command(DAY_1, &["sweep"])
        .env("FASTLY_RATE", "200")
        .spawn()
        .expect("lapsewatch starts");
    wait_for_calls(&house, 50);
    interrupt(&sweep);
    let output = sweep.wait_with_output().expect("it ends");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the next sweep goes on from here"), "{said}");
    let looked = house.fastly.total();
    assert!(looked < DOMAINS, "it stopped in the middle");
    let rest = house.json(DAY_1, &["sweep"], 0);
    assert_eq!(rest["verdicts"]["held"], DOMAINS - looked);
    assert_eq!(
        house.fastly.total(),
        DOMAINS,
        "no look was lost or repeated"
    );
}

#[test]
fn ctrl_c_stops_a_sweep_that_helps_another_and_the_other_goes_on() {
    const DOMAINS: u64 = 300;
    let house = slow_house(DOMAINS, 100);
    let sweep = || {
        house
            .command(DAY_1, &["sweep"])
            .env("FASTLY_RATE", "40")
            .spawn()
            .expect("lapsewatch starts")
    };
    let first = sweep();
    wait_for_calls(&house, 10);
    let helper = sweep();
    wait_for_calls(&house, 60);
    interrupt(&helper);
    let output = helper.wait_with_output().expect("it ends");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the next sweep goes on from here"), "{said}");
    let output = first.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(house.fastly.total(), DOMAINS);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_looks_under_way() {
    use std::io::BufRead;
    let house = slow_house(5, 4_000);
    let mut sweep = house
        .command(DAY_1, &["sweep"])
        .spawn()
        .expect("lapsewatch starts");
    wait_for_calls(&house, 1);
    interrupt(&sweep);
    let stderr = sweep.stderr.take().expect("it is piped");
    let mut lines = std::io::BufReader::new(stderr).lines();
    let first = lines.next().expect("a line").expect("it is text");
    assert!(first.contains("Ctrl-C again stops at once"), "{first}");
    interrupt(&sweep);
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    assert!(rest.concat().contains("stopped at once"), "{rest:?}");
    assert_eq!(sweep.wait().expect("it ends").code(), Some(1));
    let again = house.json(DAY_1, &["sweep"], 0);
    assert_eq!(
        again["verdicts"]["held"], 5,
        "the lost looks are taken again"
    );
}

/// Runs the command as a user who may not write what belongs to others: who runs the tests as root is made somebody else.
fn as_somebody(house: &House, arguments: &[&str]) -> std::process::Command {
    use std::os::unix::process::CommandExt;
    let usual = house.command(DAY_1, arguments);
    // The build's folder may be closed to him.
    let program = house.path("lapsewatch");
    if !program.exists() {
        std::fs::copy(usual.get_program(), &program).expect("the program is copied");
    }
    let mut command = std::process::Command::new(program);
    command.env_clear().args(usual.get_args());
    command.envs(
        usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if is_root() {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    command
}

/// A user that no system gives rights to.
const SOMEBODY: u32 = 65_534;

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self")
        .expect("a process of ours")
        .uid()
        == 0
}

/// Gives a file to the user, with these rights.
fn give(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::{PermissionsExt, chown};
    if is_root() {
        chown(path, Some(SOMEBODY), Some(SOMEBODY)).expect("root may");
    }
    let rights = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, rights).expect("one's own file");
}

/// A house with one address in a store, all of it the user's own.
fn somebodys_house() -> House {
    let house = House::new(Script::answering("active"));
    let file = house.addresses(&["a@example.org".to_owned()]);
    give(house.folder.path(), 0o755);
    give(&file, 0o644);
    works(&house, &["import", path(&file)]);
    house
}

/// The command does what it is asked for, as that user.
fn works(house: &House, arguments: &[&str]) {
    let output = as_somebody(house, arguments).output();
    let output = output.expect("lapsewatch runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// Commands that change something and such as only read.
const COMMANDS: [&[&str]; 4] = [&["sweep"], &["plan"], &["apply"], &["show", "example.org"]];

#[test]
fn a_store_that_may_only_be_read_is_told_so_and_works_again_once_it_is_repaired() {
    let house = somebodys_house();
    give(&house.store(), 0o444);
    for arguments in COMMANDS {
        let said = complaint(&mut as_somebody(&house, arguments), 1);
        assert!(said.contains("lapsewatch.db may not be written"), "{said}");
    }
    let names: Vec<_> = std::fs::read_dir(house.folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name())
        .filter(|name| name.to_string_lossy().contains("-shm"))
        .collect();
    assert!(names.is_empty(), "{names:?} was left behind");

    give(&house.store(), 0o644);
    works(&house, &["plan"]);
}

#[test]
fn a_file_beside_the_store_that_another_user_left_there_is_named() {
    let house = somebodys_house();
    for beside in ["lapsewatch.db-shm", "lapsewatch.db-wal"] {
        let left = house.path(beside);
        std::fs::write(&left, "").expect("a file");
        give(&left, 0o444);
        for arguments in COMMANDS {
            let said = complaint(&mut as_somebody(&house, arguments), 1);
            let sentence = format!("{beside} may not be written by you");
            assert!(said.contains(&sentence), "{said}");
        }
        std::fs::remove_file(&left).expect("one's own file");
        works(&house, &["plan"]);
    }
}

#[test]
fn a_store_in_a_folder_that_may_only_be_read_is_told_so_and_works_again() {
    let house = somebodys_house();
    give(house.folder.path(), 0o555);
    for arguments in COMMANDS {
        let said = complaint(&mut as_somebody(&house, arguments), 1);
        assert!(said.contains("may not be written by you"), "{said}");
    }
    give(house.folder.path(), 0o755);
    works(&house, &["plan"]);
}
