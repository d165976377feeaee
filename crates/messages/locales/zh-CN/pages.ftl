# 中继页面的文字。

# 框架
pages-product = Fieldbook
pages-skip = 跳到正文
pages-language = 语言
pages-theme = 配色
pages-theme-system = 自动
pages-theme-light = 浅色
pages-theme-dark = 深色
pages-sign-out = 退出
pages-branch-pages = 本网点页面
pages-tab-overview = 概览
pages-tab-customers = 客户
pages-tab-conflicts = 冲突
pages-tab-devices = 设备
pages-zone = 时间按 { $zone } 显示
pages-live-none = 刷新页面可查看变化
pages-live-on = 自动更新
pages-live-off = 连接中断，正在重试
pages-live-updated = 页面已更新
pages-none = 无
pages-yes = 是
pages-no = 否
pages-pager = 列表分页
pages-pager-range = 第 { $first } 至 { $last } 条，共 { $total } 条
pages-pager-previous = 上一页
pages-pager-next = 下一页
pages-span-seconds = { $large } 秒
pages-span-minutes = { $large } 分 { $small } 秒
pages-span-hours = { $large } 小时 { $small } 分
pages-span-days = { $large } 天 { $small } 小时

# 登录
pages-sign-in = 登录
pages-sign-in-lead = 供主管及各网点查阅记录的人员使用。
pages-sign-in-name = 用户名
pages-sign-in-password = 密码
pages-sign-in-wrong = 用户名或密码不正确。
pages-sign-in-ended = 您已退出。

# 问题
pages-problem-home = 回到首页
pages-problem-signed-out = 未登录
pages-problem-signed-out-help = 会话已结束，请重新登录。
pages-problem-not-found = 未找到
pages-problem-not-found-help = 此地址没有内容，或属于您无权查阅的网点。
pages-problem-foreign-form = 表单被拒绝
pages-problem-foreign-form-help = 此表单早于当前会话，或并非来自本站页面。没有任何改动。请返回、刷新页面后重新提交。
pages-problem-malformed = 无法识别
pages-problem-malformed-help = 地址或表单中有无法识别的内容。请返回检查所填内容。
pages-problem-too-many = 尝试次数过多
pages-problem-too-many-help = 登录失败次数过多，请在 { $minutes } 分钟后再试。
pages-problem-method = 此处不支持
pages-problem-method-help = 此地址不接受所提交的内容。
pages-problem-broken = 出现故障
pages-problem-broken-help = 中继无法显示此页面。没有任何改动，详情见中继日志。请稍后再试。

# 网点
pages-branches = 网点
pages-branches-empty = 还没有网点。请运行：fieldbook-relay branch add 名称
pages-branch = 网点
pages-customers = 客户
pages-assessments = 需求评估
pages-tasks = 服务任务
pages-feedback = 客户反馈
pages-conflicts = 冲突
pages-devices = 设备
pages-feed-head = 变更位置
pages-lag = 视图滞后
pages-lag-none = 已是最新
pages-lag-some = 滞后 { $documents } 份档案
pages-tasks-by-status = 任务状态
pages-assessments-by-state = 评估状态
pages-feedback-by-state = 反馈状态
pages-open = { $count } 未完成
pages-seen-recently = 24 小时内 { $count } 台
pages-updated-rows = 视图已更新至位置 { $position }
pages-set-aside = 有 { $count } 份档案无法读取，已另行搁置；fieldbook-relay serve 的日志中列有其编号。
pages-latest-customers = 最近有变化的客户

# 客户
pages-search = 搜索
pages-search-hint = 姓名、编号或任何记录的文字
pages-filter-grade = 客户类别
pages-filter-channel = 联系方式
pages-filter-all = 全部
pages-filter-go = 查询
pages-filter-clear = 清除
pages-customers-empty = 没有符合条件的客户。
pages-customers-none = 还没有设备送来客户记录。
pages-open-tasks = 未完成任务
pages-changed = 最近变更

# 服务档案
pages-dossier = 服务档案
pages-customer-fields = 客户信息
pages-work = 评估、任务与反馈
pages-no-work = 尚未为该客户做需求评估。
pages-unattached = 未归入评估的记录
pages-history = 操作记录
pages-history-lead = 全部变更，最新在前
pages-history-when = 时间
pages-history-who = 人员
pages-history-device = 设备
pages-history-record = 记录
pages-history-what = 内容
pages-history-first = 显示最近 { $shown } 条，共 { $total } 条。
pages-history-all = 显示全部
pages-created = 新建
pages-before = 原为
pages-after = 改为
pages-document = 文档
pages-unknown-kind = { $kind }（本版本不认识）
pages-unread = 较新版本 Fieldbook 写入的内容已保留，此处不显示。
pages-late = 逾期
pages-on-time = 按时

# 冲突
pages-conflicts-empty = 没有因同时修改而落选的值。
pages-conflicts-lead = 不同设备在互不知情时写下的值。没有任何值丢失：采用其一，其余保留在此。
pages-conflict-effective = 采用
pages-conflict-lost = 保留
pages-conflict-here = 另有 { $count } 个同时写下的值
pages-conflict-by = { $by }（{ $role }）
pages-conflict-device = 设备 { $device }
pages-conflict-since = 始于
pages-conflict-reason = 原因
pages-conflict-severity = 程度
pages-no-effect = 未生效的步骤
pages-no-effect-lead = 留待审计：操作人当时无权，或当时状态不允许的步骤。

# 设备
pages-device = 设备
pages-device-code = 代码
pages-device-staff = 人员
pages-device-version = 版本
pages-device-seen = 最近连接
pages-device-never = 从未
pages-device-silent = 已 { $span } 未连接
pages-device-connected = 在线
pages-device-cursor = 落后变更
pages-device-outbox = 待上传
pages-device-clock = 时钟
pages-device-clock-right = 准确
pages-device-clock-ahead = 快 { $span }
pages-device-clock-behind = 慢 { $span }
pages-device-state = 状态
pages-device-revoked = 已吊销
pages-device-active = 正常
pages-device-unknown = 未知设备
pages-device-enrolled = 加入时间
pages-devices-empty = 还没有设备加入本网点。请运行：fieldbook-relay invite --branch 名称 --role 角色
pages-device-reconciling = 核对中
pages-device-suspected = 总和不一致
pages-device-reconciled = 已核对
pages-device-brought-back = 带回 { $count } 条变更

# 删除
pages-erased = 已删除的档案
pages-erased-none = 本网点没有删除过档案。
pages-erased-at = 删除时间
pages-erased-why = 原因
