//! What one network fixes at genesis and never changes: the length of a session.
//!
//! BABE reads the length of its epochs from here. A later change would brick the chain, so there is no call.

pub use pallet::*;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage")]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    /// Session length in blocks while none is written: metadata is built on empty state.
    pub const DEFAULT_SESSION_BLOCKS: u64 = 1_200;

    #[pallet::config]
    pub trait Config: frame_system::Config {}

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::type_value]
    pub fn DefaultSessionBlocks() -> u64 {
        DEFAULT_SESSION_BLOCKS
    }

    /// Blocks in a session, written once at genesis.
    #[pallet::storage]
    pub type SessionBlocks<T> = StorageValue<_, u64, ValueQuery, DefaultSessionBlocks>;

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Blocks in a session; zero leaves the default.
        pub session_blocks: u64,
        #[serde(skip)]
        pub _marker: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            if self.session_blocks > 0 {
                SessionBlocks::<T>::put(self.session_blocks);
            }
        }
    }

    impl<T: Config> Get<u64> for Pallet<T> {
        fn get() -> u64 {
            SessionBlocks::<T>::get()
        }
    }
}
