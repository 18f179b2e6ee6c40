//! Asks what a Micro node costs, and requests a job on one for two epochs:
//!
//! `job ws://127.0.0.1:9944 //Ferdie`
//!
//! The account must be attested and have R1. On a local network it has what its deed earned, once that is claimed
//! (`docs/use/claim.md`). For development accounts only: others on the machine can read a secret on a command line.

use codec::{DecodeAll, Encode};
use frame_support::view_functions::{ViewFunction, ViewFunctionDispatchError};
use pallet_jobs::{CanRequestViewFunction, JobsOfViewFunction, QuoteViewFunction};
use ratio1_primitives::{
    jobs::{Cid, JobRequest, Restart, Selectors, Tier},
    AccountId, Hash, JobId, Nonce,
};
use ratio1_runtime::{configs::tx_extension, Runtime, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION};
use ratio1_testnet::{facts::r1, Client};
use sp_core::{sr25519, Pair};
use std::error::Error;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: job URL SECRET";
/// What the container is. Nothing hands it to the node yet (`docs/use/request-a-job.md`): the chain keeps its name and length.
const SPEC: &[u8] = br#"{"image": "docker.io/library/nginx@sha256:..."}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (url, secret) = (arguments.next().ok_or(USAGE)?, arguments.next().ok_or(USAGE)?);
    let account = sr25519::Pair::from_string(&secret, None).map_err(|_| "that is no secret of an account")?;
    let owner = AccountId::from(account.public());

    let client = Client::connect(&url).await?;
    let at = client.finalised().await?.hash;
    let request = request()?;
    let quote = view(&client, at, QuoteViewFunction::<Runtime>::new(request.tier, request.gpu)).await?;
    let price = quote.map_err(|why| format!("there is no price: {why:?}"))?.price;
    println!("a Micro node costs {} R1 an epoch", r1(price));

    // Whatever can be refused can be asked beforehand: this costs nothing.
    let can = CanRequestViewFunction::<Runtime>::new(owner.clone(), request.clone(), price);
    view(&client, at, can).await?.map_err(|why| format!("the request would be refused: {why:?}"))?;

    let mine = || JobsOfViewFunction::<Runtime>::new(owner.clone(), JobId(0));
    let before = view(&client, at, mine()).await?.len();
    let call = RuntimeCall::Jobs(pallet_jobs::Call::request { request: Box::new(request), max_price: price });
    let block = client.include("request of a job", &signed(&client, &account, call).await?).await?;
    let jobs = view(&client, block.hash, mine()).await?;
    let job = jobs.get(before).ok_or("the transaction failed: the events of its block say why")?;
    println!("job {}, requested in block {}, which is final: {} R1 are on hold", job.id.0, block.number, r1(job.held));
    Ok(())
}

/// One node for two epochs, whoever runs it.
fn request() -> Outcome<JobRequest> {
    Ok(JobRequest {
        tier: Tier::Micro,
        gpu: None,
        nodes: 1,
        epochs: 2,
        spec: Cid::new(false, sp_crypto_hashing::sha2_256(SPEC)),
        spec_bytes: SPEC.len().try_into()?,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    })
}

/// `call` as a transaction of `account`.
async fn signed(client: &Client, account: &sr25519::Pair, call: RuntimeCall) -> Outcome<Vec<u8>> {
    let owner = AccountId::from(account.public());
    let (genesis, at) = (client.genesis().await?, client.best().await?.hash);
    let nonce: Nonce = client.call(at, "AccountNonceApi_account_nonce", &owner).await?;
    let extension = tx_extension(nonce, 0);
    // What the signature covers besides, an entry for each extension: the versions of the runtime, the chain, and the block
    // from which the transaction is valid, which is the first.
    let (spec, transaction) = (VERSION.spec_version, VERSION.transaction_version);
    let implicit = ((), (), (), spec, transaction, genesis, genesis, (), (), (), None, ());
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
    let signature = payload.using_encoded(|bytes| account.sign(bytes));
    Ok(UncheckedExtrinsic::new_signed(call, owner.into(), signature.into(), extension).encode())
}

/// Ask a view function at block `at`.
async fn view<F: ViewFunction + Encode>(client: &Client, at: Hash, question: F) -> Outcome<F::ReturnType>
where
    F::ReturnType: DecodeAll,
{
    type Answer = Result<Vec<u8>, ViewFunctionDispatchError>;
    let call = (F::id(), question.encode());
    let answer: Answer = client.call(at, "RuntimeViewFunction_execute_view_function", call).await?;
    let answer = answer.map_err(|error| format!("the node has no such view function: {error:?}"))?;
    Ok(F::ReturnType::decode_all(&mut &answer[..])?)
}
