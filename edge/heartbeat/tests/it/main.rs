//! The workers against in-memory ports.

mod absence;
mod attacks;
mod ballots;
mod coverage;
mod fakes;
mod intake;
mod relay;
mod saving;
mod sender;
mod services;
mod store;
mod worker;
