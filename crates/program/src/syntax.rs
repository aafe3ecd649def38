//! What a program is: its objects and bytes, names, shapes, tables, axis links; and the programs that follow from a slab alone.

pub(crate) mod bytes;
pub(crate) mod links;
pub(crate) mod names;
pub(crate) mod shape;
pub(crate) mod tables;
pub(crate) mod types;
pub(crate) mod validity;
