//! What the pages take from a request: language, theme, cookies, the peer's address, and whether only the main part is asked for.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use vocab::Lang;

/// The cookie with the chosen language.
pub(crate) const LANG_COOKIE: &str = "fieldbook_lang";
/// The cookie with the chosen theme.
pub(crate) const THEME_COOKIE: &str = "fieldbook_theme";
/// The header with which the script asks for the main part of a page only.
pub(crate) const PART_HEADER: HeaderName = HeaderName::from_static("fieldbook-part");

/// How long a choice of language or theme is kept: a year, in seconds.
const CHOICE_AGE_S: u32 = 365 * 24 * 60 * 60;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub(crate) fn of_code(code: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.code() == code)
    }
}

/// One request to a page, as every handler sees it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
    /// Path and query, to come back to.
    pub(crate) path: String,
    /// The script asks for the main part only.
    pub(crate) part_only: bool,
    /// The browser speaks https, to us or to a proxy in front of us.
    pub(crate) secure: bool,
    /// Who asks; a proxy's address when there is one.
    pub(crate) address: IpAddr,
    cookies: Vec<(String, String)>,
}

impl Visit {
    /// Reads a request's head.
    pub(crate) fn of(parts: &Parts) -> Visit {
        let cookies = cookies(&parts.headers);
        let cookie = |name: &str| cookies.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let lang = cookie(LANG_COOKIE)
            .and_then(|tag| tag.parse().ok())
            .or_else(|| parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| accepted(value.to_str().ok()?)))
            .unwrap_or(Lang::ZhCn);
        let forwarded = parts.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Visit {
            lang,
            theme: cookie(THEME_COOKIE).and_then(Theme::of_code).unwrap_or(Theme::System),
            path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            part_only: parts.headers.contains_key(PART_HEADER),
            secure: forwarded.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            cookies,
        }
    }

    /// The same visit of another page.
    pub(crate) fn at(self, path: String) -> Visit {
        Visit { path, ..self }
    }

    /// The value of a cookie of this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A `Set-Cookie` for a choice that is no secret.
    pub(crate) fn choice(&self, name: &str, value: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!(
            "{name}={value}; Path=/; Max-Age={CHOICE_AGE_S}; SameSite=Lax; HttpOnly{secure}"
        ))
        .ok()
    }

    /// A `Set-Cookie` for a secret; an age of zero takes it away.
    pub(crate) fn secret(&self, name: &str, value: &str, age_s: i64) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={age_s}; SameSite=Strict; HttpOnly{secure}"))
            .ok()
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Visit::of(parts))
    }
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The language of ours that an `Accept-Language` prefers; `None` when it names neither.
fn accepted(header: &str) -> Option<Lang> {
    let ranges = header.split(',').filter_map(|range| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok())?;
        let tag = tag.trim().to_ascii_lowercase();
        let lang = match tag.split('-').next()? {
            "zh" => Lang::ZhCn,
            "en" => Lang::En,
            _ => return None,
        };
        (quality > 0.0).then_some((quality, lang))
    });
    // The first of the best: a later one has to be better.
    ranges
        .fold(None, |best: Option<(f32, Lang)>, range| match best {
            Some(found) if found.0 >= range.0 => Some(found),
            _ => Some(range),
        })
        .map(|(_, lang)| lang)
}

/// `path` when it leads somewhere on this relay, else `/`: nobody is sent to another site from here.
pub(crate) fn local_path(path: &str) -> &str {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '\r', '\n'])
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn visit(headers: &[(&str, &str)]) -> Visit {
        let mut request = Request::builder().uri("/branches?q=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Visit::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_cookie_decides_the_language_then_what_the_browser_accepts_then_chinese() {
        assert_eq!(visit(&[]).lang, Lang::ZhCn);
        assert_eq!(visit(&[("accept-language", "en-GB,en;q=0.9,zh;q=0.5")]).lang, Lang::En);
        assert_eq!(visit(&[("accept-language", "de, zh-TW;q=0.8, en;q=0.3")]).lang, Lang::ZhCn);
        assert_eq!(visit(&[("accept-language", "de")]).lang, Lang::ZhCn);
        assert_eq!(visit(&[("accept-language", "zh"), ("cookie", "a=b; fieldbook_lang=en")]).lang, Lang::En);
        assert_eq!(visit(&[("accept-language", "en"), ("cookie", "fieldbook_lang=xx")]).lang, Lang::En);
    }

    #[test]
    fn cookies_are_secure_behind_https() {
        let plain = visit(&[]).secret("fieldbook_session", "x", 60).unwrap();
        assert_eq!(plain, "fieldbook_session=x; Path=/; Max-Age=60; SameSite=Strict; HttpOnly");
        let secure = visit(&[("x-forwarded-proto", "https")]).secret("fieldbook_session", "x", 60).unwrap();
        assert!(secure.to_str().unwrap().ends_with("; Secure"));
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(local_path("/branches?x=1"), "/branches?x=1");
        for wrong in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nb", "javascript:alert(1)"]
        {
            assert_eq!(local_path(wrong), "/", "{wrong}");
        }
    }
}
