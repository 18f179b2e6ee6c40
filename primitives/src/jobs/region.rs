//! Countries by region.

use crate::kyc::Country;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A region of the United Nations' geoscheme (M49), the Americas cut in three; Taiwan, which M49 leaves out, is in Asia.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(missing_docs)]
pub enum Region {
    Africa,
    Asia,
    Europe,
    NorthAmerica,
    CentralAmericaAndCaribbean,
    SouthAmerica,
    Oceania,
}

impl Region {
    /// The region a country lies in. `None` for Antarctica, and for what is no code of ISO 3166-1.
    pub fn of(country: Country) -> Option<Self> {
        let code = &country.0;
        TABLE.iter().find(|(_, codes)| codes.contains(&code)).map(|(region, _)| *region)
    }
}

const TABLE: [(Region, &[&[u8; 2]]); 7] = [
    (
        Region::Africa,
        &[
            b"AO", b"BF", b"BI", b"BJ", b"BW", b"CD", b"CF", b"CG", b"CI", b"CM", b"CV", b"DJ", b"DZ", b"EG", b"EH",
            b"ER", b"ET", b"GA", b"GH", b"GM", b"GN", b"GQ", b"GW", b"IO", b"KE", b"KM", b"LR", b"LS", b"LY", b"MA",
            b"MG", b"ML", b"MR", b"MU", b"MW", b"MZ", b"NA", b"NE", b"NG", b"RE", b"RW", b"SC", b"SD", b"SH", b"SL",
            b"SN", b"SO", b"SS", b"ST", b"SZ", b"TD", b"TF", b"TG", b"TN", b"TZ", b"UG", b"YT", b"ZA", b"ZM", b"ZW",
        ],
    ),
    (
        Region::Asia,
        &[
            b"AE", b"AF", b"AM", b"AZ", b"BD", b"BH", b"BN", b"BT", b"CN", b"CY", b"GE", b"HK", b"ID", b"IL", b"IN",
            b"IQ", b"IR", b"JO", b"JP", b"KG", b"KH", b"KP", b"KR", b"KW", b"KZ", b"LA", b"LB", b"LK", b"MM", b"MN",
            b"MO", b"MV", b"MY", b"NP", b"OM", b"PH", b"PK", b"PS", b"QA", b"SA", b"SG", b"SY", b"TH", b"TJ", b"TL",
            b"TM", b"TR", b"TW", b"UZ", b"VN", b"YE",
        ],
    ),
    (
        Region::Europe,
        &[
            b"AD", b"AL", b"AT", b"AX", b"BA", b"BE", b"BG", b"BY", b"CH", b"CZ", b"DE", b"DK", b"EE", b"ES", b"FI",
            b"FO", b"FR", b"GB", b"GG", b"GI", b"GR", b"HR", b"HU", b"IE", b"IM", b"IS", b"IT", b"JE", b"LI", b"LT",
            b"LU", b"LV", b"MC", b"MD", b"ME", b"MK", b"MT", b"NL", b"NO", b"PL", b"PT", b"RO", b"RS", b"RU", b"SE",
            b"SI", b"SJ", b"SK", b"SM", b"UA", b"VA",
        ],
    ),
    (Region::NorthAmerica, &[b"BM", b"CA", b"GL", b"PM", b"US"]),
    (
        Region::CentralAmericaAndCaribbean,
        &[
            b"AG", b"AI", b"AW", b"BB", b"BL", b"BQ", b"BS", b"BZ", b"CR", b"CU", b"CW", b"DM", b"DO", b"GD", b"GP",
            b"GT", b"HN", b"HT", b"JM", b"KN", b"KY", b"LC", b"MF", b"MQ", b"MS", b"MX", b"NI", b"PA", b"PR", b"SV",
            b"SX", b"TC", b"TT", b"VC", b"VG", b"VI",
        ],
    ),
    (
        Region::SouthAmerica,
        &[
            b"AR", b"BO", b"BR", b"BV", b"CL", b"CO", b"EC", b"FK", b"GF", b"GS", b"GY", b"PE", b"PY", b"SR", b"UY",
            b"VE",
        ],
    ),
    (
        Region::Oceania,
        &[
            b"AS", b"AU", b"CC", b"CK", b"CX", b"FJ", b"FM", b"GU", b"HM", b"KI", b"MH", b"MP", b"NC", b"NF", b"NR",
            b"NU", b"NZ", b"PF", b"PG", b"PN", b"PW", b"SB", b"TK", b"TO", b"TV", b"UM", b"VU", b"WF", b"WS",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// ISO 3166-1 alpha-2, all 249.
    const ISO: &str = "
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
        BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
        FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
        IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
        MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
        PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
        SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE
        YT ZA ZM ZW";

    /// The node-operator document's prohibited countries, with which the chain begins.
    const PROHIBITED: &str = "
        AF BB BY BF BI KH CM KY CF CD EG GN GW HT IR IQ JM JO KP LB LY ML MA MZ MM NI PK PA RU SN SO SS LK SD SY TT TN
        UG UA VU VE YE ZW";

    fn codes(text: &str) -> Vec<Country> {
        text.split_whitespace().map(|code| Country(code.as_bytes().try_into().expect("two letters"))).collect()
    }

    fn region(code: &str) -> Option<Region> {
        Region::of(codes(code)[0])
    }

    #[test]
    fn no_country_is_placed_twice() {
        let placed: Vec<_> = TABLE.iter().flat_map(|(_, codes)| codes.iter()).collect();
        assert_eq!(placed.len(), placed.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(TABLE.len(), TABLE.iter().map(|(region, _)| region).collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn every_iso_country_but_antarctica_is_placed_and_nothing_else() {
        let iso = codes(ISO);
        assert_eq!(iso.len(), 249);
        let unplaced: Vec<_> = iso.iter().filter(|country| Region::of(**country).is_none()).collect();
        assert_eq!(unplaced, [&Country(*b"AQ")]);
        for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second))) {
            let country = Country([first, second]);
            assert!(Region::of(country).is_none() || iso.contains(&country), "{country:?}");
        }
    }

    #[test]
    fn regions_have_the_sizes_of_m49() {
        // Antarctica in none; Taiwan as one more of Asia's 50; Sark, which M49 counts in Europe, has no code of ISO.
        let sizes = TABLE.map(|(region, codes)| (region, codes.len()));
        let expected = [
            (Region::Africa, 60),
            (Region::Asia, 50 + 1),
            (Region::Europe, 52 - 1),
            (Region::NorthAmerica, 5),
            (Region::CentralAmericaAndCaribbean, 8 + 28),
            (Region::SouthAmerica, 16),
            (Region::Oceania, 29),
        ];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn prohibited_countries_are_placed() {
        let prohibited = codes(PROHIBITED);
        assert_eq!(prohibited.len(), 43);
        assert!(prohibited.into_iter().all(|country| Region::of(country).is_some()));
    }

    #[test]
    fn countries_between_regions_are_where_m49_has_them() {
        let expected = [
            (Region::Africa, "EG EH IO MU RE SD TF YT ZA"),
            (Region::Asia, "AM AZ CN CY GE HK IL IN JP KR KZ SG TL TR TW"),
            (Region::Europe, "AX BY CH DE ES FR GB GI IS MD MT RO RU SJ UA"),
            (Region::NorthAmerica, "BM CA GL PM US"),
            (Region::CentralAmericaAndCaribbean, "AW BQ CU CW MX PA PR TT VI"),
            (Region::SouthAmerica, "AR BR BV CO FK GF GS GY SR VE"),
            (Region::Oceania, "AS AU CC CX GU HM NZ PG UM WF"),
        ];
        for (expected, countries) in expected {
            for country in codes(countries) {
                assert_eq!(Region::of(country), Some(expected), "{country:?}");
            }
        }
    }

    #[test]
    fn what_is_no_country_is_in_no_region() {
        // Unassigned, user-assigned, reserved, withdrawn, lower case.
        for code in ["AA", "XK", "EU", "UK", "SU", "YU", "AN", "ZZ", "de", "D1"] {
            assert_eq!(region(code), None, "{code}");
        }
        assert_eq!(Region::of(Country([0, 0])), None);
    }
}
