//! The client's types, named once: what runs the runtime, keeps the blocks, holds transactions.

use ratio1_runtime::{Block, RuntimeApi};
use sc_executor::WasmExecutor;
use sc_transaction_pool::TransactionPoolHandle;

/// What the runtime may call: the SDK's standard functions and nothing else, so that generic executors and
/// benchmarking tools run our wasm too.
pub type HostFunctions = sp_io::SubstrateHostFunctions;
/// What runs the runtime.
pub type Executor = WasmExecutor<HostFunctions>;
/// The client.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// The database.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// The transaction pool.
pub type FullPool = TransactionPoolHandle<Block, FullClient>;
/// Which fork is best.
pub type SelectChain = sc_consensus::LongestChain<FullBackend, Block>;
