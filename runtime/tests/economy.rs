//! The token's life on the real runtime, from zero issuance: the Genesis deed fills the pools, liquidity pays a buyer,
//! the buyer mines and sells; and who is not admitted is refused at every door.

use crate::common::{
    people::{attest, fund, newcomer, LATER},
    Person, Shape, Sim, FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR,
};
use frame_support::{assert_ok, traits::fungible::Inspect};
use pallet_kyc::Call as KycCall;
use pallet_licenses::Call as LicensesCall;
use pallet_pools::Call as PoolsCall;
use pallet_sale::Call as SaleCall;
use ratio1_primitives::{
    economics::{
        curve, minted,
        pools::{self, Pool},
        price::{r1_for, BOUNDS, USD},
        sale::{split, TIERS},
        R1,
    },
    kyc::Country,
    refusal::{AdmissionRefusal, KycRefusal},
    traits::LicenseInspect,
    EpochIndex, LicenseClass, LicenseId,
};
use ratio1_runtime::{facts, AccountId, Balance, Balances, Licenses, Oracles, Price, Rewards, Runtime, RuntimeCall};
use sp_runtime::DispatchError;

const GENESIS: LicenseId = LicenseId(0);
/// The first deed bought in the default shape: after the Genesis deed, four Master deeds and two of edges.
const BOUGHT: LicenseId = LicenseId(7);
/// Room for many calls in an epoch.
const SHAPE: Shape = Shape {
    oracles: 4,
    edges: 2,
    epoch_ms: 96_000,
    session_blocks: 8,
    window_blocks: 5,
    reopenings: 1,
    genesis_linked: false,
};

/// Everybody linked and present: the oracles' nodes always, and these.
fn present(licenses: &[LicenseId]) -> impl Fn(LicenseId) -> u8 + '_ {
    |license| if (1..=4).contains(&license.0) || licenses.contains(&license) { 255 } else { 0 }
}

/// Let the running epoch end and settle it.
fn next_epoch(sim: &mut Sim, licenses: &[LicenseId]) -> EpochIndex {
    let epoch = sim.current();
    sim.settle(epoch, Some(USD / 4), present(licenses));
    epoch
}

/// A chain on which the Genesis deed mines, and the liquidity wallet has something to give.
fn funded() -> Sim {
    crate::common::people::funded(SHAPE)
}

/// One deed of the first tier.
fn buy_one() -> SaleCall<Runtime> {
    SaleCall::buy { tier: 1, min: 1, max: 1, max_price: Balance::MAX }
}

/// What a deed of the first tier costs at a quarter of a dollar for an R1.
fn first_price() -> Balance {
    r1_for(Balance::from(TIERS[0].usd) * USD, USD / 4).unwrap()
}

fn owner(sim: &mut Sim, license: LicenseId) -> Option<AccountId> {
    sim.ext.execute_with(|| <Licenses as LicenseInspect<AccountId>>::owner(license))
}

fn supply(sim: &mut Sim) -> (Balance, Balance, Balance) {
    sim.ext.execute_with(|| {
        let supply = facts::supply();
        (supply.classes.iter().map(|class| class.minted).sum(), supply.burned, supply.outstanding)
    })
}

fn total(sim: &mut Sim, who: &Person) -> Balance {
    sim.ext.execute_with(|| Balances::total_balance(&who.id()))
}

/// The whole story, with every base unit accounted for at the end.
#[test]
fn the_economy_runs_from_zero_to_a_resold_deed() {
    let mut sim = Sim::new(SHAPE);
    let [foundation, liquidity, operations, registrar] =
        [FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR].map(Person::new);
    let [buyer, second] = ["Buyer", "Second"].map(Person::new);
    assert_eq!(supply(&mut sim), (0, 0, 0));

    // Nothing is claimable before the Genesis deed has a node; its owner links one without a fee.
    sim.run_to_epoch(1);
    assert!(sim.claim(GENESIS).is_err());
    let link = sim.link_call(&foundation, GENESIS, &foundation);
    assert_ok!(sim.submit(&foundation, link).unwrap());
    next_epoch(&mut sim, &[GENESIS]);

    // One epoch of the Genesis deed fills the pools; nobody can spend what is held.
    assert_ok!(sim.claim(GENESIS).unwrap());
    let mined = minted(LicenseClass::Genesis, 255);
    assert_eq!(supply(&mut sim), (mined, 0, mined));
    let parts = pools::split(mined);
    let of = |pool| parts.iter().find(|(p, _)| *p == pool).unwrap().1;
    assert_eq!(total(&mut sim, &liquidity), of(Pool::Liquidity));
    assert_eq!(sim.balance(&liquidity.id()), 0);
    assert_eq!(sim.balance(&operations.id()), of(Pool::Operations));
    let locked = of(Pool::Marketing) + of(Pool::Grants) + of(Pool::Social);
    assert_eq!((total(&mut sim, &foundation), sim.balance(&foundation.id())), (locked, 0));

    // Governance cannot spend a locked pool.
    let words = |text: &str| text.as_bytes().to_vec().try_into().unwrap();
    let early = PoolsCall::disburse {
        pool: Pool::Marketing,
        to: buyer.id(),
        amount: 1,
        purpose: words("a campaign"),
        milestone: Some(words("done")),
    };
    assert_eq!(sim.as_root(early.into()), Err(pallet_pools::Error::<Runtime>::PoolLocked.into()));

    // The liquidity wallet, which has nothing but what is held, pays the registrar's first fees and the buyers.
    let price = first_price();
    fund(&mut sim, &registrar, R1);
    fund(&mut sim, &buyer, price + R1);
    fund(&mut sim, &second, 3 * price);
    let given = R1 + price + R1 + 3 * price;
    assert_eq!(total(&mut sim, &liquidity), of(Pool::Liquidity) - given);

    // Not attested: refused, and nothing but the fee is gone.
    let refused = sim.submit(&buyer, buy_one()).unwrap();
    assert_eq!(refused, Err(pallet_sale::Error::<Runtime>::NotAttested.into()));
    assert_ok!(attest(&mut sim, &buyer, b"RO", LATER));
    assert_ok!(attest(&mut sim, &second, b"DE", LATER));

    // The purchase: a fifth burned, half to liquidity, the rest to operations.
    let (had, fees) = (sim.balance(&buyer.id()), supply(&mut sim).1);
    assert_ok!(sim.submit(&buyer, buy_one()).unwrap());
    let parts_paid = split(price);
    assert_eq!(owner(&mut sim, BOUGHT), Some(buyer.id()));
    // With half of each fee so far: nothing else was burned before.
    let fees = fees + (had - sim.balance(&buyer.id()) - price) / 2;
    assert_eq!(supply(&mut sim), (mined, parts_paid.burned + fees, mined - parts_paid.burned - fees));
    assert_eq!(total(&mut sim, &liquidity), of(Pool::Liquidity) - given + parts_paid.liquidity);
    assert_eq!(sim.balance(&liquidity.id()), 0);
    assert_eq!(sim.balance(&operations.id()), of(Pool::Operations) + parts_paid.operations);

    // It is linked without a fee, and mines.
    let spent = sim.balance(&buyer.id());
    let link = sim.link_call(&buyer, BOUGHT, &buyer);
    assert_ok!(sim.submit(&buyer, link).unwrap());
    assert_eq!(sim.balance(&buyer.id()), spent);
    next_epoch(&mut sim, &[BOUGHT]);
    next_epoch(&mut sim, &[BOUGHT]);
    let earned = sim.ext.execute_with(|| Rewards::claimable(BOUGHT));
    let credits = sim.ext.execute_with(|| Rewards::credits(BOUGHT));
    assert_eq!(earned, minted(LicenseClass::Node, credits));
    assert!(credits >= 255);

    // A linked deed is not for sale. Unlinking settles it.
    let list = LicensesCall::list { license: BOUGHT, price: 2 * price, to: None };
    let refused = sim.submit(&buyer, list.clone()).unwrap();
    assert_eq!(refused, Err(pallet_licenses::Error::<Runtime>::StillLinked.into()));
    let before = sim.balance(&buyer.id());
    assert_ok!(sim.submit(&buyer, LicensesCall::unlink { license: BOUGHT }).unwrap());
    assert_eq!(sim.balance(&buyer.id()), before + earned);
    assert_ok!(sim.submit(&buyer, list).unwrap());

    // Whoever would pay less is refused; then the seller gets the whole price, and the buyer the deed.
    next_epoch(&mut sim, &[]);
    let cheap = LicensesCall::buy { license: BOUGHT, max_price: 2 * price - 1 };
    let refused = sim.submit(&second, cheap).unwrap();
    assert_eq!(refused, Err(pallet_licenses::Error::<Runtime>::PriceAboveMaximum.into()));
    let late = sim.ext.execute_with(|| Rewards::claimable(BOUGHT));
    let before = sim.balance(&buyer.id());
    assert_ok!(sim.submit(&second, LicensesCall::buy { license: BOUGHT, max_price: 2 * price }).unwrap());
    assert_eq!(sim.balance(&buyer.id()), before + 2 * price + late);
    assert_eq!(owner(&mut sim, BOUGHT), Some(second.id()));

    // The new owner links it and mines on, where the last one stopped.
    let link = sim.link_call(&second, BOUGHT, &second);
    assert_ok!(sim.submit(&second, link).unwrap());
    next_epoch(&mut sim, &[BOUGHT]);
    let before = sim.balance(&second.id());
    assert_ok!(sim.claim(BOUGHT).unwrap());
    let all_credits = sim.ext.execute_with(|| Rewards::credits(BOUGHT));
    let node_minted = minted(LicenseClass::Node, all_credits);
    assert_eq!(sim.balance(&second.id()) - before, node_minted - earned - late);

    // Every base unit: what was minted is with somebody or was burned, and nobody else has any.
    let (all, burned, outstanding) = supply(&mut sim);
    assert_eq!(all, mined + node_minted);
    // Oracles have nothing but the other half of each fee.
    let authors: Balance = sim.oracles.clone().iter().map(|oracle| total(&mut sim, oracle)).sum();
    let fees_burned = burned - parts_paid.burned;
    assert!(fees_burned > fees, "there were fees since");
    assert!(authors.abs_diff(fees_burned) < 64, "{authors} to authors, {fees_burned} burned: more than rounding");
    let mut accounts = vec![foundation, liquidity, operations, registrar, buyer, second];
    accounts.extend(sim.oracles.clone());
    let theirs: Balance = accounts.iter().map(|who| total(&mut sim, who)).sum();
    assert_eq!(theirs, outstanding);
    assert_eq!(all - burned, outstanding);
    assert_eq!(total(&mut sim, &accounts[0]), locked);
}

/// Attested while her country was permitted, she owns a linked deed; then it is prohibited.
#[test]
fn a_person_of_a_prohibited_country_is_refused_at_every_door() {
    let mut sim = funded();
    let price = first_price();
    let seller = newcomer(&mut sim, "Seller", b"RO", 2 * price);
    let barred = newcomer(&mut sim, "Barred", b"FR", 4 * price);
    assert_ok!(sim.submit(&seller, buy_one()).unwrap());
    assert_ok!(sim.submit(&barred, buy_one()).unwrap());
    let (for_sale, hers) = (BOUGHT, LicenseId(BOUGHT.0 + 1));
    assert_ok!(sim.submit(&seller, LicensesCall::list { license: for_sale, price: R1, to: None }).unwrap());

    let prohibit = KycCall::prohibit_country { country: Country(*b"FR") };
    assert_ok!(sim.as_root(prohibit.into()));

    // Attested again, or anew.
    let another = Person::new("Another");
    let refusal = pallet_kyc::Error::<Runtime>::CountryIsProhibited.into();
    assert_eq!(attest(&mut sim, &another, b"FR", LATER), Err(refusal));
    assert_eq!(attest(&mut sim, &another, b"RU", LATER), Err(refusal));
    // Buying from the sale.
    let result = sim.submit(&barred, buy_one()).unwrap();
    assert_eq!(result, Err(pallet_sale::Error::<Runtime>::CountryProhibited.into()));
    // Receiving by transfer.
    let receiver_refused: DispatchError = pallet_licenses::Error::<Runtime>::ReceiverCountryProhibited.into();
    let result = sim.submit(&seller, LicensesCall::transfer { license: for_sale, to: barred.id() }).unwrap();
    assert_eq!(result, Err(receiver_refused));
    // Buying from an owner.
    let result = sim.submit(&barred, LicensesCall::buy { license: for_sale, max_price: R1 }).unwrap();
    assert_eq!(result, Err(receiver_refused));
    // Being granted a Master deed.
    let grant = LicensesCall::grant_master { owner: barred.id(), assigned: R1 };
    assert_eq!(sim.as_root(grant.into()), Err(receiver_refused));
    // Linking what she owns already; as it fails it is charged, and the node is not admitted.
    let link = sim.link_call(&barred, hers, &barred);
    let result = sim.submit(&barred, link).unwrap();
    assert_eq!(result, Err(pallet_licenses::Error::<Runtime>::CountryProhibited.into()));
    let admission = sim.ext.execute_with(|| facts::admission(&barred.node_id()));
    assert_eq!(admission, Err(AdmissionRefusal::NotLinked));

    // What is hers she may sell: that is how one leaves.
    assert_ok!(sim.submit(&barred, LicensesCall::transfer { license: hers, to: seller.id() }).unwrap());
    assert_eq!(owner(&mut sim, hers), Some(seller.id()));

    // Permitted again, everything is as before.
    assert_ok!(sim.as_root(KycCall::permit_country { country: Country(*b"FR") }.into()));
    assert_ok!(sim.submit(&barred, buy_one()).unwrap());
}

/// A candidate oracle whose country becomes prohibited before she is admitted.
#[test]
fn a_person_of_a_prohibited_country_does_not_become_an_oracle() {
    let mut sim = funded();
    let barred = newcomer(&mut sim, "Barred", b"FR", 2 * first_price());
    assert_ok!(sim.submit(&barred, buy_one()).unwrap());
    let link = sim.link_call(&barred, BOUGHT, &barred);
    assert_ok!(sim.submit(&barred, link).unwrap());
    assert_ok!(sim.register_new_keys(&barred, BOUGHT, "//BarredKeys").unwrap());
    assert_ok!(sim.ext.execute_with(|| Oracles::can_admit(BOUGHT)));

    assert_ok!(sim.as_root(KycCall::prohibit_country { country: Country(*b"FR") }.into()));
    let admit: RuntimeCall = pallet_oracles::Call::admit { license: BOUGHT }.into();
    assert_eq!(sim.as_root(admit), Err(pallet_oracles::Error::<Runtime>::CountryProhibited.into()));

    // Her running node goes on until the delay is over.
    let admission = |sim: &mut Sim| sim.ext.execute_with(|| facts::admission(&barred.node_id()));
    assert_eq!(admission(&mut sim), Ok(BOUGHT));
    let stops = sim.current().plus(3);
    sim.run_to_epoch(stops.0);
    assert_eq!(admission(&mut sim), Err(AdmissionRefusal::Owner(KycRefusal::CountryProhibited)));
}

#[test]
fn an_attestation_that_expires_between_purchase_and_link_stops_the_link_until_it_is_renewed() {
    let mut sim = funded();
    let buyer = Person::new("Buyer");
    fund(&mut sim, &Person::new(REGISTRAR), R1);
    fund(&mut sim, &buyer, 2 * first_price());
    let expires = sim.current().plus(2);
    assert_ok!(attest(&mut sim, &buyer, b"RO", expires));
    assert_ok!(sim.submit(&buyer, buy_one()).unwrap());
    sim.run_to_epoch(expires.0);

    let link = sim.link_call(&buyer, BOUGHT, &buyer);
    let result = sim.submit(&buyer, link.clone()).unwrap();
    assert_eq!(result, Err(pallet_licenses::Error::<Runtime>::AttestationExpired.into()));
    assert_eq!(sim.ext.execute_with(|| facts::license(BOUGHT)).unwrap().node, None);
    // Nor can she buy more, whatever she has.
    let result = sim.submit(&buyer, buy_one()).unwrap();
    assert_eq!(result, Err(pallet_sale::Error::<Runtime>::AttestationExpired.into()));

    assert_ok!(attest(&mut sim, &buyer, b"RO", LATER));
    assert_ok!(sim.submit(&buyer, link).unwrap());
    assert_eq!(sim.ext.execute_with(|| facts::admission(&buyer.node_id())), Ok(BOUGHT));
}

/// Neither oracles nor governance can name a price of nothing, or one far from the last; an old one sells nothing.
#[test]
fn a_rate_that_is_zero_absurd_or_stale_is_not_used() {
    let mut sim = funded();
    let buyer = newcomer(&mut sim, "Buyer", b"RO", 5 * first_price());
    let last = |sim: &mut Sim| sim.ext.execute_with(Price::last_rates).unwrap().last;
    let administer = |sim: &mut Sim, price| sim.as_root(pallet_price::Call::administer { price }.into());
    let first = last(&mut sim);
    assert_eq!(first.price, USD / 4);

    // Governance.
    let out_of_bounds: DispatchError = pallet_price::Error::<Runtime>::PriceOutOfBounds.into();
    for absurd in [0, BOUNDS.0 - 1, BOUNDS.1 + 1, u128::MAX] {
        assert_eq!(administer(&mut sim, absurd), Err(out_of_bounds));
    }
    let holds = pallet_price::Error::<Runtime>::MarketRateHolds.into();
    assert_eq!(administer(&mut sim, USD / 4), Err(holds));

    // Oracles: what is out of bounds is no price, and the epoch is none the worse for it.
    for absurd in [0, u128::MAX] {
        let epoch = sim.current();
        sim.settle(epoch, Some(absurd), present(&[GENESIS]));
        assert_eq!(last(&mut sim), first);
    }
    // A thousand times as much is a fifth more, and the sale goes by the lower rate.
    let epoch = sim.current();
    sim.settle(epoch, Some(250 * USD), present(&[GENESIS]));
    let higher = last(&mut sim);
    assert_eq!(higher.price, USD / 4 / 100 * 120);
    let (before, had) = (supply(&mut sim).1, sim.balance(&buyer.id()));
    assert_ok!(sim.submit(&buyer, buy_one()).unwrap());
    let fee = had - sim.balance(&buyer.id()) - first_price();
    assert_eq!(supply(&mut sim).1 - before, split(first_price()).burned + fee / 2);

    // Nobody says anything any more.
    let until = higher.holds_until().unwrap();
    sim.run_to_epoch(until.0);
    assert_ok!(sim.submit(&buyer, buy_one()).unwrap());
    sim.run_to_epoch(until.0 + 1);
    let result = sim.submit(&buyer, buy_one()).unwrap();
    assert_eq!(result, Err(pallet_sale::Error::<Runtime>::RateStale.into()));

    // Now governance may, within the same fifth.
    let too_large = pallet_price::Error::<Runtime>::StepTooLarge.into();
    assert_eq!(administer(&mut sim, USD), Err(too_large));
    assert_ok!(administer(&mut sim, USD / 4));
    assert_ok!(sim.submit(&buyer, buy_one()).unwrap());
}

/// The node of a revoked owner stops after the delay; what it earned until then is paid.
#[test]
fn a_revoked_owners_node_stops_after_the_delay_and_its_earnings_stay() {
    let mut sim = funded();
    let owner = newcomer(&mut sim, "Owner", b"RO", 2 * first_price());
    assert_ok!(sim.submit(&owner, buy_one()).unwrap());
    let link = sim.link_call(&owner, BOUGHT, &owner);
    assert_ok!(sim.submit(&owner, link).unwrap());
    next_epoch(&mut sim, &[BOUGHT]);

    let revoke = KycCall::revoke { who: owner.id() };
    assert_ok!(sim.submit(&Person::new(REGISTRAR), revoke).unwrap());
    let admission = |sim: &mut Sim| sim.ext.execute_with(|| facts::admission(&owner.node_id()));
    assert_eq!(admission(&mut sim), Ok(BOUGHT), "running epochs are not changed");
    next_epoch(&mut sim, &[BOUGHT]);
    while admission(&mut sim).is_ok() {
        next_epoch(&mut sim, &[BOUGHT]);
    }
    assert_eq!(admission(&mut sim), Err(AdmissionRefusal::Owner(KycRefusal::Revoked)));

    // Oracles accept no beat of it any more; what it has is claimable all the same.
    let credits = sim.ext.execute_with(|| Rewards::credits(BOUGHT));
    next_epoch(&mut sim, &[]);
    next_epoch(&mut sim, &[]);
    let now = sim.ext.execute_with(|| Rewards::credits(BOUGHT));
    assert_eq!(now, credits);
    let before = sim.balance(&owner.id());
    assert_ok!(sim.claim(BOUGHT).unwrap());
    assert_eq!(sim.balance(&owner.id()), before + minted(LicenseClass::Node, now));
    // It can begin nothing.
    let result = sim.submit(&owner, buy_one()).unwrap();
    assert_eq!(result, Err(pallet_sale::Error::<Runtime>::AttestationRevoked.into()));
}

/// Granted, released on the curve, moved by approval alone, released on to the next owner.
#[test]
fn a_master_deed_is_released_on_its_curve_and_moves_by_approval() {
    let mut sim = funded();
    let first = newcomer(&mut sim, "First", b"RO", 10 * R1);
    let second = newcomer(&mut sim, "Second", b"DE", 10 * R1);
    let assigned = 3_000_000 * R1;
    let granted = sim.current();
    assert_ok!(sim.as_root(LicensesCall::grant_master { owner: first.id(), assigned }.into()));
    let master = BOUGHT;
    // Above the limit of the entity, and of any deed.
    let limit = |call: LicensesCall<Runtime>, sim: &mut Sim| sim.as_root(call.into()).unwrap_err();
    let more = LicensesCall::grant_master { owner: first.id(), assigned: 300_000 * R1 };
    assert_eq!(limit(more, &mut sim), pallet_licenses::Error::<Runtime>::EntityLimitExceeded.into());
    let much = LicensesCall::grant_master { owner: second.id(), assigned: 4_000_000 * R1 };
    assert_eq!(limit(much, &mut sim), pallet_licenses::Error::<Runtime>::AssignmentTooLarge.into());

    let link = sim.link_call(&first, master, &first);
    assert_ok!(sim.submit(&first, link).unwrap());
    let mut everything = 0;
    let mut claim = |sim: &mut Sim, owner: &Person| -> Balance {
        let before = sim.balance(&owner.id());
        assert_ok!(sim.claim(master).unwrap());
        let paid = sim.balance(&owner.id()) - before;
        everything += paid;
        paid
    };

    // Within the cliff there is nothing.
    leap(&mut sim, 100, &[master]);
    next_epoch(&mut sim, &[master]);
    assert!(sim.claim(master).is_err());

    // In the middle of the curve: all that was released so far, for what the skipped epochs released is carried to
    // the next finalised one.
    leap(&mut sim, 550, &[master]);
    let epoch = next_epoch(&mut sim, &[master]);
    let released = curve::released(assigned, granted, epoch.plus(1));
    assert!(released > assigned / 4 && released < assigned);
    assert_eq!(claim(&mut sim, &first), released);

    // Half an epoch earns half of what it releases; the other half is never minted.
    let epoch = sim.current();
    let half = |license: LicenseId| if license == master { 127 } else { present(&[])(license) };
    sim.settle(epoch, None, half);
    let step = curve::release(assigned, granted, epoch, epoch);
    let earned = claim(&mut sim, &first);
    assert_eq!(earned, step * 127 / 255);
    let forgone = sim.ext.execute_with(|| Rewards::emission(master)).forgone;
    assert_eq!(forgone, step - earned);

    // It does not move without an approval, nor to another than the one approved.
    assert_ok!(sim.submit(&first, LicensesCall::unlink { license: master }).unwrap());
    next_epoch(&mut sim, &[]);
    let transfer = LicensesCall::transfer { license: master, to: second.id() };
    let result = sim.submit(&first, transfer.clone()).unwrap();
    assert_eq!(result, Err(pallet_licenses::Error::<Runtime>::MasterNeedsApproval.into()));
    let approve = LicensesCall::approve_master_transfer { license: master, to: Some(second.id()) };
    assert_ok!(sim.as_root(approve.into()));
    let elsewhere = LicensesCall::transfer { license: master, to: sim.edges[0].id() };
    let result = sim.submit(&first, elsewhere).unwrap();
    assert_eq!(result, Err(pallet_licenses::Error::<Runtime>::ApprovedForAnother.into()));
    assert_ok!(sim.submit(&first, transfer.clone()).unwrap());
    assert_eq!(owner(&mut sim, master), Some(second.id()));
    // Once.
    let back = LicensesCall::transfer { license: master, to: first.id() };
    let result = sim.submit(&second, back).unwrap();
    assert_eq!(result, Err(pallet_licenses::Error::<Runtime>::MasterNeedsApproval.into()));

    // The next owner has the rest, to the base unit: what was assigned is paid or forgone.
    let link = sim.link_call(&second, master, &second);
    assert_ok!(sim.submit(&second, link).unwrap());
    leap(&mut sim, 400, &[master]);
    next_epoch(&mut sim, &[master]);
    claim(&mut sim, &second);
    let emission = sim.ext.execute_with(|| Rewards::emission(master));
    assert_eq!((emission.minted, emission.residual, emission.claimable), (everything, 0, 0));
    assert_eq!(everything + emission.forgone, assigned);
    next_epoch(&mut sim, &[master]);
    assert!(sim.claim(master).is_err(), "nothing is left");
}

/// Skip so many epochs, in which no block is made; the one that ran before is settled.
fn leap(sim: &mut Sim, epochs: u64, licenses: &[LicenseId]) {
    let epoch = sim.current();
    sim.block_after(epochs * sim.shape.epoch_ms / ratio1_runtime::SLOT_MS, vec![]);
    sim.settle(epoch, None, present(licenses));
}
