//! The parsed texts of one language.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;
use vocab::Lang;

use crate::{Arg, Message};

/// The files of one language, by area.
macro_rules! sources {
    ($lang:literal) => {
        [
            include_str!(concat!("../locales/", $lang, "/labels.ftl")),
            include_str!(concat!("../locales/", $lang, "/records.ftl")),
            include_str!(concat!("../locales/", $lang, "/tables.ftl")),
            include_str!(concat!("../locales/", $lang, "/review.ftl")),
            include_str!(concat!("../locales/", $lang, "/store.ftl")),
            include_str!(concat!("../locales/", $lang, "/sync.ftl")),
            include_str!(concat!("../locales/", $lang, "/device.ftl")),
            include_str!(concat!("../locales/", $lang, "/cli.ftl")),
            include_str!(concat!("../locales/", $lang, "/desk.ftl")),
            include_str!(concat!("../locales/", $lang, "/relay.ftl")),
            include_str!(concat!("../locales/", $lang, "/pages.ftl")),
            include_str!(concat!("../locales/", $lang, "/policy.ftl")),
            include_str!(concat!("../locales/", $lang, "/views.ftl")),
        ]
    };
}

const ZH_CN: &[&str] = &sources!("zh-CN");
const EN: &[&str] = &sources!("en");

static ZH_CN_CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::parse(Lang::ZhCn, ZH_CN));
static EN_CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::parse(Lang::En, EN));

/// Every text of one language.
pub struct Catalogue {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// The catalogue of `lang`, parsed on first use.
    #[must_use]
    pub fn of(lang: Lang) -> &'static Catalogue {
        match lang {
            Lang::ZhCn => &ZH_CN_CATALOGUE,
            Lang::En => &EN_CATALOGUE,
        }
    }

    /// A text that cannot be parsed or repeats a key is left out here; the tests of this crate refuse such files.
    fn parse(lang: Lang, sources: &[&str]) -> Catalogue {
        let locale: LanguageIdentifier = lang.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        bundle.set_use_isolating(false);
        for source in sources {
            let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(partial, _errors)| partial);
            bundle.add_resource_overriding(resource);
        }
        Catalogue { lang, bundle }
    }

    /// The language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether there is a text with this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.get_message(key).is_some_and(|message| message.value().is_some())
    }

    /// The text with this key. A key that does not exist is shown as it is, a variable that is missing as its name:
    /// a screen with an odd word beats no screen.
    #[must_use]
    pub fn text(&self, key: &str, args: &[(&str, Arg)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            values.set(*name, self.value(arg));
        }
        self.bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }

    /// A message in this language.
    #[must_use]
    pub fn render(&self, message: &Message) -> String {
        self.text(&message.key, &message.args)
    }

    fn value<'a>(&self, arg: &'a Arg) -> FluentValue<'a> {
        match arg {
            Arg::Text(text) => FluentValue::from(text.as_str()),
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Key(key) => FluentValue::from(self.text(key, &[])),
            Arg::Keys(keys) => {
                let separator = if self.lang == Lang::ZhCn { "、" } else { ", " };
                let texts: Vec<String> = keys.iter().map(|key| self.text(key, &[])).collect();
                FluentValue::from(texts.join(separator))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

    use super::*;

    fn inline(expression: &InlineExpression<&str>, variables: &mut BTreeSet<String>) {
        match expression {
            InlineExpression::VariableReference { id } => {
                variables.insert(id.name.to_owned());
            }
            InlineExpression::Placeable { expression } => walk(expression, variables),
            _ => {}
        }
    }

    fn walk(expression: &Expression<&str>, variables: &mut BTreeSet<String>) {
        match expression {
            Expression::Inline(expression) => inline(expression, variables),
            Expression::Select { selector, variants } => {
                inline(selector, variables);
                variants.iter().for_each(|variant| pattern(&variant.value, variables));
            }
        }
    }

    fn pattern(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                walk(expression, variables);
            }
        }
    }

    /// Every key of a language with its variables; panics at a syntax error or a repeated key.
    fn keys(sources: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        for source in sources {
            let resource = fluent_syntax::parser::parse(*source).map_err(|(_, errors)| errors).unwrap();
            for entry in &resource.body {
                if let Entry::Message(message) = entry {
                    let mut variables = BTreeSet::new();
                    pattern(message.value.as_ref().unwrap(), &mut variables);
                    let repeated = keys.insert(message.id.name.to_owned(), variables);
                    assert!(repeated.is_none(), "{} stands twice", message.id.name);
                }
            }
        }
        keys
    }

    #[test]
    fn both_languages_hold_the_same_keys_with_the_same_variables() {
        let (zh, en) = (keys(ZH_CN), keys(EN));
        assert!(zh.len() > 100);
        let differing: Vec<_> = zh.keys().chain(en.keys()).filter(|key| zh.get(*key) != en.get(*key)).collect();
        assert!(differing.is_empty(), "{differing:?}");
    }

    #[test]
    fn every_text_renders_without_an_error() {
        for lang in Lang::ALL {
            let catalogue = Catalogue::of(lang);
            let sources = if lang == Lang::ZhCn { ZH_CN } else { EN };
            for (key, variables) in keys(sources) {
                let mut values = FluentArgs::new();
                variables.iter().for_each(|name| values.set(name.clone(), 3));
                let mut errors = Vec::new();
                let message = catalogue.bundle.get_message(&key).unwrap();
                catalogue.bundle.format_pattern(message.value().unwrap(), Some(&values), &mut errors);
                assert!(errors.is_empty(), "{lang} {key}: {errors:?}");
                assert!(catalogue.has(&key));
            }
        }
    }

    /// Texts whose number is never one: bounds, and counts that are told only from two on.
    const NEVER_ONE: [&str; 4] =
        ["tables-too-large", "tables-too-many-rows", "device-ambiguous-record", "pages-history-first"];

    #[test]
    fn one_of_anything_is_said_in_the_singular() {
        let many = [
            "branches",
            "changes",
            "conflicts",
            "customers",
            "days",
            "devices",
            "documents",
            "dossiers",
            "entries",
            "hours",
            "minutes",
            "months",
            "problems",
            "records",
            "round trips",
            "rows",
            "seconds",
            "tasks",
            "values",
        ];
        let wrong = |text: &str| {
            let texts =
                text.split("1 ").skip(1).map(|after| after.trim_start_matches("more ").trim_start_matches("other "));
            texts.into_iter().any(|after| many.iter().any(|many| after.starts_with(many)))
        };
        assert!(wrong("1 more problems") && !wrong("1 problem"));
        let told = keys(EN).into_iter().filter_map(|(key, variables)| {
            let args: Vec<(&str, Arg)> = variables.iter().map(|name| (name.as_str(), Arg::Number(1))).collect();
            let text = Catalogue::of(Lang::En).text(&key, &args);
            (!NEVER_ONE.contains(&key.as_str()) && wrong(&text)).then(|| format!("{key}: {text}"))
        });
        let told: Vec<String> = told.collect();
        assert!(told.is_empty(), "these want a [one] of their own: {told:#?}");
    }

    #[test]
    fn a_key_that_does_not_exist_is_shown_as_it_is() {
        let catalogue = Catalogue::of(Lang::En);
        assert!(catalogue.has("kind-customer"));
        assert!(!catalogue.has("no-such-key"));
        assert_eq!(catalogue.text("no-such-key", &[]), "no-such-key");
    }

    #[test]
    fn keys_as_arguments_are_shown_in_the_language_of_the_text() {
        let args = [("role", Arg::Key("role-supervisor".into())), ("what", Arg::Keys(vec!["kind-task".into()]))];
        for lang in Lang::ALL {
            let value = Catalogue::of(lang).value(&args[0].1);
            assert_eq!(value, FluentValue::from(if lang == Lang::ZhCn { "主管" } else { "supervisor" }));
        }
    }

    #[test]
    fn values_carry_no_invisible_direction_marks() {
        let text = Catalogue::of(Lang::En).text("invalid-no_record", &[("id", "CUST-01-1".into())]);
        assert!(text.contains("CUST-01-1") && text.chars().all(|c| !('\u{2066}'..='\u{2069}').contains(&c)));
    }
}
