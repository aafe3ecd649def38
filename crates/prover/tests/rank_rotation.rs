//! Zero knowledge of rotation, exactly: a master, its children and the proofs of these show nothing together, although they hold
//! the same values; nor do the values that are published beside them (y of each commitment, v of each link).

mod common;
mod zk;

use common::*;
use std::collections::BTreeMap;
use tacit_algebra::{k_to_bytes, K};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Slab};
use tacit_prover::{child_of, slab_cells, Job, Linking};
use tacit_verifier::{prepare_validity, value, VALIDITY_CONTEXT};
use zk::hiding::{check_against_messages, column_alone, published_hide, test, Without};
use zk::record::{run, run_further, Run};
use zk::view::{claims, Var};

const MASTER: usize = 0;
/// Child i is called CHILD + i; proofs' own slabs are WITNESS, WITNESS + 1, ..
const CHILD: usize = 1;
const WITNESS: usize = 10;
/// The largest k0 of the proofs here, the validity proof's.
const FOLD: u8 = 4;

/// The linear program's slab as a master of two children, with everything that is ever proven with it.
struct Family {
    case: Case,
    cells: usize,
    master: Slab,
    runs: Vec<Run>,
    /// Forms of the published values: y and v.
    published: Vec<BTreeMap<Var, K>>,
}

/// `indices`: the master's link cell of each child.
fn family(indices: &[u16]) -> Family {
    let case = linear();
    let cells = slab_cells(&case.prepared, 0, &slab_values(&case));
    let links = Stream::new(&[3; 32], PADS).k_vec(2);
    let budget = 1 + indices.len() as u32;
    let schema = case.prepared.schema(0);
    let master = commit(&toy(), true, schema, &cells, &links, budget, FOLD, [4; 32]).unwrap();
    let mut out = Family {
        cells: cells.len(),
        runs: vec![validity(&case, &master)],
        published: Vec::new(),
        case,
        master,
    };
    for (child, &index) in indices.iter().enumerate() {
        out.add_child(CHILD + child, index);
    }
    out
}

fn validity(case: &Case, master: &Slab) -> Run {
    let prepared = prepare_validity("model", &case.prepared.schema_tensors(0)).unwrap();
    let geometry = toy();
    let job = Job {
        prepared: &prepared,
        geometry: &geometry,
        slabs: &[master],
        context: VALIDITY_CONTEXT,
    };
    run(job, Vec::new(), &[MASTER], WITNESS)
}

impl Family {
    /// A child, both sides of its link, and one proof with it.
    fn add_child(&mut self, id: usize, index: u16) {
        let child = child_of(&self.master, index, 2, [id as u8; 32]).unwrap();
        let tensors = self.case.prepared.schema_tensors(0);
        let linking = Linking {
            slab: "model",
            tensors: &tensors,
            master: &self.master,
            child: &child,
            index,
        };
        let statement = linking.statement().unwrap();
        let form = statement.claim(index, -K::default()).unwrap();
        let v = value(&form.affine, &[self.master.data()], &[]);
        let context = statement.context(&k_to_bytes(&v));
        let geometry = toy();
        for (slab, id, index) in [(&self.master, MASTER, index), (&child, id, 0)] {
            let job = Job {
                prepared: &statement.prepared,
                geometry: &geometry,
                slabs: &[slab],
                context: &context,
            };
            let further = [statement.claim(index, v).unwrap()];
            let run = run_further(job, &further, &[id], WITNESS + self.runs.len());
            // The last claims of a proof: the link's, then the binding claim.
            let mut last = claims(&run).split_off(run.record.claims.len() - 1);
            self.published.append(&mut last);
            self.runs.push(run);
        }
        let job = Job {
            prepared: &self.case.prepared,
            geometry: &geometry,
            slabs: &[&child],
            context: CONTEXT,
        };
        let witness = WITNESS + self.runs.len();
        self.runs
            .push(run(job, self.case.givens.clone(), &[id], witness));
    }

    /// A child's values are the master's, its link cell is the master's.
    fn name<'a>(&self, indices: &'a [u16]) -> impl Fn(Var) -> Var + 'a {
        let (cells, r) = (self.cells, toy().r());
        move |v| {
            let Var::Cell { slab, column, row } = v else {
                return v;
            };
            let Some(&index) = slab.checked_sub(CHILD).and_then(|i| indices.get(i)) else {
                return v;
            };
            let at = column * r + row;
            let master = |cell: usize| Var::Cell {
                slab: MASTER,
                column: cell / r,
                row: cell % r,
            };
            match at.checked_sub(cells + 3) {
                _ if row >= r => v,
                None if at < cells => master(at),
                Some(d) if d < 3 => master(cells + 3 + 3 * usize::from(index) + d),
                _ => v,
            }
        }
    }

    /// The uniform cells behind the tensors: y pads and link cells. Those behind them are zero.
    fn reserved(&self) -> impl Fn(Var) -> bool {
        let (first, r) = (self.cells, toy().r());
        move |v| match v {
            Var::Cell { slab, column, row } => {
                let end = first + if slab == MASTER { 9 } else { 6 };
                slab < WITNESS && row < r && (first..end).contains(&(column * r + row))
            }
            Var::Mask { .. } => false,
        }
    }

    /// Forms of the published values on the cells by their one name.
    fn forms(&self, indices: &[u16]) -> Vec<BTreeMap<Var, K>> {
        let name = self.name(indices);
        let rename = |form: &BTreeMap<Var, K>| {
            let mut out: BTreeMap<Var, K> = BTreeMap::new();
            form.iter()
                .for_each(|(v, &w)| *out.entry(name(*v)).or_default() += w);
            out
        };
        self.published.iter().map(rename).collect()
    }
}

#[test]
fn a_master_and_its_children_hide_together() {
    let indices = [0, 1];
    let family = family(&indices);
    family.runs.iter().for_each(check_against_messages);
    let name = family.name(&indices);
    let without = Without {
        name: &name,
        ..Without::default()
    };
    let answer = test(&family.runs, &without);
    println!("{answer:?}");
    assert!(answer.hides);
    // With fewer rows in the master than positions opened they do not.
    let keep = |v: Var| !matches!(v, Var::Cell { slab: MASTER, row, .. } if row >= toy().r() + 14);
    let fewer = Without {
        keep: &keep,
        ..without
    };
    assert!(!test(&family.runs, &fewer).hides);
}

/// A column of the master and the same of its children, which hold the same values, when all other columns are known: with as
/// many rows as the lemma asks for, and no longer with one less in a child.
#[test]
fn columns_of_a_family_hide_alone() {
    let indices = [0, 1];
    let family = family(&indices);
    let name = family.name(&indices);
    for column in 0..2 {
        let slabs = [MASTER, CHILD, CHILD + 1];
        let [enough, fewer] = column_alone(&family.runs, &slabs, column, &name);
        println!("column {column}: {enough:?}, {fewer:?}");
        assert!(enough.secret && enough.hides, "column {column}");
        assert!(!fewer.hides, "column {column}: a row fewer");
    }
}

#[test]
fn published_values_say_nothing() {
    let indices = [0, 1];
    let family = family(&indices);
    let forms = family.forms(&indices);
    // Two links, both sides of each: v and y; master and child open to the same v.
    assert_eq!(forms.len(), 8);
    assert_eq!((&forms[0], &forms[4]), (&forms[2], &forms[6]));
    assert!(published_hide(&forms, &family.reserved()));
    // Without the pad of any one of them.
    let (cells, reserved) = (family.cells, family.reserved());
    for missing in 0..3 {
        let r = toy().r();
        let first = cells + 3 * missing;
        let kept = |v: Var| {
            let gone = matches!(v, Var::Cell { slab: MASTER, column, row } if (first..first + 3).contains(&(column * r + row)));
            reserved(v) && !gone
        };
        assert!(
            !published_hide(&forms, &kept),
            "reserved cells from {first}"
        );
    }
}

/// One link cell for two children: two values of v with one pad.
#[test]
fn a_link_cell_for_two_children_leaks() {
    let indices = [0, 0];
    let family = family(&indices);
    assert!(!published_hide(&family.forms(&indices), &family.reserved()));
}
