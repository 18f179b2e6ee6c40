//! As much of a `Cargo.toml` as a finding needs: in which line something stands.

/// The line of `key` in the section `section`, such as `dev-dependencies`: as an entry, or as a
/// section of its own (`[dev-dependencies.key]`). Sections of one target count as well.
pub fn line_of(text: &str, section: &str, key: &str) -> Option<usize> {
    let mut inside = false;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let mut parts = header.rsplit('.');
            let last = parts.next();
            if last == Some(key) && parts.next() == Some(section) {
                return Some(number);
            }
            inside = last == Some(section);
        } else if inside && name_of(line) == key {
            return Some(number);
        }
    }
    None
}

/// Whether the section `section` has the entry `key` with exactly this value.
pub fn has(text: &str, section: &str, key: &str, value: &str) -> bool {
    line_of(text, section, key)
        .and_then(|number| text.lines().nth(number.saturating_sub(1)))
        .and_then(|line| line.split_once('='))
        .is_some_and(|(_, found)| found.trim() == value)
}

/// The key of an entry: what stands before `=`, or before the dot of `key.workspace = true`.
fn name_of(line: &str) -> &str {
    line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nb.workspace = true\n\
                            [dev-dependencies]\na = \"2\"\n[dependencies.c]\nversion = \"1\"\n[lints]\nworkspace = true\n";

    #[test]
    fn entry_is_found_in_its_own_section() {
        assert_eq!(line_of(MANIFEST, "dependencies", "a"), Some(4));
        assert_eq!(line_of(MANIFEST, "dev-dependencies", "a"), Some(7));
        assert_eq!(line_of(MANIFEST, "dependencies", "b"), Some(5));
        assert_eq!(line_of(MANIFEST, "dependencies", "c"), Some(8));
        assert_eq!(line_of(MANIFEST, "dev-dependencies", "c"), None);
    }

    #[test]
    fn entry_of_a_target_is_found() {
        assert_eq!(line_of("[target.'cfg(unix)'.dependencies]\nd = \"1\"", "dependencies", "d"), Some(2));
    }

    #[test]
    fn value_is_compared_when_the_entry_is_there() {
        assert!(has(MANIFEST, "lints", "workspace", "true"));
        assert!(!has(MANIFEST, "lints", "workspace", "false"));
        assert!(!has("[package]\nworkspace = true", "lints", "workspace", "true"));
    }
}
