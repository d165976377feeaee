//! What a run went through, to show that it went through something.

use std::fmt;
use std::ops::AddAssign;

macro_rules! summary {
    ($($(#[doc = $doc:literal])* $name:ident, $words:literal;)*) => {
        /// Counts of one run, or of several.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Summary {
            $($(#[doc = $doc])* pub $name: u64,)*
            /// Everything that happened, as one number.
            pub trace: u64,
        }

        impl AddAssign for Summary {
            fn add_assign(&mut self, other: Summary) {
                $(self.$name += other.$name;)*
                self.trace ^= other.trace;
            }
        }

        impl Summary {
            /// Every count with its words.
            #[must_use]
            pub fn counts(&self) -> Vec<(&'static str, u64)> {
                vec![$(($words, self.$name)),*]
            }
        }
    };
}

summary! {
    /// Steps taken.
    steps, "steps";
    /// Virtual time, in milliseconds.
    elapsed_ms, "virtual ms";
    /// Edits saved.
    edits, "edits";
    /// Documents in the end.
    documents, "documents";
    /// Changes in the feed in the end.
    changes, "changes";
    /// Connections opened.
    connections, "connections";
    /// Frames delivered.
    frames, "frames";
    /// Commits of several frames as one.
    together, "commits together";
    /// Links cut.
    cuts, "cuts";
    /// Links that went silent.
    half_open, "half open";
    /// Frames damaged, repeated or exchanged.
    damaged, "damaged";
    /// Crashes of devices.
    device_crashes, "device crashes";
    /// Crashes of the relay.
    relay_crashes, "relay crashes";
    /// Disks that failed or were full for a while.
    disk_faults, "disk faults";
    /// Times a device was out of the network's reach.
    offline, "offline";
    /// Clocks set.
    clocks_set, "clocks set";
    /// Device stores replaced by a copy.
    device_restores, "devices restored";
    /// Relays restored with a new epoch.
    relay_restores, "relays restored";
    /// Relays whose files were put back as they had been.
    relay_rewinds, "relays put back";
    /// Relays that lost their disk.
    relay_losses, "relays lost";
    /// Documents erased.
    erasures, "erasures";
    /// Sessions that reconciled.
    reconciles, "reconciles";
    /// Sessions that found unequal sums.
    unequal, "unequal sums";
    /// Restored stores that were found out by the relay's word.
    found_restored, "found restored";
    /// Promised edits in the book as they were written.
    kept, "kept";
    /// Promised edits in the book by their content, written anew.
    written_anew, "written anew";
    /// Promised edits that no store held any more.
    void, "void";
    /// Promised edits that were erased with their documents.
    erased_edits, "edits erased";
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (words, count) in self.counts() {
            if count > 0 {
                write!(f, "{count} {words}, ")?;
            }
        }
        write!(f, "trace {:016x}", self.trace)
    }
}
