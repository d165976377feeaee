# The workbook of a monthly review

review-title = Service review { $month }
review-summary = Summary
review-trend = Trend
review-people = People
review-limits = Limits
review-funnel = Funnel
review-complaints = Complaints
review-late = Overdue and missed
review-improvements = Improvements
review-risks = Risks
review-matrix = Risk matrix
review-visits = Visits of the year

review-branch = Branch
review-as_of = Figures as of
review-until = What is open, as of
review-month = Month
review-before = Month before
review-figure = Figure
review-count = Count
review-basis = Basis
review-share = Share
review-score = Score
review-tasks = Tasks done
review-complaints-received = Complaints received
review-person = Person
review-code = Code
review-limit = Limit
review-step = Step
review-conversion = Conversion
review-median = Median time (minutes)
review-record = Record
review-customer = Customer
review-since = Since
review-age = For (minutes)
review-state = State
review-urgency = Urgency
review-from = From
review-due = Due
review-ended = Ended
review-required = Required
review-done = Done
review-planned = Planned
review-probability-impact = Probability / impact
review-more =
    { $count ->
        [one] 1 more is not listed.
       *[other] { $count } more are not listed.
    }
review-unrated = Risks not rated yet: { $count }
review-figures-note = Share = count / basis; empty without a basis. The basis of a mean or a median is how many values it was taken from.

review-figure-mean_score = Mean score (1-5)
review-figure-good_scores = Scores of 4 and 5
review-figure-first_reply = First reply in time
review-figure-first_reply_minutes = Median time to first reply (minutes)
review-figure-resolved = Resolved
review-figure-complaints = Complaints per task done
review-figure-on_time = Done on time
review-figure-first_visit_fix = Fixed at the first visit
review-figure-retention = Customers retained
review-figure-repeat_purchase = Repeat purchase
review-figure-visits = Visits done of those required (year)

review-step-collect = Collect
review-step-assess = Assess
review-step-execute = Execute
review-step-feedback = Feedback
review-step-improve = Improve

review-visits-met = met
review-visits-on_track = on track
review-visits-at_risk = at risk
review-visits-behind = behind

review-chart-scores = Distribution of scores
review-chart-on_time = Done on time, and scores of 4 and 5, by month
review-chart-work = Tasks done and complaints received, by month
review-chart-people = Done on time, by person
review-chart-limits = Limits kept
review-chart-funnel = Funnel
review-chart-complaints = Open complaints by step
review-chart-risks = Risks by probability and impact

# `view review`
cli-help-view-review = The monthly review as a workbook with charts, to be sent on
cli-view-review-done = The review of { $month } written to { $path }
cli-arg-view-review-as-of = Figures as they are known then [default: now]
cli-arg-view-review-month = The month reviewed, such as 2026-10 [default: the month of now]
cli-arg-view-review-months = How many months before it are shown beside it [default: 5]
cli-arg-view-review-out = Where to [default: fieldbook-review-MONTH.xlsx]

# On a page
review-download = Review of { $month } as a workbook (.xlsx)
