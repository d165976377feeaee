//! What happened in a run, as one number: two runs that agree in it went the same way.

/// FNV-1a over everything that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace(u64);

impl Trace {
    pub(super) const fn new() -> Trace {
        Trace(0xcbf2_9ce4_8422_2325)
    }

    /// Notes bytes that were sent, kept or shown.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Notes a number: what was done, when.
    pub(super) fn count(&mut self, number: u64) {
        self.note(&number.to_le_bytes());
    }

    pub(super) const fn value(self) -> u64 {
        self.0
    }
}

/// What happened in a run, in words, when somebody wants to read it.
#[derive(Debug, Default)]
pub(super) struct Story {
    lines: Option<Vec<String>>,
    step: u64,
    now_ms: u64,
}

impl Story {
    pub(super) fn untold() -> Story {
        Story::default()
    }

    pub(super) fn told() -> Story {
        Story { lines: Some(Vec::new()), ..Story::default() }
    }

    /// Where the run is.
    pub(super) fn at(&mut self, step: u64, now_ms: u64) {
        (self.step, self.now_ms) = (step, now_ms);
    }

    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let (step, now_ms) = (self.step, self.now_ms);
            let line: String = line().chars().take(LINE_CHARS_MAX).collect();
            lines.push(format!("{step:>6} {now_ms:>9} ms  {line}"));
        }
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// How much of one event is told.
const LINE_CHARS_MAX: usize = 900;
