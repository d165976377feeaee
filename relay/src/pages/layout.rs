//! The frame around every page: head, top bar, tabs of a branch, main part, foot.

use maud::{DOCTYPE, Markup, html};
use vocab::{BranchId, Lang};

use super::access::Person;
use super::assets;
use super::request::{Theme, Visit};
use super::words::Words;

/// One of a branch's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Due,
    Daily,
    Conflicts,
    Matrix,
    Timeline,
    Funnel,
    Complaints,
    Figures,
    Visits,
    Customers,
    Duplicates,
    Policy,
    Devices,
}

/// Pages that answer one question of a supervisor's day stand together: what is to be done, how it goes, for whom, and how the
/// branch is set up.
const GROUPS: [(&str, &[Tab]); 5] = [
    ("overview", &[Tab::Overview]),
    ("today", &[Tab::Due, Tab::Daily, Tab::Conflicts]),
    ("progress", &[Tab::Matrix, Tab::Timeline, Tab::Funnel, Tab::Complaints, Tab::Figures, Tab::Visits]),
    ("customers", &[Tab::Customers, Tab::Duplicates]),
    ("branch", &[Tab::Policy, Tab::Devices]),
];

impl Tab {
    const fn code(self) -> &'static str {
        match self {
            Tab::Overview => "overview",
            Tab::Due => "due",
            Tab::Daily => "daily",
            Tab::Conflicts => "conflicts",
            Tab::Matrix => "matrix",
            Tab::Timeline => "timeline",
            Tab::Funnel => "funnel",
            Tab::Complaints => "complaints",
            Tab::Figures => "figures",
            Tab::Visits => "visits",
            Tab::Customers => "customers",
            Tab::Duplicates => "duplicates",
            Tab::Policy => "policy",
            Tab::Devices => "devices",
        }
    }

    /// The address of this page of `branch`.
    pub(super) fn path(self, branch: BranchId) -> String {
        match self {
            Tab::Overview => format!("/branches/{branch}"),
            _ => format!("/branches/{branch}/{}", self.code()),
        }
    }
}

/// Which branch a page is about, and under which tab it stands.
pub(super) struct Place<'a> {
    pub(super) branch: BranchId,
    pub(super) name: &'a str,
    pub(super) tab: Tab,
}

/// What a page says of itself to its frame.
pub(super) struct Shell<'a> {
    pub(super) visit: &'a Visit,
    pub(super) words: &'a Words,
    pub(super) title: &'a str,
    /// Who is signed in, with the token of their forms.
    pub(super) person: Option<&'a Person>,
    pub(super) place: Option<Place<'a>>,
    /// Where the script hears of changes; `None` for a page that does not change.
    pub(super) live: Option<String>,
}

/// The whole page, or only its main part when the script asked for that.
pub(super) fn page(shell: &Shell<'_>, body: Markup) -> Markup {
    let words = shell.words;
    let main = html! { main #main tabindex="-1" data-live=[shell.live.as_deref()] { (body) } };
    if shell.visit.part_only {
        return main;
    }
    html! {
        (DOCTYPE)
        html lang=(shell.visit.lang.tag()) data-theme=(shell.visit.theme.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (shell.title) " · " (words.text("pages-product")) }
                link rel="icon" type="image/svg+xml" href=(assets::icon());
                link rel="stylesheet" href=(assets::style());
                @if shell.live.is_some() { script defer src=(assets::script()) {} }
            }
            body {
                a.skip href="#main" { (words.text("pages-skip")) }
                header.top { div.top-in {
                    a.brand href="/" { (logo()) span { (words.text("pages-product")) } }
                    (who(shell))
                } }
                @if let Some(place) = &shell.place { (tabs(words, place)) }
                (main)
                (foot(shell))
            }
        }
    }
}

fn logo() -> Markup {
    html! { svg viewBox="0 0 24 24" aria-hidden="true" { path d="M4 3h11l5 5v13H4zM7 7v1.6h5V7zm0 4v1.6h10V11zm0 4v1.6h10V15z" fill-rule="evenodd" {} } }
}

fn who(shell: &Shell<'_>) -> Markup {
    let words = shell.words;
    let here = in_query(&shell.visit.path);
    html! {
        div.who {
            @if let Some(person) = shell.person {
                div.person {
                    span { b { (person.name) } " " span.muted { (words.text(&format!("role-{}", person.role.code()))) } }
                    form method="post" action="/sign-out" {
                        input type="hidden" name="form" value=(person.form());
                        button.plain type="submit" { (words.text("pages-sign-out")) }
                    }
                }
            }
            nav.choice aria-label=(words.text("pages-language")) {
                @for lang in Lang::ALL {
                    a href=(format!("/preferences?lang={lang}&next={here}")) lang=(lang.tag()) hreflang=(lang.tag())
                        aria-current=[(lang == shell.visit.lang).then_some("true")] {
                        (match lang { Lang::ZhCn => "中文", Lang::En => "English" })
                    }
                }
            }
            nav.choice aria-label=(words.text("pages-theme")) {
                @for theme in Theme::ALL {
                    a href=(format!("/preferences?theme={}&next={here}", theme.code()))
                        aria-current=[(theme == shell.visit.theme).then_some("true")] {
                        (words.text(&format!("pages-theme-{}", theme.code())))
                    }
                }
            }
        }
    }
}

fn tabs(words: &Words, place: &Place<'_>) -> Markup {
    html! {
        nav.tabs aria-label=(words.text("pages-branch-pages")) { div.tabs-in {
            span.branch { (place.name) }
            @for (group, tabs) in GROUPS {
                @let here = tabs.contains(&place.tab);
                @let current = if tabs.len() == 1 { "page" } else { "true" };
                a href=(tabs[0].path(place.branch)) aria-current=[here.then_some(current)] {
                    (words.text(&format!("pages-group-{group}")))
                }
            }
        } }
        @for (group, tabs) in GROUPS.iter().filter(|(_, tabs)| tabs.len() > 1 && tabs.contains(&place.tab)) {
            nav.tabs.sub aria-label=(words.text(&format!("pages-group-{group}"))) { div.tabs-in {
                @for tab in *tabs {
                    a href=(tab.path(place.branch)) aria-current=[(*tab == place.tab).then_some("page")] {
                        (words.text(&format!("pages-tab-{}", tab.code())))
                    }
                }
            } }
        }
    }
}

fn foot(shell: &Shell<'_>) -> Markup {
    let words = shell.words;
    html! {
        footer.foot { div.foot-in {
            @if shell.live.is_some() {
                span.live #live-state data-state="none" data-on=(words.text("pages-live-on")) data-off=(words.text("pages-live-off")) {
                    (words.text("pages-live-none"))
                }
                span.visually-hidden #announce role="status" aria-live="polite" data-updated=(words.text("pages-live-updated")) {}
            }
            @if shell.person.is_some() { span { (words.with("pages-zone", &[("zone", words.zone_name().into())])) } }
            span { (words.text("pages-product")) " " (env!("CARGO_PKG_VERSION")) }
        } }
    }
}

/// `text` as the value of a parameter in an address.
pub(super) fn in_query(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped() {
        assert_eq!(in_query("/a?b=c&d=电"), "/a%3Fb%3Dc%26d%3D%E7%94%B5");
    }
}
