//! Who has the R1, to the base unit, and what must hold of it.

use ratio1_primitives::{
    economics::{self, pools::Pool, CAP},
    Balance, LicenseClass,
};

/// The classes of deeds, in the order in which amounts by class are kept.
pub const CLASSES: [LicenseClass; 3] = [LicenseClass::Genesis, LicenseClass::Master, LicenseClass::Node];

/// All R1 there are. What was minted and burned is counted apart from who has what, so that one can be held against the
/// other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Ever minted, by class.
    pub minted: [Balance; 3],
    /// Burned by the sale of deeds.
    pub burned_sale: Balance,
    /// Burned by jobs.
    pub burned_jobs: Balance,
    /// In the pools, in the order of [`Pool::ALL`].
    pub pools: [Balance; 5],
    /// Ever received by the pools, from the Genesis deed and the sale.
    pub received: [Balance; 5],
    /// Everybody else's: operators, buyers, users. Only this buys deeds and jobs.
    pub hands: Balance,
}

/// A promise that was broken. None of these can happen on the chain, so none may happen here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("{class:?} deeds minted {minted} base units, more than their share of {share}")]
    AboveShare { class: LicenseClass, minted: Balance, share: Balance },
    #[error("{0} base units were minted, more than the cap of {CAP}")]
    AboveCap(Balance),
    #[error("{burned} base units were burned, but only {minted} minted")]
    BurnedMoreThanMinted { minted: Balance, burned: Balance },
    #[error("{outstanding} base units are outstanding, but {held} are held by somebody")]
    NotConserved { outstanding: Balance, held: Balance },
    #[error("{asked} base units were to be paid out of {there}")]
    PaidMoreThanThereIs { there: Balance, asked: Balance },
    #[error("{class:?} deeds minted {counted} base units by the count of claims, but {by_deed} by deed")]
    MiscountedClaims { class: LicenseClass, counted: Balance, by_deed: Balance },
    #[error("{0} base units cost more than can be counted")]
    Unpayable(Balance),
}

/// Take `amount` from `from`.
fn take(from: &mut Balance, amount: Balance) -> Result<(), Broken> {
    let there = *from;
    *from = there.checked_sub(amount).ok_or(Broken::PaidMoreThanThereIs { there, asked: amount })?;
    Ok(())
}

impl Ledger {
    /// Count what deeds of `class` minted. Whoever gets it comes next.
    fn count_minted(&mut self, class: LicenseClass, amount: Balance) {
        for (minted, _) in self.minted.iter_mut().zip(CLASSES).filter(|(_, of)| *of == class) {
            *minted += amount;
        }
    }

    /// Master or Node Deeds of `class` are claimed.
    pub fn mint_to_hands(&mut self, class: LicenseClass, amount: Balance) {
        self.count_minted(class, amount);
        self.hands += amount;
    }

    /// The Genesis deed is claimed, and pays `parts` to the pools.
    pub fn mint_to_pools(&mut self, parts: [(Pool, Balance); 5]) {
        for (pool, amount) in parts {
            self.count_minted(LicenseClass::Genesis, amount);
            self.receive(pool, amount);
        }
    }

    /// `amount` comes to `pool`.
    fn receive(&mut self, pool: Pool, amount: Balance) {
        for ((balance, received), _) in
            self.pools.iter_mut().zip(&mut self.received).zip(Pool::ALL).filter(|(_, of)| *of == pool)
        {
            *balance += amount;
            *received += amount;
        }
    }

    /// What is in `pool`.
    pub fn pool(&self, pool: Pool) -> Balance {
        self.pools.iter().zip(Pool::ALL).filter(|(_, of)| *of == pool).map(|(balance, _)| *balance).sum()
    }

    /// `pool` pays people `amount`.
    pub fn pay_from_pool(&mut self, pool: Pool, amount: Balance) -> Result<(), Broken> {
        for (balance, _) in self.pools.iter_mut().zip(Pool::ALL).filter(|(_, of)| *of == pool) {
            take(balance, amount)?;
            self.hands += amount;
        }
        Ok(())
    }

    /// Buyers pay `paid` for deeds, out of what they have.
    pub fn buy_deeds(&mut self, paid: Balance) -> Result<(), Broken> {
        take(&mut self.hands, paid)?;
        let parts = economics::sale::split(paid);
        self.burned_sale += parts.burned;
        self.receive(Pool::Liquidity, parts.liquidity);
        self.receive(Pool::Operations, parts.operations);
        Ok(())
    }

    /// Requesters pay `gross` for jobs: `burned` of it is, the rest is other people's.
    pub fn pay_jobs(&mut self, gross: Balance, burned: Balance) -> Result<(), Broken> {
        take(&mut self.hands, gross)?;
        let mut net = gross;
        take(&mut net, burned)?;
        self.burned_jobs += burned;
        self.hands += net;
        Ok(())
    }

    /// Ever minted, by all classes.
    pub fn minted_in_all(&self) -> Balance {
        self.minted.iter().sum()
    }

    /// Ever burned.
    pub fn burned(&self) -> Balance {
        self.burned_sale + self.burned_jobs
    }

    /// Minted and not burned: what the chain calls total issuance.
    pub fn outstanding(&self) -> Result<Balance, Broken> {
        let (minted, burned) = (self.minted_in_all(), self.burned());
        minted.checked_sub(burned).ok_or(Broken::BurnedMoreThanMinted { minted, burned })
    }

    /// Everything that must hold at the end of every epoch.
    pub fn check(&self) -> Result<(), Broken> {
        for (minted, class) in self.minted.into_iter().zip(CLASSES) {
            let share = economics::share(class);
            if minted > share {
                return Err(Broken::AboveShare { class, minted, share });
            }
        }
        let minted = self.minted_in_all();
        if minted > CAP {
            return Err(Broken::AboveCap(minted));
        }
        let outstanding = self.outstanding()?;
        let held = self.pools.iter().sum::<Balance>() + self.hands;
        if outstanding != held {
            return Err(Broken::NotConserved { outstanding, held });
        }
        Ok(())
    }
}
