//! Scrubbing: every block is read now and then, so that damage is found while others still have the block.

use super::{key::Key, Codec, Inner, StoreError};
use cid::Cid;

/// How far a pass over all blocks has come. The next step goes on there; at the end a new pass begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrubCursor {
    shard: u8,
    /// The last block of the shard that was read.
    after: Option<Key>,
}

/// What a step of scrubbing found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Blocks that were read.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Blocks that were damaged and are set aside, as `raw` CIDs: how they are linked to is not known here.
    pub damaged: Vec<Cid>,
    /// Whether the pass is over.
    pub is_over: bool,
}

impl Inner {
    /// Read blocks from `cursor` on, until they have `max_bytes` or the pass is over.
    pub(super) fn scrub(&self, cursor: &mut ScrubCursor, max_bytes: u64) -> Result<Scrubbed, StoreError> {
        let mut report = Scrubbed::default();
        loop {
            let mut keys: Vec<(Key, u32)> = {
                let shard = self.index.shard_at(cursor.shard);
                let rest = shard.entries.iter().filter(|(key, _)| Some(**key) > cursor.after);
                rest.map(|(key, entry)| (*key, entry.len)).collect()
            };
            keys.sort_unstable();
            for (key, len) in keys {
                if report.bytes >= max_bytes {
                    return Ok(report);
                }
                if self.read(&key)?.is_none() && !self.index.contains(&key) && self.is_set_aside(&key) {
                    report.damaged.push(key.cid(Codec::Raw));
                }
                cursor.after = Some(key);
                report.blocks = report.blocks.saturating_add(1);
                report.bytes = report.bytes.saturating_add(len.into());
            }
            cursor.after = None;
            let (next, is_over) = cursor.shard.overflowing_add(1);
            cursor.shard = next;
            if is_over {
                return Ok(Scrubbed { is_over, ..report });
            }
        }
    }

    /// Whether a block was set aside, and not only collected since it was listed.
    fn is_set_aside(&self, key: &Key) -> bool {
        self.aside.lock().blocks.contains(key)
    }
}
