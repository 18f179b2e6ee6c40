use super::*;
use proptest::prelude::*;
use sp_io::hashing::sha2_256;

const COUNTRIES: [Country; 4] = [Country(*b"DE"), Country(*b"RO"), Country(*b"US"), Country(*b"AQ")];
const REGIONS: [Region; 3] = [Region::Europe, Region::NorthAmerica, Region::Asia];
const TAGS: [&str; 3] = ["nvme", "ipv6", "a-1"];

fn tag(word: &str) -> Tag {
    word.as_bytes().to_vec().try_into().expect("at most 32 bytes")
}

fn list<T: Clone + std::fmt::Debug, const N: u32>(items: &[T]) -> BoundedVec<T, ConstU32<N>> {
    items.to_vec().try_into().expect("not more than there can be")
}

/// A German person's node with license 7 and one tag.
fn is_admitted(selectors: &Selectors) -> bool {
    selectors.admit(LicenseId(7), Country(*b"DE"), EntityKind::Individual, &[tag("nvme")])
}

/// The text of a CID: RFC 4648 base 32 in lower case, without padding, after a `b`.
fn text(cid: &Cid) -> String {
    let bits: Vec<u8> = cid.0.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |bits: &[u8]| {
        let value = (0..5).fold(0, |value, i| value << 1 | bits.get(i).copied().unwrap_or(0));
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(value)])
    };
    std::iter::once('b').chain(bits.chunks(5).map(letter)).collect()
}

#[test]
fn cids_are_those_that_ipfs_makes() {
    // The block "hello world", and an empty UnixFS directory.
    let raw = Cid::new(false, sha2_256(b"hello world"));
    assert_eq!(text(&raw), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    let directory = Cid::new(true, sha2_256(&[0x0a, 0x02, 0x08, 0x01]));
    assert_eq!(text(&directory), "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
    assert!(raw.is_well_formed() && directory.is_well_formed());
}

#[test]
fn cid_is_malformed_when_its_head_is_another() {
    let good = Cid::new(false, [9; 32]);
    for byte in 0..4 {
        for value in 0..=255 {
            let mut cid = good;
            cid.0[byte] = value;
            let known = cid == good || cid == Cid::new(true, [9; 32]);
            assert_eq!(cid.is_well_formed(), known, "byte {byte}: {value}");
        }
    }
}

#[test]
fn tags_are_words_of_lower_case_digits_and_hyphens() {
    for good in ["a", "0", "-", "nvme", "a-1", "abcdefghijklmnopqrstuvwxyz-01234", "56789"] {
        assert!(is_tag(good.as_bytes()), "{good}");
    }
    for bad in ["", "A", "nvmE", "a b", "a_b", "a.b", "ä", "a\0", "\n"] {
        assert!(!is_tag(bad.as_bytes()), "{bad:?}");
    }
    for byte in 0..=255u8 {
        assert_eq!(is_tag(&[b'a', byte]), b"abcdefghijklmnopqrstuvwxyz0123456789-".contains(&byte), "{byte}");
    }
}

#[test]
fn tags_are_at_most_32_bytes() {
    assert!(is_tag(&[b'a'; 32]) && Tag::try_from(vec![b'a'; 32]).is_ok());
    assert!(!is_tag(&[b'a'; 33]) && Tag::try_from(vec![b'a'; 33]).is_err());
}

#[test]
fn everybody_is_admitted_when_nothing_is_selected() {
    let all = Selectors::default();
    for country in COUNTRIES {
        for kind in [EntityKind::Individual, EntityKind::Company] {
            assert!(all.admit(LicenseId(0), country, kind, &[]));
        }
    }
}

#[test]
fn selectors_ask_for_one_of_the_countries() {
    let only = |countries: &[Country]| Selectors { countries: list(countries), ..Default::default() };
    assert!(is_admitted(&only(&[Country(*b"DE")])));
    assert!(is_admitted(&only(&[Country(*b"US"), Country(*b"DE")])));
    assert!(!is_admitted(&only(&[Country(*b"US")])));
}

#[test]
fn selectors_exclude_countries() {
    let without = |countries: &[Country]| Selectors { not_countries: list(countries), ..Default::default() };
    assert!(is_admitted(&without(&[Country(*b"US")])));
    assert!(!is_admitted(&without(&[Country(*b"US"), Country(*b"DE")])));
}

#[test]
fn selectors_ask_for_one_of_the_regions() {
    let only = |regions: &[Region]| Selectors { regions: list(regions), ..Default::default() };
    assert!(is_admitted(&only(&[Region::Europe])));
    assert!(is_admitted(&only(&[Region::Asia, Region::Europe])));
    assert!(!is_admitted(&only(&[Region::Asia])));
    // Of a country in no region nothing can be said.
    let every = only(&[
        Region::Africa,
        Region::Asia,
        Region::Europe,
        Region::NorthAmerica,
        Region::CentralAmericaAndCaribbean,
        Region::SouthAmerica,
        Region::Oceania,
    ]);
    assert!(is_admitted(&every));
    assert!(!every.admit(LicenseId(7), Country(*b"AQ"), EntityKind::Individual, &[]));
}

#[test]
fn selectors_ask_for_companies() {
    let selectors = Selectors { companies_only: true, ..Default::default() };
    assert!(!is_admitted(&selectors));
    assert!(selectors.admit(LicenseId(7), Country(*b"DE"), EntityKind::Company, &[]));
}

#[test]
fn selectors_ask_for_all_of_the_tags() {
    let with = |tags: &[Tag]| Selectors { tags: list(tags), ..Default::default() };
    assert!(is_admitted(&with(&[tag("nvme")])));
    assert!(!is_admitted(&with(&[tag("nvm")])));
    assert!(!is_admitted(&with(&[tag("nvme"), tag("ipv6")])));
    let both = with(&[tag("nvme"), tag("ipv6")]);
    assert!(both.admit(LicenseId(7), Country(*b"DE"), EntityKind::Individual, &[tag("ipv6"), tag("nvme"), tag("x")]));
}

#[test]
fn selectors_exclude_any_of_the_tags() {
    let without = |tags: &[Tag]| Selectors { not_tags: list(tags), ..Default::default() };
    assert!(is_admitted(&without(&[tag("ipv6")])));
    assert!(!is_admitted(&without(&[tag("ipv6"), tag("nvme")])));
}

#[test]
fn selectors_include_licenses() {
    let only = |licenses: &[LicenseId]| Selectors { include: list(licenses), ..Default::default() };
    assert!(is_admitted(&only(&[LicenseId(6), LicenseId(7)])));
    assert!(!is_admitted(&only(&[LicenseId(6), LicenseId(8)])));
}

#[test]
fn selectors_exclude_licenses() {
    let without = |licenses: &[LicenseId]| Selectors { exclude: list(licenses), ..Default::default() };
    assert!(is_admitted(&without(&[LicenseId(6), LicenseId(8)])));
    assert!(!is_admitted(&without(&[LicenseId(7)])));
}

#[test]
fn exclusion_wins_when_the_same_is_asked_for() {
    let countries = list(&[Country(*b"DE")]);
    assert!(!is_admitted(&Selectors { not_countries: list(&[Country(*b"DE")]), countries, ..Default::default() }));
    assert!(!is_admitted(&Selectors {
        tags: list(&[tag("nvme")]),
        not_tags: list(&[tag("nvme")]),
        ..Default::default()
    }));
    let include = list(&[LicenseId(7)]);
    assert!(!is_admitted(&Selectors { exclude: list(&[LicenseId(7)]), include, ..Default::default() }));
}

#[test]
fn need_is_that_of_the_tier_and_one_gpu() {
    let mut request = JobRequest {
        tier: Tier::Med1,
        gpu: None,
        nodes: 1,
        epochs: 1,
        spec: Cid::new(false, [0; 32]),
        spec_bytes: 1,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    };
    for tier in Tier::ALL {
        request.tier = tier;
        request.gpu = None;
        assert_eq!(request.need(), tier.capacity());
        for gpu in Gpu::ALL {
            request.gpu = Some(gpu);
            assert_eq!(request.need(), Capacity { gpus: 1, ..tier.capacity() });
        }
    }
}

fn some<T: Clone + std::fmt::Debug + 'static, const N: u32>(
    of: Vec<T>,
) -> impl Strategy<Value = BoundedVec<T, ConstU32<N>>> {
    // Mostly empty, so that several together admit somebody.
    let chosen = prop::sample::subsequence(of.clone(), 0..=of.len());
    prop_oneof![3 => Just(Vec::new()), 2 => chosen].prop_map(|items| list(&items))
}

prop_compose! {
    fn selectors()(
        countries in some(COUNTRIES.to_vec()),
        not_countries in some(COUNTRIES.to_vec()),
        regions in some(REGIONS.to_vec()),
        companies_only: bool,
        tags in some(TAGS.map(tag).to_vec()),
        not_tags in some(TAGS.map(tag).to_vec()),
        include in some((0..4).map(LicenseId).collect()),
        exclude in some((0..4).map(LicenseId).collect()),
    ) -> Selectors {
        Selectors { countries, not_countries, regions, companies_only, tags, not_tags, include, exclude }
    }
}

/// Each of the selectors without the others.
fn alone(s: &Selectors) -> [Selectors; 8] {
    let none = Selectors::default;
    [
        Selectors { countries: s.countries.clone(), ..none() },
        Selectors { not_countries: s.not_countries.clone(), ..none() },
        Selectors { regions: s.regions.clone(), ..none() },
        Selectors { companies_only: s.companies_only, ..none() },
        Selectors { tags: s.tags.clone(), ..none() },
        Selectors { not_tags: s.not_tags.clone(), ..none() },
        Selectors { include: s.include.clone(), ..none() },
        Selectors { exclude: s.exclude.clone(), ..none() },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn selectors_admit_together_whom_each_admits_alone(
        selectors in selectors(),
        license in (0..4u32).prop_map(LicenseId),
        country in prop::sample::select(&COUNTRIES[..]),
        company: bool,
        tags in prop::sample::subsequence(TAGS.map(tag).to_vec(), 0..=TAGS.len()),
    ) {
        let kind = if company { EntityKind::Company } else { EntityKind::Individual };
        let all = alone(&selectors).iter().all(|one| one.admit(license, country, kind, &tags));
        prop_assert_eq!(selectors.admit(license, country, kind, &tags), all);
    }

    #[test]
    fn cids_are_well_formed_and_keep_their_digest(dag_pb: bool, digest: [u8; 32]) {
        let cid = Cid::new(dag_pb, digest);
        prop_assert!(cid.is_well_formed());
        prop_assert_eq!(&cid.0[4..], &digest[..]);
        prop_assert_ne!(cid, Cid::new(!dag_pb, digest));
    }

    #[test]
    fn selectors_fit_their_greatest_length(selectors in selectors()) {
        prop_assert!(selectors.encoded_size() <= Selectors::max_encoded_len());
        prop_assert_eq!(Selectors::decode(&mut &selectors.encode()[..]), Ok(selectors));
    }
}
