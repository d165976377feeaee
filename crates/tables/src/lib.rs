//! The tables people already have: .csv and .xlsx with the users' own headers, to and from records.
