# Texts of the device's engine: what went wrong and what to do.
device-no-store = There is no Fieldbook store in { $home }. Make one with `fieldbook init`, or name the right directory with --home.
device-store-exists = There is a Fieldbook store in { $home } already. Use it as it is, or name another directory with --home.
device-store-unreadable = The store in { $home } cannot be opened ({ $detail }). Check that the path is right and that the files belong to you.
device-store-read-only = The store in { $home } cannot be written to. Give yourself the right to write the directory and its files. Nothing was changed.
device-store-corrupt = The store in { $home } is damaged ({ $detail }). Keep the directory, and enrol again in another one: what was synced comes back from the relay.
device-store-newer = The store in { $home } was written by a newer Fieldbook (version { $detail }). Use that version; the store was left as it is.
device-store-busy = Another Fieldbook process is using the store in { $home }. Wait for it to finish and try again. Nothing was changed.
device-store-full = There is no space left for the store in { $home }. Free some space and try again; what was saved before is intact.
device-store-disk = The disk failed under the store in { $home } ({ $detail }). Check the disk; what was saved before is intact as far as the disk is.
device-store-statement = The store in { $home } was asked something it cannot do ({ $detail }). This is a fault of Fieldbook; please report it.
device-document = The document { $doc } does not load. It was left as it is; `fieldbook doctor` tells more.
device-unknown-record = There is no record { $id } in this book. `fieldbook search` finds records by their words; `fieldbook sync` brings what others recorded.
device-ambiguous-record = { $id } is the number of { $count } records. Name one by its own id, such as CUST-7K-12; `fieldbook search { $id }` lists them.
device-wrong-kind = { $id } is a record of the kind { $found }; this command works on { $wanted }.
device-unknown-conflict = There is no conflict { $id }. `fieldbook conflicts list` shows those that are open.
device-not-merged = { $one } and { $other } were not merged with each other: `fieldbook show { $one }` names those it was merged with.
device-no-candidate = The conflict { $id } has candidates 1 to { $count }; `fieldbook conflicts show { $id }` lists them.
device-parent-missing = Say which { $kind } it belongs to, by its id.
device-tables = { $count ->
    [one] One thing in { $file } must be put right first. Nothing was imported.
   *[other] { $count } things in { $file } must be put right first. Nothing was imported.
}
device-import-parent = There is no { $kind } with the number { $id }, neither in this file nor in the book. Add its row, or correct the number.
device-import-parent-moved = { $id } belongs to { $found } in this book; a record stays with the one it was made for. Correct the number.
device-import-customer = { $id } is given the customer { $customer }, but what it belongs to is another customer's. Correct the customer's number.
device-import-nothing = There is no record with the number { $id }, neither in this file nor in the book. Add its row, or correct the number.
device-import-several = The number { $id } names more than one record. Write the record's own id (such as CUST-7K-12), or correct the numbers in the book first.
device-import-elsewhere = { $id } is another customer's. Correct the number.
device-import-cycle = These records name each other in a circle: { $rows }. Take one of the references out.
device-import-kept = `{ $value }` was not taken: this is filled in once, and stands otherwise in the book. Correct it there with a step.
device-file = The file { $file } cannot be used: { $detail }
device-not-enrolled = This device belongs to no branch yet. Ask your administrator for an invite, then: fieldbook enrol --relay URL --invite CODE. Everything else works without it.
device-already-enrolled = This device belongs to the branch { $branch } at { $relay } already. To join another branch, use another directory with --home. If the relay was set up anew and this device is to bring its book back, add --again: nothing here is wiped.
device-relay-url = { $url } is not the address of a relay. It looks like https://relay.example or http://127.0.0.1:8787.
device-unreachable = The relay { $relay } cannot be reached ({ $detail }). What was recorded is saved here; run the command again when there is a network.
device-refused = The relay { $relay } ended the exchange: { $reason }
device-feed-changed = Another Fieldbook process of this home began an exchange with a relay that was restored. Everything is saved; run `fieldbook sync` again.
device-too-large = This is more than one entry may hold ({ $max } KiB). Nothing was saved; split it into several entries or shorten its texts.
device-unequal = This device and the relay { $relay } compared what they hold, brought each other what they lacked, and still do not hold the same. Nothing is lost on either side; run `fieldbook doctor`, then `fieldbook sync` again, and tell whoever runs the relay if it stays so.
device-erased = The dossier { $doc } was erased for everybody{ $why ->
    [none] .
   *[other] : { $why }.
} Nothing can be written to it any more.
device-no-randomness = The system's random source failed. Nothing was made; try again.
device-interrupted = The work was interrupted by a fault of Fieldbook. What was saved before is intact; please report it.

# Notices
device-notice-unchanged = Nothing was changed: the record has these values already.
device-check-signed = The check of { $day } is signed already: { $record }. Add remarks with `fieldbook daily-check edit { $record }`.
device-notice-twin = { $twin } may be the same customer ({ $certainty }, { $percent }% alike): `fieldbook show { $twin }`; if so, `fieldbook customer merge { $twin } { $id }`.
device-twin-certain = certain
device-twin-probable = probable
device-notice-merged = { $id } was merged: { $lead } was changed.
