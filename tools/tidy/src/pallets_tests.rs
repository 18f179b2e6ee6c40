//! A pallet with the skeleton, and pallets that lack a part of it.

use super::*;

const LIB: &str =
    "//! # Kyc\n//!\n//! ## Overview\n//! ## Terminology\n//! ## Lifecycle of an entity\n//! ## Invariants\n\
                   #[pallet::config]\n#[pallet::storage]\n#[pallet::storage]\n#[pallet::event]\n#[pallet::error]\n\
                   #[pallet::call]\n#[pallet::call_index(0)]\n#[pallet::call_index(3)]\n#[pallet::view_functions]\n\
                   #[pallet::hooks]\nfn try_state() {}\n";

const GOOD: [(&str, &str); 9] = [
    ("pallets/kyc/Cargo.toml", ""),
    ("pallets/kyc/src/lib.rs", LIB),
    ("pallets/kyc/src/weights.rs", ""),
    ("pallets/kyc/src/try_state.rs", "fn do_try_state() {}"),
    ("pallets/kyc/src/mock.rs", ""),
    ("pallets/kyc/src/tests/mod.rs", ""),
    ("pallets/kyc/src/benchmarking.rs", ""),
    ("runtime/src/weights/pallet_kyc.rs", "Weight::from_parts(1, 2)"),
    ("scripts/weights", "ALL=(pallet_jobs\n    pallet_kyc)\nESTIMATED=()"),
];

/// What is found when a file is replaced, or left out if there is nothing in its place.
fn found(path: &str, text: Option<&str>) -> Vec<String> {
    let mut files: Vec<(&str, &str)> = GOOD.iter().copied().filter(|(known, _)| *known != path).collect();
    files.extend(text.map(|text| (path, text)));
    check(&Project::of(&files)).unwrap().into_iter().map(|finding| finding.wrong).collect()
}

/// The same for a change of `lib.rs`.
fn changed(from: &str, to: &str) -> Vec<String> {
    let lib = LIB.replace(from, to);
    assert_ne!(lib, LIB, "nothing changed");
    found("pallets/kyc/src/lib.rs", Some(&lib))
}

#[test]
fn pallet_with_the_skeleton_passes() {
    assert_eq!(check(&Project::of(&GOOD)).unwrap(), []);
    let without: Vec<(&str, &str)> = GOOD
        .iter()
        .map(|(path, text)| {
            (if path.ends_with("benchmarking.rs") { "pallets/kyc/src/benchmarking/mod.rs" } else { path }, *text)
        })
        .collect();
    assert_eq!(check(&Project::of(&without)).unwrap(), []);
}

#[test]
fn libraries_need_no_skeleton() {
    assert_eq!(
        check(&Project::of(&[("pallets/support/Cargo.toml", ""), ("pallets/testing/Cargo.toml", "")])).unwrap(),
        []
    );
}

#[test]
fn pallet_is_found_when_a_file_is_missing() {
    for file in ["weights.rs", "mock.rs", "tests/mod.rs", "benchmarking.rs"] {
        let path = format!("pallets/kyc/src/{file}");
        assert_eq!(found(&path, None), [format!("{path} is missing")]);
    }
    assert_eq!(found("pallets/kyc/src/try_state.rs", None).len(), 2, "the file and the function");
    assert_eq!(found("pallets/kyc/src/lib.rs", None), ["pallets/kyc/src/lib.rs is missing"]);
}

#[test]
fn pallet_is_found_when_tests_or_benchmarks_are_a_file_and_a_folder() {
    assert_eq!(found("pallets/kyc/src/tests.rs", Some("")), ["there is a folder pallets/kyc/src/tests beside it"]);
    assert_eq!(found("pallets/kyc/src/benchmarking/scene.rs", Some("")).len(), 1);
}

#[test]
fn pallet_is_found_when_nobody_measured_it_or_will() {
    assert_eq!(found("runtime/src/weights/pallet_kyc.rs", Some("")).len(), 1);
    assert_eq!(found("scripts/weights", Some("ALL=(pallet_jobs)\nESTIMATED=(pallet_kyc)")).len(), 1);
    assert_eq!(found("scripts/weights", Some("ESTIMATED=(pallet_kyc)")).len(), 1);
    assert_eq!(found("scripts/weights", Some("ESTIMATED=()\nmapfile -t pallets < <(our_pallets)")), [""; 0]);
}

#[test]
fn pallet_is_found_when_its_docs_lack_a_heading_or_have_another_order() {
    assert_eq!(changed("# Kyc", "Kyc"), ["the module docs do not begin with a title"]);
    assert_eq!(changed("## Overview", "## Over view"), ["the module docs have no heading `Overview`"]);
    assert_eq!(
        changed("Terminology", "Invariants"),
        ["the module docs have no heading `Terminology`", "the heading `Invariants` comes too early"]
    );
}

#[test]
fn pallet_is_found_when_it_has_no_try_state() {
    assert_eq!(changed("fn try_state()", "fn other()"), ["there is no `fn try_state`"]);
    assert_eq!(found("pallets/kyc/src/try_state.rs", Some("")), ["there is no `fn do_try_state`"]);
}

#[test]
fn pallet_is_found_when_parts_or_calls_are_out_of_order() {
    let early = LIB.replace("#[pallet::hooks]\n", "").replace("#[pallet::call]", "#[pallet::hooks]\n#[pallet::call]");
    assert_eq!(found("pallets/kyc/src/lib.rs", Some(&early)), ["`hooks` stands before `call`"]);
    assert_eq!(changed("call_index(3)", "call_index(0)"), ["the call with index 0 stands after the one with 0"]);
}
