# Kinds of record
kind-customer = customer
kind-assessment = assessment
kind-task = task
kind-feedback = feedback

# The paper forms
form-customer = Customer record
form-assessment = Service needs assessment
form-task = Service tracking
form-feedback = Customer feedback

# Fields of a customer. The Chinese labels are the headers of the paper form.
customer-customer_id = Customer ID
customer-name = Customer name
customer-channel = Channel
customer-history = History
customer-preference = Preference
customer-created_on = Created on
customer-owner = Owner
customer-grade = Grade
customer-tags = Tags
customer-legacy_id = Legacy ID

# Fields of an assessment
assessment-req_id = Assessment ID
assessment-customer_id = Customer ID
assessment-need = Need
assessment-urgency = Urgency
assessment-scope = Scope
assessment-resources = Resources
assessment-minutes = Minutes
assessment-staff = Staff
assessment-staff_kind = Kind of staff
assessment-cost = Cost (fen)
assessment-assessed_on = Assessed on
assessment-assessor = Assessor
assessment-plan = Plan
assessment-state = State
assessment-approved_by = Approved by
assessment-legacy_id = Legacy ID

# Fields of a task
task-exec_id = Task ID
task-customer_id = Customer ID
task-req_id = Assessment ID
task-title = Task
task-mode = Mode
task-assignee = Assignee
task-started_at = Started at
task-due_at = Due at
task-first_due_at = First due at
task-done_at = Done at
task-done_by = Done by
task-status = Status
task-issues = Issues
task-reviewer = Reviewer
task-signature = Signature
task-result = Result
task-on_time = On time
task-cancelled_why = Cancelled because
task-legacy_id = Legacy ID

# Fields of a feedback
feedback-fb_id = Feedback ID
feedback-customer_id = Customer ID
feedback-exec_id = Task ID
feedback-score = Score
feedback-text = Text
feedback-received_on = Received on
feedback-state = State
feedback-measure = Measure
feedback-owner = Owner
feedback-duplicate_of = Duplicate of
feedback-legacy_id = Legacy ID
record-void = Void

# Codes of enumerations
enum-channel-phone = phone
enum-channel-email = email
enum-channel-online_chat = online chat
enum-channel-face_to_face = face to face
enum-channel-web_form = web form
enum-channel-social_media = social media
enum-channel-complaint_box = complaint box
enum-grade-vip = VIP
enum-grade-core = core
enum-grade-potential = potential
enum-grade-normal = normal
enum-urgency-high = high
enum-urgency-medium = medium
enum-urgency-low = low
enum-scope-sales = sales
enum-scope-technical_support = technical support
enum-scope-after_sales = after-sales
enum-scope-logistics = logistics
enum-scope-other = other
enum-mode-hotline = hotline
enum-mode-remote = remote
enum-mode-onsite = on site
enum-mode-headquarters = headquarters
enum-approval-draft = draft
enum-approval-approved = approved
enum-approval-stale = approval stale
enum-status-assigned = assigned
enum-status-in_progress = in progress
enum-status-delayed = delayed
enum-status-done = done
enum-status-reviewed = reviewed
enum-status-cancelled = cancelled
enum-state-sent = sent
enum-state-pending = pending
enum-state-handled = handled
enum-state-archived = archived
score-1 = very dissatisfied
score-2 = dissatisfied
score-3 = neutral
score-4 = satisfied
score-5 = very satisfied

# Roles
role-engineer = engineer
role-hotline = hotline
role-assessor = assessor
role-supervisor = supervisor
role-process_manager = process manager
role-auditor = auditor
role-administrator = administrator

# Events
event-assigned = assigned
event-started = started
event-note = note
event-delayed = delayed
event-done = done
event-corrected = corrected
event-reviewed = reviewed
event-reassigned = reassigned
event-cancelled = cancelled
event-signed = signed
event-imported = imported
event-approved = approved
event-received = received
event-handled = handled
event-archived = archived
event-resolved = resolved
event-void = void

# Data of events
data-assignee = assignee
data-started_at = started at
data-due_at = due at
data-done_at = done at
data-reason = reason
data-result = result
data-why = why
data-signer = signer
data-what = what was signed
data-text = text
data-status = status
data-state = state
data-reviewer = reviewer
data-issues = issues
data-signature = signature
data-score = score
data-received_on = received on
data-assessed_on = assessed on
data-digest = digest of what was approved
data-field = field
data-take = taken

# Conflicts
conflict-conflict = one field changed twice at the same time
conflict-parallel = one record changed in two places at the same time
conflict-flag = for the supervisor
conflict-no_effect = not permitted or out of step, without effect
severity-notice = notice
severity-warning = warning
severity-decision = decision needed
flag-done_cancelled = done and cancelled at the same time: done stands
flag-reassigned_twice = reassigned to two people at the same time
flag-started_twice = started by two people at the same time
flag-corrected_twice = corrected twice at the same time
flag-review_stale = completion changed since the review: review again
flag-approval_stale = need or plan changed since the approval: approve again
flag-reassigned_done = done by the former assignee while it was reassigned
flag-duplicate = more than one feedback for one task: the earliest counts
flag-no_right = its author had no right to it
flag-out_of_step = the state at the time did not allow it

# Kinds of the whole service process
kind-inquiry = inquiry
kind-complaint = complaint
kind-visit = visit
kind-care = greeting
kind-points = points entry
kind-order = order
kind-improvement = improvement
kind-review = review
kind-daily_check = daily check
kind-training = training
kind-risk = risk
kind-emergency = emergency plan or drill
kind-roster = hotline shift
kind-working_group = working group
kind-policy = policy
form-inquiry = Inquiries
form-complaint = Complaints
form-visit = Visits and return visits
form-care = Customer care
form-points = Points
form-order = Orders
form-improvement = Improvements (PDCA)
form-review = Reviews
form-daily_check = Daily checks
form-training = Training
form-risk = Risks
form-emergency = Emergency plans and drills
form-roster = Hotline rota
form-working_group = Working groups
form-policy = Policy versions
class-dossier = the dossier of a customer
class-board = the board of the branch
class-policy = the policy of the branch

# Fields of customer
customer-points = Points
customer-merged_with = Same customer as

# Fields of inquiry
inquiry-inquiry_id = Inquiry ID
inquiry-customer_id = Customer ID
inquiry-channel = Channel
inquiry-category = Category
inquiry-order_no = Order number
inquiry-received_at = Received at
inquiry-details = Details
inquiry-state = State
inquiry-owner = Owner
inquiry-department = Department
inquiry-answer = Answer
inquiry-answered_at = Answered at
inquiry-adjustment = Adjustment
inquiry-score = Score
inquiry-follow_up = Follow-up
inquiry-legacy_id = Legacy ID

# Fields of complaint
complaint-complaint_id = Complaint ID
complaint-customer_id = Customer ID
complaint-inquiry_id = Inquiry ID
complaint-exec_id = Task ID
complaint-channel = Channel
complaint-complainant = Complainant
complaint-content = Content
complaint-received_at = Received at
complaint-nature = Nature
complaint-severity = Severity
complaint-state = Step
complaint-owner = Owner
complaint-step_since = In this step since
complaint-replied_at = Replied at
complaint-findings = Findings
complaint-solution = Solution
complaint-measures = Measures
complaint-result = Result
complaint-closed_at = Closed at
complaint-reopened_why = Reopened because
complaint-notes = Notes
complaint-legacy_id = Legacy ID

# Fields of visit
visit-visit_id = Visit ID
visit-customer_id = Customer ID
visit-visit_kind = Kind of visit
visit-planned_on = Planned on
visit-done_on = Done on
visit-staff = Staff
visit-purpose = Purpose
visit-state = State
visit-findings = Findings
visit-suggestions = Suggestions
visit-follow_ups = Follow-ups
visit-reported_at = Reported at
visit-checked_at = Checked at
visit-checked = Check of fixes
visit-cancelled_why = Cancelled because
visit-legacy_id = Legacy ID

# Fields of care
care-care_id = Greeting ID
care-customer_id = Customer ID
care-occasion = Occasion
care-due_on = Due on
care-greeting = Greeting
care-staff = Staff
care-state = State
care-done_on = Done on
care-result = Result
care-cancelled_why = Cancelled because
care-legacy_id = Legacy ID

# Fields of points
points-points_id = Entry ID
points-customer_id = Customer ID
points-amount = Points
points-reason = Reason
points-entered_on = Entered on
points-legacy_id = Legacy ID

# Fields of order
order-order_id = Order ID
order-customer_id = Customer ID
order-model = Model
order-quantity = Quantity
order-received_at = Received at
order-state = State
order-confirmed_at = Confirmed at
order-shipped_at = Shipped at
order-delivered_at = Delivered at
order-installed_at = Installed at
order-cancelled_why = Cancelled because
order-owner = Owner
order-legacy_id = Legacy ID

# Fields of improvement
improvement-improvement_id = Improvement ID
improvement-title = Title
improvement-source = Source
improvement-source_id = Source ID
improvement-plan = Plan
improvement-owner = Owner
improvement-planned_on = Planned on
improvement-due_on = Due on
improvement-state = PDCA
improvement-findings = Findings
improvement-result = Result
improvement-done_on = Done on
improvement-legacy_id = Legacy ID

# Fields of review
review-review_id = Review ID
review-review_kind = Kind of review
review-period_from = From
review-period_to = To
review-held_on = Held on
review-attendees = Attendees
review-figures = Figures
review-findings = Findings
review-decisions = Decisions
review-legacy_id = Legacy ID

# Fields of daily_check
daily_check-check_id = Check ID
daily_check-day = Day
daily_check-supervisor = Supervisor
daily_check-heads = State seen
daily_check-figures = Figures
daily_check-remarks = Remarks
daily_check-legacy_id = Legacy ID

# Fields of training
training-training_id = Training ID
training-training_kind = Kind of training
training-topic = Topic
training-audience = Audience
training-place = Place
training-starts_at = Starts at
training-ends_at = Ends at
training-content = Content
training-state = State
training-held_at = Held at
training-result = Result
training-refreshed_at = Content refreshed at
training-cancelled_why = Cancelled because
training-legacy_id = Legacy ID

# Fields of risk
risk-risk_id = Risk ID
risk-category = Category
risk-title = Title
risk-description = Description
risk-identified_on = Identified on
risk-probability = Probability
risk-impact = Impact
risk-level = Level
risk-response = Response
risk-measures = Measures
risk-owner = Owner
risk-due_on = Due on
risk-state = State
risk-result = Result
risk-notes = Notes
risk-legacy_id = Legacy ID

# Fields of emergency
emergency-emergency_id = Emergency ID
emergency-emergency_kind = Plan or drill
emergency-title = Title
emergency-plan_id = Plan ID
emergency-scenario = Scenario
emergency-measures = Measures
emergency-owner = Owner
emergency-planned_on = Planned on
emergency-state = State
emergency-held_on = Held on
emergency-result = Result
emergency-cancelled_why = Cancelled because
emergency-legacy_id = Legacy ID

# Fields of roster
roster-roster_id = Shift ID
roster-staff = Staff
roster-starts_at = Starts at
roster-ends_at = Ends at
roster-backup = Backup
roster-state = State
roster-cancelled_why = Cancelled because
roster-legacy_id = Legacy ID

# Fields of working_group
working_group-group_id = Group ID
working_group-department = Department
working_group-task = Task
working_group-exec_id = Service task ID
working_group-priority = Priority
working_group-owner = Owner
working_group-opened_on = Opened on
working_group-due_on = Due on
working_group-state = State
working_group-done_on = Done on
working_group-result = Result
working_group-cancelled_why = Cancelled because
working_group-legacy_id = Legacy ID

# Fields of policy
policy-policy_id = Policy ID
policy-reason = Reason
policy-body = Content
policy-made_at = Made at

# Fields of task
task-more_signatures = Further signatures

# Codes of the whole service process
enum-category-product = product
enum-category-after_sales = after-sales
enum-category-logistics = logistics
enum-category-other = other
enum-inquiry_state-consult = consult
enum-inquiry_state-collect = collecting
enum-inquiry_state-transferred = transferred
enum-inquiry_state-answered = answered
enum-inquiry_state-adjusted = adjusted
enum-inquiry_state-confirmed = confirmed
enum-inquiry_state-followed_up = followed up
enum-severity-critical = critical
enum-severity-major = major
enum-severity-minor = minor
enum-complaint_state-accepted = accepted
enum-complaint_state-investigating = investigating
enum-complaint_state-solution = solution
enum-complaint_state-executing = executing
enum-complaint_state-follow_up = follow-up
enum-complaint_state-closed = closed
enum-visit_kind-visit = visit
enum-visit_kind-return_visit = return visit
enum-visit_kind-deep_contact = deep contact
enum-visit_state-planned = planned
enum-visit_state-done = done
enum-visit_state-cancelled = cancelled
enum-occasion-birthday = birthday
enum-occasion-holiday = holiday
enum-occasion-anniversary = anniversary
enum-care_state-due = due
enum-care_state-done = done
enum-care_state-cancelled = cancelled
enum-order_state-received = received
enum-order_state-confirmed = confirmed
enum-order_state-shipped = shipped
enum-order_state-delivered = delivered
enum-order_state-installed = installed
enum-order_state-cancelled = cancelled
enum-source-feedback = feedback
enum-source-complaint = complaint
enum-source-review = review
enum-pdca-plan = plan
enum-pdca-do = do
enum-pdca-check = check
enum-pdca-act = act
enum-pdca-closed = closed
enum-review_kind-process = process review
enum-review_kind-cleaning = cleaning of customer records
enum-training_kind-induction = induction
enum-training_kind-skills = skills
enum-training_kind-examination = examination
enum-training_state-planned = planned
enum-training_state-held = held
enum-training_state-cancelled = cancelled
enum-risk_category-market = market
enum-risk_category-credit = credit
enum-risk_category-operational = operational
enum-risk_category-legal = legal
enum-risk_category-technical = technical
enum-response-avoid = avoid
enum-response-reduce = reduce
enum-response-transfer = transfer
enum-response-accept = accept
enum-risk_state-identified = identified
enum-risk_state-assessed = assessed
enum-risk_state-responding = responding
enum-risk_state-monitored = monitored
enum-risk_state-closed = closed
enum-emergency_kind-plan = plan
enum-emergency_kind-drill = drill
enum-emergency_state-draft = draft
enum-emergency_state-approved = approved
enum-emergency_state-held = held
enum-emergency_state-cancelled = cancelled
enum-roster_state-planned = planned
enum-roster_state-cancelled = cancelled
enum-priority-high = high
enum-priority-medium = medium
enum-priority-low = low
enum-group_state-open = open
enum-group_state-in_progress = in progress
enum-group_state-done = done
enum-group_state-cancelled = cancelled
enum-membership-normal = normal
enum-membership-silver = silver
enum-membership-gold = gold
enum-membership-diamond = diamond

# Steps of the whole service process
event-collected = collected
event-answered = answered
event-transferred = transferred
event-adjusted = adjusted
event-confirmed = confirmed by the customer
event-followed_up = followed up
event-investigating = investigating
event-replied = replied
event-solution = solution
event-executing = executing
event-follow_up = follow-up
event-closed = closed
event-reopened = reopened
event-replanned = planned anew
event-reported = reported
event-checked = fixes checked
event-order_confirmed = order confirmed
event-shipped = shipped
event-delivered = delivered
event-installed = installed
event-do = do
event-check = check
event-act = act
event-plan_again = plan again
event-held = held
event-refreshed = content refreshed
event-assessed = assessed
event-responding = responding
event-monitored = monitored
event-swapped = swapped
event-merged = merged with another
event-separated = separated again

# Data of those steps
data-with = the other customer
data-answer = answer
data-answered_at = answered at
data-department = department
data-adjustment = adjustment
data-follow_up = follow-up
data-owner = owner
data-replied_at = replied at
data-findings = findings
data-solution = solution
data-measures = measures
data-closed_at = closed at
data-planned_on = planned on
data-done_on = done on
data-checked = check of fixes
data-confirmed_at = confirmed at
data-shipped_at = shipped at
data-delivered_at = delivered at
data-installed_at = installed at
data-held_at = held at
data-held_on = held on
data-refreshed_at = refreshed at
data-probability = probability
data-impact = impact
data-level = level
data-response = response
data-staff = staff

# Flags of the whole service process
flag-said_twice = said differently at the same time: the later stands
flag-rated_twice = rated differently at the same time: the higher stands
flag-merged_separated = merged and separated at the same time: they stay separate
flag-overdrawn = more points were given out than there are

# Limits
limit-L1 = name and channel entered
limit-L2 = dossier complete and shared
limit-L3 = urgency, scope and resources set
limit-L4 = assessment approved and a task made
limit-L5 = status update while in progress
limit-L6 = review of what was done
limit-L7 = daily check of tracking
limit-L8 = feedback form sent
limit-L9 = feedback handled and archived
limit-L10 = cleaning of records and process review
limit-L11 = training content refreshed
limit-L12 = first reply
limit-L13 = response to a request
limit-L14 = service record
limit-L15 = signed service orders handed in
limit-L16 = visits of the year
limit-L17 = grading standard changed
limit-L18 = return visit
limit-L19 = deep contact
limit-L20 = complaint step
limit_state-met = met
limit_state-missed = missed
limit_state-open = open
limit_state-soon = due soon
limit_state-overdue = overdue
policy-membership = membership points
policy-roster = rota rules
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
