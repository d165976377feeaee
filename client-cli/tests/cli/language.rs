//! Both languages: chosen by flag or locale, complete, and never mixed into data.

use crate::environment::Environment;

#[test]
fn the_language_follows_the_flag_before_the_locale() {
    let device = Environment::empty();
    let help = |lang: &str, flag: Option<&str>| {
        let mut command = device.command(["--help"]);
        command.env("LANG", lang).args(flag.map(|flag| format!("--lang={flag}")));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(help("zh_CN.UTF-8", None).contains("用法"));
    assert!(help("C.UTF-8", None).contains("Usage"));
    assert!(help("zh_CN.UTF-8", Some("en")).contains("Usage"));
    assert!(help("C.UTF-8", Some("zh-CN")).contains("用法"));
    let all = device.command(["--help"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8(all.stdout).unwrap().contains("用法"), "LC_ALL comes before LANG");
}

#[test]
fn errors_speak_the_chosen_language() {
    let device = Environment::new();
    let args = ["customer", "add", "--name", "王先生", "--channel", "phone", "--lang", "zh-CN"];
    device.run(args).refused(1, &["错误：", "客户姓名", "*"]);
    device.run(["--lang", "zh-CN", "customer", "add"]).refused(2, &["--name", "客户姓名", "提示："]);
    device.run(["--lang", "zh-CN", "custmer"]).refused(2, &["没有 custmer", "customer"]);
}

#[test]
fn json_is_the_same_in_every_language() {
    let device = Environment::new();
    let (_, _, task) = device.task();
    let shown = |lang| device.ok(["show", &task, "--json", "--lang", lang]);
    assert_eq!(shown("zh-CN"), shown("en"));
    assert!(device.ok(["show", &task, "--lang", "zh-CN"]).contains("待开始"));
    assert!(device.ok(["show", &task, "--lang", "en"]).contains("assigned"));
}

#[test]
fn values_are_taken_in_either_language_whatever_the_chosen_one() {
    let device = Environment::new();
    for channel in ["在线客服", "online chat", "online_chat"] {
        let id = device.make(["customer", "add", "--name", "王*", "--channel", channel]);
        assert_eq!(device.json(["customer", "show", &id])["channel"], "online_chat");
    }
}

#[test]
fn the_program_alone_tells_a_newcomer_what_to_do() {
    let device = Environment::empty();
    for lang in ["en", "zh-CN"] {
        let greeting = device.ok(["--lang", lang]);
        for command in ["fieldbook init", "fieldbook customer add", "fieldbook enrol", "fieldbook demo"] {
            assert!(greeting.contains(command), "{greeting}");
        }
        assert!(greeting.lines().count() <= 20, "short enough to read");
    }
}

#[test]
fn every_command_and_flag_is_explained_in_both_languages() {
    let device = Environment::empty();
    let mut paths = vec![String::new()];
    let mut seen = 0;
    while let Some(path) = paths.pop() {
        for lang in ["en", "zh-CN"] {
            let help = device.ok(path.split_whitespace().chain(["--help", "--lang", lang]));
            assert!(!help.contains("cli-"), "a text is missing: {help}");
            if lang == "zh-CN" {
                for english in ["Usage", "Options", "Commands", "possible values", "default:"] {
                    assert!(!help.contains(english), "{english} in {help}");
                }
            } else {
                seen += 1;
                let names = help
                    .lines()
                    .filter_map(|line| line.strip_prefix("  "))
                    .filter(|line| !line.starts_with([' ', '-', '<', '[']));
                let depth = path.split_whitespace().count();
                let commands = names.filter_map(|line| line.split_whitespace().next()).filter(|_| depth < 2);
                paths.extend(
                    commands
                        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
                        .map(|name| format!("{path} {name}")),
                );
            }
        }
    }
    assert!(seen > 180, "{seen} commands were found");
}
