//! As much of Rust as the checks need: a source without comments and literals, and its blocks.
//!
//! A small scanner and not a parser, because what it has to see is also inside of macros
//! (`proptest!`, `impl_runtime_apis!`, `#[benchmarks]`), which a parser does not look into.

use crate::Result;
use regex::Regex;

/// What stands in braces, and what stands before them.
#[derive(Debug)]
pub struct Block {
    /// From the end of the statement before to the brace: attributes, visibility, signature.
    pub header: String,
    /// The line in which the header begins.
    pub header_line: usize,
    /// The line of the closing brace.
    pub last: usize,
    /// Whether the block is a test, or inside of one: under `#[test]` or `#[cfg(test)]`.
    pub is_test: bool,
}

/// The source with blanks in place of comments and of what strings and characters hold. Lines stay
/// where they are.
pub fn scrub(text: &str) -> String {
    let source: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&now) = source.get(at) {
        let rest = source.get(at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|last| source.get(last));
        let length = match rest {
            ['/', '/', ..] => rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => string(rest),
            ['r', '"' | '#', ..] if !before.is_some_and(|c| c.is_alphanumeric() && *c != 'b' || *c == '_') => {
                raw_string(rest)
            }
            ['\'', '\\', ..] => 3 + rest.iter().skip(3).take_while(|c| **c != '\'').count(),
            ['\'', _, '\'', ..] => 2,
            _ => 0,
        };
        if length == 0 {
            out.push(now);
            at += 1;
        } else {
            out.extend(rest.iter().take(length).map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at += length;
            // The closing quote of a character.
            if now == '\'' {
                out.push(' ');
                at += 1;
            }
        }
    }
    out
}

/// The length of a comment in stars, with those inside of it.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(['/', '*']) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/']) => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(rest.len())
}

/// The length of a string with its quotes.
fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while let Some(now) = rest.get(at) {
        match now {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string; zero if it is none (`r#type`).
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let mut end = vec!['"'];
    end.resize(1 + hashes, '#');
    let start = 2 + hashes;
    let body = rest.get(start..).unwrap_or_default();
    body.windows(end.len()).position(|window| window == end).map_or(rest.len(), |found| start + found + end.len())
}

/// The blocks of a scrubbed source, in the order in which they end.
pub fn blocks(scrubbed: &str) -> Result<Vec<Block>> {
    let test = Regex::new(r"#\[\s*(cfg\((any\(|all\()?\s*test\b|([a-z]+::)?test\b)")?;
    let mut found: Vec<Block> = Vec::new();
    // Open brackets: for a brace its header, where that began, and whether it is a test.
    let mut open: Vec<Option<(String, usize, bool)>> = Vec::new();
    let (mut header, mut header_line, mut line) = (String::new(), 1, 1);
    for now in scrubbed.chars() {
        match now {
            '{' => {
                let inside = open.iter().flatten().any(|(.., is_test)| *is_test);
                let is_test = inside || test.is_match(&header);
                open.push(Some((std::mem::take(&mut header), header_line, is_test)));
            }
            '}' => {
                if let Some(Some((of_block, began, is_test))) = open.pop() {
                    let nested = matches!(open.last(), Some(None));
                    // Inside of parentheses or an array type, the statement goes on after the brace.
                    (header, header_line) = if nested { (of_block.clone(), began) } else { (String::new(), line) };
                    found.push(Block { header: of_block, header_line: began, last: line, is_test });
                }
            }
            ';' if !matches!(open.last(), Some(None)) => header.clear(),
            _ => {
                match now {
                    '(' | '[' => open.push(None),
                    ')' | ']' if matches!(open.last(), Some(None)) => drop(open.pop()),
                    _ => {}
                }
                if header.is_empty() {
                    header_line = line;
                }
                if !header.is_empty() || !now.is_whitespace() {
                    header.push(now);
                }
            }
        }
        line += usize::from(now == '\n');
    }
    Ok(found)
}

/// The blocks around a line, from the innermost out.
pub fn around(blocks: &[Block], line: usize) -> impl Iterator<Item = &Block> {
    blocks.iter().filter(move |block| block.header_line <= line && line <= block.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<(String, usize, usize)> {
        let found = blocks(&scrub(text)).unwrap();
        found.into_iter().map(|block| (block.header.trim().into(), block.header_line, block.last)).collect()
    }

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        let text = "a(\"{\\\"\"); // }\n/* { /* } */ */ b('{', '\\'', b'}');\nr#\"{\"\n\"# 'life r#type";
        let scrubbed = scrub(text);
        assert_eq!(scrubbed.chars().filter(|c| matches!(c, '{' | '}' | '"')).count(), 0, "{scrubbed}");
        assert_eq!(scrubbed.lines().count(), text.lines().count());
        assert!(scrubbed.contains("'life r#type"));
    }

    #[test]
    fn block_has_its_header_and_lines() {
        assert_eq!(
            headers("use a;\n#[x]\nfn f(a: [u8; 2]) -> u8 {\n    1\n}\n"),
            [("#[x]\nfn f(a: [u8; 2]) -> u8".into(), 2, 5)]
        );
        assert_eq!(headers("fn g() -> [u8; { N }] {\n}")[1].0, "fn g() -> [u8; ]");
    }

    #[test]
    fn block_is_a_test_when_something_around_it_is() {
        let text =
            "#[cfg(test)]\nmod tests {\n    fn help() {}\n}\n#[cfg(not(test))]\nfn real() {}\n#[test]\nfn t() {}";
        let found = blocks(&scrub(text)).unwrap();
        let tests: Vec<bool> = found.iter().map(|block| block.is_test).collect();
        assert_eq!(tests, [true, true, false, true]);
    }

    #[test]
    fn blocks_around_a_line_are_found() {
        let found = blocks("impl A {\n    fn f() {\n        x\n    }\n}\n").unwrap();
        let around: Vec<&str> = around(&found, 3).map(|block| block.header.trim()).collect();
        assert_eq!(around, ["fn f()", "impl A"]);
    }
}
