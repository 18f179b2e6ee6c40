//! The workers against in-memory ports.

mod ballots;
mod coverage;
mod fakes;
mod intake;
mod relay;
mod sender;
mod services;
mod store;
mod worker;
