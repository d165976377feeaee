//! What happens while everybody is cut off: the same dossiers, edited by two people who do not see each other.
//!
//! Values are written as a person would type them and parsed like any input. What comes of it is not written here: it is read
//! from the converged books afterwards.

/// Values by field, as typed.
pub(super) type Typed = &'static [(&'static str, &'static str)];

/// One thing somebody does.
pub(super) enum Deed {
    /// Changes fields of a record.
    Edit { record: &'static str, values: Typed },
    /// Takes a step of a record's life.
    Step { record: &'static str, event: &'static str, data: Typed },
    /// Makes a record; `parent` is the record it belongs to.
    Make { kind: &'static str, parent: Option<&'static str>, values: Typed },
}

/// Two devices of one branch meet over one matter without knowing.
pub(super) struct Meeting {
    /// Key of its name in the catalogue, below `cli-demo-meeting-`.
    pub(super) key: &'static str,
    /// The record whose outcome is told afterwards, and the fields that tell it.
    pub(super) outcome: (&'static str, &'static [&'static str]),
    /// What is done, and by which player.
    pub(super) deeds: &'static [(usize, Deed)],
}

const fn edit(record: &'static str, values: Typed) -> Deed {
    Deed::Edit { record, values }
}

const fn step(record: &'static str, event: &'static str, data: Typed) -> Deed {
    Deed::Step { record, event, data }
}

/// The meetings of the day; players 0 and 1 are of the eastern branch, 2 and 3 of the western.
pub(super) static MEETINGS: [Meeting; 10] = [
    Meeting {
        key: "preference",
        outcome: ("CUST001", &["preference"]),
        deeds: &[
            (0, edit("CUST001", &[("preference", "每月一次短信,附处理进度")])),
            (1, edit("CUST001", &[("preference", "每周三下午电话,不发邮件")])),
        ],
    },
    Meeting {
        key: "prose",
        outcome: ("CUST002", &["history"]),
        deeds: &[
            (0, edit("CUST002", &[("history", "2022年购买净水机,2024年换过一次滤芯,五月再约上门")])),
            (1, edit("CUST002", &[("history", "老客户介绍,2022年购买净水机,2024年换过一次滤芯")])),
        ],
    },
    Meeting {
        key: "done_reassigned",
        outcome: ("EXEC003", &["status", "done_by", "assignee"]),
        deeds: &[
            (0, step("EXEC003", "reassigned", &[("assignee", "孙*"), ("reason", "王*当天在外")])),
            (1, step("EXEC003", "done", &[("done_at", "2024-05-09 10:40"), ("result", "搓纸轮已更换,试印两百张")])),
        ],
    },
    Meeting {
        key: "delayed_twice",
        outcome: ("EXEC009", &["due_at", "first_due_at"]),
        deeds: &[
            (0, step("EXEC009", "delayed", &[("due_at", "2024-05-16 10:00"), ("reason", "物业周四才开门")])),
            (1, step("EXEC009", "delayed", &[("due_at", "2024-05-15 12:00"), ("reason", "缺烟道接头")])),
        ],
    },
    Meeting {
        key: "notes",
        outcome: ("EXEC004", &["issues"]),
        deeds: &[
            (0, step("EXEC004", "note", &[("text", "客户要求下班前完成")])),
            (1, step("EXEC004", "note", &[("text", "二号机电源电压偏低")])),
        ],
    },
    Meeting {
        key: "need",
        outcome: ("REQ002", &["need"]),
        deeds: &[
            (2, edit("REQ002", &[("need", "门封老化漏热,要求停用期间借出备用机")])),
            (3, edit("REQ002", &[("need", "温控板损坏,须返厂维修并出具检测报告")])),
        ],
    },
    Meeting {
        key: "approval",
        outcome: ("REQ003", &["state", "plan"]),
        deeds: &[
            (2, step("REQ003", "approved", &[])),
            (3, edit("REQ003", &[("plan", "换触控板,旧板带回,并为讲台加装防水罩")])),
        ],
    },
    Meeting {
        key: "grade",
        outcome: ("CUST005", &["grade"]),
        deeds: &[(3, edit("CUST005", &[("grade", "VIP客户")])), (2, edit("CUST005", &[("grade", "核心客户")]))],
    },
    Meeting {
        key: "parallel",
        outcome: ("REQ007", &["urgency", "cost"]),
        deeds: &[(2, edit("REQ007", &[("urgency", "中")])), (3, edit("REQ007", &[("cost", "26000")]))],
    },
    Meeting {
        key: "separate",
        outcome: ("CUST006", &["preference"]),
        deeds: &[
            (2, edit("CUST006", &[("preference", "邮件联系,附英文报告和校准曲线")])),
            (
                1,
                Deed::Make {
                    kind: "customer",
                    parent: None,
                    values: &[("name", "任*"), ("channel", "面对面"), ("history", "路过咨询净水机"), ("owner", "王*")],
                },
            ),
            (
                3,
                Deed::Make {
                    kind: "assessment",
                    parent: Some("CUST016"),
                    values: &[
                        ("need", "录播教室的方案与报价"),
                        ("urgency", "中"),
                        ("scope", "销售"),
                        ("plan", "先上门看场地"),
                    ],
                },
            ),
        ],
    },
];
