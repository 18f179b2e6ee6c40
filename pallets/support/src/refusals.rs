//! Why an account may not take part, as errors. A wallet translates one set of names, whatever pallet refuses.

/// Lets a pallet's `Error` be made of a [`KycRefusal`](crate::KycRefusal). It must have the variants `NotAttested`,
/// `AttestationExpired`, `AttestationRevoked` and `CountryProhibited`.
///
/// Of an account that is not the signer the names have a prefix, as in `ReceiverNotAttested`; that is a function of the
/// pallet.
#[macro_export]
macro_rules! impl_from_kyc_refusal {
    ($error:ident) => {
        impl<T> From<$crate::KycRefusal> for $error<T> {
            fn from(refusal: $crate::KycRefusal) -> Self {
                match refusal {
                    $crate::KycRefusal::NotAttested => Self::NotAttested,
                    $crate::KycRefusal::Expired(_) => Self::AttestationExpired,
                    $crate::KycRefusal::Revoked => Self::AttestationRevoked,
                    $crate::KycRefusal::CountryProhibited => Self::CountryProhibited,
                }
            }
        }
    };
}

/// Lets a pallet's `Error` be made of a [`PriceRefusal`](crate::PriceRefusal). It must have the variants `RateMissing`
/// and `RateStale`.
#[macro_export]
macro_rules! impl_from_price_refusal {
    ($error:ident) => {
        impl<T> From<$crate::PriceRefusal> for $error<T> {
            fn from(refusal: $crate::PriceRefusal) -> Self {
                match refusal {
                    $crate::PriceRefusal::Missing => Self::RateMissing,
                    $crate::PriceRefusal::Stale(_) => Self::RateStale,
                }
            }
        }
    };
}
