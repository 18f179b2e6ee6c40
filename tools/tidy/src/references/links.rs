//! Relative links of documents, and pages of `docs/` that anything names.

use super::{
    anchors::{anchors, text_lines},
    relative,
};
use crate::{project::Project, Finding, Result};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Every link to something in the checkout leads there.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let patterns = Patterns::new()?;
    let mut pages = Pages { project, anchors: BTreeMap::new() };
    let mut findings = Vec::new();
    for (path, text) in project.prose() {
        let is_document = path.ends_with(".md");
        let lines = if is_document { text_lines(text) } else { text.lines().collect() };
        for (line, number) in lines.into_iter().zip(1..) {
            let (mut targets, mut rest) = (Vec::new(), line.to_owned());
            if is_document {
                let shown = patterns.code.replace_all(line, "");
                targets = patterns.links(&shown);
                rest = patterns.inline.replace_all(line, "").into_owned();
            }
            let mut faults = Vec::new();
            for target in &targets {
                faults.extend(pages.follow(path, target)?);
            }
            for named in patterns.named(&rest) {
                faults.extend(pages.look_up(path, named)?);
            }
            findings.extend(faults.into_iter().map(|wrong| Finding::new(path, number, wrong, "Name what is there")));
        }
    }
    Ok(findings)
}

struct Patterns {
    /// `[text](target)`, `[text](target "title")`
    inline: Regex,
    /// `[label]: target`
    reference: Regex,
    /// `src="target"`, `href="target"`
    tag: Regex,
    /// `code`
    code: Regex,
    /// `docs/page.md`, `docs/page.md#anchor`
    page: Regex,
    /// `https:`, `mailto:`
    scheme: Regex,
}

impl Patterns {
    fn new() -> Result<Self> {
        Ok(Self {
            inline: Regex::new(r#"\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)"#)?,
            reference: Regex::new(r"^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)")?,
            tag: Regex::new(r#"<[^>]*\b(?:src|href)="([^"]+)""#)?,
            code: Regex::new(r"`[^`]*`")?,
            page: Regex::new(r"[\w.:/{}$-]*\bdocs/[\w./-]+\.md(?:#[\w-]+)?")?,
            scheme: Regex::new(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")?,
        })
    }

    /// The targets in a line that are in the checkout.
    fn links(&self, line: &str) -> Vec<String> {
        let all = [&self.inline, &self.reference, &self.tag];
        let found = all.into_iter().flat_map(|pattern| pattern.captures_iter(line)).filter_map(|found| found.get(1));
        found.map(|target| target.as_str().to_owned()).filter(|target| !self.scheme.is_match(target)).collect()
    }

    /// The pages that a line names outside of links: no address elsewhere, no variable, no pattern.
    fn named<'a>(&'a self, line: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.page.find_iter(line).map(|found| found.as_str());
        found.filter(|page| !page.contains("://") && !page.contains(['{', '$']) && !page.contains("NNNN"))
    }
}

struct Pages<'a> {
    project: &'a Project,
    /// Those of the documents that were looked at.
    anchors: BTreeMap<String, BTreeSet<String>>,
}

impl Pages<'_> {
    /// What is wrong with a link.
    fn follow(&mut self, from: &str, target: &str) -> Result<Option<String>> {
        let (to, anchor) = target.split_once('#').map_or((target, None), |(to, anchor)| (to, Some(anchor)));
        let found = if to.is_empty() { Some(from.to_owned()) } else { relative(from, to) };
        match found.filter(|path| path.is_empty() || self.project.has(path)) {
            None => Ok(Some(format!("the link to {to} leads nowhere"))),
            Some(path) => self.anchored(&path, anchor),
        }
    }

    /// What is wrong with a page that is named from the root, or from the file.
    fn look_up(&mut self, from: &str, named: &str) -> Result<Option<String>> {
        let (to, anchor) = named.split_once('#').map_or((named, None), |(to, anchor)| (to, Some(anchor)));
        let places = [super::normal(to), relative(from, to)];
        match places.into_iter().flatten().find(|path| self.project.has(path)) {
            None => Ok(Some(format!("there is no {to}"))),
            Some(path) => self.anchored(&path, anchor),
        }
    }

    /// What is wrong with the anchor of a file that exists.
    fn anchored(&mut self, path: &str, anchor: Option<&str>) -> Result<Option<String>> {
        let Some(anchor) = anchor.filter(|_| path.ends_with(".md")) else { return Ok(None) };
        if !self.anchors.contains_key(path) {
            self.anchors.insert(path.into(), anchors(self.project.text(path).unwrap_or_default())?);
        }
        let known = self.anchors.get(path).is_some_and(|all| all.contains(anchor));
        Ok((!known).then(|| format!("{path} has no heading #{anchor}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = [("docs/use/jobs.md", "# Jobs\n## What it costs\n"), ("docs/a.svg", ""), (path, text)];
        check(&Project::of(&files)).unwrap().into_iter().map(|finding| finding.wrong).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for text in [
            "[a](use/jobs.md) [b](use/jobs.md#what-it-costs) [c](use) [d](/docs/a.svg \"title\") ![e](a.svg)",
            "# Here\n[a](#here) [b](https://x.org/y.md) [c](mailto:x@y.z)",
            "[a]: use/jobs.md#jobs\n<img src=\"a.svg\">",
            "`[a](b.md)`\n```\n[a](b.md)\n```",
            "docs/use/jobs.md#what-it-costs and https://x.org/docs/y.md and docs/adr/NNNN-title.md",
        ] {
            assert_eq!(found("docs/b.md", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn link_is_found_when_it_leads_nowhere() {
        assert_eq!(found("docs/b.md", "[a](jobs.md)"), ["the link to jobs.md leads nowhere"]);
        assert_eq!(found("docs/b.md", "[a](use/jobs.md#costs)"), ["docs/use/jobs.md has no heading #costs"]);
        for text in ["[a](#nowhere)", "[a]: gone.md", "<img src=\"gone.svg\">", "[a](../../out.md)"] {
            assert_eq!(found("docs/b.md", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn page_is_found_anywhere_when_it_or_its_anchor_does_not_exist() {
        assert_eq!(found("a/src/lib.rs", "//! docs/use/jobs.md#what-it-costs, ../../docs/use/jobs.md"), [""; 0]);
        assert_eq!(found("a/src/lib.rs", "//! docs/jobs.md"), ["there is no docs/jobs.md"]);
        assert_eq!(found("scripts/x", "# docs/use/jobs.md#costs"), ["docs/use/jobs.md has no heading #costs"]);
        assert_eq!(found("docs/b.md", "`docs/jobs.md`"), ["there is no docs/jobs.md"]);
    }
}
