# What the command line says. Help first, then what commands report, then errors and hints.

# --- help: headings
cli-help-heading-usage = Usage
cli-help-heading-commands = Commands
cli-help-heading-arguments = Arguments
cli-help-heading-options = Options
cli-help-heading-fields = Fields
cli-help-usage-command = COMMAND
cli-help-usage-options = [OPTIONS]
cli-help-group-records = Records
cli-help-group-look = Find and look back
cli-help-group-share = Share with the branch
cli-help-group-device = This device

# --- help: commands
cli-help = Fieldbook, the service book of your branch. Everything works without a network; sync when there is one.
cli-help-more = `fieldbook COMMAND --help` tells more. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 saved here but the relay could not be reached.
cli-help-welcome-title = Fieldbook, the service book of your branch
cli-help-welcome-pitch = Customers, needs, tasks and feedback, on this device, with or without a network.
cli-help-welcome-start = Start here
cli-help-welcome-init = make a book on this device
cli-help-welcome-customer = enter the first customer; it asks for what it needs
cli-help-welcome-list = see who is in the book
cli-help-welcome-share = Work together
cli-help-welcome-enrol = join your branch with an invitation
cli-help-welcome-sync = exchange with everyone else
cli-help-welcome-look = Look around
cli-help-welcome-demo = a working day of two branches, for real, on this machine
cli-help-welcome-help = every command

cli-help-init = Make a store and a key on this device; no relay is needed
cli-help-enrol = Join a branch at a relay with an invitation (makes the store when needed)
cli-help-customer = Customers: who is served, and how they wish to be
cli-help-customer-add = Enter a customer; at a terminal, asks for what is missing
cli-help-customer-edit = Change fields of a customer
cli-help-customer-show = One customer
cli-help-customer-list = Customers
cli-help-assessment = Assessments: what a customer needs, how urgent it is, what it takes
cli-help-assessment-add = Enter a need of a customer; at a terminal, asks for what is missing
cli-help-assessment-edit = Change fields of an assessment
cli-help-assessment-approve = Approve the need and the plan as they read now (supervisor)
cli-help-assessment-show = One assessment
cli-help-assessment-list = Assessments
cli-help-task = Tasks: the work that an assessment leads to
cli-help-task-add = Make a task for an assessment; at a terminal, asks for what is missing
cli-help-task-edit = Change fields of a task
cli-help-task-start = Start work; a task that is nobody's becomes yours
cli-help-task-note = Add a note to the issues of a task
cli-help-task-delay = Estimate the completion anew; on time is still judged by the first estimate
cli-help-task-done = Report a task as done
cli-help-task-correct = Correct a completion; an earlier review becomes stale
cli-help-task-review = Review a completed task (supervisor)
cli-help-task-reassign = Give a task to somebody else (supervisor)
cli-help-task-cancel = Cancel a task (supervisor)
cli-help-task-sign = Record the customer's signature on site
cli-help-task-show = One task
cli-help-task-list = Tasks
cli-help-feedback = Feedback: what the customer says afterwards
cli-help-feedback-add = Enter feedback for a task; at a terminal, asks for what is missing
cli-help-feedback-edit = Change fields of a feedback
cli-help-feedback-handle = Say what is done about a feedback
cli-help-feedback-archive = Put a handled feedback away
cli-help-feedback-correct = Correct a score; of two corrections made apart the lower counts
cli-help-feedback-show = One feedback
cli-help-feedback-list = Feedback
cli-help-show = Any record, with its history
cli-help-history = Every change of a record: before, after, who, when, on which device
cli-help-search = Records that contain the words
cli-help-status = The book, what waits to be sent, the last sync, conflicts
cli-help-conflicts = Values that two people wrote apart
cli-help-conflicts-list = Conflicts that nobody has settled
cli-help-conflicts-show = One conflict with every candidate
cli-help-conflicts-resolve = Settle a conflict by taking one of its candidates
cli-help-sync = Exchange changes with the relay, once or continuously
cli-help-export = Write the whole book to a file or to standard output
cli-help-import = Read tables of any kind of record, .csv or .xlsx
cli-help-doctor = Check the store; --rebuild makes the search tables anew from the documents
cli-help-demo = A relay, two branches, four devices and a working day, for real, on this machine

# --- help: arguments
cli-arg-export-blank = Write empty tables of every kind of record, to be filled in by hand (.xlsx unless --format csv)
cli-arg-help = Show this help
cli-arg-version = Show the version
cli-arg-home = Where this device's book is kept [also FIELDBOOK_HOME; default: the platform's place for data]
cli-arg-json = Print exactly one JSON value on standard output
cli-arg-lang = Language: zh-CN or en [default: the locale's]
cli-arg-id = The record: its id, or the id it had on paper when only one record has it
cli-arg-conflict = The conflict's number in `fieldbook conflicts list`, or its id
cli-arg-init-staff = Your name as records show it, masked, such as 王*
cli-arg-init-role = What you may do until you are enrolled: engineer, hotline, assessor or supervisor [default: supervisor]
cli-arg-relay = Address of the relay, such as https://relay.example.org
cli-arg-invite = The code of the invitation
cli-arg-enrol-again = Join anew although this device belongs to a branch: its book stays, and goes to the branch of the invite
cli-arg-enrol-name = A name for this device, such as "workshop tablet"
cli-arg-limit = At most this many [default: { $default }]
cli-arg-text = The words; two Chinese characters are enough
cli-arg-note-text = The note
cli-arg-as-of = Only what had been written by then, such as 2024-05-02T09:00:00Z
cli-arg-take = The number of the candidate
cli-arg-watch = Stay connected and follow, until interrupted
cli-arg-format = json, csv or xlsx [default: json]
cli-arg-out = Where to write [default: standard output for json; csv makes a folder, xlsx a file]
cli-arg-file = The tables: a file, or a folder of them; headings tell which kinds they hold
cli-arg-dry-run = Check every row and say what would happen; write nothing
cli-arg-rebuild = Make the search tables anew from the documents
cli-arg-exit = Stop after the proof instead of serving on
cli-arg-field-required = {" "}(required)

# --- shapes of fields, after their labels in help and prompts
cli-shape-masked = masked, must contain *
cli-shape-line = one line
cli-shape-text = text
cli-shape-enum = one of { $codes }
cli-shape-integer = whole number from { $min } to { $max }
cli-shape-integer-from = whole number, { $min } or more
cli-shape-date = day, such as 2024-05-01
cli-shape-time = time, such as "2024-05-02 09:00" (branch time, UTC+8)
cli-shape-tags = tags with commas between them
cli-shape-reference = id of a record: { $kind }
cli-shape-staff = person or team, such as 王*
cli-shape-flag = true or false

# --- prompts
cli-prompt-skip = Enter leaves it empty
cli-prompt-choose = arrows choose, Enter takes, typing filters
cli-prompt-none = (leave it empty)
cli-prompt-reference = id, paper id, or words to search for
cli-prompt-no-match = Nothing in the book matches
cli-prompt-required = This is needed
cli-prompt-adding = New { $kind }; Esc stops, nothing is written before the end

# --- what commands report
cli-done-created = Saved { $kind } { $title }
cli-done-edited = Saved { $kind } { $title }: { $fields }
cli-done-unchanged = { $title } already reads like that; nothing to save
cli-done-step = { $step }: { $title }
cli-done-conflict = Settled { $field } of { $record }
cli-separator = {", "}
cli-next = next:
cli-none-yet = Nothing yet
cli-none-found = Nothing matches
cli-more-left = { $shown } of { $total } shown; --limit { $total } shows all
cli-status-heading-book = Book
cli-status-heading-exchange = Exchange
cli-status-device = this device
cli-status-branch = branch
cli-status-branch-none = none yet: this book is on this device only
cli-status-home = kept in
cli-status-person = you are
cli-status-dossiers = dossiers
cli-status-records = records
cli-status-outbox = to be sent
cli-status-refused = refused by the relay
cli-status-set_aside = kept aside
cli-status-erased = erased for everybody
cli-status-suspect = differs from the relay
cli-status-suspect-next = the next sync compares both sides
cli-status-refused_for = { $count } refused because { $reason }{ $customers ->
    [none] {""}
   *[other] : { $customers }
}
cli-refused-fix-malformed = It stays here. Record the entry once more; if it happens again, report it as a fault.
cli-refused-fix-missing_dependency = It is sent again by itself once the relay has what it builds on: fieldbook sync
cli-refused-fix-foreign_actor = It was written by another device, which is to send it: sync that device.
cli-refused-fix-reused_sequence = It is written again under a number of its own when the relay's changes arrive: fieldbook sync
cli-refused-fix-too_large = Record it once more in several shorter entries.
cli-refused-fix-erased = The dossier is gone for everybody; the next sync takes this with it.
cli-refused-fix-not_authorised = Ask your administrator; everything entered here stays here.
cli-refused-fix-other = Update this program; everything entered here stays here.
cli-status-conflicts = conflicts
cli-status-relay = relay
cli-status-last-sync = last sync
cli-status-never = never
cli-status-cursor = held up to
cli-init-done = A book was made in { $home }
cli-init-code = You are { $staff }, { $role }; records made here are numbered with { $code } until this device joins a branch
cli-enrol-done = Joined { $branch } as { $role } { $staff }
cli-enrol-again = Nothing was wiped: { $dossiers ->
    [one] 1 dossier stays
   *[other] { $dossiers } dossiers stay
  }, and the next sync gives the branch what it lacks of them
cli-enrol-code_changed = The relay could not keep the code { $before }; new records get { $now }
cli-enrol-code = Records made here are numbered { $example }
cli-sync-connecting = connecting to { $relay }
cli-sync-exchanging = exchanging
cli-sync-exchanging_with = exchanging with { $branch }
cli-sync-comparing = comparing what both sides hold
cli-sync-done = Synced with { $branch }: { $pushed } sent, { $pulled } received, { $documents ->
    [one] 1 dossier
   *[other] { $documents } dossiers
  } changed
cli-sync-cost = { $up } up, { $down } down, { $round_trips ->
    [one] 1 round trip
   *[other] { $round_trips } round trips
  }, { $ms } ms
cli-sync-reconciled = compared with the relay: { $differing ->
    [one] 1 dossier
   *[other] { $differing } dossiers
  } differed, { $taken ->
    [one] 1 change
   *[other] { $taken } changes
  } taken, { $restored } brought back
cli-sync-compared = Compared: both sides have brought each other what they lacked
cli-sync-restored = This store is an older copy of itself. It goes on under a new name towards the relay and takes its own later work back from there; what was recorded here since stays
cli-sync-unequal = What the relay holds and what is held here do not come to the same: both sides compare now, nothing is lost
cli-sync-healed = { $count ->
    [one] 1 change made here was written again: its number
   *[other] { $count } changes made here were written again: their numbers
  } had been given before, by the life of this store that was lost
cli-sync-set_aside = { $count ->
    [one] 1 change could not be applied; it is kept aside and
   *[other] { $count } changes could not be applied; they are kept aside and
  } tried again when more arrives: `fieldbook doctor`
cli-sync-erased = The dossier { $doc } was erased for everybody ({ $why }){ $dropped ->
    [0] {""}
    [one] ; one change made here had not been sent and went with it
   *[other] ; { $dropped } changes made here had not been sent and went with it
}
cli-sync-refused = { $count ->
    [one] 1 change was refused; it is kept here
   *[other] { $count } changes were refused; they are kept here
  }: `fieldbook status`
cli-sync-watching = Following { $branch }; Ctrl-C stops
cli-sync-waiting = Not connected; next try in { $seconds } s
cli-sync-stopped = Stopped following
cli-history-heading-when = when (UTC+8)
cli-history-heading-who = who
cli-history-heading-device = device
cli-history-heading-what = what
cli-history-nothing = (empty)
cli-heading-history = History
cli-heading-record = Record
cli-heading-text = Text
cli-conflict-none = No conflicts
cli-export-blank = Empty tables written to { $path }: fill them in and import them
cli-export-done = { $records ->
    [one] 1 record
   *[other] { $records } records
  } written to { $path }
cli-import-done = { $rows ->
    [one] 1 row
   *[other] { $rows } rows
  } of { $kind }: { $created } new, { $updated } changed, { $unchanged } as they were
cli-import-dry = { $rows ->
    [one] 1 row
   *[other] { $rows } rows
  } of { $kind }: { $created } would be new, { $updated } would change, { $unchanged } are as they were
cli-doctor-done = { $dossiers ->
    [one] 1 dossier
   *[other] { $dossiers } dossiers
  } and { $records ->
    [one] 1 record read well
   *[other] { $records } records read well
  }
cli-doctor-fitted = { $count ->
    [one] 1 change that was kept aside fits now
   *[other] { $count } changes that were kept aside fit now
  }
cli-doctor-rebuilt = Search tables made anew: { $records ->
    [one] 1 record
   *[other] { $records } records
  }
cli-size-bytes = { $n } B
cli-size-kb = { $n } KB
cli-size-mb = { $n } MB
cli-heading-kind = Kind
cli-as_of = As of
cli-device-this = this one
cli-author = { $by }, { $role }
cli-conflict-about = { $record } { $title }: { $field }
cli-conflict-by = { $author }, { $at }, device { $device }
cli-history-set = { $field }: { $after }
cli-history-changed = { $field }: { $before } → { $after }
cli-history-step = { $step } ({ $data })
cli-history-datum = { $field }: { $value }
cli-history-without_effect = { $what } — without effect
cli-history-none = Nothing had been written by then
cli-prompt-which_field = What changes?
cli-prompt-finish = (save)
cli-status-nothing = none
cli-sync-received = { $documents ->
    [one] one dossier changed
   *[other] { $documents } dossiers changed
  }; held up to { $cursor }
cli-sync-settled = sent: { $accepted } taken, { $refused } refused
cli-sync-started_over = The relay keeps another feed than before: it is taken up from its start, nothing is lost
cli-shape-notes = notes, one a line
cli-shape-signature = signer, time, what was signed
cli-arg-field = { $label }: { $shape }
cli-arg-words = Only records that contain these words
cli-arg-state = Only records in this state, such as done
cli-arg-customer = The customer it belongs to
cli-arg-assessment = The assessment it belongs to
cli-arg-task = The task it belongs to
cli-help-customer-void = Set a customer aside; nothing is ever deleted (supervisor)
cli-help-assessment-void = Set an assessment aside; nothing is ever deleted (supervisor)
cli-help-task-void = Set a task aside; nothing is ever deleted (supervisor)
cli-help-task-assign = Say whose task it is
cli-help-feedback-void = Set a feedback aside; nothing is ever deleted (supervisor)
cli-help-feedback-receive = Enter what came back on a form that was sent

cli-doctor-file = The store's file is damaged: { $what }. Keep the directory, and enrol again in another one
cli-doctor-damaged = The document { $doc } does not load or is not what was noted of it. Its bytes are kept
cli-doctor-set_aside = Of the document { $doc } something came from the relay that does not fit. Its bytes are kept and tried again; nothing else is held up
cli-doctor-rows = What lists and searches read differs from the documents: fieldbook doctor --rebuild makes it anew
cli-error-row = A row of the book cannot be read: fieldbook doctor --rebuild makes it anew
cli-import-nothing_written = Dry run: nothing was written

# --- errors and hints
cli-error = error:
cli-error-cause = because:
cli-error-hint = hint:
cli-error-missing = { $flag } is missing: { $field } is needed
cli-error-nothing_given = Nothing to change was given: name at least one field
cli-error-wrong_kind = { $id } is a record of another kind ({ $found }), not { $wanted }
cli-error-value = { $arg } { $value } will not do
cli-error-not_utf8 = { $arg } is not UTF-8: type it anew, or set the terminal to UTF-8
cli-error-output = The output could not be written
cli-error-no_home = There is no place for this device's book: the platform names none
cli-error-prompt = The terminal does not take part in questions: give the values as flags
cli-error-stopped = Stopped; nothing was written
cli-error-runtime = The network runtime did not start
cli-error-signals = Interruptions cannot be noticed on this system
cli-hint-home = give --home DIR, or set FIELDBOOK_HOME
cli-hint-help = { $command } --help shows what it takes
cli-hint-try = try: { $command }
cli-hint-did_you_mean = did you mean { $suggested }?
cli-usage-unknown_argument = There is no { $arg } here
cli-usage-unknown_command = There is no command { $command }
cli-usage-missing_command = { $command } needs a command
cli-usage-missing_argument = Missing: { $arg }
cli-usage-missing_value = { $arg } needs a value
cli-usage-not_listed = { $arg } cannot be { $value }: choose from { $allowed }
cli-usage-wrong_value = { $value } is not right for { $arg }
cli-usage-twice = { $arg } was given twice or beside one that excludes it
cli-usage-count = { $arg } was given the wrong number of values
cli-usage-not_utf8 = The command line is not UTF-8
cli-usage-other = { $what }

# --- the demonstration
cli-demo-title = A working day of two branches, for real
cli-demo-subtitle = One relay, four devices, each with a book of its own. What people write is in Chinese, as it would be.
cli-demo-act-relay = The relay opens
cli-demo-act-join = Four devices join, each by an invitation that works once
cli-demo-act-import = No network: everybody reads their own tables
cli-demo-act-morning = The morning exchange: everybody at once
cli-demo-act-apart = No network again: two people, one dossier, neither sees the other
cli-demo-act-evening = The evening exchange: everybody reconnects
cli-demo-act-proof = The proof: both devices and the relay export the same bytes
cli-demo-act-merged = What came together by itself
cli-demo-act-disputed = What wants somebody's eyes
cli-demo-act-serving = The relay goes on: see it as a supervisor does
cli-demo-relay = { $url }, everything in { $dir }
cli-demo-count = { $count } × { $kind }
cli-demo-exchanged = { $pushed ->
    [one] 1 change
   *[other] { $pushed } changes
  } sent, { $documents ->
    [one] 1 dossier
   *[other] { $documents } dossiers
  } received
cli-demo-cost = { $up } up, { $down } down, { $round_trips ->
    [one] 1 round trip
   *[other] { $round_trips } round trips
  }, { $ms } ms
cli-demo-conflicts = { $count } to look at
cli-demo-records = { $count ->
    [one] 1 record
   *[other] { $count } records
  }
cli-demo-equal = Equal, byte for byte. SHA-256 { $sum }
cli-demo-unequal = NOT equal
cli-demo-not_equal = The exports of one branch differ: this is a fault of the program. Keep this output and report it
cli-demo-failed = The demonstration could not go on
cli-demo-holder-device = device { $code }
cli-demo-holder-relay = relay
cli-demo-sign_in = sign in as { $name } with the password { $password }
cli-demo-interrupt = Ctrl-C stops the relay and removes everything
cli-demo-farewell = The relay has stopped and everything has been removed.
cli-demo-meeting-preference = One preference, asked twice
cli-demo-meeting-prose = One history, added to from both ends
cli-demo-meeting-done_reassigned = Done by one, given to somebody else by the other
cli-demo-meeting-delayed_twice = Two new estimates for one task
cli-demo-meeting-notes = Two notes on one task
cli-demo-meeting-need = One need, rewritten twice
cli-demo-meeting-approval = Approved, while the plan changes
cli-demo-meeting-grade = Two grades for one customer
cli-demo-meeting-parallel = Two fields of one assessment
cli-demo-meeting-separate = New work on every side
cli-demo-outcome-preference = One word is in effect, the other is kept for somebody to decide
cli-demo-outcome-prose = Both additions are in: prose is written together
cli-demo-outcome-done_reassigned = What is done stays done, credited to who did it
cli-demo-outcome-delayed_twice = The later estimate is shown; on time is still judged by the first
cli-demo-outcome-notes = Both notes stand
cli-demo-outcome-need = Two rewrites are not mixed into nonsense: one is shown, both are kept
cli-demo-outcome-approval = Nobody approved what was not seen: the approval is stale
cli-demo-outcome-grade = A supervisor's grade decides; where none spoke, the higher one would serve
cli-demo-outcome-parallel = Both fields are in; the record is listed as changed in two places
cli-demo-outcome-separate = What nobody else touched simply arrives
