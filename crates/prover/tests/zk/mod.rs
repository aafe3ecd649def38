//! Exact tests of zero knowledge on what the real prover sends.
#![allow(dead_code)]

pub mod elimination;
pub mod family;
pub mod hiding;
pub mod pads;
pub mod record;
pub mod simulator;
pub mod view;
