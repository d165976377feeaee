//! One of every frame, the same for ever.

use std::sync::Arc;

use sync::limits::FRAME_BYTES_WANTED_MAX;
use sync::wire::{
    Challenge, Documents, Frame, Item, ItemForm, Missing, Packing, Push, PushedChange, Reason, RestoreRefusal,
    RestoredFrame, Signed, Verdicts, Welcome, WireError,
};
use sync::{
    Admission, Answer, Ask, Claim, Code, DeviceSecret, EnrolRequest, Membership, Nonce, Plan, Progress, Seen,
    sign_tombstone,
};
use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceCode, DocId, Epoch, Generation, Owed, Position, RangeAnswer, RangeQuery,
    Refusal, Role, Subrange, Sum, Timestamp, Tombstone, Verdict,
};

/// How a sample is packed: with the latest dictionary where its name says so.
pub(crate) fn packing(name: &str) -> Packing {
    if name.ends_with("-dictionary") { Packing::LATEST } else { Packing::PLAIN }
}

/// The bytes of a frame without a dictionary.
pub(crate) fn encode(frame: &Frame) -> Vec<u8> {
    frame.encode(Packing::PLAIN)
}

/// The frame in these bytes, without a dictionary.
pub(crate) fn decode(bytes: &[u8]) -> Result<Frame, WireError> {
    Frame::decode(bytes, Packing::PLAIN)
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret of the sample device: 32 bytes of 07.
pub(crate) fn secret() -> DeviceSecret {
    DeviceSecret::from_bytes(&[7; 32])
}

/// The sample nonce: 32 bytes of 01.
pub(crate) fn nonce() -> Nonce {
    Nonce::from_bytes([1; 32])
}

/// The sample claim.
pub(crate) fn claim() -> Claim {
    Claim {
        key: secret().key(),
        actor: Actor::new(&secret().key(), Generation::from_bytes([9; 8])),
        branch: BranchId::from_bytes([2; 16]),
        epoch: Some(Epoch::from_bytes([3; 16])),
        cursor: Cursor { base: Position::new(5), through: Position::new(9) },
        settled: 40,
        outbox: 2,
        app: "fieldbook 0.1.0".to_owned(),
        time: Timestamp::from_millis(1_714_521_600_000),
        follows: true,
        sum: sum(0x0a),
        ahead: Position::START,
        suspect: false,
        owed: Vec::new(),
        frame_bytes: FRAME_BYTES_WANTED_MAX,
        dictionary: 0,
        pushes_first: false,
    }
}

/// The sample claim of a device in trouble, on a poor link, with every field there is.
pub(crate) fn full_claim() -> Claim {
    Claim {
        ahead: Position::new(11),
        suspect: true,
        owed: vec![Owed { doc: doc(8), within: Position::new(7) }],
        frame_bytes: 2_048,
        dictionary: 1,
        pushes_first: true,
        ..claim()
    }
}

/// A sum of 16 equal bytes.
pub(crate) fn sum(byte: u8) -> Sum {
    Sum::from_bytes([byte; 16])
}

/// The sample tombstone, signed with a secret of 32 bytes of 0b.
pub(crate) fn tombstone() -> Tombstone {
    let at = Timestamp::from_millis(1_714_521_600_000);
    sign_tombstone(&[0x0b; 32], BranchId::from_bytes([2; 16]), doc(8), at, "按客户要求")
}

/// The sample member.
pub(crate) fn membership() -> Membership {
    Membership {
        branch: BranchId::from_bytes([2; 16]),
        branch_name: "城东".to_owned(),
        code: DeviceCode::enrolled(7),
        staff: "王*".parse().expect("a staff name"),
        role: Role::Engineer,
    }
}

/// The sample admission.
pub(crate) fn admission() -> Admission {
    Admission {
        time: Timestamp::from_millis(1_714_521_600_250),
        membership: membership(),
        epoch: Epoch::from_bytes([3; 16]),
        head: Position::new(12),
        seen: Some(Seen { seq: 40, doc: doc(4), hash: ChangeHash::from_bytes([5; 32]) }),
        brought: Vec::new(),
        sum: None,
    }
}

/// The sample Welcome.
pub(crate) fn welcome() -> Welcome {
    let Admission { time, membership, epoch, head, seen, brought: _, sum: _ } = admission();
    Welcome {
        time,
        membership,
        epoch,
        head,
        seen,
        plan: Plan::Continue,
        dictionary: 0,
        window: false,
        taken: Vec::new(),
    }
}

/// A document named by one byte.
pub(crate) fn doc(byte: u8) -> DocId {
    DocId::from_bytes([byte; 16])
}

/// 16 bytes that zstd finds nothing to leave out of.
fn mixed(number: u8) -> [u8; 16] {
    let number = u128::from(number) + 1;
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).rotate_left(64).to_be_bytes()
}

/// A document with such an id.
fn mixed_doc(number: u8) -> DocId {
    DocId::from_bytes(mixed(number))
}

/// Some bytes in the place of a change.
pub(crate) fn bytes(byte: u8, len: usize) -> Arc<[u8]> {
    vec![byte; len].into()
}

/// Something that the dictionary knows well.
const EVENT: &str = r#"{"record":"REQ-04-6","kind":"approved","by":"张*","role":"supervisor"}"#;

/// One of every frame, and more of those that have several forms.
pub(crate) fn frames() -> Vec<(&'static str, Frame)> {
    let enrol = EnrolRequest {
        invite: "K7QM-2XPD".to_owned(),
        key: secret().key(),
        name: "王*".to_owned(),
        app: "fieldbook 0.1.0".to_owned(),
        code: None,
    };
    let again = EnrolRequest { code: Some(DeviceCode::enrolled(7)), ..enrol.clone() };
    let cursor = |base, through| Cursor { base: Position::new(base), through: Position::new(through) };
    vec![
        ("challenge", Frame::Challenge(Challenge::from(nonce()))),
        ("hello", Frame::Hello(Signed::claim(&secret(), &nonce(), &claim()))),
        ("hello-full", Frame::Hello(Signed::claim(&secret(), &nonce(), &full_claim()))),
        ("enrol", Frame::Enrol(Signed::enrol(&secret(), &nonce(), &enrol))),
        ("enrol-again", Frame::Enrol(Signed::enrol(&secret(), &nonce(), &again))),
        ("welcome", Frame::Welcome(welcome())),
        (
            "welcome-reconcile",
            Frame::Welcome(Welcome { seen: None, plan: Plan::Reconcile, dictionary: 1, ..welcome() }),
        ),
        (
            "welcome-taken",
            Frame::Welcome(Welcome { window: true, taken: vec![[0x15; 16], [0x16; 16]], dictionary: 1, ..welcome() }),
        ),
        ("enrolled", Frame::Enrolled { membership: membership(), time: Timestamp::from_millis(1_714_521_600_250) }),
        ("refused", Frame::Refused(Reason { code: Code::InviteUsed, text: "this invite was used already".to_owned() })),
        (
            "push",
            Frame::Push(Push {
                changes: vec![
                    PushedChange { seq: 41, doc: doc(4), bytes: vec![0xaa; 5] },
                    PushedChange { seq: 42, doc: doc(6), bytes: vec![0xbb; 4] },
                ],
                more: false,
            }),
        ),
        (
            "push-more",
            Frame::Push(Push {
                changes: vec![PushedChange { seq: 43, doc: doc(4), bytes: vec![0xaa; 5] }],
                more: true,
            }),
        ),
        (
            "verdicts",
            Frame::Verdicts(Verdicts {
                verdicts: vec![
                    (41, Verdict::Accepted(Position::new(13))),
                    (42, Verdict::Had(Position::new(8))),
                    (43, Verdict::Refused(Refusal::MissingDependency)),
                ],
                span: Some((Position::new(12), Position::new(13))),
                sum: Some(sum(0x0c)),
            }),
        ),
        (
            "documents-plain",
            Frame::Documents(Documents {
                from: cursor(5, 9),
                after: cursor(5, 10),
                head: Position::new(12),
                more: true,
                items: vec![
                    Item { doc: mixed_doc(4), form: ItemForm::Saved(bytes(0xaa, 3)) },
                    Item { doc: mixed_doc(6), form: ItemForm::Changes(vec![bytes(0xbb, 2), bytes(0xcc, 1)]) },
                    Item { doc: doc(8), form: ItemForm::Erased(tombstone()) },
                ],
                owed: Some(vec![Owed { doc: doc(9), within: Position::new(5) }]),
                sum: None,
            }),
        ),
        (
            "documents-compressed",
            Frame::Documents(Documents {
                from: cursor(5, 10),
                after: cursor(12, 12),
                head: Position::new(12),
                more: false,
                items: vec![Item { doc: doc(4), form: ItemForm::Saved(bytes(0xaa, 200)) }],
                owed: Some(Vec::new()),
                sum: Some(sum(0x0c)),
            }),
        ),
        (
            "documents-dictionary",
            Frame::Documents(Documents {
                from: cursor(12, 12),
                after: cursor(13, 13),
                head: Position::new(13),
                more: false,
                items: vec![Item { doc: doc(4), form: ItemForm::Saved(EVENT.as_bytes().into()) }],
                owed: None,
                sum: Some(sum(0x0d)),
            }),
        ),
        ("progress", Frame::Progress(Progress { cursor: cursor(12, 12), outbox: 1 })),
        ("ping", Frame::Ping(20_000)),
        ("pong", Frame::Pong(20_000)),
        ("goodbye", Frame::Goodbye(Code::Done.into())),
    ]
    .into_iter()
    .chain(reconcile_frames())
    .collect()
}

/// One of every frame of reconciling.
fn reconcile_frames() -> Vec<(&'static str, Frame)> {
    let bound = |byte: u8| {
        let mut bytes = [0; 16];
        bytes[0] = byte;
        DocId::from_bytes(bytes)
    };
    let (doc, sum) = (mixed_doc, |number| Sum::from_bytes(mixed(number)));
    vec![
        (
            "reconcile",
            Frame::Reconcile(vec![
                RangeQuery { lower: bound(0), upper: Some(bound(0x40)), count: 128, sum: sum(0x0a) },
                RangeQuery { lower: bound(0x40), upper: None, count: 3, sum: sum(0x0c) },
            ]),
        ),
        (
            "ranges",
            Frame::Ranges(vec![
                RangeAnswer::Equal,
                RangeAnswer::Split(vec![
                    Subrange { upper: Some(bound(0x80)), count: 16, sum: sum(0x0d) },
                    Subrange { upper: None, count: 17, sum: sum(0x0e) },
                ]),
                RangeAnswer::List(vec![(doc(1), sum(0x0f))]),
            ]),
        ),
        (
            "compare",
            Frame::Compare(vec![
                Ask { doc: doc(4), hashes: vec![mixed(0xaa), mixed(0xbb)] },
                Ask { doc: doc(6), hashes: Vec::new() },
            ]),
        ),
        (
            "missing",
            Frame::Missing(Missing {
                answers: vec![
                    Answer { complete: true, item: None, wants: vec![1] },
                    Answer {
                        complete: false,
                        item: Some(Item { doc: doc(6), form: ItemForm::Changes(vec![bytes(0xcc, 3)]) }),
                        wants: Vec::new(),
                    },
                ],
                head: Position::new(13),
            }),
        ),
        (
            "restore",
            Frame::Restore(vec![
                Item { doc: doc(4), form: ItemForm::Changes(vec![bytes(0xbb, 2)]) },
                Item { doc: tombstone().doc, form: ItemForm::Erased(tombstone()) },
            ]),
        ),
        (
            "restored",
            Frame::Restored(RestoredFrame {
                refused: vec![
                    RestoreRefusal {
                        doc: doc(4),
                        hash: Some(ChangeHash::from_bytes([0xbb; 32])),
                        refusal: Refusal::Erased,
                    },
                    RestoreRefusal { doc: doc(8), hash: None, refusal: Refusal::NotAuthorised },
                ],
                tombstones: vec![Tombstone { doc: doc(4), ..tombstone() }],
                head: Position::new(13),
            }),
        ),
        ("reconciled", Frame::Reconciled(Position::new(12))),
    ]
}
