//! Slabs that hold the same values, tied by links, with everything that is ever proven with them: masters and children, plain
//! commitments and those that renew them.

use std::collections::BTreeMap;

use tacit_algebra::{k_to_bytes, K};
use tacit_params::Geometry;
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Slab};
use tacit_prover::{slab_cells, Job, Rotating};
use tacit_verifier::{prepare_validity, value, VALIDITY_CONTEXT};

use super::record::{run, run_further, run_repeatably, Run};
use super::view::{claims, Var};
use tacit_testkit::{linear, slab_values, Case, CONTEXT};

/// Members are called 0, 1, ..; proofs' own slabs are WITNESS, WITNESS + 1, ..
pub const WITNESS: usize = 20;
/// The largest k0 of the proofs here, the validity proof's.
const FOLD: u8 = 4;

pub struct Member {
    pub slab: Slab,
    /// The slab whose values it holds, and the rotation cell of that one which is its cell 0.
    from: Option<(usize, u16)>,
}

/// The linear program's slab, and others with its values.
pub struct Family {
    pub case: Case,
    pub geometry: Geometry,
    /// Of the tensors.
    pub cells: usize,
    pub members: Vec<Member>,
    pub runs: Vec<Run>,
    /// Forms of the published values: v and y of each side of each rotation.
    published: Vec<BTreeMap<Var, K>>,
}

impl Family {
    /// The first slab, with so many rotation cells.
    pub fn new(geometry: Geometry, links: usize, budget: u32) -> Self {
        let case = linear();
        let cells = slab_cells(&case.prepared, 0, &slab_values(&case)).unwrap();
        let drawn = Stream::new(&[3; 32], PADS).k_vec(links);
        let schema = case.prepared.schema(0);
        let slab = commit(
            &geometry, true, schema, &cells, &drawn, budget, FOLD, [4; 32],
        );
        let first = Member {
            slab: slab.unwrap(),
            from: None,
        };
        Self {
            case,
            geometry,
            cells: cells.len(),
            members: vec![first],
            runs: Vec::new(),
            published: Vec::new(),
        }
    }

    /// A slab that holds the values of `of`, tied to its rotation cell `index`. Returns what it is called.
    pub fn add(&mut self, slab: Slab, of: usize, index: u16) -> usize {
        let from = Some((of, index));
        self.members.push(Member { slab, from });
        self.members.len() - 1
    }

    fn witness(&self) -> usize {
        WITNESS + self.runs.len()
    }

    /// Its validity proof, that of a renewal without fresh randomness.
    pub fn validity(&mut self, id: usize, repeatable: bool) {
        let prepared = prepare_validity("model", &self.case.prepared.schema_tensors(0)).unwrap();
        let job = Job {
            prepared: &prepared,
            geometry: &self.geometry,
            slabs: &[&self.members[id].slab],
            context: VALIDITY_CONTEXT,
        };
        let made = if repeatable {
            run_repeatably(job, &[], &[id], self.witness())
        } else {
            run(job, Vec::new(), &[id], self.witness())
        };
        self.runs.push(made);
    }

    /// Both sides of its rotation with the slab that it comes from, that of a renewal without fresh randomness.
    pub fn rotation(&mut self, id: usize, repeatable: bool) {
        let (of, index) = self.members[id].from.unwrap();
        let tensors = self.case.prepared.schema_tensors(0);
        let (master, child) = (&self.members[of].slab, &self.members[id].slab);
        let rotating = Rotating {
            slab: "model",
            tensors: &tensors,
            master,
            child,
            index,
        };
        let statement = rotating.statement().unwrap();
        let form = statement.claim(index, -K::default()).unwrap();
        let v = value(&form.affine, &[master.data()], &[]).unwrap();
        let context = statement.context(&k_to_bytes(&v));
        for (slab, id, index) in [(master, of, index), (child, id, 0)] {
            let job = Job {
                prepared: &statement.prepared,
                geometry: &self.geometry,
                slabs: &[slab],
                context: &context,
            };
            let further = [statement.claim(index, v).unwrap()];
            let prove = if repeatable {
                run_repeatably
            } else {
                run_further
            };
            let run = prove(job, &further, &[id], WITNESS + self.runs.len());
            // The last claims of a proof: the rotation's, then the binding claim.
            let mut last = claims(&run).split_off(run.record.claims.len() - 1);
            self.published.append(&mut last);
            self.runs.push(run);
        }
    }

    /// One proof of the linear program.
    pub fn proof(&mut self, id: usize) {
        let job = Job {
            prepared: &self.case.prepared,
            geometry: &self.geometry,
            slabs: &[&self.members[id].slab],
            context: CONTEXT,
        };
        let made = run(job, self.case.givens.clone(), &[id], self.witness());
        self.runs.push(made);
    }

    /// The cells of a slab's y pad (`at` = 0), or of its rotation cell `at` - 1.
    pub fn reserved_cell(&self, slab: usize, at: usize) -> impl Fn(Var) -> bool {
        let (first, r) = (self.cells + 3 * at, self.geometry.r());
        move |v| match v {
            Var::Cell {
                slab: s,
                column,
                row,
            } => s == slab && row < r && (first..first + 3).contains(&(column * r + row)),
            Var::Mask { .. } => false,
        }
    }

    /// The one name of a cell: values are the first slab's, a cell 0 is that of the slab it comes from.
    pub fn name(&self) -> impl Fn(Var) -> Var + '_ {
        let (cells, r) = (self.cells, self.geometry.r());
        move |v| {
            let Var::Cell { slab, column, row } = v else {
                return v;
            };
            let at = column * r + row;
            let Some((of, index)) = self.members.get(slab).and_then(|m| m.from) else {
                return v;
            };
            let cell = |slab: usize, at: usize| Var::Cell {
                slab,
                column: at / r,
                row: at % r,
            };
            match at.checked_sub(cells + 3) {
                _ if row >= r => v,
                None if at < cells => cell(0, at),
                // No slab is tied by a cell 0 that is itself another's.
                Some(d) if d < 3 => cell(of, cells + 3 + 3 * usize::from(index) + d),
                _ => v,
            }
        }
    }

    /// The uniform cells behind the tensors: y pads and rotation cells. Those behind them are zero.
    pub fn reserved(&self) -> impl Fn(Var) -> bool + '_ {
        move |v| {
            let Var::Cell { slab, .. } = v else {
                return false;
            };
            let member = self.members.get(slab);
            let links = member.map(|m| usize::from(m.slab.commitment.header.links));
            links.is_some_and(|n| (0..=n).any(|at| self.reserved_cell(slab, at)(v)))
        }
    }

    /// Forms of the published values on the cells by their one name.
    pub fn forms(&self) -> Vec<BTreeMap<Var, K>> {
        let name = self.name();
        let rename = |form: &BTreeMap<Var, K>| {
            let mut out: BTreeMap<Var, K> = BTreeMap::new();
            form.iter()
                .for_each(|(v, &w)| *out.entry(name(*v)).or_default() += w);
            out
        };
        self.published.iter().map(rename).collect()
    }
}
