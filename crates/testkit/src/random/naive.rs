//! A second execution, straight from the definitions of docs/protocol/program.md: every target index tries every source index.

use std::collections::HashMap;
use tacit_program::*;

/// Values by tensor, einsum outputs, counts by table row.
pub struct Naive<'a> {
    program: &'a Program,
    pub tensors: Vec<Option<Vec<i64>>>,
    pub einsums: Vec<Option<Vec<i64>>>,
    pub multiplicities: Vec<Vec<i64>>,
}

/// All indices of a shape, row-major.
fn indices(shape: &[u32]) -> Vec<Vec<i64>> {
    shape.iter().fold(vec![vec![]], |all, &e| {
        let extend = |i: Vec<i64>| (0..i64::from(e)).map(move |x| [i.clone(), vec![x]].concat());
        all.into_iter().flat_map(extend).collect()
    })
}

fn flat(shape: &[u32], index: &[i64]) -> usize {
    shape
        .iter()
        .zip(index)
        .fold(0, |i, (&e, &x)| i * e as usize + x as usize)
}

/// `picked`: the index' entry at t, of an index link.
fn holds(link: &Link, picked: Option<i64>, t: &[i64], s: &[i64]) -> bool {
    let side = |list: &[(u8, i32)], index: &[i64]| -> i64 {
        list.iter()
            .map(|&(axis, stride)| i64::from(stride) * index[axis as usize])
            .sum()
    };
    picked.unwrap_or_else(|| side(&link.target, t)) + i64::from(link.offset)
        == side(&link.source, s)
}

/// The table as pairs.
fn rows(kind: &TableKind) -> Vec<(i64, i64)> {
    match kind {
        TableKind::Range { lo, len } => (*lo..lo + i64::from(*len)).map(|x| (x, 0)).collect(),
        TableKind::Relu { lo, len } => (*lo..lo + i64::from(*len)).map(|x| (x, x.max(0))).collect(),
        TableKind::Sign { lo, len } => (*lo..lo + i64::from(*len))
            .map(|x| (x, i64::from(x >= 0)))
            .collect(),
        TableKind::Values { lo, outs } => (*lo..).zip(outs.iter().copied()).collect(),
        TableKind::Clamp { lo, len, low, high } => (*lo..lo + i64::from(*len))
            .map(|x| {
                (
                    x,
                    if x < *low {
                        *low
                    } else if x > *high {
                        *high
                    } else {
                        x
                    },
                )
            })
            .collect(),
    }
}

impl<'a> Naive<'a> {
    pub fn run(program: &'a Program, givens: &[(u32, Vec<i64>)]) -> Self {
        let constant = |t: &Tensor| match &t.place {
            Place::Constant(values) => Some(values.clone()),
            _ => None,
        };
        let mut run = Self {
            program,
            tensors: program.tensors.iter().map(constant).collect(),
            einsums: vec![None; program.einsums.len()],
            multiplicities: Vec::new(),
        };
        for (t, values) in givens {
            run.tensors[*t as usize] = Some(values.clone());
        }
        for hint in &program.hints {
            run.hint(hint);
        }
        for e in 0..program.einsums.len() {
            run.einsum(e);
        }
        run.count();
        run
    }

    fn value(&mut self, expr: &Expr, shape: &[u32]) -> Vec<i64> {
        let program = self.program;
        let mut out = vec![expr.constant; indices(shape).len()];
        for term in &expr.terms {
            let (data, source_shape) = match term.source {
                Source::Tensor(t) => {
                    let data = self.tensors[t as usize]
                        .clone()
                        .expect("written before it is read");
                    (data, program.tensors[t as usize].shape.clone())
                }
                Source::Einsum(e) => (self.einsum(e as usize), shape.to_vec()),
            };
            let sources = indices(&source_shape);
            for (o, t) in out.iter_mut().zip(indices(shape)) {
                let picked = |l: &Link| {
                    let index = self.tensors[l.index? as usize].as_ref();
                    let axes = l.target.iter().map(|&(axis, _)| usize::from(axis));
                    let (extents, at): (Vec<u32>, Vec<i64>) =
                        axes.map(|axis| (shape[axis], t[axis])).unzip();
                    Some(index.expect("written before it is read")[flat(&extents, &at)])
                };
                let met = sources.iter().zip(&data).filter(|(s, _)| {
                    let every = |l: &Link| holds(l, picked(l), &t, s);
                    term.links.iter().all(every)
                });
                *o += term.coef * met.map(|(_, &v)| v).sum::<i64>();
            }
        }
        out
    }

    fn einsum(&mut self, e: usize) -> Vec<i64> {
        if let Some(done) = &self.einsums[e] {
            return done.clone();
        }
        let decl = &self.program.einsums[e];
        let shape = |axes: &[u8]| {
            axes.iter()
                .map(|&l| decl.extents[l as usize])
                .collect::<Vec<u32>>()
        };
        let at = |axes: &[u8], i: &[i64]| {
            let own: Vec<i64> = axes.iter().map(|&l| i[l as usize]).collect();
            flat(&shape(axes), &own)
        };
        let a = self.value(&decl.a, &shape(&decl.a_axes));
        let b = self.value(&decl.b, &shape(&decl.b_axes));
        let mut out = vec![0; indices(&shape(&decl.out_axes)).len()];
        for i in indices(&decl.extents) {
            out[at(&decl.out_axes, &i)] += a[at(&decl.a_axes, &i)] * b[at(&decl.b_axes, &i)];
        }
        self.einsums[e] = Some(out.clone());
        out
    }

    fn hint(&mut self, hint: &Hint) {
        let shape_of = |t: u32| self.program.tensors[t as usize].shape.clone();
        match hint {
            Hint::Linear { dst, expr } => {
                let v = self.value(expr, &shape_of(*dst));
                self.tensors[*dst as usize] = Some(v);
            }
            Hint::Digits {
                shape,
                expr,
                digits,
                quotient,
            } => {
                let mut v = self.value(expr, shape);
                for &(dst, bits) in digits {
                    let base = 2i64.pow(u32::from(bits));
                    self.tensors[dst as usize] =
                        Some(v.iter().map(|x| x.rem_euclid(base)).collect());
                    v.iter_mut().for_each(|x| *x = x.div_euclid(base));
                }
                if let Some(q) = quotient {
                    self.tensors[*q as usize] = Some(v);
                }
            }
            Hint::Lookup {
                dst,
                table,
                expr,
                shift,
            } => {
                let v = self.value(expr, &shape_of(*dst));
                let map: HashMap<i64, i64> = rows(&self.program.tables[*table as usize].kind)
                    .into_iter()
                    .collect();
                let out = v.iter().map(|x| map[&x.div_euclid(1 << shift)]);
                self.tensors[*dst as usize] = Some(out.collect());
            }
            Hint::Divide {
                shape,
                num,
                den,
                quotient,
                remainder,
            } => {
                let (num, den) = (self.value(num, shape), self.value(den, shape));
                let floor = |(n, d): (&i64, &i64)| (*n as f64 / *d as f64).floor() as i64;
                let q: Vec<i64> = num.iter().zip(&den).map(floor).collect();
                let r = num
                    .iter()
                    .zip(&den)
                    .zip(&q)
                    .map(|((n, d), q)| n - q * d)
                    .collect();
                self.tensors[*quotient as usize] = Some(q);
                self.tensors[*remainder as usize] = Some(r);
            }
            Hint::Max {
                shape,
                axes,
                expr,
                shift,
                digits,
                quotient,
            } => {
                let v = self.value(expr, shape);
                let kept = shape.len() - usize::from(*axes);
                let n: u32 = shape[kept..].iter().product();
                let floor = |x: i64, bits: u8| x.div_euclid(2i64.pow(u32::from(bits)));
                let mut m: Vec<i64> = v
                    .chunks(n as usize)
                    .map(|c| floor(*c.iter().max().unwrap(), *shift))
                    .collect();
                for &(dst, bits) in digits {
                    let base = 2i64.pow(u32::from(bits));
                    self.tensors[dst as usize] =
                        Some(m.iter().map(|x| x.rem_euclid(base)).collect());
                    m.iter_mut().for_each(|x| *x = floor(*x, bits));
                }
                self.tensors[*quotient as usize] = Some(m);
            }
            Hint::Clamp {
                shape,
                expr,
                shift,
                low,
                high,
                inside,
                outside,
            } => {
                let v = self.value(expr, shape);
                let (mut within, mut beyond) = (vec![], vec![]);
                for x in v {
                    let x = x.div_euclid(1 << shift);
                    let part = if x < *low {
                        *low
                    } else if x > *high {
                        *high
                    } else {
                        x
                    };
                    within.push(part);
                    beyond.push(x - part);
                }
                for (dst, part) in [(inside, within), (outside, beyond)] {
                    if let Some(dst) = dst {
                        self.tensors[*dst as usize] = Some(part);
                    }
                }
            }
            Hint::OneHotMax { shape, expr, dst } => {
                let v = self.value(expr, shape);
                let n = *shape.last().unwrap() as usize;
                let one_hot = |c: &[i64]| {
                    let first = (0..n).rev().max_by_key(|&i| c[i]).unwrap();
                    (0..n).map(|i| i64::from(i == first)).collect::<Vec<i64>>()
                };
                self.tensors[*dst as usize] = Some(v.chunks(n).flat_map(one_hot).collect());
            }
        }
    }

    /// Every lookup's pair is in its table, every zero is zero.
    fn count(&mut self) {
        let program = self.program;
        let tables: Vec<Vec<(i64, i64)>> = program.tables.iter().map(|t| rows(&t.kind)).collect();
        self.multiplicities = tables.iter().map(|t| vec![0; t.len()]).collect();
        for lookup in &program.lookups {
            let input = self.value(&lookup.input, &lookup.shape);
            let output = self.value(&lookup.output, &lookup.shape);
            for (x, y) in input.iter().zip(&output) {
                assert_eq!(x % (1 << lookup.shift), 0, "{}", lookup.name);
                let pair = (x / (1 << lookup.shift), *y);
                let table = lookup.table as usize;
                let row = tables[table].iter().position(|r| *r == pair);
                let row = row.unwrap_or_else(|| panic!("{}: {pair:?}", lookup.name));
                self.multiplicities[table][row] += 1;
            }
        }
        for zero in &program.zeros {
            let v = self.value(&zero.expr, &zero.shape);
            assert!(v.iter().all(|x| *x == 0), "zero {}", zero.name);
        }
    }
}
