//! `invite`: a code with which one device can join a branch, once.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use messages::Message;
use vocab::{Role, Staff};

use crate::admin::Admin;
use crate::commands::Context;
use crate::{Error, limits};

#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    /// The branch to join, by name or id
    #[arg(long, value_name = "NAME")]
    branch: String,
    /// What the person is: engineer, hotline, assessor, supervisor, process_manager, auditor or administrator
    #[arg(long)]
    role: Role,
    /// The person, masked (王*) or a staff number [default: the device's name when masked, else a number made of its key]
    #[arg(long, value_name = "N")]
    staff: Option<Staff>,
    /// How long the code can be used: 30m, 12h, 7d
    #[arg(long, value_name = "TIME", default_value_t = Lifetime::DEFAULT)]
    expires_in: Lifetime,
}

/// How long an invite lives: minutes, hours or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lifetime {
    minutes: u32,
}

impl Lifetime {
    const DEFAULT: Lifetime = Lifetime { minutes: (limits::INVITE_LIFETIME.as_secs() / 60) as u32 };
    /// A year: an invite is not a standing door.
    const MINUTES_MAX: u32 = 366 * 24 * 60;

    fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }
}

impl std::fmt::Display for Lifetime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.minutes {
            minutes if minutes % (24 * 60) == 0 => write!(f, "{}d", minutes / (24 * 60)),
            minutes if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = text.chars().last().map_or(0, |unit| match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            _ => 0,
        });
        let minutes = text
            .get(..text.len().saturating_sub(1))
            .and_then(|number| number.parse::<u32>().ok())
            .and_then(|number| number.checked_mul(unit))
            .filter(|minutes| (1..=Self::MINUTES_MAX).contains(minutes));
        minutes
            .map(|minutes| Lifetime { minutes })
            .ok_or_else(|| format!("`{text}` is not a time of 1 minute to 366 days, such as 30m, 12h or 7d"))
    }
}

pub(super) fn cmd_invite(context: &Context, args: InviteArgs) -> Result<(), Error> {
    let mut admin = Admin::open(&context.settings)?;
    let issued = admin.invite(&args.branch, args.role, args.staff, args.expires_in.duration())?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&issued);
    }
    let message = Message::new("relay-invite").with("branch", issued.branch).with("code", issued.code);
    printer.text(&message.with("expires_at", issued.expires_at.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_read_back_what_they_show() {
        for text in ["30m", "12h", "7d", "366d"] {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), text);
        }
        assert_eq!(Lifetime::DEFAULT.to_string(), "7d");
        for wrong in ["", "0d", "7", "d", "7w", "367d", "-1d", "99999999999d", "7天"] {
            assert!(wrong.parse::<Lifetime>().is_err(), "{wrong}");
        }
    }
}
