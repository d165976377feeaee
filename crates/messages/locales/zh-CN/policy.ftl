# 网点制度的文字：各项数字、版本，以及中心自己写入的内容。

policy-limits = 时限
policy-response = L13 需求响应（按类别）
policy-response-of = 热线 { $hotline }，远程 { $remote }，派工 { $dispatch }，到场 { $onsite }
policy-response-hotline = 热线
policy-response-remote = 远程
policy-response-dispatch = 派工
policy-response-onsite = 到场
policy-visits = L16 每年拜访次数（按类别）
policy-visits-of = 每年 { $count } 次
policy-visits-by_project = 按项目
policy-complaint_steps = L20 投诉各步骤
policy-days = 工作日与工作时间
policy-working_days = 工作日
policy-business_hours = 工作时间
policy-business_hours-none = 未启用：所有时限按自然时间计算
policy-business_hours-of = { $limits } 按工作时间计算，其余时限按自然时间
policy-calendar = 日历
policy-day-off = 休息
policy-day-worked = 上班
policy-day-worked_as = 上班，按{ $weekday }的时间
policy-roster-shift = 最长班次
policy-roster-rest = 两班之间最少休息
policy-roster-people = 同时最少人数
policy-membership-silver = 银卡起点
policy-membership-gold = 金卡起点
policy-membership-diamond = 钻石起点
policy-grading = 分类
policy-grading-standard = 分类标准
policy-each-day = 当日内
policy-each-week = 每周一次
policy-each-month = 每月一次
policy-each-quarter = 每季度一次
policy-each-year = 每年一次
policy-minutes = { $count } 分钟
policy-minutes-hours = { $count } 小时
policy-minutes-days = { $count } 天
policy-nothing = 无
policy-heading = { $version }，{ $at }，{ $by }：{ $reason }
policy-heading-defaults = 默认制度：本网点尚未制定自己的制度。
policy-written = 已为{ $branch }写入 { $version }。设备下次同步时收到；已开始的记录仍按原版本计算。
policy-no_versions = { $branch }尚无自己的制度，按默认值执行。可用 `fieldbook-relay policy show` 查看，用 `policy edit` 修改。
policy-no_version = 没有版本“{ $version }”。请查看 `fieldbook-relay policy versions`。
policy-no_value = “{ $given }”没有值：请写成 位置=值，例如 limits.L5.minutes=45。
policy-no_place = 制度中没有“{ $place }”这一位置。位置形如 { $examples }；`policy show --json` 列出全部。
policy-same = 现行制度已是如此，未写入任何内容。
policy-changed_meanwhile = 其间有人写入了新版本。请先查看，再修改仍需修改之处。
author-erased = 该文档已被删除，不能再写入。
author-not-taken = 变更未被收录：{ $reason }

# 网点页面分组
pages-group-overview = 概览
pages-group-today = 今日
pages-group-customers = 客户
pages-group-branch = 网点
pages-tab-policy = 制度

# 裁定
pages-conflict-take = 采用此项
pages-conflict-settled = { $record } 已裁定。各设备下次同步时收到。
pages-conflict-by_step = 此项需在设备上通过记录本身的步骤处理。
pages-device-relay = 中继
pages-problem-refused = 未写入
pages-problem-refused-help = 没有任何改动。请返回并刷新页面，查看现在的内容。
author-conflict_changed = 页面打开之后，此冲突已被裁定或又有新的内容。

# 制度
pages-policy = 制度
pages-policy-lead = 本网点的时限、拜访次数、工作时间与日历。新版本会送达每台设备；已开始的事项仍按其开始时的版本计算。
pages-policy-edit = 制定新版本
pages-policy-edit-lead = 只改需要不同之处，其余不变。以往的数字不受影响。
pages-policy-holds = 现行内容
pages-policy-held = 当时内容
pages-policy-earlier = 这是较早的版本。
pages-policy-present = 查看现行版本
pages-policy-versions = 版本
pages-policy-written = 已写入 { $version }。各设备下次同步时收到。
pages-policy-write = 写入此版本
pages-policy-reason = 原因；查看版本的人都会看到
pages-policy-visits-hint = 每年拜访次数。留空表示按项目。
pages-policy-business_hours = 部分时限只计工作时间
pages-policy-business_hours-hint = 勾选按工作时间计算的时限，并填写每天的时间；没有时间的日子不上班。
pages-policy-counted = 按工作时间计算的时限
pages-policy-calendar-hint = 每行一条：2026-10-01..2026-10-07 off 国庆节，或 2026-10-10 work:5 调休（按星期五的时间上班）。
pages-policy-unit = 单位
pages-policy-unit-minutes = 分钟
pages-policy-unit-hours = 小时
pages-policy-unit-days = 天
pages-policy-no_number = { $place }：“{ $given }”不是整数。
pages-policy-no_hours = “{ $given }”不是一段时间：请写成 09:00-12:00，多段之间用空格隔开。
pages-policy-no_rule = 日历中的“{ $given }”无法识别：先写日期或 起..止，再写 off、work 或 work:1 至 work:7，最后写名称。
