//! Where an issue belongs that comes in by a front door: the first rule of the router that fits it decides, once somebody who
//! may asked for it. What was begun somewhere stays there, and nothing is brought anywhere twice.

use crate::model::{
    Carry, Case, Mirror, Otherwise, Phase, RepoName, Route, Routed, Seen, Setting, SettingValue, Transfer,
    match_path, mirror_line, visible, visible_body,
};
use crate::work::words::{as_data, as_title};

use super::intake::words_of;
use super::view::View;
use super::{Move, Stand, Station};

/// The most characters of its text that the mirror of an issue has: GitHub takes 65,536 with what stands before each line.
const MIRRORED: usize = 20_000;
/// What the labels of components begin with.
const COMPONENT: [&str; 3] = ["component:", "component/", "component-"];

/// What is to be done so that it gets where it belongs; nothing where it does. `by` asked for it.
pub(super) fn station(view: &View<'_>, by: &str) -> Option<Station> {
    let (case, router) = (view.case, view.pipeline.router.as_ref()?);
    if view.is_begun() {
        return None;
    }
    let at = Phase::Triage;
    let brought = brought(view);
    let Some(route) = router.routes.iter().find(|route| fits(route, case)) else {
        let stays = brought.is_some() || router.otherwise == Otherwise::Here;
        let why = format!(
            "no rule of the router fits it ({}); label it so that one does, or move it where it belongs",
            router.source
        );
        return (!stays).then(|| Station::human(at, why, Vec::new()));
    };
    if route.to == case.repo {
        return None;
    }
    if let Some((from, number)) = brought {
        let why = format!(
            "it was brought here from {from}#{number}, and by the rule at {} it belongs to {}; nothing is brought anywhere twice",
            route.source, route.to
        );
        return Some(Station::human(at, why, Vec::new()));
    }
    let there = view.cx.desired.pipelines.of(&route.to);
    if view.cx.observed.cases.archived.contains(&route.to) {
        let on = format!("{}, where it belongs, to be unarchived", route.to);
        return Some(Station::waits(at, on));
    }
    Some(match there.and_then(|there| there.intake.first()) {
        Some(intake) => {
            let (repo, watched) = (case.repo.clone(), view.watched());
            let (to, intake) = (route.to.clone(), intake.clone());
            let what = match router.by {
                Carry::Transfer => {
                    let comment = comment(case, route, by);
                    Move::Transfer(Transfer { repo, watched, to, intake, comment })
                }
                Carry::Mirror => {
                    if let Some(keeps) = hidden(view, route) {
                        return Some(keeps);
                    }
                    let (since, title, body) = (case.opened, as_title(&case.title), mirror(case));
                    Move::Mirror(Mirror { repo, watched, since, to, intake, title, body })
                }
            };
            Station::moves(at, what)
        }
        None => {
            let why = format!(
                "it belongs to {} by the rule at {}, where no label gives an issue to the factory",
                route.to, route.source
            );
            Station::human(at, why, Vec::new())
        }
    })
}

/// What an issue waits for that is worked on as another one.
pub(super) fn mirrored(view: &View<'_>) -> Option<Station> {
    let (repo, number) = view.case.mirror()?;
    let (at, name) = (Phase::Triage, format!("{repo}#{number}"));
    let is_left = |mirror: &Case| {
        let pipeline = view.cx.desired.pipelines.of(&repo);
        pipeline.is_none_or(|pipeline| !super::intake::is_asked_for(&View::of(view.cx, pipeline, mirror)))
    };
    Some(match view.cx.observed.cases.of(&repo, number) {
        Seen::Known(mirror) if mirror.open && is_left(mirror) => {
            let why = format!(
                "nothing asks the factory any more for {name}, which it is worked on as; have that one asked for again, or close it"
            );
            Station::human(at, why, Vec::new())
        }
        Seen::Known(mirror) if mirror.open => {
            Station::waits(at, format!("{name} to be closed, which it is worked on as"))
        }
        Seen::Known(mirror) if mirror.rejected => {
            let why = format!(
                "{name}, which it was worked on as, was closed as nothing that is to be done; close this one as well, or open that \
                 one again"
            );
            Station::human(at, why, Vec::new())
        }
        Seen::Known(_) => {
            Station::new(at, Stand::Done(format!("{name}, which it was worked on as, is closed")))
        }
        Seen::Unknown => Station::waits(at, format!("a look at {name}, which it is worked on as")),
        Seen::Absent => Station::human(at, format!("{name}, which it was worked on as, is gone"), Vec::new()),
    })
}

/// What keeps its words from where it belongs: more people see that repository than this one.
fn hidden(view: &View<'_>, route: &Route) -> Option<Station> {
    let (here, there) = (&view.case.repo, &route.to);
    let width = |repo: &RepoName| {
        let word = view.cx.observed.cases.visibility.get(repo)?;
        Some(Setting::width(&SettingValue::Text(word.clone())))
    };
    let at = Phase::Triage;
    match (width(here), width(there)) {
        (Some(from), Some(to)) if to > from => {
            let why = format!(
                "it belongs to {there} by the rule at {}, which more people see than {here}: nothing of it is written there; open \
                 one there by hand with what may be told, and close this one",
                route.source
            );
            Some(Station::human(at, why, Vec::new()))
        }
        (Some(_), Some(_)) => None,
        (None, _) | (_, None) => {
            Some(Station::waits(at, format!("a look at who sees {here} and {there}, where it belongs")))
        }
    }
}

/// What has to happen to the issue that this one is worked on for, before anything is done about this one.
pub(super) fn held_in_front(view: &View<'_>) -> Option<Stand> {
    let (repo, number) = view.case.mirrors().filter(|_| view.is_factory(&view.case.author))?;
    let pipeline = view.cx.desired.pipelines.of(&repo)?;
    let name = format!("{repo}#{number}");
    match view.cx.observed.cases.of(&repo, number) {
        Seen::Known(front) if !front.open => {
            Some(Stand::Held(format!("{name}, which it is worked on for, to be opened again: it is closed")))
        }
        Seen::Known(front) if !super::intake::is_asked_for(&View::of(view.cx, pipeline, front)) => {
            Some(Stand::Held(format!("{name}, which it is worked on for, to be asked for again")))
        }
        Seen::Known(front) => {
            let on = super::intake::held(&View::of(view.cx, pipeline, front))?;
            Some(Stand::Held(format!("{name}, which it is worked on for, and which waits for {on}")))
        }
        Seen::Absent => {
            Some(Stand::Held(format!("{name}, which it is worked on for, and which is gone: close this one")))
        }
        Seen::Unknown => Some(Stand::Held(format!("a look at {name}, which it is worked on for"))),
    }
}

/// The issue that was brought here as this one, or that this one is the mirror of.
fn brought(view: &View<'_>) -> Option<(RepoName, u64)> {
    let mirrors = || view.case.mirrors().filter(|_| view.is_factory(&view.case.author));
    Routed::of(view.case).map(|it| (it.from, it.number)).or_else(mirrors)
}

/// The text of the issue that another one is worked on as: its words as they are seen, which refer to nothing there.
fn mirror(case: &Case) -> String {
    let line = mirror_line(&case.repo, case.number);
    let text: String = visible_body(&case.body).0.chars().take(MIRRORED).collect();
    let words = as_data(text.lines().map(apart).collect::<Vec<_>>().iter().map(String::as_str));
    let by = as_title(&case.author);
    format!("{line}\nThis is {}#{}, by {by}:\n\n{words}", case.repo, case.number)
}

/// A line in which no number is that of an issue.
fn apart(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_ascii_digit() && out.ends_with('#') {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// What is written on it before it goes, unless that is there.
fn comment(case: &Case, route: &Route, by: &str) -> Option<String> {
    let line = Routed::about(case, &route.to).line();
    let by = as_title(by);
    case.own_comment(&line).is_none().then(|| {
        format!(
            "{line}\nFrom {} to {}, by the rule at {}; {by} had asked for it.\n",
            case.repo, route.to, route.source
        )
    })
}

/// Whether any of what a rule names is there, as far as a reader sees it.
fn fits(route: &Route, case: &Case) -> bool {
    let (title, body) = (visible(&case.title).0, visible_body(&case.body).0);
    let (text, words) = (format!("{title}\n{body}"), words_of(&title));
    let is_one = |name: &str| route.components.iter().any(|one| one.trim().eq_ignore_ascii_case(name));
    route.labels.iter().any(|label| case.has(label))
        || of_labels(case).any(is_one)
        || components(&body).any(is_one)
        || route.title.iter().any(|phrase| says(&words, phrase))
        || named_path(&text, &route.paths).is_some()
}

/// The components that labels name.
fn of_labels(case: &Case) -> impl Iterator<Item = &str> {
    let name = |key: &'_ String| COMPONENT.iter().find_map(|prefix| Some(key.strip_prefix(prefix)?.len()));
    case.labels.keys().filter_map(move |key| Some(key[key.len() - name(key)?..].trim()))
}

/// The components that a text names: on a line `Component: a, b`, or below a heading as a form makes it.
fn components(text: &str) -> impl Iterator<Item = &str> {
    let mut below = false;
    let lines = text.lines().filter_map(move |line| {
        let bare = line.trim().trim_matches(['*', '_']).trim();
        let head = bare.trim_start_matches('#').trim();
        if head.eq_ignore_ascii_case("component") && bare.starts_with('#') {
            below = true;
            return None;
        }
        if below && !bare.is_empty() {
            below = false;
            return Some(bare);
        }
        let (word, rest) = bare.split_once(':')?;
        word.trim().trim_matches(['*', '_']).eq_ignore_ascii_case("component").then_some(rest)
    });
    lines.flat_map(|line| line.split(',')).map(|name| name.trim_matches(['*', '_', '`', ' ']))
}

/// Whether these words of a text have this phrase, in whole words, whatever their case.
pub(super) fn says(words: &[String], phrase: &str) -> bool {
    let phrase = words_of(phrase);
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase)
}

/// The first path of a text that one of these globs matches.
pub(super) fn named_path<'a>(text: &'a str, globs: &[String]) -> Option<&'a str> {
    let is_path = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let mut paths = text.split(|c: char| !is_path(c)).filter(|part| part.contains(['/', '.']));
    // Within the address of a file each part may be where its path begins.
    let ends = |part: &'a str| {
        let after = part.match_indices('/').map(|(at, _)| &part[at + 1..]);
        std::iter::once(part).chain(after).map(|path| path.trim_matches('.'))
    };
    paths.find_map(|part| ends(part).find(|path| globs.iter().any(|glob| match_path(glob, path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_read_where_forms_and_people_write_them() {
        for (text, expect) in [
            ("Component: widgets", vec!["widgets"]),
            ("**Component**: `Widgets`, bellows", vec!["Widgets", "bellows"]),
            ("### Component\n\nwidgets\n\n### What happened?\n\nIt broke", vec!["widgets"]),
            ("## component ##\nwidgets", vec![]),
            ("The component: is broken", vec![]),
            ("Component", vec![]),
            ("### Component\n\n_No response_", vec!["No response"]),
        ] {
            assert_eq!(components(text).collect::<Vec<_>>(), expect, "{text}");
        }
    }
}
