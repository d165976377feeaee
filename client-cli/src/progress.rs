//! A bar at a terminal; nothing where nobody watches.

use device::SyncEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use messages::Arg;

use crate::context::Context;

/// How often the bar is drawn at most, in times a second: a terminal over a poor link is not to pay for more.
const DRAWN_PER_SECOND: u8 = 10;

/// The bar of one exchange.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(context: &Context) -> Progress {
        let live = context.env.live_err && !context.json;
        let target =
            if live { ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        // A template that does not parse is a fault of this line; a bar without it still counts.
        if let Ok(style) = ProgressStyle::with_template("  {bar:24} {pos}/{len}  {msg}") {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Progress { bar }
    }

    /// What goes on.
    pub(crate) fn say(&self, line: String) {
        self.bar.set_message(line);
    }

    /// How far it is.
    pub(crate) fn show(&mut self, context: &Context, event: &SyncEvent) {
        let (done, total, key) = match event {
            SyncEvent::Progress { done, total } => (*done, *total, "cli-sync-exchanging"),
            SyncEvent::Reconciling { done, total } => (*done, *total, "cli-sync-comparing"),
            SyncEvent::Connected { branch } => {
                let args = [("branch", Arg::from(branch.as_str()))];
                return self.say(context.text_with("cli-sync-exchanging_with", &args));
            }
            _ => return,
        };
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.say(context.text(key));
    }

    /// Lets a line be written beside the bar.
    pub(crate) fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Clears it.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
