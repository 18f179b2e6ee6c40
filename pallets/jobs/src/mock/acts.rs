//! What requesters and nodes do, and what is seen of it.

use super::*;

/// A request for one `Low2` node for ten epochs.
pub fn request() -> JobRequest {
    JobRequest {
        tier: Tier::Low2,
        gpu: None,
        nodes: 1,
        epochs: 10,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 1_000,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    }
}

pub fn with_gpu(class: Gpu, gpus: u32) -> NodeProfile {
    let mut profile = roomy();
    profile.capacity.gpus = gpus;
    profile.gpu = Some(class);
    profile
}

pub fn tag(word: &str) -> Tag {
    Tag::try_from(word.as_bytes().to_vec()).expect("tags are short")
}

pub fn origin(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Ask for a job as `who`; its number.
pub fn ask(who: AccountId, request: JobRequest) -> JobId {
    let job = JobId(crate::NextJob::<Test>::get());
    Jobs::request(origin(who), Box::new(request), Balance::MAX).expect("the request is good");
    job
}

pub fn slot(job: JobId, slot: u16) -> SlotRef {
    SlotRef { job, slot }
}

pub fn slot_of(id: SlotRef) -> crate::Slot {
    crate::Slots::<Test>::get(id.job, id.slot).expect("there is such a slot")
}

pub fn job_of(id: JobId) -> crate::Job<AccountId> {
    crate::Jobs::<Test>::get(id).expect("there is such a job")
}

/// The license a slot is offered to.
pub fn offered(id: SlotRef) -> Option<u32> {
    match slot_of(id).state {
        SlotState::Offered { license, .. } => Some(license.0),
        _ => None,
    }
}

/// The index of the service of a slot.
pub fn index_of(id: SlotRef) -> u32 {
    match slot_of(id).state {
        SlotState::Running { index } => index,
        state => panic!("{id:?} is not served: {state:?}"),
    }
}

/// The license that serves a slot.
pub fn server(id: SlotRef) -> u32 {
    crate::Services::<Test>::get(index_of(id)).expect("it is stored").license.0
}

/// Blocks until a slot is offered; to whom.
pub fn draw(id: SlotRef) -> u32 {
    for _ in 0..100 {
        if let Some(license) = offered(id) {
            return license;
        }
        next_block();
    }
    panic!("nobody is drawn: {:?}", slot_of(id).state)
}

pub fn genesis_hash() -> Hash {
    System::block_hash(0)
}

/// Send a node's call as a transaction: authorise, then dispatch.
pub fn send(call: RuntimeCall) -> Result<ValidTransaction, TransactionValidityError> {
    let (valid, _) = call.authorize(TransactionSource::External).expect("nodes' calls are authorised")?;
    assert_ne!(call.get_dispatch_info().total_weight(), Weight::zero());
    call.dispatch(frame_system::RawOrigin::Authorized.into()).expect("what is authorised succeeds");
    Ok(valid)
}

pub fn sign_accept(id: SlotRef, license: u32, offered: u32, key: u32) -> RuntimeCall {
    use sp_core::Pair;
    let payload = accept_payload(genesis_hash(), LicenseId(license), id, offered);
    let signature: NodeSignature = node_pair(key).sign(&payload).into();
    crate::Call::accept { slot: id, signature }.into()
}

pub fn sign_resign(id: SlotRef, license: u32, index: u32, accepted: u64, key: u32) -> RuntimeCall {
    use sp_core::Pair;
    let payload = resign_payload(genesis_hash(), LicenseId(license), id, index, accepted);
    let signature: NodeSignature = node_pair(key).sign(&payload).into();
    crate::Call::resign { slot: id, signature }.into()
}

/// The node a slot is offered to accepts; the service's index.
pub fn try_accept(id: SlotRef) -> Result<u32, TransactionValidityError> {
    let (license, at) = match slot_of(id).state {
        SlotState::Offered { license, at, .. } => (license.0, at),
        state => panic!("{id:?} is not offered: {state:?}"),
    };
    send(sign_accept(id, license, at, license))?;
    Ok(index_of(id))
}

pub fn accept(id: SlotRef) -> u32 {
    try_accept(id).expect("the acceptance is good")
}

/// The node that serves a slot resigns.
pub fn resign(id: SlotRef) {
    let index = index_of(id);
    let service = crate::Services::<Test>::get(index).expect("it is stored");
    send(sign_resign(id, service.license.0, index, service.accepted, service.license.0)).expect("it may resign");
}

/// Blocks until a slot is drawn, and its node accepts; the service's index.
pub fn serve(id: SlotRef) -> u32 {
    draw(id);
    accept(id)
}

/// Blocks until all slots of a job are served; the indices.
pub fn serve_all(job: JobId) -> alloc::vec::Vec<u32> {
    (0..job_of(job).slots).map(|n| serve(slot(job, n))).collect()
}

pub fn events() -> alloc::vec::Vec<Event<Test>> {
    System::read_events_for_pallet::<Event<Test>>()
}

/// Those of draws.
pub fn draw_events() -> alloc::vec::Vec<pallet_draws::Event<Test>> {
    System::read_events_for_pallet::<pallet_draws::Event<Test>>()
}

/// What is burned of what a slot holds for each draw of a job, by the events.
pub fn burned_for_draws(of: JobId) -> alloc::vec::Vec<Balance> {
    let burned = |event| match event {
        pallet_draws::Event::DrawOpened { client: Client::Job(job), burned, .. } if job == of => Some(burned),
        _ => None,
    };
    draw_events().into_iter().filter_map(burned).collect()
}

pub fn free(who: &AccountId) -> Balance {
    Balances::free_balance(who)
}

pub fn on_hold(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Job.into(), who)
}

pub fn noted() -> alloc::vec::Vec<(u32, Outcome)> {
    Noted::get().into_iter().map(|(license, outcome)| (license.0, outcome)).collect()
}
