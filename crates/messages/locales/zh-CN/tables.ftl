# Texts of tables.

# Where
tables-problem = { $place }：{ $what }
tables-at-cell = 第 { $row } 行“{ $column }”
tables-at-row = 第 { $row } 行
tables-at-column = “{ $column }”列
tables-at-sheet-cell = 表“{ $sheet }”第 { $row } 行“{ $column }”
tables-at-sheet-row = 表“{ $sheet }”第 { $row } 行
tables-at-sheet-column = 表“{ $sheet }”“{ $column }”列
tables-at-sheet-whole = 表“{ $sheet }”
tables-more = 另有 { $count } 处问题：请先改正以上各处，再试一次。

# The file as a whole
tables-absent = 没有这个文件：请检查路径。
tables-refused = 无法读取文件：{ $cause }。
tables-unknown-form = 不认识这种文件：请另存为 .xlsx 或“CSV UTF-8（逗号分隔）”。
tables-empty = 文件是空的：第一行应为表头，其后每行一条记录。
tables-too-large = 文件太大：请分成几个文件，每个不超过 { $bytes } MiB、{ $rows } 行、{ $columns } 列。
tables-not-utf8 = 第 { $line } 行不是 UTF-8 编码（可能是 GBK 或 GB18030）：请在 Excel 中另存为“CSV UTF-8（逗号分隔）”，或使用 .xlsx。
tables-utf16 = 文件是 UTF-16 编码：请在 Excel 中另存为“CSV UTF-8（逗号分隔）”，或使用 .xlsx。
tables-broken = 文件已损坏：{ $cause }。请用 Excel 打开后重新保存。

# The header
tables-unknown-table = 表头“{ $found }”不属于任何一种表（{ $forms }）。用 fieldbook export --format xlsx --blank 可得到带正确表头的空白表。
tables-policy = 服务标准不从表格读取：旧表会使旧标准重新生效。请删去这个表，由管理员在服务端修订标准。
tables-missing-column = { $form }缺少“{ $column }”（{ $name }）列：请补上这一列，内容可以为空，必填项除外。
tables-repeated-column = 表头“{ $column }”出现两次：请只保留一列。
tables-unknown-column = 表中没有“{ $column }”这一项，该列未读取。

# A row
tables-no-id = 不能为空：请填写编号，重复导入时靠它认出同一条记录。
tables-repeated-id = 编号“{ $value }”在第 { $other } 行已经出现：请改正其中一个，或删去一行。
tables-broken-formula = 公式出错（{ $value }）：请改正公式，或直接填写内容。
tables-no-header = “{ $value }”所在的列没有表头：请补上表头，或删去这个内容。

# Writing
tables-cell-too-long = { $id } 的“{ $column }”超过 { $max } 个字符，工作簿放不下：请改用 csv 或 json 格式导出。
tables-too-many-rows = “{ $form }”超过 { $max } 行，工作簿放不下：请改用 csv 或 json 格式导出。
tables-not-written = 无法写入 { $path }：{ $cause }。请检查文件夹的权限和剩余空间。
tables-workbook-failed = 无法生成工作簿：{ $cause }。请改用 csv 或 json 格式导出。
