//! What every [`RelayStore`] must do. An implementation's own tests call [`run`]; it panics at the first claim that does not
//! hold, naming the claim and, where chance is involved, the seed.

mod books;
mod codes;
mod cursor;
mod documents;
mod erase;
mod feed;
mod history;
mod owed;
mod people;
mod registry;
mod restore;
mod world;
mod writing;

use crate::RelayStore;

/// Runs every claim. `open` makes or opens the store with a name; opening a name again after the first value was dropped
/// must bring back what was committed.
///
/// # Panics
/// When a claim does not hold.
pub fn run<S: RelayStore>(open: impl Fn(&str) -> S) {
    registry::branches_have_unique_names_and_keep_their_feed_id(&mut open("branches"));
    registry::an_invite_lets_one_device_in(&mut open("enrol"));
    registry::an_invite_answers_the_same_key_again(&mut open("enrol-again"));
    registry::a_further_invite_changes_role_and_person_but_not_the_code(&mut open("enrol-more"));
    registry::a_revoked_device_stays_out(&mut open("revoke"));
    registry::devices_are_known_by_what_they_last_said(&mut open("report"));
    codes::a_device_gets_its_code_back_and_nobody_gets_one_twice(&mut open("codes"));
    codes::a_relay_that_recovers_gives_codes_past_those_it_may_have_given(&mut open("codes-recovered"));
    people::users_sign_in_until_their_session_ends(&mut open("users"));
    people::what_has_expired_is_pruned(&mut open("prune"));
    feed::each_change_gets_the_verdict_it_deserves(&mut open("verdicts"));
    feed::a_refused_change_blocks_only_what_depends_on_it(&mut open("refused"));
    feed::pushing_twice_is_harmless(&mut open("twice"));
    feed::one_hash_in_two_documents_is_two_changes(&mut open("genesis"));
    feed::submissions_of_one_group_follow_each_other(&mut open("group"));
    feed::branches_do_not_mix(&mut open("apart"));
    feed::the_highest_outbox_number_of_an_actor_is_kept(&mut open("seen"));
    feed::what_a_device_brought_under_an_actor_is_known(&mut open("brought"));
    feed::first_changes_of_an_earlier_actor_are_not_brought_by_this_one(&mut open("brought-earlier"));
    feed::what_was_acknowledged_is_there_after_reopening(&open, "reopen");
    documents::saved_forms_follow_the_feed(&mut open("saved"));
    documents::what_cannot_be_made_is_set_aside_until_it_changes(&mut open("quarantine"));
    documents::pages_of_documents_cover_all_of_them(&mut open("pages"));
    cursor::a_large_document_goes_alone_and_small_ones_together(&mut open("batches"));
    cursor::a_saved_form_goes_when_new_or_smaller(&mut open("forms"));
    owed::large_documents_wait_for_small_ones_and_come_in_pieces(&mut open("owed"));
    owed::an_edit_meanwhile_does_not_send_a_large_document_again(&mut open("owed-edit"));
    owed::more_large_documents_than_may_be_owed_make_room(&mut open("owed-many"));
    owed::whatever_a_device_says_it_is_owed_it_ends_at_the_head(&mut open("owed-odd"));
    restore::a_device_brings_back_what_others_wrote(&mut open("restore"));
    restore::pushes_and_what_is_brought_back_share_a_group(&mut open("restore-group"));
    restore::a_document_has_a_bound(&mut open("bound"));
    erase::nothing_is_left_of_an_erased_document(&mut open("erase"));
    erase::what_was_derived_from_an_erased_document_follows(&mut open("erase-derived"));
    erase::erased_stays_erased(&mut open("erase-stays"));
    erase::erasing_and_writing_share_a_group(&mut open("erase-group"));
    erase::scrubbing_is_done_once_for_each_erasure(&mut open("scrub"));
    writing::what_the_relay_writes_is_judged_as_a_push_is(&mut open("writing"));
    books::equal_books_are_equal_at_once(&mut open("equal"));
    books::a_comparison_says_what_each_side_lacks(&mut open("compare"));
    books::a_comparison_goes_on_where_it_was_cut(&mut open("compare-cut"));
    books::a_comparison_gives_the_saved_form_to_who_has_nothing(&mut open("compare-saved"));
    for seed in 0..cursor::SEEDS {
        books::ranges_find_what_differs(&mut open(&format!("pull-ranges-{seed}")), seed);
        cursor::devices_end_with_exactly_what_the_feed_holds(&mut open(&format!("pull-{seed}")), seed);
    }
}
