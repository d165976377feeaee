# Texts of relay.

relay-error-no-data = No data directory: name one with --data DIR or FIELDBOOK_RELAY_DATA.
relay-error-data = The data directory { $path } cannot be used. Check that it exists or can be made, and that this user may write there.
relay-error-file = The file { $path } cannot be used. Check the path and the rights of this user.
relay-error-file-exists = There is a file { $path } already. Name another one.
relay-error-listen = Cannot listen on { $address }. Is another relay running there? Choose another address with --listen.
relay-error-socket = The listening socket failed. Start the relay again.
relay-error-runtime = The system gives no threads or signals. Check the limits of this user.
relay-error-output = The output cannot be written.
relay-error-randomness = The system gives no random bytes; keys and codes cannot be made.
relay-error-no-branch = There is no branch “{ $name }”. See `fieldbook-relay branch list`, or add it with `fieldbook-relay branch add`.
relay-error-branch-exists = There is a branch “{ $name }” already. Choose another name.
relay-error-bad-name = “{ $name }” cannot be a name: use 1 to 60 characters without control characters or spaces at the ends.
relay-error-no-device = There is no device “{ $id }”. See `fieldbook-relay device list`; a device is named by its code or its key.
relay-error-user-exists = There is a user “{ $name }” already. Choose another name.
relay-error-served = Another fieldbook-relay serves { $path } already. Stop that one first, or name another directory with --data.
relay-error-stopping = The relay is stopping. Try again when it runs.
relay-error-registry = The registry refused: { $detail }.
relay-error-password = The password cannot be used: { $detail }.
relay-error-views = The derived rows in { $path } cannot be used. Stop the relay, delete that file, and start it again: it is made anew.
relay-error-store-absent = There is no relay here yet ({ $detail }). Start it once with `fieldbook-relay serve`, or begin with `fieldbook-relay branch add NAME`.
relay-error-store-exists = There is a relay here already ({ $detail }). Name an empty directory with --data.
relay-error-store-unreadable = The relay's database cannot be opened: { $detail }. Check the path and the rights of this user.
relay-error-store-read-only = The relay's database cannot be written to: { $detail }. Give this user the right to write the directory and its files.
relay-error-store-corrupt = The relay's database is damaged: { $detail }. Keep the file, and restore a backup into another directory.
relay-error-store-newer = { $detail }. Use the newer program; nothing was changed.
relay-error-store-busy = The relay's database is in use by another process. Wait for it to finish, then try again.
relay-error-store-full = There is no space left for the relay's database. Free some space, then try again; what was saved is intact.
relay-error-store-disk = The disk failed under the relay's database: { $detail }. Check the disk.
relay-error-store-statement = The relay's database was asked something it cannot do: { $detail }. Please report this as a fault of the program.

relay-branch-added = Added branch { $name }.
relay-branch-none = No branches yet. Add one with `fieldbook-relay branch add NAME`.
relay-invite = Invite for { $branch }, one device, until { $expires_at }: { $code }
relay-device-none = No devices yet. Invite one with `fieldbook-relay invite --branch NAME --role ROLE`.
relay-device-revoked = Revoked { $code } ({ $staff }). Its connection ends and it is refused from now on.
relay-user-added = { $name } can sign in with the password below. It is shown once and kept nowhere.
relay-backup-done = Wrote { $path }.
relay-restore-done = Restored into { $path }. Every branch starts a new epoch: devices compare what they hold at their next contact. Devices revoked since the backup was made have to be revoked again.
relay-heading-name = branch
relay-heading-id = id
relay-heading-head = changes
relay-heading-devices = devices
relay-heading-code = code
relay-heading-staff = staff
relay-heading-role = role
relay-heading-last-seen = last seen
relay-heading-lag = lag
relay-heading-outbox = outbox
relay-heading-version = version
relay-heading-state = state
relay-state-active = active
relay-state-revoked = revoked

relay-error-no-dossier = There is no dossier “{ $name }”. Name its document (automerge:...), the id of a record in it such as CUST-07-3, or that record's id on paper.
relay-error-not-a-dossier = “{ $name }” is part of { $class } ({ $branch }), which is never erased: nobody could write to it again. Only dossiers are. Declare the record void on a device, as a supervisor; nothing was erased.
relay-error-rows-behind = There is no dossier “{ $name }” among the rows that are there, and not all of them are. Let `fieldbook-relay serve` run until the pages say “up to date”, or name the document (automerge:...).
relay-error-ambiguous-dossier = “{ $name }” names more than one dossier: { $found }. Name the document (automerge:...); nothing was erased.
relay-error-bad-reason = Say why with --why: 1 to { $bytes } bytes on one line. Every device keeps it for ever, so it must not say what is to be gone.
relay-error-not-scrubbed = The dossier is erased and nobody gets it any more, but others are reading the files and its bytes could not be removed from them yet. Run the same command again, or let `fieldbook-relay serve` run.

relay-erased = Erased { $doc } of { $branch }: { $changes ->
    [one] 1 change is gone
   *[other] { $changes } changes are gone
  } from every file of this relay, and from each device at its next contact. Backups made before still hold them.
relay-erased-before = { $doc } of { $branch } was erased at { $at } already; that stands.
relay-erased-none = Nothing was erased.
relay-branch-recovering = Added branch { $name }, which its devices will bring back. Invite each of them again: it keeps its code and everything it holds. When all have synced: `fieldbook-relay branch recovered { $name }`.
relay-branch-recovered = { $name } is recovered. From now on only what this relay itself erases counts as erased.
relay-heading-erased-at = erased at
relay-heading-document = document
relay-heading-why = why
