# 设备引擎的文字：出了什么问题，该怎么办。
device-no-store = { $home } 中没有 Fieldbook 数据。请用 `fieldbook init` 新建，或用 --home 指定正确的目录。
device-store-exists = { $home } 中已有 Fieldbook 数据。请直接使用，或用 --home 指定别的目录。
device-store-unreadable = 无法打开 { $home } 中的数据（{ $detail }）。请检查路径是否正确、文件是否归您所有。
device-store-read-only = { $home } 中的数据不可写。请取得该目录及其文件的写权限。未作任何更改。
device-store-corrupt = { $home } 中的数据已损坏（{ $detail }）。请保留该目录，并在另一目录重新加入网点：已同步的内容会从中继取回。
device-store-newer = { $home } 中的数据由更新版本的 Fieldbook 写入（版本 { $detail }）。请使用该版本；数据保持原样。
device-store-busy = 另一个 Fieldbook 进程正在使用 { $home } 中的数据。请等它结束后重试。未作任何更改。
device-store-full = { $home } 所在磁盘已满。请腾出空间后重试；此前保存的内容完好。
device-store-disk = { $home } 所在磁盘出错（{ $detail }）。请检查磁盘；只要磁盘完好，此前保存的内容就完好。
device-store-statement = { $home } 中的数据收到无法执行的请求（{ $detail }）。这是 Fieldbook 的缺陷，请报告。
device-document = 文档 { $doc } 无法读取，已保持原样；`fieldbook doctor` 会说明详情。
device-unknown-record = 本机没有记录 { $id }。`fieldbook search` 可按词语查找；`fieldbook sync` 可取来他人的记录。
device-ambiguous-record = 有 { $count } 条记录的原编号是 { $id }。请用记录自己的编号（如 CUST-7K-12）；`fieldbook search { $id }` 可列出它们。
device-wrong-kind = { $id } 是“{ $found }”记录；此命令用于“{ $wanted }”。
device-unknown-conflict = 没有冲突 { $id }。`fieldbook conflicts list` 可列出未决的冲突。
device-not-merged = { $one } 与 { $other } 没有直接合并过；`fieldbook show { $one }` 列出与它合并的客户。
device-no-candidate = 冲突 { $id } 的候选为 1 至 { $count }；`fieldbook conflicts show { $id }` 可列出它们。
device-parent-missing = 请用编号说明属于哪一条“{ $kind }”。
device-tables = { $file } 中有 { $count } 处需要先改正。未导入任何内容。
device-import-parent = 文件和本机中都没有编号为 { $id } 的“{ $kind }”。请补上该行，或改正编号。
device-import-parent-moved = { $id } 在本机属于 { $found }；记录不能改换归属。请改正编号。
device-import-customer = { $id } 的客户ID为 { $customer }，但其所属记录属于另一客户。请改正客户ID。
device-import-nothing = 文件和本机中都没有编号为 { $id } 的记录。请补上该行，或改正编号。
device-import-several = 编号 { $id } 同时指多条记录。请改写记录自己的编号（如 CUST-7K-12），或先在本机改正原编号。
device-import-elsewhere = { $id } 属于另一客户。请改正编号。
device-import-cycle = 这些记录互相引用，成了一个圈：{ $rows }。请删去其中一处引用。
device-import-kept = “{ $value }”未采用：这一项只填写一次，本机的内容与此不同。请在本机用步骤更正。
device-file = 文件 { $file } 无法使用：{ $detail }
device-not-enrolled = 本机尚未加入任何网点。请向管理员索取邀请码，然后运行：fieldbook enrol --relay URL --invite CODE。其余功能无需加入即可使用。
device-already-enrolled = 本机已加入 { $relay } 的网点“{ $branch }”。如要加入另一网点，请用 --home 指定另一目录。如果中继是重新建立的，要由本机带回档案簿，请加 --again：本机内容一概不清除。
device-relay-url = { $url } 不是中继的地址。地址形如 https://relay.example 或 http://127.0.0.1:8787。
device-unreachable = 无法连接中继 { $relay }（{ $detail }）。已记录的内容都保存在本机；有网络时请再次运行此命令。
device-refused = 中继 { $relay } 结束了交换：{ $reason }
device-feed-changed = 本机的另一个 Fieldbook 进程已与恢复后的中继开始交换。内容都已保存；请再次运行 `fieldbook sync`。
device-too-large = 内容超出一次记录的上限（{ $max } KiB）。未保存任何内容；请分成几次记录，或缩短文字。
device-unequal = 本机与中继 { $relay } 核对了各自的内容，并互相补齐，结果仍不一致。双方都没有丢失任何内容；请先运行 `fieldbook doctor`，再运行 `fieldbook sync`；如果仍然如此，请告知中继的管理者。
device-erased = 档案 { $doc } 已对所有人清除{ $why ->
    [none] 。
   *[other] ：{ $why }。
}不能再向其中写入任何内容。
device-no-randomness = 系统随机数来源出错。未作任何更改，请重试。
device-interrupted = 工作因 Fieldbook 的缺陷而中断。此前保存的内容完好；请报告此缺陷。

# 提示
device-notice-unchanged = 没有更改：记录已是这些值。
device-check-signed = { $day } 的检查已签过：{ $record }。要补充备注，请用 `fieldbook daily-check edit { $record }`。
device-notice-twin = { $twin } 可能是同一位客户（{ $certainty }，{ $percent }% 相似）：`fieldbook show { $twin }`；若是，请 `fieldbook customer merge { $twin } { $id }`。
device-twin-certain = 确定
device-twin-probable = 可能
device-notice-merged = { $id } 已合并：改的是 { $lead }。
