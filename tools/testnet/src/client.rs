//! One node's RPC: runtime API calls typed by the primitives, headers, balances, transactions.

use crate::{Error, Result};
use codec::{Decode, Encode};
use jsonrpsee::{
    core::{
        client::{ClientT, Subscription, SubscriptionClientT},
        params::ArrayParams,
    },
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use ratio1_primitives::{
    api::{ClockInfo, EpochInfo, LicenseInfo, PayoutInfo, RoundInfo, SupplyInfo},
    economics::price::Price,
    AccountId, Balance, EpochIndex, Hash, LicenseId,
};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::Value;
use sp_crypto_hashing::{blake2_128, twox_128};
use std::{sync::Arc, time::Duration};

/// The longest one call may take.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// The longest a transaction may take until it is in a block, and until that is finalised.
const INCLUSION_LIMIT: Duration = Duration::from_secs(60);

/// A connection to one node. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<WsClient>);

/// A block's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its hash.
    pub hash: Hash,
    /// Its height.
    pub number: u32,
    /// The block before it.
    pub parent: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RpcHeader {
    number: String,
    parent_hash: Hash,
}

impl RpcHeader {
    fn number(&self) -> Result<u32> {
        let number = u32::from_str_radix(self.number.trim_start_matches("0x"), 16);
        number.map_err(|_| answer("a header", self.number.clone()))
    }
}

/// Blocks as they become final.
pub struct Finality {
    client: Client,
    heads: Subscription<RpcHeader>,
}

impl Finality {
    /// The next one. Those between two of them are final too.
    pub async fn next(&mut self) -> Result<Head> {
        let method = "chain_subscribeFinalizedHeads";
        let header = self.heads.next().await.ok_or_else(|| answer(method, "the node ended it".into()))?;
        let number = header.map_err(|error| answer(method, error.to_string()))?.number()?;
        let hash = self.client.block_hash(number).await?;
        self.client.head(hash.ok_or_else(|| answer(method, format!("block {number} is unknown")))?).await
    }
}

impl Client {
    /// Connect to `url`.
    pub async fn connect(url: &str) -> Result<Self> {
        let builder = WsClientBuilder::default().request_timeout(CALL_LIMIT).connection_timeout(CALL_LIMIT);
        let ws =
            builder.build(url).await.map_err(|source| Error::Rpc { method: format!("connecting {url}"), source })?;
        Ok(Self(Arc::new(ws)))
    }

    /// The hash of block 0.
    pub async fn genesis(&self) -> Result<Hash> {
        self.rpc("chain_getBlockHash", rpc_params![0]).await
    }

    /// Blocks as they become final, from the last that is.
    pub async fn follow_finality(&self) -> Result<Finality> {
        let method = "chain_subscribeFinalizedHeads";
        let heads = self.0.subscribe(method, rpc_params![], "chain_unsubscribeFinalizedHeads").await;
        let heads = heads.map_err(|source| Error::Rpc { method: method.into(), source })?;
        Ok(Finality { client: self.clone(), heads })
    }

    /// The last finalised block.
    pub async fn finalised(&self) -> Result<Head> {
        let hash = self.rpc("chain_getFinalizedHead", rpc_params![]).await?;
        self.head(hash).await
    }

    /// The best block, finalised or not.
    pub async fn best(&self) -> Result<Head> {
        let hash = self.rpc("chain_getBlockHash", rpc_params![]).await?;
        self.head(hash).await
    }

    /// The block at `number` of the best chain.
    pub async fn block_hash(&self, number: u32) -> Result<Option<Hash>> {
        self.rpc("chain_getBlockHash", rpc_params![number]).await
    }

    /// The header of `hash`.
    pub async fn head(&self, hash: Hash) -> Result<Head> {
        let header: Option<RpcHeader> = self.rpc("chain_getHeader", rpc_params![hash]).await?;
        let header = header.ok_or_else(|| answer("chain_getHeader", format!("block {hash:?} is unknown")))?;
        Ok(Head { hash, number: header.number()?, parent: header.parent_hash })
    }

    /// Number of connected peers.
    pub async fn peers(&self) -> Result<u64> {
        let health: Value = self.rpc("system_health", rpc_params![]).await?;
        health["peers"].as_u64().ok_or_else(|| answer("system_health", health.to_string()))
    }

    /// A call of the runtime API in the state of block `at`.
    pub async fn call<T: Decode>(&self, at: Hash, method: &str, args: impl Encode) -> Result<T> {
        let raw = self.call_raw(at, method, args).await?;
        T::decode(&mut &raw[..]).map_err(|error| answer(method, error.to_string()))
    }

    /// The epoch clock.
    pub async fn clock(&self, at: Hash) -> Result<ClockInfo> {
        self.call(at, "WorkerApi_clock", ()).await
    }

    /// The epochs in which votes are awaited or counted.
    pub async fn rounds(&self, at: Hash) -> Result<Vec<RoundInfo>> {
        self.call(at, "WorkerApi_rounds", ()).await
    }

    /// An epoch.
    pub async fn epoch(&self, at: Hash, epoch: EpochIndex) -> Result<EpochInfo> {
        self.call(at, "Ratio1Api_epoch", epoch).await
    }

    /// A license. One that does not exist is an error: the preset has all this program asks for.
    pub async fn license(&self, at: Hash, id: LicenseId) -> Result<LicenseInfo> {
        let info: Option<LicenseInfo> = self.call(at, "Ratio1Api_license", id).await?;
        info.ok_or_else(|| answer("Ratio1Api_license", format!("license {id} does not exist")))
    }

    /// Why a license was paid what it was.
    pub async fn payout(&self, at: Hash, epoch: EpochIndex, id: LicenseId) -> Result<Option<PayoutInfo>> {
        self.call(at, "Ratio1Api_payout", (epoch, id)).await
    }

    /// Minted, burned and outstanding.
    pub async fn supply(&self, at: Hash) -> Result<SupplyInfo> {
        self.call(at, "Ratio1Api_supply", ()).await
    }

    /// Total issuance as the balances pallet has it.
    pub async fn issuance(&self, at: Hash) -> Result<Balance> {
        let key = [twox_128(b"Balances"), twox_128(b"TotalIssuance")].concat();
        Ok(self.storage(at, key).await?.unwrap_or_default())
    }

    /// What an account has, free and reserved together.
    pub async fn balance(&self, at: Hash, who: &AccountId) -> Result<Balance> {
        let (free, reserved) = self.free_and_reserved(at, who).await?;
        Ok(free.saturating_add(reserved))
    }

    /// What an account has free, and what is reserved of it: on hold, for jobs.
    pub async fn free_and_reserved(&self, at: Hash, who: &AccountId) -> Result<(Balance, Balance)> {
        // Nonce, consumers, providers, sufficients; then free and reserved, as frame-system and pallet-balances
        // keep them.
        type Account = ([u32; 4], [Balance; 2]);
        let name = [twox_128(b"System"), twox_128(b"Account")].concat();
        let raw = who.encode();
        let key = [name, blake2_128(&raw).to_vec(), raw].concat();
        let account: Option<Account> = self.storage(at, key).await?;
        Ok(account.map_or((0, 0), |(_, [free, reserved])| (free, reserved)))
    }

    /// The last R1/USD rate with 18 decimals, and whether the oracles posted it, as the price pallet keeps it.
    pub async fn rate(&self, at: Hash) -> Result<Option<(Price, bool)>> {
        // The last rate comes first: the price, who said it (the oracles first), two epochs.
        type Posted = (Price, u8, [u32; 2]);
        let key = [twox_128(b"Price"), twox_128(b"Posted")].concat();
        let posted: Option<Posted> = self.storage(at, key).await?;
        Ok(posted.map(|(price, source, _)| (price, source == 0)))
    }

    /// Send the claim of `license`, which costs nothing, and wait for the finalised block that holds it.
    pub async fn claim(&self, license: LicenseId) -> Result<Head> {
        let at = self.best().await?.hash;
        let extrinsic = self.call_raw(at, "Ratio1Api_claim_extrinsic", license).await?;
        self.include(&format!("claim of license {license}"), &extrinsic).await
    }

    /// Send a transaction and wait for the finalised block that holds it. `what` it is, errors say.
    pub async fn include(&self, what: &str, extrinsic: &[u8]) -> Result<Head> {
        self.watch(what, extrinsic, "finalized").await
    }

    /// As [`Self::include`], in a block of the best chain, final or not: for when nothing becomes final.
    pub async fn include_in_best(&self, what: &str, extrinsic: &[u8]) -> Result<Head> {
        self.watch(what, extrinsic, "inBlock").await
    }

    /// Send a transaction and wait until the pool tells the block in which it is `included`.
    async fn watch(&self, what: &str, extrinsic: &[u8], included: &str) -> Result<Head> {
        let method = "author_submitAndWatchExtrinsic";
        let watch = self.0.subscribe(method, rpc_params![to_hex(extrinsic)], "author_unwatchExtrinsic").await;
        let mut watch = watch.map_err(|source| Error::Rpc { method: method.into(), source })?;
        let refused = |detail: String| Error::Transaction { what: what.into(), detail };
        match tokio::time::timeout(INCLUSION_LIMIT, inclusion(&mut watch, included)).await {
            Ok(Ok(hash)) => self.head(hash).await,
            Ok(Err(detail)) => Err(refused(detail)),
            Err(_) => Err(refused(format!("not {included} within {} s", INCLUSION_LIMIT.as_secs()))),
        }
    }

    /// Hand a transaction to the pool.
    pub async fn submit(&self, extrinsic: &[u8]) -> Result<Hash> {
        self.rpc("author_submitExtrinsic", rpc_params![to_hex(extrinsic)]).await
    }

    /// As [`Self::call`], the answer as it came.
    pub async fn call_raw(&self, at: Hash, method: &str, args: impl Encode) -> Result<Vec<u8>> {
        let raw: String = self.rpc("state_call", rpc_params![method, to_hex(&args.encode()), at]).await?;
        from_hex(method, &raw)
    }

    /// A value of the state of block `at`, by its key.
    pub async fn storage<T: Decode>(&self, at: Hash, key: Vec<u8>) -> Result<Option<T>> {
        let raw: Option<String> = self.rpc("state_getStorage", rpc_params![to_hex(&key), at]).await?;
        let Some(raw) = raw else { return Ok(None) };
        let raw = from_hex("state_getStorage", &raw)?;
        T::decode(&mut &raw[..]).map(Some).map_err(|error| answer("state_getStorage", error.to_string()))
    }

    /// Any method.
    pub async fn rpc<T: DeserializeOwned>(&self, method: &str, params: ArrayParams) -> Result<T> {
        let called = self.0.request(method, params).await;
        called.map_err(|source| Error::Rpc { method: method.into(), source })
    }
}

/// Follow a transaction to the block in which it is `included`, or to the reason why there is none.
async fn inclusion(watch: &mut Subscription<Value>, included: &str) -> std::result::Result<Hash, String> {
    while let Some(status) = watch.next().await {
        let status = status.map_err(|error| error.to_string())?;
        if let Some(hash) = status.get(included) {
            return Hash::deserialize(hash).map_err(|error| error.to_string());
        }
        let dead = ["invalid", "dropped", "usurped", "finalityTimeout"];
        if dead.iter().any(|word| status.as_str() == Some(word) || status.get(word).is_some()) {
            return Err(format!("the transaction pool says {status}"));
        }
    }
    Err("the node closed the subscription".into())
}

fn to_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn from_hex(what: &str, text: &str) -> Result<Vec<u8>> {
    hex::decode(text.trim_start_matches("0x")).map_err(|error| answer(what, error.to_string()))
}

fn answer(what: &str, detail: String) -> Error {
    Error::Answer { what: what.into(), detail }
}
