//! How the events of a record add up.

/// The life cycle of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// No steps of its own.
    Plain,
    /// Draft, approved, stale.
    Assessment,
    /// Assigned to reviewed or cancelled.
    Task,
    /// Sent to archived.
    Feedback,
}
