//! Chain state for benchmarks: the real runtime's genesis, and counting what code reads and writes.

use crate::BenchError;
use ratio1_runtime::{presets, RuntimeGenesisConfig};
use serde_json::Value;
use sp_io::TestExternalities;
use sp_runtime::BuildStorage;

/// The state after genesis of the `local` preset.
pub fn local() -> Result<TestExternalities, BenchError> {
    let genesis = |error: String| BenchError::Genesis(error);
    let patch = presets::get(&presets::LOCAL.into()).ok_or_else(|| genesis("no such preset".into()))?;
    let patch: Value = serde_json::from_slice(&patch).map_err(|e| genesis(e.to_string()))?;
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).map_err(|e| genesis(e.to_string()))?;
    merge(&mut config, patch);
    let config: RuntimeGenesisConfig = serde_json::from_value(config).map_err(|e| genesis(e.to_string()))?;
    Ok(config.build_storage().map_err(genesis)?.into())
}

/// Put the values of `patch` over those of `base`.
fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            patch.into_iter().for_each(|(key, value)| merge(base.entry(key).or_insert(Value::Null), value));
        }
        (base, patch) => *base = patch,
    }
}

/// Make what was set up so far the committed state, so that reads go to the trie.
pub fn commit(ext: &mut TestExternalities) -> Result<(), BenchError> {
    ext.commit_all().map_err(|_| BenchError::Setup("a storage transaction is open"))
}

/// What a piece of code asked of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Distinct items read from the committed state.
    pub reads: usize,
    /// Distinct items written.
    pub writes: usize,
    /// Bytes of the keys and values written.
    pub bytes: usize,
}

/// Run `work` on the committed state, count what it touches, and forget what it did.
pub fn count<R>(ext: &mut TestExternalities, work: impl FnOnce() -> R) -> (Access, R) {
    let (recorder, recorded) = pair();
    let result = ext.execute_with_recorder(recorder, work);
    let reads = recorded.recorded_keys().values().map(|keys| keys.len()).sum();
    let (mut writes, mut bytes) = (0, 0);
    for (key, entry) in ext.overlayed_changes().clone().changes_mut() {
        writes += 1;
        bytes += key.len() + entry.value().map_or(0, |value| value.len());
    }
    ext.reset_overlay();
    (Access { reads, writes, bytes }, result)
}

/// Two handles to one default value, of whatever type the caller needs.
fn pair<T: Default + Clone>() -> (T, T) {
    let one = T::default();
    (one.clone(), one)
}
