# The workbook of a monthly review

review-title = { $month } 服务评审
review-summary = 摘要
review-trend = 趋势
review-people = 人员
review-limits = 时限达标
review-funnel = 服务漏斗
review-complaints = 投诉
review-late = 逾期与超时
review-improvements = 改进
review-risks = 风险
review-matrix = 风险矩阵
review-visits = 年度拜访

review-branch = 机构
review-as_of = 数据截至
review-until = 未办事项截至
review-month = 月份
review-before = 上月
review-figure = 指标
review-count = 数量
review-basis = 基数
review-share = 比例
review-score = 评分
review-tasks = 完成任务
review-complaints-received = 收到投诉
review-person = 人员
review-code = 代码
review-limit = 时限
review-step = 步骤
review-conversion = 转化率
review-median = 中位用时（分钟）
review-record = 记录
review-customer = 客户
review-since = 开始时间
review-age = 已历时（分钟）
review-state = 状态
review-urgency = 紧急程度
review-from = 起算时间
review-due = 到期时间
review-ended = 完成时间
review-required = 应拜访
review-done = 已拜访
review-planned = 已计划
review-probability-impact = 概率 / 影响
review-more = 另有 { $count } 项未列出。
review-unrated = 尚未评级的风险：{ $count }
review-figures-note = 比例 = 数量 / 基数；没有基数时留空。平均分与中位数的“基数”为取值个数。

review-figure-mean_score = 平均满意度（1–5）
review-figure-good_scores = 满意率（4 分及以上）
review-figure-first_reply = 首次回复达标率
review-figure-first_reply_minutes = 首次回复中位用时（分钟）
review-figure-resolved = 解决率
review-figure-complaints = 投诉率（投诉 / 完成任务）
review-figure-on_time = 按时完成率
review-figure-first_visit_fix = 一次上门修复率
review-figure-retention = 客户留存率
review-figure-repeat_purchase = 复购率
review-figure-visits = 拜访完成率（本年）

review-step-collect = 信息收集
review-step-assess = 需求评估
review-step-execute = 服务执行
review-step-feedback = 客户反馈
review-step-improve = 持续改进

review-visits-met = 已达标
review-visits-on_track = 正常
review-visits-at_risk = 有风险
review-visits-behind = 落后

review-chart-scores = 满意度评分分布
review-chart-on_time = 按时完成率与满意率（按月）
review-chart-work = 完成任务与收到投诉（按月）
review-chart-people = 按时完成率（按人员）
review-chart-limits = 各时限达标率
review-chart-funnel = 服务漏斗
review-chart-complaints = 各步骤未结投诉
review-chart-risks = 风险分布

# `view review`
cli-help-view-review = 月度评审工作簿，带图表，可直接发送
cli-view-review-done = { $month } 的评审已写入 { $path }
cli-arg-view-review-as-of = 以该时刻所知为准 [默认：现在]
cli-arg-view-review-month = 评审的月份，如 2026-10 [默认：本月]
cli-arg-view-review-months = 并列显示之前几个月 [默认：5]
cli-arg-view-review-out = 写到哪里 [默认：fieldbook-review-月份.xlsx]

# On a page
review-download = 下载 { $month } 评审工作簿（.xlsx）
