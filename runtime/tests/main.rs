//! The real runtime, from genesis over many epochs.
//!
//! One program: each one would compile the whole runtime again, for minutes.

mod common;

mod accounts;
mod attacks;
mod byzantine;
mod draws;
mod economy;
mod finality;
mod fuzz;
mod governance;
mod jobs;
mod mainnet;
mod offences;
mod presets;
mod story;
