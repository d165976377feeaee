//! The stylesheet, the script and the icon: embedded, named by their content, kept by browsers for a year.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::token::hex;

struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
}

/// One file for browsers, several for people. Later ones win over earlier ones, so what is narrow comes last.
const STYLE: Asset = Asset {
    name: "pages.css",
    media: "text/css; charset=utf-8",
    text: concat!(
        include_str!("assets/theme.css"),
        include_str!("assets/frame.css"),
        include_str!("assets/content.css"),
        include_str!("assets/records.css"),
        include_str!("assets/forms.css"),
        include_str!("assets/views.css"),
        include_str!("assets/narrow.css"),
    ),
};
const SCRIPT: Asset =
    Asset { name: "pages.js", media: "text/javascript; charset=utf-8", text: include_str!("assets/pages.js") };
const ICON: Asset = Asset { name: "icon.svg", media: "image/svg+xml", text: include_str!("assets/icon.svg") };

/// Changes with the content, so that a new version of the relay is never shown with an old stylesheet.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = [STYLE, SCRIPT, ICON].iter().fold(Sha256::new(), |digest, asset| digest.chain_update(asset.text));
    hex(&digest.finalize()[..6])
});

/// Where the stylesheet is.
pub(super) fn style() -> String {
    path(&STYLE)
}

/// Where the script is.
pub(super) fn script() -> String {
    path(&SCRIPT)
}

/// Where the icon is.
pub(super) fn icon() -> String {
    path(&ICON)
}

fn path(asset: &Asset) -> String {
    format!("/assets/{}/{}", *VERSION, asset.name)
}

/// `GET /assets/{version}/{name}`. Any version is answered with the present content; only the present one is kept.
pub(super) async fn asset(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let asset = [STYLE, SCRIPT, ICON].into_iter().find(|asset| asset.name == name).ok_or(Problem::NotFound)?;
    let kept = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(CONTENT_TYPE, asset.media), (CACHE_CONTROL, kept)], asset.text).into_response())
}
