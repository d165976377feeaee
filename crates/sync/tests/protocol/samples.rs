//! One of every frame, the same for ever.

use std::sync::Arc;

use sync::wire::{Challenge, Documents, Frame, Item, ItemForm, Push, PushedChange, Reason, Signed, Verdicts};
use sync::{Admission, Claim, Code, DeviceSecret, EnrolRequest, Membership, Nonce, Progress, Seen};
use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceCode, DocId, Epoch, Generation, Position, Refusal, Role, Timestamp,
    Verdict,
};

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
    }
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
    }
}

/// A document named by one byte.
pub(crate) fn doc(byte: u8) -> DocId {
    DocId::from_bytes([byte; 16])
}

/// Some bytes in the place of a change.
pub(crate) fn bytes(byte: u8, len: usize) -> Arc<[u8]> {
    vec![byte; len].into()
}

/// One of every frame; of Documents two, with a plain and a compressed section.
pub(crate) fn frames() -> Vec<(&'static str, Frame)> {
    let enrol = EnrolRequest {
        invite: "K7QM-2XPD".to_owned(),
        key: secret().key(),
        name: "王*".to_owned(),
        app: "fieldbook 0.1.0".to_owned(),
    };
    let cursor = |base, through| Cursor { base: Position::new(base), through: Position::new(through) };
    vec![
        ("challenge", Frame::Challenge(Challenge::from(nonce()))),
        ("hello", Frame::Hello(Signed::claim(&secret(), &nonce(), &claim()))),
        ("enrol", Frame::Enrol(Signed::enrol(&secret(), &nonce(), &enrol))),
        ("welcome", Frame::Welcome(admission())),
        ("enrolled", Frame::Enrolled { membership: membership(), time: Timestamp::from_millis(1_714_521_600_250) }),
        ("refused", Frame::Refused(Reason { code: Code::InviteUsed, text: "this invite was used already".to_owned() })),
        (
            "push",
            Frame::Push(Push {
                changes: vec![
                    PushedChange { seq: 41, doc: doc(4), bytes: vec![0xaa; 5] },
                    PushedChange { seq: 42, doc: doc(6), bytes: vec![0xbb; 4] },
                ],
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
                    Item { doc: doc(4), form: ItemForm::Saved(bytes(0xaa, 3)) },
                    Item { doc: doc(6), form: ItemForm::Changes(vec![bytes(0xbb, 2), bytes(0xcc, 1)]) },
                    Item { doc: doc(8), form: ItemForm::Part { total: 9, offset: 0, bytes: bytes(0xdd, 2) } },
                ],
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
            }),
        ),
        ("progress", Frame::Progress(Progress { cursor: cursor(12, 12), outbox: 1 })),
        ("ping", Frame::Ping(20_000)),
        ("pong", Frame::Pong(20_000)),
        ("goodbye", Frame::Goodbye(Code::Done.into())),
    ]
}
