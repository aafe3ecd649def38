//! Random affine expressions over what is known so far, with a bound that no implementation's interval exceeds.

use super::dice::Dice;
use crate::builder::{affine_link, expr};
use tacit_program::*;

/// A tensor that expressions may read.
#[derive(Clone, Debug)]
pub struct Known {
    pub tensor: u32,
    pub shape: Vec<u32>,
    /// |entry| <= bound.
    pub bound: i64,
}

/// An expression and a bound of |value|.
pub struct Bounded {
    pub expr: Expr,
    pub bound: i64,
}

pub fn size(shape: &[u32]) -> i64 {
    shape.iter().map(|&e| i64::from(e)).product()
}

/// Up to three terms with links of any kind; the bound is at most `most`.
pub fn random_expr(dice: &mut Dice, known: &[Known], shape: &[u32], most: i64) -> Bounded {
    let constant = dice.range(-4, 4).clamp(-most, most);
    let mut out = Bounded {
        expr: expr(constant, vec![]),
        bound: constant.abs(),
    };
    if known.is_empty() {
        return out;
    }
    for _ in 0..1 + dice.below(3) {
        let source = dice.pick(known).clone();
        let coef = dice.nonzero(3);
        let links = random_links(dice, shape, &source.shape);
        // At worst a target index meets every source entry.
        let bound = coef.abs() * size(&source.shape) * source.bound;
        if out.bound + bound <= most {
            out.bound += bound;
            out.expr.terms.push(Term {
                coef,
                source: Source::Tensor(source.tensor),
                links,
            });
        }
    }
    out
}

/// Links between some target axes and some source axes; axes in none are broadcast or summed.
pub fn random_links(dice: &mut Dice, target: &[u32], source: &[u32]) -> Vec<Link> {
    let axes = |n: usize| (0..n as u8).collect::<Vec<u8>>();
    let mut targets = dice.shuffled(axes(target.len()));
    let mut sources = dice.shuffled(axes(source.len()));
    let mut links = Vec::new();
    while !targets.is_empty() || !sources.is_empty() {
        let take = |list: &mut Vec<u8>, n: usize| list.split_off(list.len() - n.min(list.len()));
        let kind = dice.below(8);
        let (t, s) = match kind {
            // Identity, transpose, slice, pad, flip, dilation.
            0..=3 => (take(&mut targets, 1), take(&mut sources, 1)),
            // Split, patches.
            4 => (take(&mut targets, 2), take(&mut sources, 1)),
            // Merge.
            5 => (take(&mut targets, 1), take(&mut sources, 2)),
            // Broadcast and sum: no link.
            6 => {
                take(&mut targets, 1);
                take(&mut sources, 1);
                continue;
            }
            _ => (take(&mut targets, 2), take(&mut sources, 2)),
        };
        if kind == 0 && t.len() == 1 && s.len() == 1 {
            links.push(affine_link(&[(t[0], 1)], &[(s[0], 1)], 0));
            continue;
        }
        // Row-major strides behind the first axis of a side make splits and merges; sometimes others.
        let mut strides = |list: &[u8], shape: &[u32]| -> Vec<(u8, i32)> {
            let mut step = 1;
            let mut out = Vec::new();
            for &axis in list.iter().rev() {
                let stride = if dice.one_in(4) {
                    dice.nonzero(3) as i32
                } else {
                    step
                };
                out.push((axis, stride));
                step *= shape[axis as usize] as i32;
            }
            out.reverse();
            out
        };
        let (t, s) = (strides(&t, target), strides(&s, source));
        links.push(affine_link(&t, &s, dice.range(-2, 3) as i32));
    }
    links
}
