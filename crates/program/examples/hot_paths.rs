//! Times of the prover's hot paths in this crate: `cargo run --release -p tacit-program --example hot_paths`.

use std::sync::Arc;
use std::time::Instant;
use tacit_program::*;
use tacit_testkit::program::*;
use tacit_testkit::Rng;

/// The best of several runs, in milliseconds.
fn best<T>(mut f: impl FnMut() -> T) -> f64 {
    let time = |f: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        std::hint::black_box(f());
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..15).map(|_| time(&mut f)).fold(f64::MAX, f64::min)
}

fn report(name: &str, program: Program) {
    let prepared = best(|| Prepared::new(program.clone()).unwrap());
    let p = Prepared::new(program.clone()).unwrap();
    let mut rng = Rng(1);
    let given = |t: &u32| {
        let decl = &program.tensors[*t as usize];
        (
            *t,
            Arc::new(rng.values(entries(&decl.shape), decl.lo, decl.hi)),
        )
    };
    let slabs = (0u32..)
        .zip(&program.tensors)
        .filter(|(_, t)| matches!(t.place, Place::Slab(_)))
        .map(|(i, _)| i);
    let ids: Vec<u32> = slabs
        .chain(program.inputs.iter().map(|p| p.tensor))
        .collect();
    let givens: Vec<(u32, Values)> = ids.iter().map(given).collect();
    let trace = execute(&p, givens.clone()).unwrap();
    println!("{name}: prepare {prepared:.2} ms");
    println!(
        "  execute {:.2} ms",
        best(|| execute(&p, givens.clone()).unwrap())
    );
    println!(
        "  pack witness {:.2} ms, slab 0 {:.2} ms",
        best(|| pack(&p, p.witness_slab(), &trace).unwrap()),
        best(|| pack(&p, 0, &trace).unwrap())
    );
    for (e, plan) in p.einsums.iter().enumerate() {
        let decl = &p.program.einsums[e];
        println!(
            "  dense b {:.2} ms",
            best(|| dense(&p, &decl.b, &plan.b_shape, &trace))
        );
        let r = Rng(2).point(shape_bits(&plan.out_shape));
        let [a, b] =
            [Side::A, Side::B].map(|side| best(|| reduce_operand(&p, e, side, &trace, &r)));
        println!(
            "  fold {} a {a:.2} ms, b {b:.2} ms",
            p.program.einsums[e].name
        );
    }
}

/// out = w x, nothing else.
fn product(batch: u32, inputs: u32, outputs: u32, transposed: bool) -> Program {
    let mut p = empty("product");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    let (shape, a_axes) = if transposed {
        ([inputs, outputs], vec![2, 1])
    } else {
        ([outputs, inputs], vec![1, 2])
    };
    p.tensors = vec![
        tensor("w", &shape, Place::Slab(0), -128, 127),
        tensor("x", &[batch, inputs], Place::Public, -128, 127),
    ];
    p.inputs.push(Port {
        name: "x".into(),
        tensor: 1,
        frac: 0,
    });
    p.einsums.push(Einsum {
        name: "wx".into(),
        extents: vec![batch, outputs, inputs],
        a_axes,
        b_axes: vec![0, 2],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(1, 2),
    });
    p
}

/// A 3x3 convolution with padding 1.
fn conv(n: u32, c: u32, size: u32, out: u32) -> Program {
    let mut p = empty("conv");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("kernel", &[out, c, 3, 3], Place::Slab(0), -128, 127),
        tensor("image", &[n, c, size, size], Place::Public, -128, 127),
    ];
    p.inputs.push(Port {
        name: "image".into(),
        tensor: 1,
        frac: 7,
    });
    let patches = vec![
        link(&[(0, 1)], &[(0, 1)], 0),
        link(&[(3, 1)], &[(1, 1)], 0),
        link(&[(1, 1), (4, 1)], &[(2, 1)], -1),
        link(&[(2, 1), (5, 1)], &[(3, 1)], -1),
    ];
    p.einsums.push(Einsum {
        name: "conv".into(),
        extents: vec![n, out, size, size, c, 3, 3],
        a_axes: vec![1, 4, 5, 6],
        b_axes: vec![0, 2, 3, 4, 5, 6],
        out_axes: vec![0, 1, 2, 3],
        a: whole(0, 4),
        b: expr(
            0,
            vec![Term {
                coef: 1,
                source: Source::Tensor(1),
                links: patches,
            }],
        ),
    });
    p
}

/// Many activations through a table.
fn activations(n: u32) -> Program {
    let mut p = empty("activations");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("x", &[n], Place::Slab(0), -(1 << 15), (1 << 15) - 1),
        tensor("y", &[n], Place::Witness, 0, (1 << 15) - 1),
    ];
    p.tables = vec![Table {
        name: "relu".into(),
        kind: TableKind::Relu {
            lo: -(1 << 15),
            len: 1 << 16,
        },
    }];
    p.lookups.push(Lookup {
        name: "relu".into(),
        table: 0,
        shape: vec![n],
        input: whole(0, 1),
        shift: 0,
        output: whole(1, 1),
    });
    p.hints.push(Hint::Lookup {
        dst: 1,
        table: 0,
        expr: whole(0, 1),
        shift: 0,
    });
    p
}

fn main() {
    report("1024 x 1024, batch 1", product(1, 1024, 1024, false));
    report(
        "1024 x 1024, batch 1, transposed",
        product(1, 1024, 1024, true),
    );
    report("1024 x 1024, batch 16", product(16, 1024, 1024, false));
    report("784 x 128, batch 32", product(32, 784, 128, false));
    report("conv 64 to 64 channels, 32 x 32", conv(1, 64, 32, 64));
    report(
        "conv 3 to 32 channels, 32 x 32, batch 8",
        conv(8, 3, 32, 32),
    );
    report("2^18 activations", activations(1 << 18));
}
