//! Places that exist, and places that do not.

use super::*;

const SOURCE: &str = "pub struct Limit;\nenum Refusal {\n    Late,\n    Paid { by: u8 },\n}\npub(crate) fn pay() {}\n\
                      #[test]\nfn payer_is_refused_when_late() {}\n";

fn found(path: &str, text: &str) -> Vec<String> {
    let files = [
        ("pallets/jobs/src/lib.rs", SOURCE),
        ("pallets/jobs/src/pay.rs", ""),
        ("scripts/vectors", "def s(t):"),
        (path, text),
    ];
    check(&Project::of(&files)).unwrap().into_iter().map(|finding| finding.wrong).collect()
}

fn passes(path: &str, text: &str) {
    assert_eq!(found(path, text), [""; 0], "{text}");
}

#[test]
fn places_that_exist_pass() {
    passes("docs/a.md", "`pallets/jobs/src/lib.rs::Limit`, `pallets/jobs/src/{lib,pay}.rs`, pallets/*/src/mock.rs");
    passes(
        "docs/a.md",
        "pallets/jobs/src/lib.rs::{pay, Refusal} (twice, in 2 blocks); ::tests::payer_is_refused_when_late",
    );
    passes("docs/a.md", "pallets/jobs/src/lib.rs::pay; other.rs::whatever; ::more of that");
    passes("a/src/lib.rs", "//! As in pallets/jobs/src/lib.rs, and ::std::mem::take");
}

#[test]
fn place_is_found_when_its_file_or_name_does_not_exist() {
    assert_eq!(found("docs/a.md", "see pallets/jobs/src/gone.rs"), ["there is no file pallets/jobs/src/gone.rs"]);
    assert_eq!(found("a/src/lib.rs", "// pallets/jobs/src/gone.rs").len(), 1);
    assert_eq!(found("docs/a.md", "pallets/jobs/src/{lib,gone}.rs").len(), 1);
    assert_eq!(found("docs/a.md", "`pallets/jobs/src/lib.rs::gone`"), ["pallets/jobs/src/lib.rs has no item `gone`"]);
    assert_eq!(found("docs/a.md", "pallets/jobs/src/lib.rs::{pay, gone}, ::gone_too").len(), 2);
}

#[test]
fn lines_of_the_protocol_that_resolve_pass() {
    let page = "docs/protocol/jobs.md";
    passes(page, "Code: pallets/jobs/src/lib.rs::Limit, ::Refusal::Late, ::Refusal::Paid, pallets/jobs/src");
    passes(page, "- **Test:** `pallets/jobs/src/lib.rs::tests::payer_is_refused_when_late` (slow).");
    passes(page, "Test: none");
    passes(page, "Test: none: nobody can show it");
    passes(page, "Code: scripts/vectors::s");
    passes(page, "Code: pallets/jobs/src/lib.rs::pay,\n  pallets/jobs/src/pay.rs\nAnd some prose.");
    passes(page, "```\nCode: path::name\n```");
    passes("docs/other.md", "Code: whatever");
}

#[test]
fn line_of_the_protocol_is_found_when_an_item_does_not_resolve() {
    let page = "docs/protocol/jobs.md";
    for line in [
        "Code: pallets/jobs/src/gone.rs",
        "Code: pallets/jobs/src/lib.rs::gone",
        "Code: pallets/gone::x",
        "Code: the jobs pallet",
        "Code: ::pay",
        "Test: pallets/jobs/src/lib.rs",
        "Test: pallets/jobs/src/lib.rs::Limit",
        "Test: pallets/jobs/src/lib.rs::payer_is_refused_when_late,\n  pallets/jobs/src/lib.rs::gone",
    ] {
        assert_eq!(found(page, line).len(), 1, "{line}");
    }
}

#[test]
fn variant_is_no_test_and_a_call_is_no_item() {
    assert!(declares(SOURCE, true, "Late", false).unwrap());
    assert!(!declares(SOURCE, true, "Late", true).unwrap());
    assert!(!declares("fn a() { late(); }", true, "late", false).unwrap());
}
