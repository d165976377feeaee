# Texts of the pages that draw the views of a branch.

pages-group-progress = Progress
pages-tab-due = Due
pages-tab-daily = Daily check
pages-tab-matrix = Matrix
pages-tab-timeline = Timeline
pages-tab-funnel = Funnel
pages-tab-complaints = Complaints
pages-tab-figures = Key figures
pages-tab-visits = Visits
pages-tab-duplicates = Duplicates

views-day = As of
views-past = This is not the present but what stood at
views-who = Person
views-role = Role
views-state = State
views-limit = Limit
views-due_at = Due
views-left = Left
views-left_for = { $span } left
views-past_by = { $span } past due
views-since = Since
views-owner = Owner
views-nobody = nobody
views-age = Age
views-month = Month
views-from = From
views-days = Days
views-earlier = Earlier
views-later = Later
views-n = n { $n }
views-of = { $n } of { $of }

views-due = Due list
views-due-lead = What the limits of the policy ask for: overdue first, then by urgency and time.
views-due-none = Nothing is due that fits.
views-due-missed = also what was missed
views-part-cleaning = cleaning of records
views-part-content = content
views-part-report = report
views-part-check = check of the fixes
views-part-process = process review

views-daily = Daily check of { $day }
views-daily-lead = What a supervisor looks at every working day, and signs.
views-daily-past_due = Past due
views-daily-silent = Silent
views-daily-delayed = Delayed
views-daily-unreviewed = Done, not reviewed
views-daily-without_task = Approved, without a task
views-daily-critical_complaints = Critical complaints
views-daily-new_notes = New notes
views-daily-devices_unseen = Devices not seen for a day
views-daily-signature = Signature
views-daily-signed = signed
views-daily-unsigned = not signed yet
views-daily-remarks = Remarks
views-daily-sign = Sign the daily check
author-check_signed = The check of this day was signed already by { $by }.

views-matrix = Matrix
views-matrix-lead = Limits at each step of the service loop: overdue, soon due and open.
views-matrix-red = something of high urgency is overdue, or a tenth of all
views-matrix-amber = something is overdue or soon due
views-matrix-green = open, all in time
views-matrix-grey = nothing open
views-step-collect = Collect
views-step-assess = Assess
views-step-execute = Execute
views-step-feedback = Feedback
views-step-improve = Improve

views-funnel = Funnel
views-funnel-lead = Of the needs raised in a month: how many reached each step, and how long it took to get there.
views-raised = { $count ->
    [one] { $count } need raised
   *[other] { $count } needs raised
}
views-step = Step
views-reached = Reached
views-share = Of all
views-median = Median time

views-timeline = Timeline
views-timeline-lead = Tasks and trainings: what was planned, how it went, and each new estimate. On time is judged by the first.
views-timeline-none = Nothing falls into these days.
views-timeline-move = Other days
views-planned = planned
views-actual = actual
views-estimate = new estimate
views-now = now

views-complaints = Complaints
views-complaints-lead = How many stand at each step, whose they are, how old, and how the limit of the step stands.

views-visits = Visits of { $year }
views-visits-lead = What the year asks for by grade, what was done, and what is planned.
views-visits-done = Done of required
views-visits-planned = Planned
views-visits-behind = behind
views-visits-at_risk = at risk
views-visits-on_track = on track
views-visits-met = met

views-duplicates = Duplicates
views-duplicates-lead = Customers that are probably one. Nothing moves when they are said to be one: both dossiers stay, and both ids lead to the smaller.
views-duplicates-none = No two customers are alike.
views-duplicates-more = There are more than these.
views-duplicates-pair = Customers
views-duplicates-certainty = Certainty
views-duplicates-certain = certain
views-duplicates-probable = probable
views-duplicates-legacy_id = same number on paper
views-duplicates-history = alike in history
views-duplicates-alike = Alike
views-duplicates-do = Decision
views-duplicates-merge = They are one
views-duplicates-why = Why they are two
views-duplicates-separate = Not the same as { $other }
author-merge_stands = That is how it stands already.

views-figures = Key figures
views-figures-lead = Every figure stands with how many it was counted from.
views-figures-people = People in { $month }
views-figures-none = Nobody has figures in this month.
views-figure = Figure
views-figure-mean_score = Mean score
views-figure-good_scores = Scores of 4 and 5
views-figure-first_reply = First reply in time
views-figure-first_reply_minutes = Time to first reply (median)
views-figure-resolved = Inquiries and complaints resolved
views-figure-complaints = Complaints beside tasks done
views-figure-on_time = On time by the first estimate
views-figure-retention = Retention
views-figure-repeat_purchase = Repeat purchase
views-figure-visits = Visits done of required
views-figure-first_visit_fix = Fixed at the first visit
