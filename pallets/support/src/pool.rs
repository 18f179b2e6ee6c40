//! Calls that are free of fees, as the transaction pool sees them.
//!
//! Two kinds. *Authorised* calls have no signer: `authorize` checks everything, and they are valid only where they
//! succeed. *Feeless* calls are signed, and cost nothing where they succeed.

use codec::Encode;
use frame_support::{
    pallet_prelude::{
        InvalidTransaction, TransactionValidity, TransactionValidityError, TransactionValidityWithRefund,
        ValidTransaction,
    },
    weights::Weight,
};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};

/// The priority of calls that may wait. Just above the free signed calls, whose priority is zero: whoever can make
/// those for nothing must not be able to keep others from their pay.
pub const PATIENT: u64 = 1;
/// Blocks for which a call that may wait stays in the pool.
pub const PATIENCE: u64 = 64;

/// The code by which the pool names a refusal: the index of the error's variant.
pub fn code(error: impl Encode) -> u8 {
    error.using_encoded(|bytes| bytes.first().copied().unwrap_or(u8::MAX))
}

/// The pool's form of a refusal: `InvalidTransaction::Custom` with its [`code`].
pub fn refusal(error: impl Encode) -> TransactionValidityError {
    InvalidTransaction::Custom(code(error)).into()
}

/// An authorised call that was found good.
#[derive(Clone, Copy, Debug)]
pub struct Authorized<Tag> {
    /// The call, as `ratio1/<pallet>/<call>`.
    pub call: &'static str,
    /// Of two calls with one tag the pool keeps one.
    pub tag: Tag,
    /// What it comes before.
    pub priority: u64,
    /// Blocks after which it is judged again.
    pub longevity: u64,
}

impl<Tag: Encode> Authorized<Tag> {
    /// What the pool is told of it.
    pub fn validity(self) -> TransactionValidity {
        ValidTransaction::with_tag_prefix(self.call)
            .priority(self.priority)
            .and_provides(self.tag)
            .longevity(self.longevity)
            .propagate(true)
            .build()
    }

    /// The same as the outcome of an `authorize` that cost `unused` less than was announced.
    pub fn refunding(self, unused: Weight) -> TransactionValidityWithRefund {
        Ok((self.validity()?, unused))
    }
}

/// Whether a signed call is free of fees: exactly where `check` finds that it would succeed for its signer.
pub fn is_feeless_for<T: frame_system::Config, R, E>(
    origin: &OriginFor<T>,
    check: impl FnOnce(T::AccountId) -> Result<R, E>,
) -> bool {
    ensure_signed(origin.clone()).is_ok_and(|who| check(who).is_ok())
}
