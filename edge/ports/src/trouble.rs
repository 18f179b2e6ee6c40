//! What is wrong with a part of the node, and what its operator can do about it.

use parking_lot::Mutex;
use std::collections::BTreeMap;

/// A part of the node in which something can be wrong that its operator can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// This machine's clock.
    Clock,
    /// The node's key.
    Key,
    /// What runs here, as far as it is known.
    Services,
    /// The way of beats to their receivers.
    Delivery,
    /// The way of beats from their receivers to the other oracles.
    Arrival,
    /// The store of counts and ballots.
    Store,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Clock, Self::Key, Self::Services, Self::Delivery, Self::Arrival, Self::Store];

    /// The metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Key => "key",
            Self::Services => "services",
            Self::Delivery => "delivery",
            Self::Arrival => "arrival",
            Self::Store => "store",
        }
    }
}

/// Something that is wrong, and what its operator can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The condition that fails.
    pub condition: String,
    /// How to meet it.
    pub remedy: String,
}

impl Trouble {
    /// From two texts.
    pub fn new(condition: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { condition: condition.into(), remedy: remedy.into() }
    }
}

/// Where workers say what is wrong. A worker's own telemetry extends it.
pub trait Troubles: Send + Sync + 'static {
    /// What is wrong with a part of the node now; `None`: nothing. Told again and again, changed or not; cheap, and
    /// never blocks.
    fn set_trouble(&self, part: Part, now: Option<Trouble>);
}

/// What is wrong now, part by part.
#[derive(Debug, Default)]
pub struct TroubleBook(Mutex<BTreeMap<Part, Trouble>>);

impl TroubleBook {
    /// All that is wrong.
    pub fn troubles(&self) -> BTreeMap<Part, Trouble> {
        self.0.lock().clone()
    }
}

impl Troubles for TroubleBook {
    fn set_trouble(&self, part: Part, now: Option<Trouble>) {
        let mut troubles = self.0.lock();
        match now {
            Some(trouble) => drop(troubles.insert(part, trouble)),
            None => drop(troubles.remove(&part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_lasts_until_it_is_said_to_be_over() {
        let book = TroubleBook::default();
        book.set_trouble(Part::Store, Some(Trouble::new("full", "make room")));
        book.set_trouble(Part::Store, Some(Trouble::new("fuller", "make room")));
        assert_eq!(book.troubles(), BTreeMap::from([(Part::Store, Trouble::new("fuller", "make room"))]));
        book.set_trouble(Part::Store, None);
        assert!(book.troubles().is_empty());
    }
}
