//! The badge: how an application or a project is, as a picture for other pages. Whoever turns it on
//! lets anybody see that much.

use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use engine::argo;
use http::{HeaderValue, header};
use std::fmt::Write as _;
use std::sync::Arc;

const GREEN: &str = "#0b612a";
const ORANGE: &str = "#bd7300";
const RED: &str = "#a72e26";
const BLUE: &str = "#103d66";
const PURPLE: &str = "#731f4d";
const GREY: &str = "#29343d";

/// Pixels of the part that says how healthy something is.
const HEALTH_WIDTH: usize = 77;
/// Pixels of both parts.
const WIDTH: usize = 131;
const WIDTH_WITH_REVISION: usize = 192;
const WIDTH_WITH_FULL_REVISION: usize = 400;
const ROW: usize = 20;
/// Pixels of a letter of the name.
const LETTER: usize = 6;
/// Wider ones are nobody's.
const WIDTH_MAX: usize = 2_000;

/// What a badge says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Badge {
    health: String,
    sync: String,
    title: String,
    revision: String,
    width: usize,
}

fn health_color(health: &str) -> &'static str {
    match health {
        "Healthy" => GREEN,
        "Degraded" => RED,
        "Progressing" => BLUE,
        "Missing" | "Unknown" => PURPLE,
        _ => GREY,
    }
}

fn sync_color(sync: &str) -> &'static str {
    match sync {
        "Synced" => GREEN,
        "OutOfSync" => ORANGE,
        "Unknown" => PURPLE,
        _ => GREY,
    }
}

/// `GET /api/badge`
pub(crate) async fn badge(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let settings = desk.argocd_cm();
    if settings.str_at(&["data", "statusbadge.enabled"]) != "true" {
        return Err(Refusal::not_found("the badge is off")
            .hint("set statusbadge.enabled of argocd-cm to \"true\""));
    }
    let svg = of(&desk, &call)?.draw();
    let fixed = |value| HeaderValue::from_static(value);
    Ok(Answer::text("image/svg+xml", svg)
        // Pages elsewhere are what it is for, and it is never older than it looks.
        .with(header::CACHE_CONTROL, fixed("private, no-store"))
        .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, fixed("*"))
        .with(
            header::HeaderName::from_static("cross-origin-resource-policy"),
            fixed("cross-origin"),
        ))
}

/// Returns true for names that an object can have.
fn is_name(name: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let is_end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    bytes.len() <= 253
        && bytes.iter().all(|b| is_inner(*b))
        && is_end(bytes.first())
        && is_end(bytes.last())
}

fn of(desk: &Desk, call: &Call) -> Result<Badge, Refusal> {
    let name = call.param("name");
    let projects: Vec<&str> = call.params("project").collect();
    let namespace = call.param("namespace");
    let given = projects.iter().chain([&name, &namespace]);
    if let Some(wrong) = given.into_iter().find(|n| !n.is_empty() && !is_name(n)) {
        return Err(Refusal::invalid(format!("{wrong:?} is no name")));
    }
    let mut badge = Badge {
        health: "Unknown".into(),
        sync: "Unknown".into(),
        width: WIDTH,
        ..Badge::default()
    };
    let is_here = namespace.is_empty() || namespace == desk.namespace();
    let row = is_here
        .then(|| desk.board.row(desk.namespace(), name))
        .flatten();
    let mut revision = String::new();
    match row {
        Some(row) => {
            badge.health = row.health.to_string();
            badge.sync = row.sync.to_string();
            let result = ["status", "operationState", "syncResult"];
            revision = desk
                .value_of(&row)
                .at(&result)
                .map(argo::revision_of)
                .unwrap_or_default();
            if call.param("showAppName").eq_ignore_ascii_case("true") {
                name.clone_into(&mut badge.title);
            }
        }
        None if !name.is_empty() || !is_here => {
            badge.health = "Not Found".into();
            badge.sync = String::new();
        }
        None if !projects.is_empty() => (badge.health, badge.sync) = together(desk, &projects),
        None => {}
    }
    if call.param("revision").eq_ignore_ascii_case("true") && !revision.is_empty() {
        let is_full = call.param("keepFullRevision").eq_ignore_ascii_case("true");
        badge.width = match is_full || revision.len() <= 7 {
            true => WIDTH_WITH_FULL_REVISION,
            false => WIDTH_WITH_REVISION,
        };
        badge.revision = match is_full {
            true => revision,
            false => crate::wire::short(&revision).to_owned(),
        };
    }
    if let Ok(width) = call.param("width").parse::<usize>() {
        badge.width = width.clamp(HEALTH_WIDTH, WIDTH_MAX);
    }
    Ok(badge)
}

/// Returns how the applications of some projects are: good if all are.
fn together(desk: &Desk, projects: &[&str]) -> (String, String) {
    let (mut any, mut healthy, mut synced) = (false, true, true);
    for row in desk.board.all() {
        if projects.contains(&&*row.project) {
            any = true;
            healthy &= &*row.health == "Healthy";
            synced &= &*row.sync == "Synced";
        }
    }
    let word = |good, yes: &str, no: &str| match (any, good) {
        (false, _) => "Unknown".to_owned(),
        (true, true) => yes.to_owned(),
        (true, false) => no.to_owned(),
    };
    (
        word(healthy, "Healthy", "Degraded"),
        word(synced, "Synced", "OutOfSync"),
    )
}

/// Returns a text as it may stand in a picture.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

impl Badge {
    /// Draws it: the name above if it is shown, then health, sync and revision side by side.
    fn draw(&self) -> String {
        let title = escaped(&self.title);
        let width = self.width.max(self.title.chars().count() * LETTER);
        let top = if title.is_empty() { 0 } else { ROW };
        let height = top + ROW;
        let has_revision = !self.revision.is_empty();
        let sync_end = if has_revision {
            WIDTH.min(width)
        } else {
            width
        };
        let label = [&self.title, &self.health, &self.sync, &self.revision];
        let label: Vec<&str> = label
            .iter()
            .map(|t| t.as_str())
            .filter(|t| !t.is_empty())
            .collect();
        let mut out = format!(
            "<svg width=\"{width}\" height=\"{height}\" xmlns=\"http://www.w3.org/2000/svg\" \
             role=\"img\" aria-label=\"{}\">\
             <clipPath id=\"round\"><rect width=\"100%\" height=\"100%\" rx=\"3\"/></clipPath>\
             <g clip-path=\"url(#round)\">",
            escaped(&label.join(" "))
        );
        let mut rect = |id: &str, color: &str, x: usize, y: usize, width: usize| {
            let _never = write!(
                out,
                "<rect id=\"{id}\" fill=\"{color}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
                 height=\"{ROW}\"/>"
            );
        };
        if top > 0 {
            rect("titleRect", GREY, 0, 0, width);
        }
        rect("leftRect", health_color(&self.health), 0, top, HEALTH_WIDTH);
        let color = sync_color(&self.sync);
        rect(
            "rightRect",
            color,
            HEALTH_WIDTH,
            top,
            sync_end.saturating_sub(HEALTH_WIDTH),
        );
        if has_revision {
            rect("revisionRect", color, sync_end, top, width - sync_end);
        }
        out.push_str(
            "</g><g fill=\"#fff\" text-anchor=\"middle\" font-family=\"DejaVu Sans, sans-serif\" \
             font-size=\"9\">",
        );
        let mut text = |id: &str, x: usize, y: usize, text: &str| {
            let _never = write!(
                out,
                "<text id=\"{id}\" x=\"{x}\" y=\"{y}\">{}</text>",
                escaped(text)
            );
        };
        if top > 0 {
            text("titleText", width / 2, 13, &self.title);
        }
        text("leftText", HEALTH_WIDTH / 2, top + 13, &self.health);
        text(
            "rightText",
            (HEALTH_WIDTH + sync_end) / 2,
            top + 13,
            &self.sync,
        );
        if has_revision {
            let revision = format!("({})", self.revision);
            text("revisionText", (sync_end + width) / 2, top + 13, &revision);
        }
        out.push_str("</g></svg>");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(health: &str, sync: &str) -> Badge {
        Badge {
            health: health.into(),
            sync: sync.into(),
            width: WIDTH,
            ..Badge::default()
        }
    }

    #[test]
    fn a_badge_has_its_words_and_colours() {
        let svg = badge("Healthy", "OutOfSync").draw();
        assert!(svg.contains("width=\"131\" height=\"20\""), "{svg}");
        assert!(
            svg.contains(">Healthy<") && svg.contains(">OutOfSync<"),
            "{svg}"
        );
        assert!(svg.contains(GREEN) && svg.contains(ORANGE), "{svg}");
        let mut with = badge("Healthy", "Synced");
        with.title = "a-name-that-is-longer-than-the-rest".into();
        with.revision = "abc1234".into();
        with.width = WIDTH_WITH_REVISION;
        let svg = with.draw();
        assert!(svg.contains("width=\"210\" height=\"40\""), "{svg}");
        assert!(svg.contains(">(abc1234)<"), "{svg}");
    }

    #[test]
    fn names_are_names() {
        for (name, want) in [
            ("shop", true),
            ("a.b-c", true),
            ("<x>", false),
            ("-a", false),
        ] {
            assert_eq!(is_name(name), want, "{name}");
        }
        assert_eq!(escaped("<a&\"b>"), "&lt;a&amp;&quot;b&gt;");
    }
}
