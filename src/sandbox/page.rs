//! The chat page: serves the files of `page/` that let one person play admin, agent owner and
//! customers side by side.
//!
//! The files are part of the binary, so the page works without a network and always fits the
//! server it came with. It is served with a policy that lets it load and call nothing but its own
//! origin and run no inline script: what a bot writes can never become code in it.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Everything the page may do: its own files, its own origin's control routes, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";

/// One file of the page.
struct Asset {
    /// Where it is served; the page itself at `/`, what it loads below `/page/`.
    path: &'static str,
    content_type: &'static str,
    content: &'static str,
}

/// Declares a file of `page/` under the address the page asks for it.
macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        Asset {
            path: concat!("/page/", $name),
            content_type: $content_type,
            content: include_str!(concat!("page/", $name)),
        }
    };
}

const ASSETS: &[Asset] = &[
    Asset { path: "/", content_type: HTML, content: include_str!("page/index.html") },
    asset!("page.css", CSS),
    asset!("chat.css", CSS),
    asset!("controls.css", CSS),
    asset!("page.js", SCRIPT),
    asset!("add.js", SCRIPT),
    asset!("clock.js", SCRIPT),
    asset!("column.js", SCRIPT),
    asset!("composer.js", SCRIPT),
    asset!("message.js", SCRIPT),
    asset!("notice.js", SCRIPT),
    asset!("people.js", SCRIPT),
    asset!("rich.js", SCRIPT),
    asset!("server.js", SCRIPT),
    asset!("tabs.js", SCRIPT),
    asset!("words.js", SCRIPT),
    asset!("words.json", JSON),
    asset!("icon.svg", SVG),
];

/// The page at `/` and its files below `/page/`. It calls the control routes at `sandbox/…`
/// relative to itself, so both belong on one router.
pub fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        router.route(asset.path, get(move || async move { answer(asset) }))
    })
}

/// A file with the headers every file gets.
fn answer(asset: &Asset) -> Response {
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = asset.content.into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;
    use serde_json::Value;
    use std::collections::BTreeSet;
    use tokio::net::TcpListener;

    fn content(path: &str) -> &'static str {
        ASSETS.iter().find(|asset| asset.path == path).expect("the file is served").content
    }

    /// The first group of every match of `pattern` in every file with this content type.
    fn found(content_type: &str, pattern: &str) -> BTreeSet<String> {
        let pattern = Regex::new(pattern).expect("the pattern is valid");
        ASSETS
            .iter()
            .filter(|asset| asset.content_type == content_type)
            .flat_map(|asset| pattern.captures_iter(asset.content))
            .map(|found| found[1].to_owned())
            .collect()
    }

    fn words(language: &str) -> serde_json::Map<String, Value> {
        let all: Value = serde_json::from_str(content("/page/words.json")).expect("valid JSON");
        all[language].as_object().expect("a table of texts").clone()
    }

    #[tokio::test]
    async fn every_file_is_served_with_its_headers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move { axum::serve(listener, router()).await });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for asset in ASSETS {
            let answer = client.get(format!("{origin}{}", asset.path)).send().await.expect("sent");
            assert_eq!(answer.status(), 200, "{}", asset.path);
            let headers = answer.headers();
            assert_eq!(headers["content-type"], asset.content_type, "{}", asset.path);
            assert_eq!(headers["cache-control"], "no-store", "{}", asset.path);
            assert_eq!(headers["content-security-policy"], POLICY, "{}", asset.path);
            assert_eq!(answer.text().await.expect("a body"), asset.content, "{}", asset.path);
        }
        let missing = client.get(format!("{origin}/page/none.js")).send().await.expect("sent");
        assert_eq!(missing.status(), 404);
        server.abort();
    }

    #[test]
    fn everything_the_page_loads_is_served() {
        let mut asked = found(HTML, r#"(?:src|href)="([^"]+)""#);
        asked.extend(found(SCRIPT, r#"fetch\("([^"]+)""#));
        let imports = found(SCRIPT, r#"from "\./([^"]+)""#);
        asked.extend(imports.iter().map(|name| format!("page/{name}")));
        let served: BTreeSet<_> = ASSETS
            .iter()
            .map(|asset| asset.path[1..].to_owned())
            .filter(|p| !p.is_empty())
            .collect();
        assert_eq!(asked, served);
    }

    #[test]
    fn nothing_needs_what_the_policy_forbids() {
        let html = found(HTML, r"(\sstyle=|\son[a-z]+=|<style|<script>|https?://)");
        assert_eq!(html, BTreeSet::new());
        let scripts =
            found(SCRIPT, r"(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\()");
        assert_eq!(scripts, BTreeSet::new());
    }

    #[test]
    fn both_languages_say_everything() {
        let (en, zh) = (words("en"), words("zh"));
        assert!(en.keys().eq(zh.keys()));
        let placeholder = Regex::new(r"\{\w+\}").expect("the pattern is valid");
        let holes = |text: &Value| -> BTreeSet<String> {
            let text = text.as_str().expect("a text");
            placeholder.find_iter(text).map(|hole| hole.as_str().to_owned()).collect()
        };
        for (key, text) in &en {
            assert_eq!(holes(text), holes(&zh[key]), "{key}");
        }
    }

    #[test]
    fn every_text_asked_for_exists_and_every_text_is_asked_for() {
        let mut asked = found(HTML, r#"data-word(?:-label)?="([^"]+)""#);
        asked.extend(found(SCRIPT, r#"\bword\("(\w+)""#));
        asked.extend(found(SCRIPT, r#"\b(?:say|label|tip)\(.*, "(\w+)"\)"#));
        asked.extend(found(SCRIPT, r#"CallError\([^)]*, "(\w+)"\)"#));
        // Chosen between two in one expression, and by the role a server names.
        asked.extend(found(SCRIPT, r#"word\([^"()]*\? "(\w+)""#));
        asked.extend(found(SCRIPT, r#"word\([^()]* : "(\w+)""#));
        asked.extend(["role_admin", "role_owner", "role_customer"].map(str::to_owned));
        let written: BTreeSet<_> = words("en").keys().cloned().collect();
        assert_eq!(asked, written);
    }
}
