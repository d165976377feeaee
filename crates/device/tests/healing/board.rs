//! The board of a branch: one document, whoever opens it first, and what becomes of it when a device joins.

use records::{Class, RISK};
use vocab::BranchId;

use super::{Relay, customer, device, export, fields, settled};
use device::Device;

fn risk(device: &mut Device, title: &str) -> String {
    let given = fields([("category", "technical"), ("title", title)]);
    device.create(&RISK, None, given).unwrap().id.to_string()
}

fn assess(device: &mut Device, risk: &str) {
    let data = [("probability", 2.into()), ("impact", 3.into())];
    device.step(risk, "assessed", data.into_iter().collect()).unwrap();
}

fn doc_of(device: &mut Device, id: &str) -> String {
    device.record(id).unwrap()["doc"].as_str().unwrap().to_owned()
}

fn board(branch: u8) -> String {
    Class::Board.document(BranchId::from_bytes([branch; 16])).unwrap().to_string()
}

#[test]
fn boards_written_alone_become_the_board_of_the_branch_with_nothing_lost_or_said_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = Device::init(&dir.path().join("one"), None, None).unwrap();
    let mut two = Device::init(&dir.path().join("two"), None, None).unwrap();
    let (first, second) = (risk(&mut one, "备件停产"), risk(&mut two, "淡季"));
    assess(&mut one, &first);
    assert_ne!(doc_of(&mut one, &first), doc_of(&mut two, &second));
    relay.enrol(&mut one, 1);
    relay.enrol(&mut two, 2);
    assert_eq!(doc_of(&mut one, &first), board(2));
    // What was begun alone goes on in the branch.
    one.step(&first, "responding", fields([("response", "reduce")])).unwrap();
    let third = risk(&mut two, "新规");
    relay.sync(&mut one);
    relay.sync(&mut two);
    relay.sync(&mut one);
    assert_eq!(export(&mut one), export(&mut two));
    for id in [&first, &second, &third] {
        assert_eq!(doc_of(&mut two, id), board(2), "{id}");
    }
    assert_eq!(two.record(&first).unwrap()["state"], "responding");
    assert_eq!(two.history(&first, None).unwrap().len(), one.history(&first, None).unwrap().len());
    settled(&relay, &mut one);
    settled(&relay, &mut two);
}

#[test]
fn two_who_open_the_board_of_their_branch_apart_write_to_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    let (first, second) = (risk(&mut one, "备件停产"), risk(&mut two, "淡季"));
    relay.sync(&mut one);
    relay.sync(&mut two);
    relay.sync(&mut one);
    assert_eq!(export(&mut one), export(&mut two));
    assert_eq!((doc_of(&mut one, &second), doc_of(&mut two, &first)), (board(2), board(2)));
    settled(&relay, &mut one);
    settled(&relay, &mut two);
}

#[test]
fn a_branch_made_again_under_another_id_gets_its_board_back_from_any_of_its_devices() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    let (first, second) = (risk(&mut one, "备件停产"), risk(&mut two, "淡季"));
    customer(&mut one, "甲*");
    relay.sync(&mut one);
    relay.sync(&mut two);
    relay.sync(&mut one);
    assess(&mut two, &first);
    relay.sync(&mut two);
    relay.sync(&mut one);
    relay.begin_anew();
    // Only one of them is left, and not all of the board is its own work.
    relay.enrol(&mut one, 1);
    relay.sync(&mut one);
    let mut three = device(dir.path(), "three", &mut relay, 3);
    relay.sync(&mut three);
    assert_eq!(export(&mut one), export(&mut three));
    assert_eq!(three.record(&first).unwrap()["state"], "assessed");
    assert_eq!((doc_of(&mut three, &first), doc_of(&mut three, &second)), (board(5), board(5)));
    // The other comes later with work of its own on the old board.
    let late = risk(&mut two, "晚来");
    relay.enrol(&mut two, 2);
    for device in [&mut two, &mut one, &mut three] {
        relay.sync(device);
    }
    assert_eq!(export(&mut two), export(&mut one));
    assert_eq!(export(&mut three), export(&mut one));
    assert_eq!(doc_of(&mut three, &late), board(5));
    for device in [&mut one, &mut two, &mut three] {
        settled(&relay, device);
    }
}

#[test]
fn a_device_that_goes_to_another_branch_and_comes_back_loses_nothing_it_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let (mut home, mut away) = (Relay::new(), Relay::of(BranchId::from_bytes([7; 16])));
    let mut device = device(dir.path(), "one", &mut home, 1);
    let first = risk(&mut device, "在家");
    home.sync(&mut device);
    away.enrol(&mut device, 1);
    let second = risk(&mut device, "在外");
    away.sync(&mut device);
    let third = risk(&mut device, "还没发出");
    home.enrol(&mut device, 2);
    home.sync(&mut device);
    let mut colleague = super::device(dir.path(), "two", &mut home, 3);
    home.sync(&mut colleague);
    for id in [&first, &second, &third] {
        assert_eq!(doc_of(&mut colleague, id), board(2), "{id}");
    }
    assert_eq!(export(&mut colleague), export(&mut device));
    settled(&home, &mut device);
}
