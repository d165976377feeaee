//! What the benches share: peers in processes of their own, a relay among them, books to fill devices with, and devices that
//! are light enough to have a thousand of.

pub mod branch;
pub mod light;
pub mod peer;
pub mod relay;
pub mod seed;

/// What may go wrong in a bench. It ends with it.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;
