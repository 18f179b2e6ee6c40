//! What a check found.

use std::fmt;

/// A place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the checkout.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, without a full stop.
    pub wrong: String,
    /// What to do, without a full stop.
    pub cure: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(path: &str, line: usize, wrong: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { path: path.into(), line, wrong: wrong.into(), cure: cure.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}. {}.", self.path, self.line, self.wrong, self.cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_is_one_line_with_place_fault_and_cure() {
        let finding = Finding::new("a/b.rs", 7, "it is wrong", "Mend it");
        assert_eq!(finding.to_string(), "a/b.rs:7: it is wrong. Mend it.");
    }
}
