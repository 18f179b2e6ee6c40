//! The chain by the runtime's own types: signed transactions, events, view functions.

use super::Outcome;
use codec::{DecodeAll, Encode};
use frame_support::view_functions::{ViewFunction, ViewFunctionDispatchError};
use frame_system::EventRecord;
use ratio1_primitives::{Hash, Nonce};
use ratio1_runtime::{configs::tx_extension, Runtime, RuntimeCall, RuntimeEvent, SignedPayload, UncheckedExtrinsic};
use ratio1_testnet::{client::Head, wait::wait_for, Client, Error, Result, Who};
use sp_core::{sr25519, Pair};
use sp_crypto_hashing::twox_128;
use std::time::Duration;

/// Send `call`, signed by the account of `who`, and wait for the finalised block that holds it.
pub async fn send(client: &Client, who: Who, what: &str, call: RuntimeCall) -> Outcome<Head> {
    Ok(client.include(what, &signed(client, who, call).await?).await?)
}

/// As [`send`], and wait for a block of the best chain only: for when nothing becomes final.
pub async fn send_to_best(client: &Client, who: Who, what: &str, call: RuntimeCall) -> Outcome<Head> {
    Ok(client.include_in_best(what, &signed(client, who, call).await?).await?)
}

/// `call` as a transaction of the account of `who`.
async fn signed(client: &Client, who: Who, call: RuntimeCall) -> Outcome<Vec<u8>> {
    let (genesis, at) = (client.genesis().await?, client.best().await?.hash);
    let nonce: Nonce = client.call(at, "AccountNonceApi_account_nonce", who.owner()).await?;
    let extension = tx_extension(nonce, 0);
    // The extension reads the chain's identity from a state: this is all it needs of one.
    let payload = sp_io::TestExternalities::default().execute_with(|| {
        frame_system::BlockHash::<Runtime>::insert(0, genesis);
        SignedPayload::new(call.clone(), extension.clone())
    });
    let payload = payload.map_err(|error| format!("the payload cannot be made: {error:?}"))?;
    let signature = payload.using_encoded(|bytes| account(who).sign(bytes));
    Ok(UncheckedExtrinsic::new_signed(call, who.owner().into(), signature.into(), extension).encode())
}

/// The longest reading a block that is there may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);

fn account(who: Who) -> sr25519::Pair {
    sr25519::Pair::from_string(&who.uri(), None).expect("a derivation path without password is a valid secret")
}

/// Ask a view function at block `at`.
pub async fn view<F: ViewFunction + Encode>(client: &Client, at: Hash, question: F) -> Result<F::ReturnType>
where
    F::ReturnType: DecodeAll,
{
    type Answer = std::result::Result<Vec<u8>, ViewFunctionDispatchError>;
    let strange = |detail: String| Error::Answer { what: std::any::type_name::<F>().into(), detail };
    let input = question.encode();
    let answer: Answer = client.call(at, "RuntimeViewFunction_execute_view_function", (F::id(), input)).await?;
    let raw = answer.map_err(|error| strange(format!("{error:?}")))?;
    F::ReturnType::decode_all(&mut &raw[..]).map_err(|error| strange(error.to_string()))
}

/// The VRF output that the author of block `at` revealed.
pub async fn vrf_output(client: &Client, at: Hash) -> Outcome<[u8; 32]> {
    let key = [twox_128(b"Babe"), twox_128(b"AuthorVrfRandomness")].concat();
    let output: Option<Option<[u8; 32]>> = client.storage(at, key).await?;
    Ok(output.flatten().ok_or("a block without VRF output")?)
}

/// What happened in block `at`.
pub async fn events(client: &Client, at: Hash) -> Result<Vec<RuntimeEvent>> {
    let key = [twox_128(b"System"), twox_128(b"Events")].concat();
    let records: Option<Vec<EventRecord<RuntimeEvent, Hash>>> = client.storage(at, key).await?;
    Ok(records.unwrap_or_default().into_iter().map(|record| record.event).collect())
}

/// What happened, block after finalised block.
pub struct Log {
    client: Client,
    next: u32,
    seen: Vec<(Head, RuntimeEvent)>,
}

impl Log {
    /// From block `first` on.
    pub fn from(client: Client, first: u32) -> Self {
        Self { client, next: first, seen: Vec::new() }
    }

    /// Go on reading by another connection.
    pub fn reconnect(&mut self, client: Client) {
        self.client = client;
    }

    /// The first event that `pick` takes, waiting for it if it has not happened.
    pub async fn find<T>(
        &mut self,
        what: &str,
        limit: Duration,
        pick: impl Fn(&RuntimeEvent) -> Option<T>,
    ) -> Outcome<(Head, T)> {
        let mut looked = 0;
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let fresh = self.seen.iter().skip(looked);
            if let Some(found) = fresh.filter_map(|(head, event)| Some((*head, pick(event)?))).next() {
                return Ok(found);
            }
            looked = self.seen.len();
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            self.read_on(what, left).await?;
        }
    }

    /// The events since the beginning that `pick` takes, up to the last finalised block.
    pub async fn all<T>(&mut self, pick: impl Fn(&RuntimeEvent) -> Option<T>) -> Outcome<Vec<(Head, T)>> {
        let last = self.client.finalised().await?.number;
        while self.next <= last {
            self.read_on("a finalised block", CALL_LIMIT).await?;
        }
        Ok(self.seen.iter().filter_map(|(head, event)| Some((*head, pick(event)?))).collect())
    }

    /// Read the next finalised block, waiting for it if it is not there.
    async fn read_on(&mut self, what: &str, limit: Duration) -> Outcome {
        let (client, number) = (&self.client, self.next);
        let head = wait_for(what, limit, || async {
            if client.finalised().await?.number < number {
                return Ok(None);
            }
            let hash = client.block_hash(number).await?.unwrap_or_default();
            client.head(hash).await.map(Some)
        });
        let head = head.await?;
        let events = events(client, head.hash).await?;
        self.seen.extend(events.into_iter().map(|event| (head, event)));
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}
