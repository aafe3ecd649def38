//! Choices read from a list of numbers: a shorter list, or smaller numbers, make a simpler program.

pub struct Dice {
    numbers: Vec<u32>,
    at: usize,
}

impl Dice {
    pub fn new(numbers: Vec<u32>) -> Self {
        Self { numbers, at: 0 }
    }

    /// 0 .. n - 1; 0 when the list is used up.
    pub fn below(&mut self, n: usize) -> usize {
        let x = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        x as usize % n.max(1)
    }

    /// lo ..= hi.
    pub fn range(&mut self, lo: i64, hi: i64) -> i64 {
        lo + self.below((hi - lo + 1) as usize) as i64
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        n > 0 && self.below(n) == n - 1
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Not zero, |x| <= most.
    pub fn nonzero(&mut self, most: i64) -> i64 {
        let x = self.range(1, most);
        if self.one_in(2) {
            -x
        } else {
            x
        }
    }

    pub fn shape(&mut self, axes: usize, extent: i64) -> Vec<u32> {
        (0..self.below(axes + 1))
            .map(|_| self.range(1, extent) as u32)
            .collect()
    }

    pub fn shuffled<T>(&mut self, mut list: Vec<T>) -> Vec<T> {
        for i in (1..list.len()).rev() {
            let j = i - self.below(i + 1);
            list.swap(i, j);
        }
        list
    }
}
