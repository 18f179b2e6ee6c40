//! Deeds as ordinary NFTs: one collection, owned, administered and issued by the licenses pallet, without deposits.
//!
//! Every deed is always locked but while a call of `pallet-licenses` moves it; no caller reaches `pallet-nfts` itself.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{
        tokens::nonfungibles_v2::{Inspect, Transfer},
        AsEnsureOriginWithArg, ConstU128, ConstU32,
    },
    PalletId,
};
use frame_system::EnsureNever;
use pallet_nfts::{
    CollectionConfig, CollectionSetting, CollectionSettings, Event, ItemConfig, ItemSettings, MintSettings,
    PalletFeature, PalletFeatures,
};
use ratio1_primitives::{economics, traits::DeedToken, LicenseId};
use sp_runtime::{
    traits::{AccountIdConversion, Verify},
    DispatchError, DispatchResult,
};

/// The collection of all deeds; the item's number is the license's.
pub const DEEDS: u32 = 0;
/// Whose collection it is: an account without a key.
const DEEDS_OWNER: PalletId = PalletId(*b"r1/deeds");
/// Every deed there can be: the Genesis deed, Master deeds, Node Deeds.
const MAX_DEEDS: u32 = 1 + economics::MASTER_COUNT + economics::NODE_COUNT;

parameter_types! {
    pub Features: PalletFeatures =
        PalletFeatures::from_disabled(PalletFeature::Swaps | PalletFeature::Attributes);
}

impl pallet_nfts::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type CollectionId = u32;
    type ItemId = u32;
    type Currency = Balances;
    type ForceOrigin = EnsureNever<AccountId>;
    type CreateOrigin = AsEnsureOriginWithArg<EnsureNever<AccountId>>;
    type Locker = Licenses;
    type CollectionDeposit = ConstU128<0>;
    type ItemDeposit = ConstU128<0>;
    type MetadataDepositBase = ConstU128<0>;
    type AttributeDepositBase = ConstU128<0>;
    type DepositPerByte = ConstU128<0>;
    type StringLimit = ConstU32<256>;
    type KeyLimit = ConstU32<64>;
    type ValueLimit = ConstU32<256>;
    type ApprovalsLimit = ConstU32<10>;
    type ItemAttributesApprovalsLimit = ConstU32<1>;
    type MaxTips = ConstU32<1>;
    type MaxDeadlineDuration = ConstU32<1>;
    type MaxAttributesPerCall = ConstU32<1>;
    type Features = Features;
    type OffchainSignature = Signature;
    type OffchainPublic = <Signature as Verify>::Signer;
    #[cfg(feature = "runtime-benchmarks")]
    type Helper = ();
    type WeightInfo = pallet_nfts::weights::SubstrateWeight<Runtime>;
    type BlockNumberProvider = System;
}

/// [`DeedToken`] on `pallet-nfts`.
pub struct Deeds;

impl DeedToken<AccountId> for Deeds {
    fn create_collection() -> Result<(), DispatchError> {
        let owner: AccountId = DEEDS_OWNER.into_account_truncating();
        let config = CollectionConfig {
            settings: CollectionSettings::from_disabled(CollectionSetting::DepositRequired.into()),
            max_supply: Some(MAX_DEEDS),
            mint_settings: MintSettings::default(),
        };
        let event = Event::Created { collection: DEEDS, creator: owner.clone(), owner: owner.clone() };
        Nfts::do_create_collection(DEEDS, owner.clone(), owner, config, 0, event)?;
        // Not advanced by the function above: the number is taken.
        pallet_nfts::NextCollectionId::<Runtime>::put(DEEDS.saturating_add(1));
        Ok(())
    }

    fn issue(id: LicenseId, owner: &AccountId) -> DispatchResult {
        let config = ItemConfig { settings: ItemSettings::all_enabled() };
        Nfts::do_mint(DEEDS, id.0, None, owner.clone(), config, |_, _| Ok(()))
    }

    fn owner(id: LicenseId) -> Option<AccountId> {
        <Nfts as Inspect<AccountId>>::owner(&DEEDS, &id.0)
    }

    fn transfer(id: LicenseId, to: &AccountId) -> DispatchResult {
        <Nfts as Transfer<AccountId>>::transfer(&DEEDS, &id.0, to)
    }
}
