//! Generators for governance: what the council schedules, pauses and halts.

use super::gen::Gen;
use crate::common::Step;
use codec::Encode;
use frame_support::traits::{Bounded, GetCallMetadata};
use pallet_governance::{Name, Parameters};
use rand::Rng;
use ratio1_runtime::{Governance, Runtime, RuntimeCall};

type Call = pallet_governance::Call<Runtime>;

pub fn draw(g: &mut Gen, call: &str) -> Option<Step> {
    match call {
        "schedule" => {
            let call = bounded(g)?;
            g.council(Call::schedule { call })
        }
        "cancel" => {
            let id = pending(g);
            g.council(Call::cancel { id })
        }
        "enact" => {
            // The scheduler is the one who may and does; nobody is earlier.
            let (id, length) = (pending(g), g.rng.gen_range(0..1_000));
            g.root(Call::enact { id, call_weight: frame_support::weights::Weight::from_parts(1_000, 0), length })
        }
        "pause" => {
            let (pallet, call) = call_name(g)?;
            g.council(Call::pause { pallet, call })
        }
        "resume" => {
            let paused: Vec<_> = Governance::paused().into_iter().map(|pause| pause.call).collect();
            let (pallet, call) = match g.pick(&paused) {
                Some(name) => name,
                None if g.chance(0.2) => call_name(g)?,
                None => return None,
            };
            g.council(Call::resume { pallet, call })
        }
        "halt" => g.council(Call::halt {}),
        "unhalt" => {
            if Governance::halted_until().is_none() && g.chance(0.9) {
                return None;
            }
            g.council(Call::unhalt {})
        }
        "set_parameters" => {
            let delay_ms = g.rng.gen_range(27_000..42_000);
            let (pause_ms, halt_ms) = (g.rng.gen_range(0..21_000), g.rng.gen_range(0..15_000));
            g.root(Call::set_parameters { parameters: Parameters { delay_ms, pause_ms, halt_ms } })
        }
        _ => unreachable!("governance.{call} has no generator"),
    }
}

/// What a member proposes: nearly always a call of governance.
pub fn motion(g: &mut Gen) -> Option<RuntimeCall> {
    let calls = ["schedule", "schedule", "schedule", "cancel", "pause", "resume", "halt", "unhalt"];
    let call = g.pick(&calls)?;
    match draw(g, call)? {
        Step::Council(_, call) | Step::Root(call) | Step::Signed(_, call) => Some(call),
        Step::Xt(_) => None,
    }
}

fn pending(g: &mut Gen) -> u32 {
    let ids: Vec<u32> = pallet_governance::Pending::<Runtime>::iter_keys().collect();
    g.pick(&ids).unwrap_or(7)
}

/// A call that needs root, in place or by the hash of something that was noted.
fn bounded(g: &mut Gen) -> Option<pallet_governance::BoundedCallOf<Runtime>> {
    let noted = g.noted.clone();
    if let Some((hash, len)) = g.pick(&noted).filter(|_| g.chance(0.3)) {
        return Some(Bounded::Lookup { hash, len });
    }
    for _ in 0..30 {
        let Some(Step::Root(call)) = super::draw_plain(g) else { continue };
        if let Ok(bytes) = call.encode().try_into() {
            return Some(Bounded::Inline(bytes));
        }
    }
    None
}

/// Some call of the runtime, or one that it does not have.
fn call_name(g: &mut Gen) -> Option<(Name, Name)> {
    let pallet = g.pick(RuntimeCall::get_module_names())?;
    let call = if g.chance(0.05) { "no_such_call" } else { g.pick(RuntimeCall::get_call_names(pallet))? };
    let name = |text: &str| Name::try_from(text.as_bytes().to_vec()).ok();
    Some((name(pallet)?, name(call)?))
}
