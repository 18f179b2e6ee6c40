//! Markdown as GitHub shows it: which lines are code, and what the anchors of a page are.

use crate::Result;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// The lines of a document that are text: code between fences is blank.
pub fn text_lines(text: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        let is_text = fence.is_none() && mark.is_none();
        fence = match (fence, mark) {
            (None, mark) => mark,
            (Some(open), Some(mark)) if open == mark => None,
            (open, _) => open,
        };
        lines.push(if is_text { line } else { "" });
    }
    lines
}

/// The anchors of a document: its headings, numbered where they repeat, and explicit ones.
pub fn anchors(text: &str) -> Result<BTreeSet<String>> {
    let link = Regex::new(r"!?\[([^\]]*)\]\([^)]*\)")?;
    let explicit = Regex::new(r#"<[a-zA-Z]+\s[^>]*(?:id|name)="([^"]+)""#)?;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for line in text_lines(text) {
        found.extend(explicit.captures_iter(line).filter_map(|tag| Some(tag.get(1)?.as_str().to_owned())));
        let level = line.chars().take_while(|c| *c == '#').count();
        let Some(title) = line.get(level..).and_then(|rest| rest.strip_prefix(' ')) else { continue };
        if !(1..=6).contains(&level) {
            continue;
        }
        let base = slug(&link.replace_all(title.trim().trim_end_matches('#').trim_end(), "$1"));
        let times = seen.entry(base.clone()).or_default();
        found.insert(if *times == 0 { base } else { format!("{base}-{times}") });
        *times += 1;
    }
    Ok(found)
}

/// A heading as an anchor: lower case, hyphens for spaces, without punctuation.
fn slug(title: &str) -> String {
    let kept = title.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        anchors(text).unwrap().into_iter().collect()
    }

    #[test]
    fn headings_become_anchors_as_on_github() {
        assert_eq!(of("# What is `H`, and why?"), ["what-is-h-and-why"]);
        assert_eq!(of("## Beats & ballots ##"), ["beats--ballots"]);
        assert_eq!(of("### The [draw](draw.md) of `max_slots`"), ["the-draw-of-max_slots"]);
        assert_eq!(of("# 4. Épochs"), ["4-épochs"]);
    }

    #[test]
    fn headings_that_repeat_are_numbered() {
        assert_eq!(of("# A\n# A\n# A"), ["a", "a-1", "a-2"]);
    }

    #[test]
    fn explicit_anchors_count_and_code_and_tags_do_not() {
        assert_eq!(of("<a id=\"here\"></a>\n```sh\n# no heading\n```\n#tag\n~~~\n# no\n```\n# no\n~~~"), ["here"]);
    }
}
