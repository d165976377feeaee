//! Deliberate faults, to show that the checks notice them.
//!
//! Each is one switch at a seam between the real parts: in the driver of the relay's sessions, between a device's session and its
//! engine (`sabotage.rs`), in what a disk keeps, or in the network.

macro_rules! mutations {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        /// A deliberate fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[doc = $doc])* $name,)*
        }

        impl Mutation {
            /// Every fault.
            pub const ALL: &[Mutation] = &[$(Mutation::$name),*];
        }
    };
}

mutations! {
    /// The relay answers a push before the feed has it.
    AckBeforeDurable;
    /// What the relay committed last is gone after a crash.
    RelayCommitNotDurable;
    /// The relay's reader leaves a document out.
    FeedSkipsDocument;
    /// The relay's reader counts a document as read before its latest change.
    CursorPastDocument;
    /// The relay's reader takes another device's change for the asking device's own and leaves it out.
    ForeignChangeSkipped;
    /// The relay forgets which large documents it passed over.
    OwedForgotten;
    /// A range that differs is answered as equal.
    RangeSkipped;
    /// A document is compared, and the last change that the relay lacks is not asked for.
    WantForgotten;
    /// A document is compared, and what the device lacks of it is not sent.
    ItemForgotten;
    /// The relay says that it took what was brought back, and leaves the last of it out.
    RestoredNotStored;
    /// The relay takes nobody's changes but the device's own when they are brought back.
    ForeignNotRestored;
    /// A tombstone that is brought back is not taken.
    TombstoneNotRestored;
    /// Erasures are not told to devices.
    TombstoneNotSent;
    /// A device's last edit is gone after a crash, though it was reported as saved.
    SavedBeforeDurable;
    /// A device commits the cursor before the data it speaks for.
    CursorBeforeData;
    /// A device commits the cursor and leaves one document out.
    ArrivalDropped;
    /// A device commits what came in several frames as one, and leaves the last of it out.
    TogetherCutShort;
    /// A device saves an edit without putting it into the outbox.
    OutboxForgotten;
    /// A device throws the relay's verdicts away.
    VerdictsLost;
    /// A device applies each verdict to the entry after the one it is for.
    VerdictsShifted;
    /// A device drops from its outbox what was refused.
    RefusedDropped;
    /// A device counts what arrives twice.
    CountedTwice;
    /// A device forgets which large documents it is owed.
    OwedNotKept;
    /// A device forgets what it has set aside.
    AsideForgotten;
    /// A device ignores tombstones.
    TombstoneIgnored;
    /// A device forgets a tombstone.
    TombstoneForgotten;
    /// A store found to be an old copy goes on under its old actor.
    GenerationNotRenewed;
    /// A device loses a row of what it shows.
    RowLost;
    /// A device's clock starts over with each edit.
    ClockBackwards;
    /// Damaged frames pass for whole ones.
    DamageNotNoticed;
}
