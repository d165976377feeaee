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
