//! The command line of a device: what a field engineer types.
