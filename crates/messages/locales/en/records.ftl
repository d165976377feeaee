# What is wrong with an edit, and the fix
invalid-no_record = There is no record { $id }: check the id.
invalid-exists = The record { $id } exists already.
invalid-event_exists = The event { $id } exists already.
invalid-wrong_kind = { $id } is not a { $kind }: give the id of a { $kind }.
invalid-second_customer = A dossier has exactly one customer: { $id }.
invalid-unknown_field = A { $kind } has no field `{ $field }`.
invalid-not_set = `{ $field }` of a { $kind } cannot be set: { $fix }
fix-by_event = it follows from steps such as start, done and review.
fix-once = it is written once, when the record is made; use a correcting step.
fix-automatic = it is filled automatically.
invalid-missing = The { $kind } lacks `{ $field }`: fill it in.
invalid-value = `{ $value }` is not right for `{ $field }`: { $fix }
invalid-value-one_of = `{ $value }` is not right for `{ $field }`: { $fix } One of: { $codes }
invalid-value-range = `{ $value }` is not right for `{ $field }`: { $fix } Allowed: { $min } to { $max }.
invalid-value-length = `{ $value }` is not right for `{ $field }`: { $fix } At most { $max }.
invalid-may_not_create = The role { $role } may not make a { $what }. It takes: { $may }.
invalid-may_not_write = The role { $role } may not change a { $what }. It takes: { $may }.
invalid-may_not_step = The role { $role } may not take the step `{ $what }`. It takes: { $may }.
fix-not_masked = names are masked and contain *, for example 王*.
fix-not_staff = give a masked name (王*) or a staff number (S012), 40 characters at most.
fix-too_long = it is too long: shorten it.
fix-empty = it must not be empty.
fix-not_a_code = choose one of the listed values.
fix-out_of_range = it is out of range.
fix-not_an_integer = give a whole number.
fix-not_a_day = give a day that exists, for example 2024-05-01.
fix-not_a_time = give a time, for example 2024-05-02 09:00 or 2024-05-02T09:00:00Z.
fix-control_character = it contains an invisible control character: remove it.
fix-not_an_id = give a record id, for example CUST-7K-12.
fix-not_the_product = leave it empty: it is the probability times the impact, and both must be given.
fix-not_a_flag = write true or false.
fix-not_resources = give time, people and cost, for example 2h,1 客服 or 2h,1 客服,50 yuan.
fix-not_a_signature = give signer, time and what was signed, separated by commas.
fix-too_many = there are too many: remove some.
fix-wrong_type = it has the wrong type.
invalid-not_yours = The task { $id } is assigned to { $assignee }: only they or a supervisor may update it.
invalid-no_event = A { $kind } has no step `{ $event }`.
invalid-step = { $id } is { $state }: it cannot take the step `{ $event }`. It can take: { $allowed }.
invalid-void = { $id } is void and cannot be changed.
invalid-no_conflict = There is no open conflict `{ $conflict }` on { $id }.
invalid-no_candidate = There is no candidate { $take }: there are { $count }.
invalid-full = { $id } has reached the limit of { $max } events: make another record.
invalid-refused = The document refused the edit: { $cause }
nothing = nothing

# Damaged documents
corrupt-unreadable = The dossier's bytes are damaged: { $cause }
corrupt-not_a_dossier = This is not a dossier.
corrupt-missing = The dossier lacks { $count ->
    [one] 1 change that others depend on
   *[other] { $count } changes that others depend on
  }.

# Private data, order of time, documents, policy
invalid-private = `{ $field }` contains { $what } (character { $position }): { $place }. Take it out; contact data belongs in the vault, never in a record.
private-phone = a phone number
private-email = an e-mail address
private-identity = an identity number
invalid-out_of_order = `{ $later }` ({ $later_is }) is before `{ $earlier }` ({ $earlier_is }): correct one of them.
invalid-wrong_document = A { $kind } belongs in { $class }, not in this document.
invalid-itself = { $id } cannot name itself: give another record.
policy-unreadable = The policy cannot be read: { $cause }
policy-missing_limit = The policy lacks the limit { $code } ({ $limit }): give it.
policy-wrong_limit = The limit { $code } ({ $limit }) must be between one minute and ten years.
policy-missing_part = The limit { $code } lacks a figure for { $part }: give it.
policy-wrong_hours = The business hours of { $weekday } end before they begin or run into each other: correct them.
policy-no_hours = The business hours hold no hour at all: give some, or leave business hours out.
policy-wrong_weekday = { $weekday } is not a day of the week (1 Monday to 7 Sunday), or stands twice.
policy-wrong_days = The calendar's days from { $from } to { $to } end before they begin or cover more than a year.
policy-overlap = The calendar speaks of { $day } twice: leave one of the two out.
policy-wrong_figure = The figures of `{ $part }` are not positive and rising: correct them.
