# Texts of sync: why a connection ended (`refused-CODE`), and why the relay did not take a change (`refusal-CODE`).

refused-done = it was finished.
refused-malformed = the data was damaged or not of this protocol. Try again; if it stays so, something between here and the relay alters the data.
refused-unexpected = it got a message that does not belong there. Try again; if it stays so, update this program and the relay.
refused-limit = a limit of the protocol was exceeded. Try again; if it stays so, update this program and the relay.
refused-version = the relay speaks another version of the protocol. Update this program, or the relay.
refused-signature = it could not verify this device's key. Enrol the device again with a new invite.
refused-not_enrolled = it does not know this device. Enrol with an invite: `fieldbook enrol`.
refused-revoked = this device was shut out. Ask your administrator; everything entered here stays here.
refused-wrong_branch = this device does not belong to that branch. Ask your administrator for an invite to it.
refused-invite_unknown = there is no such invite. Check the code for typing mistakes.
refused-invite_used = this invite was used already. Ask for a new one.
refused-invite_expired = this invite has expired. Ask for a new one.
refused-idle = nothing was heard for too long. Try again when the network is better.
refused-unavailable = the relay cannot serve at the moment. Try again later.
refused-restored = this device's store is an older copy of itself. Nothing was sent; nothing here was changed.
refused-gap = a part of the data was missing. Try again; what was received is kept.
refused-replaced = this device connected a second time, and the older connection ended.
refused-unequal = what it holds and what this device holds did not come to the same. Run `fieldbook sync` again: both sides then find out what differs and bring it to each other.
refused-busy = it has as many connections as it can take. Try again later.
refused-rate = too many connections came from here in too short a time. Try again in a minute.
refused-other = for a reason that this version does not know. Update this program.

refusal-malformed = it is damaged
refusal-missing_dependency = it builds on a change that the relay does not have
refusal-foreign_actor = it was written by another device
refusal-reused_sequence = its number was used already for another change: the store was restored or copied
refusal-too_large = it is too large
refusal-erased = its dossier was erased
refusal-not_authorised = this device may not write to this branch any more
