//! Bare products: zeros that are one product and nothing else (docs/protocol/program.md section 5).
//!
//! F has no zero divisors: a product is 0 in F iff a factor is, and a factor within (-p/2, p/2) is 0 in F iff it is 0.

use crate::syntax::types::{Expr, Program, Source, Term, Zero};

/// The einsum that the zero says is 0: alone, without a constant, its products not summed.
pub(crate) fn bare_product(program: &Program, zero: &Zero) -> Option<usize> {
    let [Term {
        coef: 1 | -1,
        source: Source::Einsum(e),
        ..
    }] = zero.expr.terms.as_slice()
    else {
        return None;
    };
    let decl = program.einsums.get(*e as usize)?;
    // A label that is not in the output is a contraction, if only of one entry.
    let summed = decl.a_axes.iter().any(|l| !decl.out_axes.contains(l));
    (zero.expr.constant == 0 && !summed).then_some(*e as usize)
}

/// For every einsum whether relations read it, and only in bare products.
pub(crate) fn only_bare(program: &Program) -> Vec<bool> {
    let (mut bare, mut read) = (
        vec![false; program.einsums.len()],
        vec![false; program.einsums.len()],
    );
    let mut reads = |expr: &Expr| {
        for term in &expr.terms {
            if let Source::Einsum(e) = term.source {
                read[e as usize] = true;
            }
        }
    };
    for lookup in &program.lookups {
        reads(&lookup.input);
        reads(&lookup.output);
    }
    for zero in &program.zeros {
        match bare_product(program, zero) {
            Some(e) => bare[e] = true,
            None => reads(&zero.expr),
        }
    }
    bare.into_iter().zip(read).map(|(b, r)| b && !r).collect()
}
