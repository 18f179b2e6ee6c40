//! What a license's node was worth to the network in the last epochs, and what its deed was paid for it:
//!
//! `availability ws://127.0.0.1:9944 5`

use ratio1_primitives::{EpochIndex, LicenseId};
use ratio1_testnet::{facts::r1, Client};
use std::error::Error;

const USAGE: &str = "usage: availability URL LICENSE";
/// How many epochs are told.
const EPOCHS: u32 = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (url, license) = (arguments.next().ok_or(USAGE)?, arguments.next().ok_or(USAGE)?);
    let license = LicenseId(license.parse()?);

    let client = Client::connect(&url).await?;
    // One block for all questions, and a final one: what it says will not change.
    let at = client.finalised().await?.hash;
    let deed = client.license(at, license).await?;
    println!("license {license}: {} R1 minted, {} R1 claimable", r1(deed.minted), r1(deed.claimable));

    let running = client.clock(at).await?.current;
    for epoch in running.0.saturating_sub(EPOCHS)..running.0 {
        // None before the license was issued; no byte until the oracles have agreed on one.
        let Some(payout) = client.payout(at, EpochIndex(epoch), license).await? else { continue };
        match payout.byte {
            Some(byte) => println!("epoch {epoch}: availability {byte} of 255, worth {} R1", r1(payout.worth)),
            None => println!("epoch {epoch}: no result, or none yet"),
        }
    }
    Ok(())
}
