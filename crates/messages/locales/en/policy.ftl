# Texts of a branch's policy: its figures in words, its versions, and what the relay writes.

policy-limits = Limits
policy-response = L13 Response to a request, by grade
policy-response-of = hotline { $hotline }, remote { $remote }, dispatch { $dispatch }, on site { $onsite }
policy-response-hotline = hotline
policy-response-remote = remote
policy-response-dispatch = dispatch
policy-response-onsite = on site
policy-visits = L16 Visits a year, by grade
policy-visits-of = { $count ->
    [one] { $count } visit a year
   *[other] { $count } visits a year
}
policy-visits-by_project = by project
policy-complaint_steps = L20 Steps of a complaint
policy-days = Working days and hours
policy-working_days = Working days
policy-business_hours = Business hours
policy-business_hours-none = not used: every limit counts the clock around
policy-business_hours-of = counted by { $limits }; all other limits count the clock around
policy-calendar = Calendar
policy-day-off = not worked
policy-day-worked = worked
policy-day-worked_as = worked, with the hours of { $weekday }
policy-roster-shift = longest shift
policy-roster-rest = least rest between two shifts
policy-roster-people = fewest people at a time
policy-membership-silver = silver from
policy-membership-gold = gold from
policy-membership-diamond = diamond from
policy-grading = Grading
policy-grading-standard = Grading standard
policy-each-day = by the end of the day
policy-each-week = once a week
policy-each-month = once a month
policy-each-quarter = once a quarter
policy-each-year = once a year
policy-minutes = { $count } min
policy-minutes-hours = { $count } h
policy-minutes-days = { $count } d
policy-nothing = nothing
policy-heading = { $version }, { $at }, by { $by }: { $reason }
policy-heading-defaults = The defaults: nobody has written a policy for this branch yet.
policy-written = Wrote { $version } for { $branch }. Devices get it with their next exchange; records keep the version they began under.
policy-no_versions = { $branch } has no policy of its own yet: the defaults hold. See `fieldbook-relay policy show`, change with `policy edit`.
policy-no_version = There is no version “{ $version }”. See `fieldbook-relay policy versions`.
policy-no_value = “{ $given }” has no value: write PLACE=VALUE, such as limits.L5.minutes=45.
policy-no_place = There is no place “{ $place }” in a policy. Places look like { $examples }; `policy show --json` shows all of them.
policy-same = That is what holds already: nothing was written.
policy-changed_meanwhile = Somebody wrote another version meanwhile. Look at it, then change what is still to be changed.
author-erased = This document was erased: nothing can be written to it any more.
author-not-taken = The feed did not take the change: { $reason }

# Groups of a branch's pages
pages-group-overview = Overview
pages-group-today = Today
pages-group-customers = Customers
pages-group-branch = Branch
pages-tab-policy = Policy

# Settling
pages-conflict-take = Take this
pages-conflict-settled = Settled for { $record }. Every device gets the decision with its next exchange.
pages-conflict-by_step = This is settled by a step of the record itself, on a device.
pages-device-relay = the relay
pages-problem-refused = Not written
pages-problem-refused-help = Nothing was changed. Go back, reload the page, and look at what stands there now.
author-conflict_changed = This disagreement was settled, or something was added to it, since the page was drawn.

# Policy
pages-policy = Policy
pages-policy-lead = Limits, visits, hours and calendar of this branch. A new version reaches every device; what has begun keeps the version it began under.
pages-policy-edit = Write a version
pages-policy-edit-lead = Change what is to be different; everything else stays. Nobody’s figures of the past change.
pages-policy-holds = What holds
pages-policy-held = What held
pages-policy-earlier = This is an earlier version.
pages-policy-present = Show what holds now
pages-policy-versions = Versions
pages-policy-written = { $version } is written. Devices get it with their next exchange.
pages-policy-write = Write this version
pages-policy-reason = Why; everybody who looks at the versions reads it
pages-policy-visits-hint = Visits in a year. Empty: by project.
pages-policy-business_hours = Some limits count business hours only
pages-policy-business_hours-hint = Tick the limits that do, and give the hours of each day; a day without hours is not worked.
pages-policy-counted = Limits that count business hours
pages-policy-calendar-hint = One rule on a line: 2026-10-01..2026-10-07 off National Day, or 2026-10-10 work:5 swapped (worked with Friday’s hours).
pages-policy-unit = unit
pages-policy-unit-minutes = minutes
pages-policy-unit-hours = hours
pages-policy-unit-days = days
pages-policy-no_number = { $place }: “{ $given }” is not a whole number.
pages-policy-no_hours = “{ $given }” is not a stretch of a day: write 09:00-12:00, several with a space between.
pages-policy-no_rule = The calendar's line “{ $given }” cannot be read: write a day or FIRST..LAST, then off, work or work:1 to work:7, then a name.
