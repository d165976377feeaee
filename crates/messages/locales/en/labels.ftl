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
