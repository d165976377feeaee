//! What a command costs must not grow with the book: counted in steps of SQLite, which a slow machine does not change.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use device::{Device, Filter, Order, Page};
use records::{ASSESSMENT, CUSTOMER, Fields};

/// Dossiers of the two books.
const SMALL: usize = 20;
const LARGE: usize = 20 * SMALL;

/// How often a command is repeated; the fewest steps count, since SQLite now and then tidies its index of words.
const REPEATED: usize = 5;

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn new(name: &str) -> Fields {
    fields([("name", name), ("channel", "phone")])
}

/// A device with so many dossiers of two records, the id of a customer among them, and a count of SQLite's steps.
fn book(dir: &Path, dossiers: usize) -> (Device, String, Arc<AtomicU64>) {
    let mut device = Device::init(&dir.join(dossiers.to_string()), None, None).unwrap();
    let mut middle = String::new();
    for n in 0..dossiers {
        let customer = device.create(&CUSTOMER, None, new("王*")).unwrap();
        let need = fields([("need", "设备无法开机"), ("urgency", "high")]);
        device.create(&ASSESSMENT, Some(customer.id.as_str()), need).unwrap();
        if n == dossiers / 2 {
            middle = customer.id.to_string();
        }
    }
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let counted = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    device.store_mut().unwrap().connection_mut().progress_handler(1, Some(counted)).unwrap();
    (device, middle, steps)
}

/// Fewest steps that `command` took.
fn fewest(steps: &AtomicU64, mut command: impl FnMut(usize)) -> u64 {
    let taken = (0..REPEATED).map(|turn| {
        steps.store(0, Ordering::Relaxed);
        command(turn);
        steps.load(Ordering::Relaxed)
    });
    taken.min().unwrap()
}

#[test]
fn what_a_command_costs_does_not_grow_with_the_book() {
    let dir = tempfile::tempdir().unwrap();
    let counted = [SMALL, LARGE].map(|dossiers| {
        let (mut device, id, steps) = book(dir.path(), dossiers);
        let show = fewest(&steps, |_| drop(device.record(&id).unwrap()));
        let history = fewest(&steps, |_| drop(device.history(&id, None).unwrap()));
        let edit = fewest(&steps, |turn| drop(device.edit(&id, fields([("preference", &turn.to_string())])).unwrap()));
        let add = fewest(&steps, |_| drop(device.create(&CUSTOMER, None, new("李*")).unwrap()));
        let refused = fewest(&steps, |_| assert!(device.record("CUST-NONE-1").is_err()));
        let page = Page { offset: 0, limit: 5 };
        let filter = Filter { text: Some("开机".to_owned()), ..Filter::default() };
        let scan = fewest(&steps, |_| drop(device.list(&ASSESSMENT, &filter, Order::Id, page).unwrap()));
        ([("show", show), ("history", history), ("edit", edit), ("add", add), ("nothing", refused)], scan)
    });
    let [(small, scan_small), (large, scan_large)] = counted;
    for ((command, small), (_, large)) in small.into_iter().zip(large) {
        assert!(
            large <= small + small / 4 + 20,
            "{command}: {small} steps with {SMALL} dossiers, {large} with {LARGE}"
        );
    }
    assert!(scan_large > 10 * scan_small, "what does look at every record is seen: {scan_small} and {scan_large}");
}
