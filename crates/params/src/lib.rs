//! Parameters of the opening and what they are worth in bits.
//!
//! `Geometry` is the public shape of every commitment of a deployment (docs/protocol.md, section 3). It is never written
//! by hand: it is derived from a security target, and a verifier accepts it only when its soundness budget for the
//! program at hand reaches that target (docs/security.md).

mod geometry;

pub use geometry::{Geometry, GeometryError, Level};
