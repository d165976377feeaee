//! Deliberate faults, to show that the checks notice them.

/// A deliberate fault at a seam between the real parts: in a driver, in the network, or in what a disk keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The relay answers a push before the feed has it.
    AckBeforeDurable,
    /// The relay's reader leaves a document out.
    FeedSkipsDocument,
    /// The relay's reader counts a document as read before its latest change.
    CursorPastDocument,
    /// The relay's reader takes another device's change for the asking device's own and leaves it out.
    ForeignChangeSkipped,
    /// The relay forgets which large documents it passed over.
    OwedForgotten,
    /// The relay refuses what it has already.
    HadIsRefused,
    /// The relay takes the device's word for what its feed comes to.
    SumsNotCompared,
    /// The last of several ranges is never compared.
    RangeSkipped,
    /// A document is compared, and the last change that the relay lacks is not asked for.
    WantForgotten,
}

impl Mutation {
    /// Every fault.
    pub const ALL: [Mutation; 9] = [
        Mutation::AckBeforeDurable,
        Mutation::FeedSkipsDocument,
        Mutation::CursorPastDocument,
        Mutation::ForeignChangeSkipped,
        Mutation::OwedForgotten,
        Mutation::HadIsRefused,
        Mutation::SumsNotCompared,
        Mutation::RangeSkipped,
        Mutation::WantForgotten,
    ];
}
