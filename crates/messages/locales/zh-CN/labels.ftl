# Kinds of record
kind-customer = 客户
kind-assessment = 需求评估
kind-task = 服务任务
kind-feedback = 客户反馈

# The paper forms
form-customer = 客户信息记录表
form-assessment = 服务需求评估表
form-task = 服务执行跟踪表
form-feedback = 客户反馈表

# Fields of a customer. The Chinese labels are the headers of the paper form.
customer-customer_id = 客户ID
customer-name = 客户姓名
customer-channel = 联系方式
customer-history = 历史交易记录
customer-preference = 服务偏好
customer-created_on = 初始日期
customer-owner = 责任人
customer-grade = 客户类别
customer-tags = 标签
customer-legacy_id = 原编号

# Fields of an assessment
assessment-req_id = 需求ID
assessment-customer_id = 客户ID
assessment-need = 需求描述
assessment-urgency = 紧急程度
assessment-scope = 影响范围
assessment-resources = 资源需求
assessment-minutes = 所需分钟
assessment-staff = 所需人数
assessment-staff_kind = 人员类型
assessment-cost = 费用(分)
assessment-assessed_on = 评估日期
assessment-assessor = 评估人
assessment-plan = 方案建议
assessment-state = 评估状态
assessment-approved_by = 批准人
assessment-legacy_id = 原编号

# Fields of a task
task-exec_id = 执行ID
task-customer_id = 客户ID
task-req_id = 需求ID
task-title = 执行任务
task-mode = 服务方式
task-assignee = 责任人
task-started_at = 开始时间
task-due_at = 预计完成时间
task-first_due_at = 首次预计完成时间
task-done_at = 实际完成时间
task-done_by = 完成人
task-status = 状态更新
task-issues = 问题记录
task-reviewer = 审核人
task-signature = 客户签字
task-result = 服务结果
task-on_time = 按时完成
task-cancelled_why = 取消原因
task-legacy_id = 原编号

# Fields of a feedback
feedback-fb_id = 反馈ID
feedback-customer_id = 客户ID
feedback-exec_id = 服务ID
feedback-score = 满意度评分
feedback-text = 反馈内容
feedback-received_on = 反馈日期
feedback-state = 处理状态
feedback-measure = 改进措施
feedback-owner = 责任人
feedback-duplicate_of = 重复于
feedback-legacy_id = 原编号
record-void = 作废

# Codes of enumerations
enum-channel-phone = 电话
enum-channel-email = 邮件
enum-channel-online_chat = 在线客服
enum-channel-face_to_face = 面对面
enum-channel-web_form = 在线表单
enum-channel-social_media = 社交媒体
enum-channel-complaint_box = 投诉信箱
enum-grade-vip = VIP客户
enum-grade-core = 核心客户
enum-grade-potential = 潜力客户
enum-grade-normal = 普通客户
enum-urgency-high = 高
enum-urgency-medium = 中
enum-urgency-low = 低
enum-scope-sales = 销售
enum-scope-technical_support = 技术支持
enum-scope-after_sales = 售后服务
enum-scope-logistics = 物流
enum-scope-other = 其他
enum-mode-hotline = 热线
enum-mode-remote = 远程
enum-mode-onsite = 现场
enum-mode-headquarters = 总部支持
enum-approval-draft = 未批准
enum-approval-approved = 已批准
enum-approval-stale = 批准失效
enum-status-assigned = 待开始
enum-status-in_progress = 进行中
enum-status-delayed = 延迟
enum-status-done = 已完成
enum-status-reviewed = 已审核
enum-status-cancelled = 已取消
enum-state-sent = 已发送
enum-state-pending = 待处理
enum-state-handled = 已处理
enum-state-archived = 已归档
score-1 = 非常不满意
score-2 = 不满意
score-3 = 一般
score-4 = 满意
score-5 = 非常满意

# Roles
role-engineer = 工程师
role-hotline = 热线
role-assessor = 分析师
role-supervisor = 主管
role-process_manager = 流程经理
role-auditor = 审计员
role-administrator = 管理员

# Events
event-assigned = 指派
event-started = 开始
event-note = 记录问题
event-delayed = 延迟
event-done = 完成
event-corrected = 更正
event-reviewed = 审核
event-reassigned = 改派
event-cancelled = 取消
event-signed = 客户签字
event-imported = 导入
event-approved = 批准
event-received = 收到反馈
event-handled = 处理
event-archived = 归档
event-resolved = 冲突裁定
event-void = 作废

# Data of events
data-assignee = 责任人
data-started_at = 开始时间
data-due_at = 预计完成时间
data-done_at = 实际完成时间
data-reason = 原因
data-result = 结果
data-why = 原因
data-signer = 签字人
data-what = 签字内容
data-text = 内容
data-status = 状态
data-state = 状态
data-reviewer = 审核人
data-issues = 问题记录
data-signature = 客户签字
data-score = 满意度评分
data-received_on = 反馈日期
data-assessed_on = 评估日期
data-digest = 所批内容摘要
data-field = 字段
data-take = 采用

# Conflicts
conflict-conflict = 同一字段被同时修改
conflict-parallel = 同一记录被同时修改
conflict-flag = 需要主管确认
conflict-no_effect = 无权限或步骤不符，未生效
severity-notice = 提示
severity-warning = 警告
severity-decision = 待裁定
flag-done_cancelled = 已完成的任务同时被取消：以完成为准
flag-reassigned_twice = 同时改派给两人
flag-started_twice = 两人同时开始同一任务
flag-corrected_twice = 同时更正两次
flag-review_stale = 审核后完成情况又有变更：请重新审核
flag-approval_stale = 批准后需求或方案又有变更：请重新批准
flag-reassigned_done = 改派时原负责人已完成
flag-duplicate = 同一任务有多份反馈，以最早一份计
flag-no_right = 作者无此权限
flag-out_of_step = 当时的状态不允许此步骤

# Kinds of the whole service process
kind-inquiry = 咨询
kind-complaint = 投诉
kind-visit = 拜访/回访
kind-care = 客户关怀
kind-points = 积分
kind-order = 订单
kind-improvement = 改进
kind-review = 评审
kind-daily_check = 每日检查
kind-training = 培训
kind-risk = 风险
kind-emergency = 应急
kind-roster = 热线轮岗
kind-working_group = 跨部门协作
kind-policy = 服务标准
form-inquiry = 咨询记录表
form-complaint = 投诉处理表
form-visit = 拜访/回访记录表
form-care = 客户关怀记录表
form-points = 积分记录表
form-order = 订单跟踪表
form-improvement = 改进跟踪表
form-review = 评审记录表
form-daily_check = 每日检查表
form-training = 培训记录表
form-risk = 风险登记表
form-emergency = 应急预案与演练表
form-roster = 热线轮岗表
form-working_group = 跨部门协作表
form-policy = 服务标准版本
class-dossier = 客户服务档案
class-board = 网点看板
class-policy = 网点服务标准

# Fields of customer
customer-points = 积分
customer-merged_with = 同一客户

# Fields of inquiry
inquiry-inquiry_id = 咨询ID
inquiry-customer_id = 客户ID
inquiry-channel = 联系方式
inquiry-category = 咨询类别
inquiry-order_no = 订单号
inquiry-received_at = 受理时间
inquiry-details = 咨询内容
inquiry-state = 处理状态
inquiry-owner = 责任人
inquiry-department = 转办部门
inquiry-answer = 解答
inquiry-answered_at = 解答时间
inquiry-adjustment = 调整
inquiry-score = 满意度评分
inquiry-follow_up = 跟进
inquiry-legacy_id = 原编号

# Fields of complaint
complaint-complaint_id = 投诉ID
complaint-customer_id = 客户ID
complaint-inquiry_id = 咨询ID
complaint-exec_id = 服务ID
complaint-channel = 投诉渠道
complaint-complainant = 投诉人
complaint-content = 投诉内容
complaint-received_at = 受理时间
complaint-nature = 投诉性质
complaint-severity = 严重程度
complaint-state = 处理步骤
complaint-owner = 责任人
complaint-step_since = 本步骤开始时间
complaint-replied_at = 首次回复时间
complaint-findings = 调查结果
complaint-solution = 解决方案
complaint-measures = 实施措施
complaint-result = 处理结果
complaint-closed_at = 结案时间
complaint-reopened_why = 重新受理原因
complaint-notes = 备注
complaint-legacy_id = 原编号

# Fields of visit
visit-visit_id = 拜访ID
visit-customer_id = 客户ID
visit-visit_kind = 拜访类型
visit-planned_on = 计划日期
visit-done_on = 实际日期
visit-staff = 拜访人
visit-purpose = 拜访目的
visit-state = 状态
visit-findings = 发现问题
visit-suggestions = 客户建议
visit-follow_ups = 跟进事项
visit-reported_at = 上报时间
visit-checked_at = 整改核查时间
visit-checked = 整改核查
visit-cancelled_why = 取消原因
visit-legacy_id = 原编号

# Fields of care
care-care_id = 关怀ID
care-customer_id = 客户ID
care-occasion = 关怀事由
care-due_on = 应办日期
care-greeting = 关怀内容
care-staff = 责任人
care-state = 状态
care-done_on = 完成日期
care-result = 结果
care-cancelled_why = 取消原因
care-legacy_id = 原编号

# Fields of points
points-points_id = 积分ID
points-customer_id = 客户ID
points-amount = 积分
points-reason = 原因
points-entered_on = 日期
points-legacy_id = 原编号

# Fields of order
order-order_id = 订单ID
order-customer_id = 客户ID
order-model = 产品型号
order-quantity = 数量
order-received_at = 接待时间
order-state = 订单状态
order-confirmed_at = 订单确认时间
order-shipped_at = 发货时间
order-delivered_at = 送达时间
order-installed_at = 安装时间
order-cancelled_why = 取消原因
order-owner = 责任人
order-legacy_id = 原编号

# Fields of improvement
improvement-improvement_id = 改进ID
improvement-title = 改进项目
improvement-source = 来源
improvement-source_id = 来源编号
improvement-plan = 改进计划
improvement-owner = 责任人
improvement-planned_on = 立项日期
improvement-due_on = 完成期限
improvement-state = PDCA阶段
improvement-findings = 检查结果
improvement-result = 改进结果
improvement-done_on = 完成日期
improvement-legacy_id = 原编号

# Fields of review
review-review_id = 评审ID
review-review_kind = 评审类型
review-period_from = 开始日期
review-period_to = 结束日期
review-held_on = 评审日期
review-attendees = 参加人
review-figures = 评审数据
review-findings = 评审发现
review-decisions = 评审决定
review-legacy_id = 原编号

# Fields of daily_check
daily_check-check_id = 检查ID
daily_check-day = 日期
daily_check-supervisor = 主管
daily_check-heads = 所见版本
daily_check-figures = 检查数据
daily_check-remarks = 备注
daily_check-legacy_id = 原编号

# Fields of training
training-training_id = 培训ID
training-training_kind = 培训类型
training-topic = 培训主题
training-audience = 培训对象
training-place = 培训地点
training-starts_at = 开始时间
training-ends_at = 结束时间
training-content = 培训内容
training-state = 状态
training-held_at = 实际时间
training-result = 培训结果
training-refreshed_at = 内容更新时间
training-cancelled_why = 取消原因
training-legacy_id = 原编号

# Fields of risk
risk-risk_id = 风险ID
risk-category = 风险类别
risk-title = 风险名称
risk-description = 风险描述
risk-identified_on = 识别日期
risk-probability = 发生概率
risk-impact = 影响程度
risk-level = 风险等级
risk-response = 应对策略
risk-measures = 应对措施
risk-owner = 责任人
risk-due_on = 完成期限
risk-state = 状态
risk-result = 结果
risk-notes = 监控记录
risk-legacy_id = 原编号

# Fields of emergency
emergency-emergency_id = 应急ID
emergency-emergency_kind = 类型
emergency-title = 名称
emergency-plan_id = 预案ID
emergency-scenario = 情景
emergency-measures = 处置措施
emergency-owner = 责任人
emergency-planned_on = 计划日期
emergency-state = 状态
emergency-held_on = 演练日期
emergency-result = 演练结果
emergency-cancelled_why = 取消原因
emergency-legacy_id = 原编号

# Fields of roster
roster-roster_id = 轮岗ID
roster-staff = 值班人
roster-starts_at = 开始时间
roster-ends_at = 结束时间
roster-backup = 备班人
roster-state = 状态
roster-cancelled_why = 取消原因
roster-legacy_id = 原编号

# Fields of working_group
working_group-group_id = 协作ID
working_group-department = 部门
working_group-task = 协作任务
working_group-exec_id = 服务ID
working_group-priority = 优先级
working_group-owner = 责任人
working_group-opened_on = 发起日期
working_group-due_on = 完成期限
working_group-state = 状态
working_group-done_on = 完成日期
working_group-result = 结果
working_group-cancelled_why = 取消原因
working_group-legacy_id = 原编号

# Fields of policy
policy-policy_id = 标准ID
policy-reason = 修订原因
policy-body = 标准内容
policy-made_at = 修订时间

# Fields of task
task-more_signatures = 其他签字

# Codes of the whole service process
enum-category-product = 产品咨询
enum-category-after_sales = 售后服务
enum-category-logistics = 物流查询
enum-category-other = 其他
enum-inquiry_state-consult = 咨询
enum-inquiry_state-collect = 收集
enum-inquiry_state-transferred = 已转办
enum-inquiry_state-answered = 已解答
enum-inquiry_state-adjusted = 已调整
enum-inquiry_state-confirmed = 已确认
enum-inquiry_state-followed_up = 已跟进
enum-severity-critical = 严重
enum-severity-major = 较大
enum-severity-minor = 一般
enum-complaint_state-accepted = 受理
enum-complaint_state-investigating = 调查核实
enum-complaint_state-solution = 制定方案
enum-complaint_state-executing = 实施
enum-complaint_state-follow_up = 跟踪反馈
enum-complaint_state-closed = 结案
enum-visit_kind-visit = 拜访
enum-visit_kind-return_visit = 回访
enum-visit_kind-deep_contact = 深度沟通
enum-visit_state-planned = 已计划
enum-visit_state-done = 已完成
enum-visit_state-cancelled = 已取消
enum-occasion-birthday = 生日
enum-occasion-holiday = 节日
enum-occasion-anniversary = 纪念日
enum-care_state-due = 待办
enum-care_state-done = 已完成
enum-care_state-cancelled = 已取消
enum-order_state-received = 接待咨询
enum-order_state-confirmed = 订单确认
enum-order_state-shipped = 发货跟踪
enum-order_state-delivered = 已送达
enum-order_state-installed = 已安装
enum-order_state-cancelled = 已取消
enum-source-feedback = 客户反馈
enum-source-complaint = 投诉
enum-source-review = 评审
enum-pdca-plan = 计划
enum-pdca-do = 执行
enum-pdca-check = 检查
enum-pdca-act = 处理
enum-pdca-closed = 已关闭
enum-review_kind-process = 流程评审
enum-review_kind-cleaning = 客户信息清洗
enum-training_kind-induction = 入职引导
enum-training_kind-skills = 岗位技能培训
enum-training_kind-examination = 定期考核
enum-training_state-planned = 已计划
enum-training_state-held = 已举办
enum-training_state-cancelled = 已取消
enum-risk_category-market = 市场
enum-risk_category-credit = 信用
enum-risk_category-operational = 操作
enum-risk_category-legal = 法律合规
enum-risk_category-technical = 技术
enum-response-avoid = 避免
enum-response-reduce = 减轻
enum-response-transfer = 转移
enum-response-accept = 接受
enum-risk_state-identified = 已识别
enum-risk_state-assessed = 已评估
enum-risk_state-responding = 应对中
enum-risk_state-monitored = 监控中
enum-risk_state-closed = 已关闭
enum-emergency_kind-plan = 预案
enum-emergency_kind-drill = 演练
enum-emergency_state-draft = 草案
enum-emergency_state-approved = 已批准
enum-emergency_state-held = 已演练
enum-emergency_state-cancelled = 已取消
enum-roster_state-planned = 已排班
enum-roster_state-cancelled = 已取消
enum-priority-high = 高
enum-priority-medium = 中
enum-priority-low = 低
enum-group_state-open = 待开始
enum-group_state-in_progress = 进行中
enum-group_state-done = 已完成
enum-group_state-cancelled = 已取消
enum-membership-normal = 普通
enum-membership-silver = 银卡
enum-membership-gold = 金卡
enum-membership-diamond = 钻石

# Steps of the whole service process
event-collected = 收集信息
event-answered = 解答
event-transferred = 转部门
event-adjusted = 调整
event-confirmed = 客户确认
event-followed_up = 跟进
event-investigating = 调查核实
event-replied = 回复客户
event-solution = 制定方案
event-executing = 实施
event-follow_up = 跟踪反馈
event-closed = 结案
event-reopened = 重新受理
event-replanned = 改期
event-reported = 上报
event-checked = 整改核查
event-order_confirmed = 订单确认
event-shipped = 发货
event-delivered = 送达
event-installed = 安装
event-do = 执行
event-check = 检查
event-act = 处理
event-plan_again = 重新计划
event-held = 举办
event-refreshed = 内容更新
event-assessed = 评估
event-responding = 应对
event-monitored = 监控
event-swapped = 换班
event-merged = 合并
event-separated = 取消合并

# Data of those steps
data-with = 另一客户
data-answer = 解答
data-answered_at = 解答时间
data-department = 转办部门
data-adjustment = 调整
data-follow_up = 跟进
data-owner = 责任人
data-replied_at = 回复时间
data-findings = 发现
data-solution = 解决方案
data-measures = 措施
data-closed_at = 结案时间
data-planned_on = 计划日期
data-done_on = 完成日期
data-checked = 整改核查
data-confirmed_at = 确认时间
data-shipped_at = 发货时间
data-delivered_at = 送达时间
data-installed_at = 安装时间
data-held_at = 举办时间
data-held_on = 举办日期
data-refreshed_at = 更新时间
data-probability = 发生概率
data-impact = 影响程度
data-level = 风险等级
data-response = 应对策略
data-staff = 值班人

# Flags of the whole service process
flag-said_twice = 同时填写了不同内容：以较晚的为准
flag-rated_twice = 同时给出不同评级：以较高的为准
flag-merged_separated = 同时合并与取消合并：按未合并处理
flag-overdrawn = 积分已透支

# Limits
limit-L1 = 录入姓名与联系方式
limit-L2 = 档案完整并共享
limit-L3 = 确定紧急程度、范围与资源
limit-L4 = 评估批准并生成任务
limit-L5 = 进行中状态更新
limit-L6 = 完成后审核
limit-L7 = 每日跟踪检查
limit-L8 = 发送反馈表
limit-L9 = 反馈处理并归档
limit-L10 = 信息清洗与流程评审
limit-L11 = 培训内容更新
limit-L12 = 首次回复
limit-L13 = 需求响应
limit-L14 = 服务记录
limit-L15 = 签字服务单上交
limit-L16 = 年度拜访
limit-L17 = 分类标准调整
limit-L18 = 重点客户回访
limit-L19 = 深度沟通
limit-L20 = 投诉步骤
limit_state-met = 达标
limit_state-missed = 超时
limit_state-open = 进行中
limit_state-soon = 即将到期
limit_state-overdue = 已逾期
policy-membership = 会员积分档
policy-roster = 轮岗规则
weekday-1 = 星期一
weekday-2 = 星期二
weekday-3 = 星期三
weekday-4 = 星期四
weekday-5 = 星期五
weekday-6 = 星期六
weekday-7 = 星期日
