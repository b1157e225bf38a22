//! The contract, on SQLite.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod contract;

use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;
use tempfile::TempDir;

#[expect(
    clippy::unused_async,
    reason = "the contract awaits it: other adapters have to be waited for"
)]
async fn fresh() -> (SqliteWatchlist, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("watchlist.db")).unwrap();
    (SqliteWatchlist::open(&store).unwrap(), folder)
}

contract!(
    fresh,
    a_change_is_written_over_the_revision_it_was_made_from_and_over_no_other,
    watching_again_keeps_what_is_known_and_renews_the_verification_time,
    what_a_sweep_has_not_stamped_leaves_and_its_events_stay,
    what_is_due_comes_in_pages_the_soonest_first_without_what_the_run_has_checked,
    a_look_is_leased_to_one_process_at_a_time_and_taken_once_a_run,
    what_is_pending_is_listed_until_it_is_applied_and_its_plan_knows_it,
    no_slot_is_given_twice_however_many_ask_at_once,
    a_budget_is_never_exceeded_and_what_is_left_of_it_is_given,
    a_run_is_worked_at_by_one_and_taken_up_where_it_was_left,
    the_tally_is_of_today_and_yesterday,
    a_held_plan_is_kept_with_its_state_and_an_event_added_twice_is_one,
);
