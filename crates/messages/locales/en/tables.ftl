# Texts of tables.

# Where
tables-problem = { $place }: { $what }
tables-at-cell = row { $row }, column `{ $column }`
tables-at-row = row { $row }
tables-at-column = column `{ $column }`
tables-at-sheet-cell = sheet `{ $sheet }`, row { $row }, column `{ $column }`
tables-at-sheet-row = sheet `{ $sheet }`, row { $row }
tables-at-sheet-column = sheet `{ $sheet }`, column `{ $column }`
tables-at-sheet-whole = sheet `{ $sheet }`
tables-more = { $count ->
    [one] 1 more problem
   *[other] { $count } more problems
  }: correct the ones above first, then try again.

# The file as a whole
tables-absent = There is no such file: check the path.
tables-refused = The file cannot be read: { $cause }.
tables-unknown-form = This kind of file is not known: save it as .xlsx or as "CSV UTF-8 (comma delimited)".
tables-empty = The file is empty: the first row must be the header, each row after it a record.
tables-too-large = The file is too large: split it into files of at most { $bytes } MiB, { $rows } rows and { $columns } columns.
tables-not-utf8 = Line { $line } is not UTF-8 (perhaps GBK or GB18030): in Excel save it as "CSV UTF-8 (comma delimited)", or use .xlsx.
tables-utf16 = The file is UTF-16: in Excel save it as "CSV UTF-8 (comma delimited)", or use .xlsx.
tables-broken = The file is damaged: { $cause }. Open it in Excel and save it again.

# The header
tables-unknown-table = The header `{ $found }` belongs to no table there is ({ $forms }). `fieldbook export --format xlsx --blank` gives empty tables with the right headers.
tables-policy = A policy is not read from tables, for an old table would put old rules in force. Remove this sheet; an administrator revises the policy at the relay.
tables-missing-column = { $form } lacks the column `{ $column }` ({ $name }): add it; it may be empty unless it is required.
tables-repeated-column = The header `{ $column }` stands twice: keep one column.
tables-unknown-column = The form has no `{ $column }`: this column was not read.

# A row
tables-no-id = It must not be empty: give the id, by which the record is known again when the file is imported twice.
tables-repeated-id = The id `{ $value }` stands in row { $other } already: correct one of them, or delete a row.
tables-broken-formula = The formula has an error ({ $value }): correct it, or write the value itself.
tables-no-header = `{ $value }` stands in a column without a header: add the header, or delete the value.

# Writing
tables-cell-too-long = `{ $column }` of { $id } has more than { $max } characters, which a workbook does not take: export as csv or json.
tables-too-many-rows = `{ $form }` has more than { $max } rows, which a workbook does not take: export as csv or json.
tables-not-written = { $path } cannot be written: { $cause }. Check the folder's permissions and the space left.
tables-workbook-failed = The workbook cannot be made: { $cause }. Export as csv or json.
