//! A prepared program whose parts do not fit each other: an error with a slug, never a term that is silently left out.
//! `Prepared::new` makes none such; its fields are open, and a mistake in it must not become a proof of less.

use tacit_program::*;
use tacit_testkit::*;
use tacit_transcript::Reader;
use tacit_verifier::{verify_relations, VerifyError};

/// A lookup, an einsum of two witness tensors, and a zero that reads it.
fn prepared() -> Prepared {
    let mut p = Builder::new("mismatch", &[]);
    let [x, y, z] = ["x", "y", "z"].map(|name| p.tensor(name, &[4], Place::Witness, -64, 64));
    let t = p.table("range", TableKind::Range { lo: 0, len: 8 });
    let one = |id| expr(0, vec![same(1, id, 1)]);
    for id in [x, y] {
        p.lookup("l", t, &[4], one(id), 0, Expr::default());
    }
    let e = p.einsum("xy", "a,a->a", &[('a', 4)], one(x), one(y));
    let terms = vec![same(1, z, 1), product(-1, e, 1)];
    p.zero("z", &[4], expr(0, terms));
    p.prepare()
}

/// What the relations say of an argument of zeros, which is long enough and canonical: they decide nothing else.
fn relations(change: impl Fn(&mut Prepared)) -> Result<usize, VerifyError> {
    let mut prepared = prepared();
    change(&mut prepared);
    let bytes = vec![0; 1 << 16];
    let claims = verify_relations(&mut Reader::new(&bytes), &prepared, &Publics::default())?;
    Ok(claims.len())
}

fn refused(change: impl Fn(&mut Prepared)) -> (&'static str, String) {
    let error = relations(change).expect_err("a mismatch");
    (error.slug(), error.place)
}

#[test]
fn relations_that_do_not_fit_their_sizes_are_refused() {
    assert!(relations(|_| ()).is_ok());
    let at = |place: &str| ("program", place.to_owned());
    // One pad more or less than the program counts.
    assert_eq!(refused(|p| p.sizes.pads += 1), at("relations"));
    assert_eq!(refused(|p| p.sizes.pads -= 1), at("relations"));
    // Fewer variables than the tree has; a relation with more than there are.
    assert_eq!(refused(|p| p.sizes.arity = 0), at("common point"));
    let wide = |p: &mut Prepared| p.program.zeros[0].shape = vec![1 << 20];
    assert_eq!(refused(wide), at("common point"));
    // Blocks beyond the tree, and of lookups that there are not.
    assert_eq!(refused(|p| p.sizes.blocks[0].bits = 60), at("tree"));
    assert_eq!(
        refused(|p| p.sizes.blocks[0].item = Item::Lookup(9)),
        at("tree")
    );
    // A term of an einsum that there is not; a plan too few; a sumcheck shorter than an einsum.
    let far = |p: &mut Prepared| p.program.zeros[0].expr.terms[1].source = Source::Einsum(7);
    assert_eq!(refused(far), at("common point"));
    let extra = |p: &mut Prepared| p.program.einsums.push(p.program.einsums[0].clone());
    assert_eq!(refused(extra), at("einsums"));
    assert_eq!(refused(|p| p.sizes.einsum_rounds = 1), at("einsum xy"));
    // More triples than the products' sumcheck has places.
    assert_eq!(refused(|p| p.sizes.product_rounds = 1), at("products"));
}

/// A block too few, or one thing in two blocks: neither leaves a lookup or a table out.
#[test]
fn a_tree_that_leaves_something_out_is_refused() {
    let at = |place: &str| ("program", place.to_owned());
    let fewer = |p: &mut Prepared| p.sizes.blocks.truncate(1);
    assert_eq!(refused(fewer), at("tree"));
    let twice = |p: &mut Prepared| p.sizes.blocks[1].item = p.sizes.blocks[0].item;
    assert_eq!(refused(twice), at("tree"));
    // A lookup that the program has and the tree has not.
    let more = |p: &mut Prepared| p.program.lookups.push(p.program.lookups[0].clone());
    assert_eq!(refused(more), at("tree"));
}

/// An operand called public is no number while a committed tensor stands in it: its form would be dropped.
#[test]
fn a_committed_operand_is_not_taken_for_a_public_one() {
    for ends in [Ends::None, Ends::A, Ends::B] {
        let change = |p: &mut Prepared| p.einsums[0].ends = ends;
        assert_eq!(refused(change), ("program", "einsum xy".to_owned()));
    }
}

/// A tensor, a layout or a link that there is not.
#[test]
fn an_expression_of_what_there_is_not_is_refused() {
    let gone = |p: &mut Prepared| p.program.zeros[0].expr.terms[0].source = Source::Tensor(99);
    assert_eq!(refused(gone).0, "program");
    let unplaced = |p: &mut Prepared| p.layouts.truncate(0);
    assert_eq!(refused(unplaced).0, "program");
    let far = |p: &mut Prepared| p.program.zeros[0].expr.terms[0].links[0].source[0].0 = 7;
    assert_eq!(refused(far).0, "program");
    let public = |p: &mut Prepared| p.program.tensors[2].place = Place::Public;
    assert_eq!(refused(public).0, "program");
    let constant = |p: &mut Prepared| p.program.tensors[2].place = Place::Constant(vec![1]);
    assert_eq!(refused(constant).0, "program");
}
