//! Walks over what lies below a root. The store does not know how links are written: whoever calls says it.

use super::{key::Named, Codec, Inner, LinksError, StoreError};
use cid::Cid;

/// How deep blocks may be nested.
pub const MAX_DEPTH: u32 = 64;

/// Reads the links of blocks.
pub trait Links: Send + Sync {
    /// What a `dag-pb` block links to, in order. `raw` blocks are never asked about.
    fn links(&self, cid: &Cid, bytes: &[u8]) -> Result<Vec<Cid>, LinksError>;
}

impl<F> Links for F
where
    F: Fn(&Cid, &[u8]) -> Result<Vec<Cid>, LinksError> + Send + Sync,
{
    fn links(&self, cid: &Cid, bytes: &[u8]) -> Result<Vec<Cid>, LinksError> {
        self(cid, bytes)
    }
}

/// Who is told of what a walk meets.
pub(super) trait Visitor {
    /// A block; whether its links are to be followed, if it has any. The same block may come again.
    fn visit(&mut self, block: &Named, depth: u32) -> Result<bool, StoreError>;

    /// A node whose links cannot be followed, because it is lost or cannot be read. An error ends the walk.
    fn stuck(&mut self, node: &Named, why: StoreError) -> Result<(), StoreError>;
}

impl Inner {
    /// Show `visitor` everything below `root`, and that itself.
    pub(super) fn walk(&self, root: &Named, links: &dyn Links, visitor: &mut dyn Visitor) -> Result<(), StoreError> {
        // Nodes that were visited and not yet read. The visitor tells known ones apart, so there are at most as many as
        // there are distinct nodes.
        let mut nodes = Vec::new();
        if visitor.visit(root, 0)? && root.codec == Codec::DagPb {
            nodes.push((*root, 0u32));
        }
        while let Some((node, depth)) = nodes.pop() {
            let below = match self.links_of(&node, links) {
                Ok(below) => below,
                Err(why @ (StoreError::Io { .. } | StoreError::DiskFull { .. })) => return Err(why),
                Err(why) => {
                    visitor.stuck(&node, why)?;
                    continue;
                }
            };
            let depth = depth.saturating_add(1);
            for block in below {
                if visitor.visit(&block, depth)? && block.codec == Codec::DagPb {
                    nodes.push((block, depth));
                }
            }
        }
        Ok(())
    }

    /// What a node links to.
    fn links_of(&self, node: &Named, links: &dyn Links) -> Result<Vec<Named>, StoreError> {
        let cid = node.cid();
        let bytes = self.read(&node.key)?.ok_or_else(|| StoreError::missing(cid))?;
        let unreadable = |source| StoreError::Unreadable { cid: Box::new(cid), source };
        links.links(&cid, &bytes).map_err(unreadable)?.iter().map(Named::by).collect()
    }
}
