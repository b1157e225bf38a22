//! What the model repeats of the program's own defaults is what they are.

use lapsewatch_simulator::parameters::{
    LAPSEWATCH_ANSWERS_WITHIN, LAPSEWATCH_DUE_AT, LAPSEWATCH_SWEEP_AT,
};

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const ARGUMENTS: &str = include_str!("../../../../cli/src/args.rs");

/// The default of a parameter of the stack.
fn default_of(parameter: &str) -> &'static str {
    let (_, after) = TEMPLATE.split_once(&format!("\n  {parameter}:\n")).unwrap();
    let default = after
        .lines()
        .find_map(|line| line.strip_prefix("    Default: "));
    default.unwrap()
}

#[test]
fn the_runs_begin_when_the_stack_has_them_begin() {
    assert_eq!(default_of("TimeZone"), "Etc/UTC");
    let sweep = format!("cron(0 {} 1 * ? *)", LAPSEWATCH_SWEEP_AT.as_hours());
    assert_eq!(default_of("SweepSchedule"), sweep);
    let due = format!("cron(0 {} * * ? *)", LAPSEWATCH_DUE_AT.as_hours());
    assert_eq!(default_of("DueSchedule"), due);
}

#[test]
fn an_answer_at_the_moment_of_use_may_take_as_long_as_the_commands() {
    let seconds = LAPSEWATCH_ANSWERS_WITHIN.as_secs();
    let default = format!("default_value_t = {seconds})]\n        within: u32,");
    assert!(ARGUMENTS.contains(&default), "{default}");
}
