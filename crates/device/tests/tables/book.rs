//! A book with every kind of record in it, in every state that matters for a table.

use device::Device;
use records::{Fields, Value, kind};

use crate::Home;

/// A value from what a person types.
fn fields(code: &str, step: Option<&str>, given: &[(&'static str, &str)]) -> Fields {
    let kind = kind(code).unwrap();
    let value = |name: &str, text: &str| {
        let datum = step.and_then(|step| kind.event(step)?.data.iter().find(|datum| datum.name == name));
        let field = datum.or_else(|| kind.field(name)).unwrap_or_else(|| panic!("{code} {name}"));
        match field.shape {
            records::Shape::Reference(_) => Value::from(text),
            _ => field.parse(text).unwrap(),
        }
    };
    given.iter().map(|(name, text)| (*name, value(name, text))).collect()
}

fn make(device: &mut Device, code: &str, parent: Option<&str>, given: &[(&'static str, &str)]) -> String {
    device.create(kind(code).unwrap(), parent, fields(code, None, given)).unwrap().id.to_string()
}

fn steps(device: &mut Device, code: &str, id: &str, steps: &[(&str, &[(&'static str, &str)])]) {
    for (step, data) in steps {
        device.step(id, step, fields(code, Some(step), data)).unwrap_or_else(|error| panic!("{id} {step}: {error:?}"));
    }
}

/// Fills a home with records of every kind.
pub(crate) fn fill(home: &mut Home) {
    let device = &mut home.device;
    let customer = make(
        device,
        "customer",
        None,
        &[
            ("name", "*先生"),
            ("channel", "在线客服"),
            ("grade", "VIP客户"),
            ("tags", "A类,金卡"),
            ("owner", "服务团队*"),
            ("legacy_id", "CUST001"),
        ],
    );
    let other = make(device, "customer", None, &[("name", "=王*"), ("channel", "电话"), ("history", "-1+1\n第二行")]);
    dossier(device, &customer);
    let planned = [("visit_kind", "拜访"), ("planned_on", "2026-12-01"), ("staff", "李*"), ("purpose", "回款")];
    make(device, "visit", Some(&other), &planned);
    board(device);
}

fn dossier(device: &mut Device, customer: &str) {
    let need = [("need", "产品退货处理"), ("urgency", "高"), ("scope", "售后服务"), ("minutes", "120"), ("staff", "1")];
    let assessment = make(device, "assessment", Some(customer), &need);
    steps(device, "assessment", &assessment, &[("approved", &[])]);
    let task = [("title", "处理退货申请"), ("mode", "现场"), ("due_at", "2026-05-02 11:00")];
    let task = make(device, "task", Some(&assessment), &task);
    steps(
        device,
        "task",
        &task,
        &[
            ("assigned", &[("assignee", "客服*")]),
            ("started", &[("started_at", "2026-05-02 09:00")]),
            ("note", &[("text", "缺少配件")]),
            ("done", &[("done_at", "2026-05-02 10:30")]),
            ("signed", &[("signer", "*先生"), ("what", "服务单")]),
            ("reviewed", &[]),
        ],
    );
    let feedback = make(device, "feedback", Some(&task), &[("score", "4"), ("text", "服务响应快但细节需改进")]);
    steps(device, "feedback", &feedback, &[("handled", &[("measure", "优化细节培训"), ("owner", "客服*")])]);
    let inquiry = [("channel", "电话"), ("category", "产品咨询"), ("details", "如何延长保修"), ("order_no", "D-17")];
    let inquiry =
        make(device, "inquiry", Some(customer), &[&inquiry[..], &[("received_at", "2026-05-03 09:00")]].concat());
    steps(
        device,
        "inquiry",
        &inquiry,
        &[
            ("collected", &[]),
            ("transferred", &[("department", "技术部")]),
            ("answered", &[("answer", "请提供序列号"), ("answered_at", "2026-05-03 10:00")]),
            ("adjusted", &[("adjustment", "补充说明")]),
            ("confirmed", &[("score", "5")]),
            ("followed_up", &[("follow_up", "已回访")]),
        ],
    );
    let complaint = [
        ("channel", "投诉信箱"),
        ("complainant", "*先生"),
        ("content", "上门迟到两小时"),
        ("severity", "重大"),
        ("nature", "时效"),
        ("inquiry_id", inquiry.as_str()),
        ("exec_id", task.as_str()),
    ];
    let severity = records::COMPLAINT.field("severity").unwrap();
    let graver = severity.show(&Value::from("critical"), vocab::Lang::ZhCn);
    let complaint: Vec<_> = complaint
        .iter()
        .map(|(name, text)| (*name, if *name == "severity" { graver.as_str() } else { text }))
        .collect();
    let complaint = make(device, "complaint", Some(customer), &complaint);
    steps(
        device,
        "complaint",
        &complaint,
        &[
            ("investigating", &[("owner", "主管*")]),
            ("replied", &[("text", "已受理"), ("replied_at", "2026-12-03 12:00")]),
            ("solution", &[("findings", "派工过晚"), ("solution", "补偿并道歉")]),
            ("executing", &[("measures", "已补偿")]),
            ("follow_up", &[("measures", "已补偿并道歉")]),
            ("closed", &[("result", "客户满意"), ("closed_at", "2026-12-05 12:00")]),
            ("note", &[("text", "客户致谢")]),
            ("reopened", &[("reopened_why", "再次迟到"), ("owner", "李*")]),
        ],
    );
    let visit = make(
        device,
        "visit",
        Some(customer),
        &[("visit_kind", "回访"), ("planned_on", "2026-10-12"), ("staff", "王*")],
    );
    steps(
        device,
        "visit",
        &visit,
        &[
            ("done", &[("done_on", "2026-10-13"), ("findings", "风扇异响"), ("suggestions", "增加备件")]),
            ("reported", &[]),
            ("checked", &[("checked", "已更换")]),
        ],
    );
    let care = [("occasion", "生日"), ("due_on", "2026-11-01"), ("greeting", "贺卡")];
    let given = make(device, "care", Some(customer), &care);
    steps(device, "care", &given, &[("done", &[("done_on", "2026-11-01"), ("result", "已送达")])]);
    let dropped = make(device, "care", Some(customer), &care);
    steps(device, "care", &dropped, &[("cancelled", &[("cancelled_why", "重复")])]);
    make(device, "points", Some(customer), &[("amount", "300"), ("reason", "年度消费")]);
    make(device, "points", Some(customer), &[("amount", "-50"), ("reason", "兑换礼品")]);
    let order = make(
        device,
        "order",
        Some(customer),
        &[("model", "FB-200"), ("quantity", "2"), ("owner", "销售*"), ("received_at", "2026-06-01 09:00")],
    );
    steps(
        device,
        "order",
        &order,
        &[
            ("confirmed", &[("confirmed_at", "2026-06-01 10:00")]),
            ("shipped", &[("shipped_at", "2026-06-02 10:00")]),
            ("delivered", &[("delivered_at", "2026-06-04 10:00")]),
            ("installed", &[("installed_at", "2026-06-05 10:00")]),
        ],
    );
    let source = [("title", "缩短到场时间"), ("source", "投诉"), ("source_id", complaint.as_str()), ("owner", "主管*")];
    let improvement = make(
        device,
        "improvement",
        None,
        &[&source[..], &[("plan", "改派单规则"), ("planned_on", "2026-10-01"), ("due_on", "2026-12-31")]].concat(),
    );
    steps(
        device,
        "improvement",
        &improvement,
        &[
            ("do", &[]),
            ("check", &[("findings", "到场快了十分钟")]),
            ("act", &[("result", "全员推广")]),
            ("closed", &[("done_on", "2026-12-20")]),
        ],
    );
    // What came of something else may come of this again.
    make(device, "improvement", None, &[("title", "推广到分站"), ("source", "评审"), ("source_id", &improvement)]);
    let group = [("department", "物流部"), ("task", "补发配件"), ("priority", "高"), ("exec_id", task.as_str())];
    let group = make(
        device,
        "working_group",
        None,
        &[&group[..], &[("opened_on", "2026-10-01"), ("due_on", "2026-10-20")]].concat(),
    );
    steps(
        device,
        "working_group",
        &group,
        &[("started", &[]), ("done", &[("done_on", "2026-10-18"), ("result", "已补发")])],
    );
}

fn board(device: &mut Device) {
    let period = [("review_kind", "process"), ("period_from", "2026-10-01"), ("period_to", "2026-10-31")];
    make(
        device,
        "review",
        None,
        &[&period[..], &[("figures", "{\"n\":3}"), ("findings", "到场偏慢"), ("decisions", "增加备班")]].concat(),
    );
    make(
        device,
        "daily_check",
        None,
        &[("day", "2026-10-05"), ("supervisor", "主管*"), ("heads", "abc"), ("remarks", "两项延迟")],
    );
    let training = [
        ("training_kind", "岗位技能培训"),
        ("topic", "电源检修"),
        ("starts_at", "2026-10-08 09:00"),
        ("ends_at", "2026-10-08 11:00"),
    ];
    let held = make(
        device,
        "training",
        None,
        &[&training[..], &[("audience", "工程师"), ("place", "一号会议室"), ("content", "案例")]].concat(),
    );
    steps(
        device,
        "training",
        &held,
        &[
            ("held", &[("held_at", "2026-10-08 09:05"), ("result", "全员合格")]),
            ("refreshed", &[("text", "增加新机型")]),
        ],
    );
    let dropped = make(device, "training", None, &training);
    steps(device, "training", &dropped, &[("cancelled", &[("cancelled_why", "改期")])]);
    let risk = make(
        device,
        "risk",
        None,
        &[
            ("category", "operational"),
            ("title", "备件短缺"),
            ("owner", "王*"),
            ("identified_on", "2026-10-01"),
            ("due_on", "2026-12-01"),
        ],
    );
    steps(
        device,
        "risk",
        &risk,
        &[
            ("assessed", &[("probability", "3"), ("impact", "4")]),
            ("responding", &[("response", "reduce"), ("measures", "增加库存")]),
            ("note", &[("text", "供应商已确认")]),
            ("monitored", &[]),
        ],
    );
    let plan = make(
        device,
        "emergency",
        None,
        &[("emergency_kind", "plan"), ("title", "停电预案"), ("scenario", "机房停电"), ("owner", "主管*")],
    );
    steps(device, "emergency", &plan, &[("approved", &[])]);
    let drill = make(
        device,
        "emergency",
        None,
        &[("emergency_kind", "drill"), ("title", "停电演练"), ("plan_id", &plan), ("planned_on", "2026-11-01")],
    );
    steps(device, "emergency", &drill, &[("held", &[("held_on", "2026-11-02"), ("result", "十分钟恢复")])]);
    let shift =
        [("staff", "王*"), ("starts_at", "2026-10-05 08:00"), ("ends_at", "2026-10-05 20:00"), ("backup", "李*")];
    let swapped = make(device, "roster", None, &shift);
    steps(device, "roster", &swapped, &[("swapped", &[("staff", "赵*"), ("reason", "请假")])]);
    let dropped = make(device, "roster", None, &shift);
    steps(device, "roster", &dropped, &[("cancelled", &[("cancelled_why", "节假日")])]);
}
