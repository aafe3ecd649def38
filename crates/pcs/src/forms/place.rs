//! Where an entry of a group's table lies.

/// The index t of a table over `bits` as a place: its first bit, the most significant one, goes to bit `bits[0]`, and so on.
pub fn place(bits: &[u8], t: usize) -> usize {
    let last = bits.len().wrapping_sub(1);
    let bit = |(j, &b): (usize, &u8)| (t >> (last - j) & 1) << b;
    bits.iter().enumerate().map(bit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_go_where_they_belong() {
        assert_eq!(place(&[], 0), 0);
        assert_eq!(place(&[2, 1, 0], 0b110), 0b110);
        assert_eq!(place(&[0, 1, 2], 0b110), 0b011);
        assert_eq!(place(&[9, 3], 0b01), 1 << 3);
        assert_eq!(place(&[9, 3], 0b10), 1 << 9);
    }
}
