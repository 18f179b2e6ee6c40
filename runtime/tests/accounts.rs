//! Accounts on the real runtime: what their proxies may do, what transactions cost and who gets it, what becomes of an
//! account's transactions when it is reaped.

mod fees;
mod nonces;
mod proxies;
