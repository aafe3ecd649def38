//! Verifying a proof from files, for whoever proves nothing: what is accepted, what it states, and why something is refused.
//!
//! [`verify`] takes bytes and gives a [`Statement`]; [`run`] is the command `tacit-verify` around it.

mod arrays;
mod command;
mod known;
mod npy;
mod numbers;
mod public;
mod refusal;
mod report;
mod statement;
mod verify;

pub use arrays::read_numbers;
pub use command::run;
pub use known::Known;
pub use numbers::Numbers;
pub use refusal::{Kind, Refusal, Result};
pub use report::{error_json, statement_json};
pub use statement::{Committed, Place, Predicate, Stated, Statement};
pub use verify::{verify, Given, Request};
