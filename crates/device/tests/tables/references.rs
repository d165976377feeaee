//! Rows that name other rows, and everything that can be wrong with them.

use records::Fields;

use crate::Home;

const CUSTOMERS: &str =
    "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人\nC1,王*,电话,,,,\nC2,李*,电话,,,,\n";
const NEEDS: &str = "需求ID,客户ID,需求描述,紧急程度,影响范围,资源需求,评估日期,评估人,方案建议\nN1,C1,检修,高,销售,,,,\nN2,C2,检修,高,销售,,,,\n";
const TASKS: &str = "执行ID,需求ID,执行任务,责任人,开始时间,预计完成时间,实际完成时间,状态更新,问题记录,审核人\nT1,N1,检修,,,,,,,\nT2,N2,检修,,,,,,,\n";
const COMPLAINTS: &str = "投诉ID,客户ID,投诉渠道,投诉人,投诉内容,严重程度,咨询ID,服务ID\n";
const INQUIRIES: &str = "咨询ID,客户ID,联系方式,咨询类别,咨询内容\nQ1,C1,电话,产品咨询,保修\n";
const IMPROVEMENTS: &str = "改进ID,改进项目,来源,来源编号\n";
const EMERGENCIES: &str = "应急ID,类型,名称,预案ID\n";

fn label(field: &str, kind: &records::Kind, code: &str) -> String {
    kind.field(field).unwrap().show(&code.into(), vocab::Lang::ZhCn)
}

fn plan() -> String {
    label("emergency_kind", &records::EMERGENCY, "plan")
}

fn grave() -> String {
    label("severity", &records::COMPLAINT, "critical")
}

fn named(home: &mut Home, number: &str, field: &str) -> String {
    home.device.record(number).unwrap()[field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn rows_name_each_other_by_number_in_any_order_of_sheets_and_rows() {
    let mut home = Home::new();
    let complaints = format!("{COMPLAINTS}P1,C1,电话,王*,迟到,{},Q1,T1\n", grave());
    // What is named stands below what names it, and in files that come later.
    let improvements = format!("{IMPROVEMENTS}I1,推广,评审,I2\nI2,提速,投诉,P1\n");
    let emergencies = format!("{EMERGENCIES}E1,{},演练,E2\nE2,{},预案,\n", plan(), plan());
    let files = [
        ("0", improvements.as_str()),
        ("1", &emergencies),
        ("2", &complaints),
        ("3", TASKS),
        ("4", INQUIRIES),
        ("5", NEEDS),
        ("6", CUSTOMERS),
    ];
    let report = home.import(&files);
    assert_eq!(report.kinds.values().map(|counts| counts.created).sum::<u64>(), 12);
    for (number, field, other) in [
        ("P1", "inquiry_id", "Q1"),
        ("P1", "exec_id", "T1"),
        ("I1", "source_id", "I2"),
        ("I2", "source_id", "P1"),
        ("E1", "plan_id", "E2"),
    ] {
        assert_eq!(named(&mut home, number, field), named(&mut home, other, "id"), "{number} {field}");
    }
    let again = home.import(&files);
    assert_eq!(again.kinds.values().map(|counts| counts.unchanged).sum::<u64>(), 12);
    // Of what stands in the book already, by number and by id.
    let id = named(&mut home, "P1", "id");
    home.import(&[("0", &format!("{IMPROVEMENTS}I3,三,投诉,P1\nI4,四,投诉,{id}\n"))]);
    assert_eq!((named(&mut home, "I3", "source_id"), named(&mut home, "I4", "source_id")), (id.clone(), id));
}

#[test]
fn a_reference_that_leads_nowhere_is_refused_with_its_row_and_column() {
    let mut home = Home::new();
    let complaints = format!("{COMPLAINTS}P1,C1,电话,王*,迟到,{0},Q9,\nP2,C9,电话,王*,迟到,{0},,\n", grave());
    let improvements = format!("{IMPROVEMENTS}I1,推广,投诉,P9\nI2,推广,投诉,IMP-99-1\n");
    let emergencies = format!("{EMERGENCIES}E1,{},演练,E9\n", plan());
    let told = home.refused(&[("a", &improvements), ("b", &emergencies), ("c", &complaints), ("d", CUSTOMERS)]);
    let places: Vec<&str> = told.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(places, ["c 2 咨询ID", "c 3 客户ID", "a 2 来源编号", "a 3 来源编号", "b 2 预案ID"], "{told:#?}");
    for (line, number) in told.iter().zip(["Q9", "C9", "P9", "IMP-99-1", "E9"]) {
        assert!(line.contains(number), "{line}");
    }
}

#[test]
fn what_belongs_to_a_row_that_is_wrong_is_not_complained_about() {
    let mut home = Home::new();
    let customers = CUSTOMERS.replace("C1,王*", "C1,王建国");
    let told = home.refused(&[("a", &customers), ("b", NEEDS), ("c", TASKS), ("d", INQUIRIES)]);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("a 2 客户姓名"), "{told:#?}");
    let told = home.refused(&[
        ("a", &CUSTOMERS.replace("C2,李*,电话,", "C2,李*,电话,电话13800138000")),
        ("b", NEEDS),
        ("c", TASKS),
    ]);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("a 3 历史交易记录"), "{told:#?}");
}

#[test]
fn everything_wrong_in_all_sheets_is_told_at_once() {
    let mut home = Home::new();
    let needs = NEEDS.replace("N2,C2,检修,高", "N2,C9,检修,特急").replace("N1,C1", "N1,C8");
    let trainings = "培训ID,培训类型,培训主题,开始时间,结束时间\nX1,入职引导,礼仪,2026-10-02 09:00,2026-10-01 09:00\n";
    let points = "积分ID,客户ID,积分,原因\nJ1,C1,很多,消费\nJ2,C7,5,联系 13800138000\n";
    let told = home.refused(&[("a", CUSTOMERS), ("b", &needs), ("c", trainings), ("d", points)]);
    let places: Vec<&str> = told.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        places,
        ["b 2 客户ID", "b 3 紧急程度", "d 2 积分", "d 3 客户ID", "d 3 原因", "c 2 结束时间"],
        "{told:#?}"
    );
}

#[test]
fn records_in_a_circle_are_refused_with_the_rows_named() {
    let mut home = Home::new();
    let circle = format!("{EMERGENCIES}E1,{0},一,E2\nE2,{0},二,E3\nE3,{0},三,E1\nE4,{0},四,E1\n", plan());
    let told = home.refused(&[("a", &circle)]);
    assert_eq!(told.len(), 1, "{told:#?}");
    for part in ["a 2", "2 (E1)", "3 (E2)", "4 (E3)"] {
        assert!(told[0].contains(part), "{told:#?}");
    }
    let itself = format!("{EMERGENCIES}E1,{},一,E1\n", plan());
    assert!(home.refused(&[("a", &itself)])[0].contains("(E1)"));
    let open = circle.replace("三,E1", "三,");
    assert_eq!(home.import(&[("a", &open)]).kinds["emergency"].created, 4);
}

#[test]
fn a_circle_that_closes_through_the_book_is_refused_too() {
    let mut home = Home::new();
    home.import(&[("a", &format!("{IMPROVEMENTS}I1,一,评审,\nI2,二,评审,I1\nI3,三,评审,I2\n"))]);
    let told = home.refused(&[("a", &format!("{IMPROVEMENTS}I1,一,评审,I3\n"))]);
    assert!(told[0].contains("(I1)") && told[0].contains(&named(&mut home, "I2", "id")), "{told:#?}");
    home.import(&[("a", &format!("{IMPROVEMENTS}I4,四,评审,I3\n"))]);
}

#[test]
fn a_service_of_another_customer_is_refused() {
    let mut home = Home::new();
    let complaint = |task: &str| format!("{COMPLAINTS}P1,C1,电话,王*,迟到,{},,{task}\n", grave());
    let wrong = complaint("T2");
    let told = home.refused(&[("a", CUSTOMERS), ("b", NEEDS), ("c", TASKS), ("d", &wrong)]);
    assert!(told.len() == 1 && told[0].starts_with("d 2 服务ID") && told[0].contains("T2"), "{told:#?}");
    let right = complaint("T1");
    let report = home.import(&[("a", CUSTOMERS), ("b", NEEDS), ("c", TASKS), ("d", &right)]);
    assert_eq!(report.kinds["complaint"].created, 1);
}

#[test]
fn a_number_that_means_two_records_is_not_guessed_at() {
    let mut home = Home::new();
    home.import(&[("a", CUSTOMERS)]);
    let own = named(&mut home, "C1", "id");
    // Another book's export, whose own ids are the numbers here.
    home.import(&[("a", "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人\nC3,赵*,电话,,,,\n")]);
    let third = named(&mut home, "C3", "id");
    home.device.edit(&third, Fields::from([("legacy_id", own.as_str().into())])).unwrap();
    let told =
        home.refused(&[("a", &format!("咨询ID,客户ID,联系方式,咨询类别,咨询内容\nQ1,{own},电话,产品咨询,保修\n"))]);
    assert!(told[0].starts_with("a 2 客户ID") && told[0].contains("more than one"), "{told:#?}");
    let improvements = format!("{IMPROVEMENTS}7,一,评审,\n");
    home.import(&[("a", &improvements), ("b", &INQUIRIES.replace("Q1", "7").replace("C1", "C2"))]);
    let unclear = home.refused(&[("a", &format!("{IMPROVEMENTS}I9,一,评审,7\n"))]);
    assert!(unclear[0].contains("more than one"), "{unclear:#?}");
}

#[test]
fn an_engineer_imports_what_engineers_write_and_nothing_else() {
    let mut home = Home::new();
    let engineer = device::Device::init(&home.path().join("engineer"), None, Some(vocab::Role::Engineer)).unwrap();
    home.device = engineer;
    assert_eq!(home.import(&[("a", CUSTOMERS), ("b", INQUIRIES)]).kinds["inquiry"].created, 1);
    let told = home.refused(&[("a", &format!("{IMPROVEMENTS}I1,一,评审,\n"))]);
    assert!(told[0].starts_with("a 2"), "{told:#?}");
}
