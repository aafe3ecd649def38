//! From the givens to every value of the statement (docs/protocol/program.md section 6).

use crate::error::{ProgramError, Result};
use crate::execute::dense::dense;
use crate::execute::einsums::contract;
use crate::execute::elementwise::{beyond, outside};
use crate::execute::trace::{Trace, Values};
use crate::layout::prepared::Prepared;
use crate::syntax::shape::entries;
use crate::syntax::types::{Expr, Hint, Place, Source};
use std::borrow::Cow;

mod hints;
mod relations;

/// Givens are slab tensors and input ports' tensors, each at most once, as `Vec<i64>` or shared. What no hint writes must be
/// given; a slab tensor that a hint writes may be: then both must agree.
/// Errors (slug `execution`) name the tensor, the value and the range of the first thing that does not hold.
pub fn execute<G: Into<Values>>(
    prepared: &Prepared,
    givens: impl IntoIterator<Item = (u32, G)>,
) -> Result<Trace> {
    let mut run = Run::new(prepared);
    run.give_all(givens)?;
    run.compute_all()?;
    let rows = run.check()?;
    run.trace.multiplicities = run.counts(rows);
    Ok(run.trace)
}

/// Execution with the givens that many runs share, such as weights, in place: they are looked at once.
#[derive(Clone)]
pub struct Shared<'a>(Run<'a>);

impl<'a> Shared<'a> {
    /// Errors as `execute`, of these givens.
    pub fn new<G: Into<Values>>(
        prepared: &'a Prepared,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Self> {
        let mut run = Run::new(prepared);
        run.give_all(givens)?;
        Ok(Self(run))
    }

    /// As `execute` of these givens and the shared ones, but nothing counts the rows of tables: they are for a proof.
    /// It refuses just what `execute` refuses, by the same error.
    pub fn execute<G: Into<Values>>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Trace> {
        let mut run = self.0.clone();
        run.give_all(givens)?;
        run.compute_all()?;
        run.check()?;
        Ok(run.trace)
    }
}

#[derive(Clone)]
struct Run<'a> {
    prepared: &'a Prepared,
    trace: Trace,
    written: Vec<bool>,
    /// Slab tensors that were given, and that no hint has computed.
    claimed: Vec<bool>,
    contracted: Vec<bool>,
}

impl<'a> Run<'a> {
    fn new(prepared: &'a Prepared) -> Self {
        let program = &prepared.program;
        let constant = |place: &Place| matches!(place, Place::Constant(_));
        Self {
            trace: Trace {
                tensors: prepared.constants.clone(),
                multiplicities: Vec::new(),
                einsums: vec![Vec::new(); program.einsums.len()],
            },
            written: program.tensors.iter().map(|t| constant(&t.place)).collect(),
            claimed: vec![false; program.tensors.len()],
            contracted: vec![false; program.einsums.len()],
            prepared,
        }
    }

    fn name(&self, tensor: u32) -> Cow<'a, str> {
        self.prepared.program.address(tensor)
    }

    fn give_all<G: Into<Values>>(
        &mut self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<()> {
        givens
            .into_iter()
            .try_for_each(|(tensor, values)| self.give(tensor, values.into()))
    }

    fn compute_all(&mut self) -> Result<()> {
        self.check_givens()?;
        let prepared = self.prepared;
        let mut hints = prepared.program.hints.iter();
        hints.try_for_each(|hint| self.hint(hint))
    }

    fn give(&mut self, tensor: u32, values: Values) -> Result<()> {
        let program = &self.prepared.program;
        let slab = program
            .tensors
            .get(tensor as usize)
            .is_some_and(|t| matches!(t.place, Place::Slab(_)));
        if !slab && !program.inputs.iter().any(|p| p.tensor == tensor) {
            let got = format!("tensor {tensor} {}", self.name(tensor));
            return Err(ProgramError::execution(
                "given_unknown",
                "givens",
                "slab tensors and inputs",
                got,
            ));
        }
        self.write(tensor, values)?;
        self.claimed[tensor as usize] = slab;
        Ok(())
    }

    fn check_givens(&self) -> Result<()> {
        let program = &self.prepared.program;
        let mut computed = vec![false; program.tensors.len()];
        for tensor in program.hints.iter().flat_map(Hint::writes) {
            computed[tensor as usize] = true;
        }
        let slabs = (0u32..)
            .zip(program.tensors.iter().zip(computed))
            .filter(|(_, (t, computed))| matches!(t.place, Place::Slab(_)) && !computed)
            .map(|(i, _)| i);
        for tensor in slabs.chain(program.inputs.iter().map(|p| p.tensor)) {
            self.check_written(tensor, "given_missing", "given values")?;
        }
        Ok(())
    }

    fn check_written(&self, tensor: u32, rule: &'static str, expected: &str) -> Result<()> {
        if self.written.get(tensor as usize) == Some(&true) {
            return Ok(());
        }
        Err(ProgramError::execution(
            rule,
            self.name(tensor),
            expected,
            "none",
        ))
    }

    /// What a hint computes: a slab tensor that was given must be just that.
    fn compute(&mut self, tensor: u32, values: Values) -> Result<()> {
        if !std::mem::take(&mut self.claimed[tensor as usize]) {
            return self.write(tensor, values);
        }
        let given = &self.trace.tensors[tensor as usize];
        self.check_count(tensor, &values)?;
        let wrong = given
            .iter()
            .zip(values.iter())
            .position(|(given, computed)| given != computed);
        wrong.map_or(Ok(()), |i| {
            Err(ProgramError::execution(
                "slab_value",
                self.name(tensor),
                format!("{} at {i}, as computed", values[i]),
                given[i].to_string(),
            ))
        })
    }

    /// A whole tensor, once, in its declared interval.
    fn write(&mut self, tensor: u32, values: Values) -> Result<()> {
        let decl = &self.prepared.program.tensors[tensor as usize];
        if self.written[tensor as usize] {
            return Err(ProgramError::execution(
                "written_twice",
                self.name(tensor),
                "one value",
                "a second one",
            ));
        }
        self.check_count(tensor, &values)?;
        if let Some((i, v)) = outside(&values, decl.lo, decl.hi) {
            let ends = (decl.lo.into(), decl.hi.into());
            return Err(beyond(
                "tensor_interval",
                &self.name(tensor),
                ends,
                v.into(),
                i,
            ));
        }
        self.written[tensor as usize] = true;
        self.trace.tensors[tensor as usize] = values;
        Ok(())
    }

    /// As many values as the tensor has entries.
    fn check_count(&self, tensor: u32, values: &[i64]) -> Result<()> {
        let decl = &self.prepared.program.tensors[tensor as usize];
        let n = entries(&decl.shape);
        if values.len() == n {
            return Ok(());
        }
        let (expected, got) = (format!("{n} entries"), format!("{} entries", values.len()));
        Err(ProgramError::execution(
            "given_shape",
            self.name(tensor),
            expected,
            got,
        ))
    }

    /// Every source has values; einsums are computed when first needed.
    fn need(&mut self, expr: &Expr) -> Result<()> {
        for term in &expr.terms {
            match term.source {
                Source::Tensor(t) => {
                    let indices = term.links.iter().filter_map(|l| l.index);
                    for read in indices.chain([t]) {
                        self.check_written(read, "unwritten", "values before they are read")?;
                    }
                }
                Source::Einsum(e) => self.contract(e as usize)?,
            }
        }
        Ok(())
    }

    fn contract(&mut self, e: usize) -> Result<()> {
        if self.contracted[e] {
            return Ok(());
        }
        let prepared = self.prepared;
        let decl = &prepared.program.einsums[e];
        self.need(&decl.a)?;
        self.need(&decl.b)?;
        let out = contract(prepared, e, &self.trace);
        self.trace.einsums[e] = out;
        self.contracted[e] = true;
        Ok(())
    }

    fn values(&mut self, expr: &Expr, shape: &[u32]) -> Result<Cow<'_, [i64]>> {
        self.need(expr)?;
        Ok(dense(self.prepared, expr, shape, &self.trace))
    }

    fn shape(&self, tensor: u32) -> &'a [u32] {
        &self.prepared.program.tensors[tensor as usize].shape
    }
}
