//! Terms that an index picks: links whose target side is a tensor that the verifier knows.

use super::expressions::{random_links, size, Bounded, Known};
use super::generator::Generator;
use crate::builder::*;
use tacit_program::*;

impl Generator {
    /// One more term, by an index, if there is room for it.
    pub(super) fn add_picked(&mut self, out: &mut Bounded, shape: &[u32], most: i64) {
        let with_axes = self.known.iter().filter(|k| !k.shape.is_empty());
        let with_axes: Vec<Known> = with_axes.cloned().collect();
        if with_axes.is_empty() {
            return;
        }
        let source = self.dice.pick(&with_axes).clone();
        let bound = size(&source.shape) * source.bound;
        if out.bound + bound > most {
            return;
        }
        let axis = self.dice.below(source.shape.len()) as u8;
        let mut axes = self.dice.shuffled((0..shape.len() as u8).collect());
        axes.truncate(self.dice.below(3));
        let extents: Vec<u32> = axes.iter().map(|&a| shape[usize::from(a)]).collect();
        let last = i64::from(source.shape[usize::from(axis)]) - 1;
        let flipped = self.dice.one_in(4);
        let ends = if flipped {
            (-last - 1, 1)
        } else {
            (-1, last + 1)
        };
        let index = self.index(&extents, ends);
        let offset = self.dice.range(-1, 1) as i32;
        let mut link = index_link(&axes, axis, offset, index);
        link.source[0].1 = if flipped { -1 } else { 1 };
        let free = |l: &Link| {
            let targets = l.target.iter().any(|(a, _)| axes.contains(a));
            !targets && l.source.iter().all(|&(a, _)| a != axis)
        };
        let mut links = random_links(&mut self.dice, shape, &source.shape);
        links.retain(free);
        links.push(link);
        out.bound += bound;
        out.expr.terms.push(term(1, source.tensor, links));
    }

    /// A constant or a public input: of every entry of an axis, and some beyond.
    fn index(&mut self, shape: &[u32], (lo, hi): (i64, i64)) -> u32 {
        let values = self.values(size(shape) as usize, lo, hi);
        let name = self.name("index");
        if self.dice.one_in(2) {
            return self.p.tensor(&name, shape, Place::Constant(values), lo, hi);
        }
        let tensor = self.p.tensor(&name, shape, Place::Public, lo, hi);
        self.givens.push((tensor, values));
        let name = format!("in{tensor}");
        self.p.program.inputs.push(Port {
            name,
            tensor,
            frac: 0,
        });
        tensor
    }
}
