# Texts of the relay's pages.

# Frame
pages-product = Fieldbook
pages-skip = Skip to content
pages-language = Language
pages-theme = Colours
pages-theme-system = Auto
pages-theme-light = Light
pages-theme-dark = Dark
pages-sign-out = Sign out
pages-branch-pages = Pages of this branch
pages-tab-overview = Overview
pages-tab-customers = Customers
pages-tab-conflicts = Conflicts
pages-tab-devices = Devices
pages-zone = Times in { $zone }
pages-live-none = Reload the page to see changes
pages-live-on = Updates by itself
pages-live-off = Connection lost, trying again
pages-live-updated = The page was updated
pages-none = none
pages-yes = yes
pages-no = no
pages-pager = Pages of the list
pages-pager-range = { $first } to { $last } of { $total }
pages-pager-previous = Previous
pages-pager-next = Next
pages-span-seconds = { $large } s
pages-span-minutes = { $large } min { $small } s
pages-span-hours = { $large } h { $small } min
pages-span-days = { $large } d { $small } h

# Sign-in
pages-sign-in = Sign in
pages-sign-in-lead = For supervisors and everyone who reads the records of a branch.
pages-sign-in-name = Name
pages-sign-in-password = Password
pages-sign-in-wrong = The name or the password is wrong.
pages-sign-in-ended = You are signed out.

# Problems
pages-problem-home = To the first page
pages-problem-signed-out = Signed out
pages-problem-signed-out-help = The session has ended. Sign in again.
pages-problem-not-found = Not found
pages-problem-not-found-help = There is nothing at this address, or it belongs to a branch you do not read.
pages-problem-foreign-form = Form refused
pages-problem-foreign-form-help = This form is older than your session or does not come from these pages. Nothing was changed. Go back, reload the page and send it again.
pages-problem-malformed = Not understood
pages-problem-malformed-help = A part of the address or the form cannot be read. Go back and check what was entered.
pages-problem-too-many = Too many attempts
pages-problem-too-many-help = { $minutes ->
    [one] Sign-in failed too often. Try again in a minute.
   *[other] Sign-in failed too often. Try again in { $minutes } minutes.
}
pages-problem-method = Not possible here
pages-problem-method-help = This address does not take what was sent to it.
pages-problem-broken = Something went wrong
pages-problem-broken-help = The relay could not draw this page. Nothing was changed; the log of the relay has the details. Try again in a moment.

# Branches
pages-branches = Branches
pages-branches-empty = There is no branch yet. Make one with: fieldbook-relay branch add NAME
pages-branch = Branch
pages-customers = Customers
pages-assessments = Assessments
pages-tasks = Tasks
pages-feedback = Feedback
pages-conflicts = Conflicts
pages-devices = Devices
pages-feed-head = Feed position
pages-lag = Rows behind
pages-lag-none = up to date
pages-lag-some = { $documents ->
    [one] { $documents } dossier behind
   *[other] { $documents } dossiers behind
}
pages-tasks-by-status = Tasks by status
pages-assessments-by-state = Assessments by state
pages-feedback-by-state = Feedback by state
pages-open = { $count } open
pages-seen-recently = { $count } seen in 24 h
pages-updated-rows = Rows derived up to position { $position }
pages-set-aside = { $count ->
    [one] { $count } document could not be read and was set aside. fieldbook-relay serve names it in its log.
   *[other] { $count } documents could not be read and were set aside. fieldbook-relay serve names them in its log.
}
pages-latest-customers = Customers with the latest changes

# Customers
pages-search = Search
pages-search-hint = Name, id, text of any record
pages-filter-grade = Grade
pages-filter-channel = Channel
pages-filter-all = All
pages-filter-go = Show
pages-filter-clear = Clear
pages-customers-empty = No customer matches.
pages-customers-none = No customer has arrived from a device yet.
pages-open-tasks = Open tasks
pages-changed = Last change

# Dossier
pages-dossier = Dossier
pages-customer-fields = Customer
pages-work = Assessments, tasks, feedback
pages-no-work = Nothing has been assessed for this customer yet.
pages-unattached = Records without an assessment
pages-history = Who did what
pages-history-lead = Every change, newest first
pages-history-when = When
pages-history-who = Who
pages-history-device = Device
pages-history-record = Record
pages-history-what = What
pages-history-first = The latest { $shown } of { $total } entries are shown.
pages-history-all = Show all
pages-created = Created
pages-before = before
pages-after = after
pages-document = Document
pages-unknown-kind = { $kind } (unknown to this version)
pages-unread = Parts written by a newer version of Fieldbook are kept and not shown here.
pages-late = late
pages-on-time = on time

# Conflicts
pages-conflicts-empty = No value has lost against a concurrent edit.
pages-conflicts-lead = Values written at the same time on devices that had not seen each other. None is lost: the effective value is in use, the others are kept here.
pages-conflict-effective = in use
pages-conflict-lost = kept aside
pages-conflict-here = { $count ->
    [one] { $count } other value was written at the same time
   *[other] { $count } other values were written at the same time
}
pages-conflict-by = { $by } ({ $role })
pages-conflict-device = Device { $device }
pages-conflict-since = open since
pages-conflict-reason = Why
pages-conflict-severity = Weight
pages-no-effect = Steps without effect
pages-no-effect-lead = Kept for the auditor: steps their author had no right to, or that the state at the time did not allow.

# Devices
pages-device = Device
pages-device-code = Code
pages-device-staff = Person
pages-device-version = Version
pages-device-seen = Last seen
pages-device-never = never
pages-device-silent = silent for { $span }
pages-device-connected = connected
pages-device-cursor = Behind the feed
pages-device-outbox = Outbox
pages-device-clock = Clock
pages-device-clock-right = right
pages-device-clock-ahead = { $span } ahead
pages-device-clock-behind = { $span } behind
pages-device-state = State
pages-device-revoked = revoked
pages-device-active = active
pages-device-unknown = unknown device
pages-device-enrolled = Enrolled
pages-devices-empty = No device has joined this branch yet. Invite one with: fieldbook-relay invite --branch NAME --role ROLE
pages-device-reconciling = comparing
pages-device-suspected = sums differed
pages-device-reconciled = compared
pages-device-brought-back = { $count ->
    [one] brought back { $count } change
   *[other] brought back { $count } changes
}

# Erasures
pages-erased = Erased dossiers
pages-erased-none = Nothing was erased in this branch.
pages-erased-at = Erased at
pages-erased-why = Why
