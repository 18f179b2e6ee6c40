//! What a pool's refusal means. Feeless calls are refused by a number, the index of the variant of the error of the
//! pallet that judges the call; here it gets back the name and the text that the pallet gives it.
//!
//! Native only: it reads the type information that metadata is made of, and wasm has no use for it.

use crate::Runtime;
use ratio1_primitives::{api::NodeCall, refusal::CallRefusal};
use scale_info::{StaticTypeInfo, TypeDef};

/// Why `call` is refused with this code. `None` for a code that this binary does not know: its chain has a newer
/// runtime.
pub fn refusal_of(call: &NodeCall, code: u8) -> Option<CallRefusal> {
    match call {
        NodeCall::Declare { .. } => named::<pallet_nodes::Error<Runtime>>(code),
        NodeCall::Accept { .. } | NodeCall::Resign { .. } => named::<pallet_jobs::Error<Runtime>>(code),
    }
}

/// The error at `index` as its own documentation has it.
fn named<E: StaticTypeInfo>(index: u8) -> Option<CallRefusal> {
    let TypeDef::Variant(errors) = E::type_info().type_def else { return None };
    let variant = errors.variants.into_iter().find(|variant| variant.index == index)?;
    let docs = variant.docs.join(" ");
    let number = format!("{index}: ");
    Some(CallRefusal { error: variant.name, docs: docs.strip_prefix(&number).unwrap_or(&docs).trim().into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use ratio1_primitives::{jobs::SlotRef, JobId, LicenseId};

    fn code(error: impl Encode) -> u8 {
        error.encode().first().copied().expect("a variant has an index")
    }

    #[test]
    fn refusal_has_the_name_of_the_error_with_that_index() {
        let slot = SlotRef { job: JobId(1), slot: 0 };
        let call = NodeCall::Accept { slot, signature: Default::default() };
        let over = code(pallet_jobs::Error::<Runtime>::OfferOver);
        let CallRefusal { error, docs } = refusal_of(&call, over).expect("it is known");
        assert_eq!(error, "OfferOver");
        assert!(docs.starts_with("the offer has lapsed"), "{docs}");
    }

    #[test]
    fn refusal_of_a_declaration_is_one_of_its_own_pallet() {
        let (license, signature) = (LicenseId(1), Default::default());
        let call = NodeCall::Declare { license, sequence: 1, profile: Default::default(), signature };
        let refusal = refusal_of(&call, code(pallet_nodes::Error::<Runtime>::TooSoon)).expect("it is known");
        assert_eq!(refusal.error, "TooSoon");
        assert!(!refusal.docs.is_empty());
        assert_eq!(refusal_of(&call, u8::MAX), None);
    }
}
