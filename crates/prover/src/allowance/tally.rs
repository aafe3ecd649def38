//! What the records of a journal add up to, and which may come next; on a disk or in memory alone.

use tacit_algebra::hash::{hash, Digest, Tag};

use crate::allowance::permit::Permit;

/// First bytes of the file.
const MAGIC: &[u8; 8] = b"TACITB\x00\x01";
/// Magic, identity, n.
pub(super) const HEADER: usize = 8 + 32 + 4;
/// Number, note, checksum.
pub(super) const RECORD: usize = 4 + 32 + 32;

/// What one record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The slab is opened once: for a proof, its validity, a link. The note is a hash of what for.
    Opening(Digest),
    /// A proof was refused for a value inside the network: one bit of the hidden values left.
    Refusal,
    /// The reserve is opened, for a renewal; nothing comes after it.
    Renewal,
    /// How many refusals there may be.
    MostRefusals(u32),
    /// A counter elsewhere must agree from here on.
    Counter,
}

impl Entry {
    /// The permit that this entry is, once it was added.
    pub(crate) fn permit(self, identity: Digest, tally: &Tally) -> Option<Permit> {
        let before = tally.openings.saturating_sub(1);
        match self {
            Self::Opening(_) => Some(Permit::new(identity, before)),
            Self::Renewal => Some(Permit::new(identity, tally.openings)),
            Self::Refusal | Self::MostRefusals(_) | Self::Counter => None,
        }
    }

    /// The word in a record's checksum.
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Opening(_) => b"proof",
            Self::Refusal => b"refusal",
            Self::Renewal => b"renewal",
            Self::MostRefusals(_) => b"most refusals",
            Self::Counter => b"counter",
        }
    }

    fn note(self) -> Digest {
        match self {
            Self::Opening(note) => note,
            Self::MostRefusals(most) => {
                let mut note = Digest::default();
                note[..4].copy_from_slice(&most.to_be_bytes());
                note
            }
            Self::Refusal | Self::Renewal | Self::Counter => Digest::default(),
        }
    }

    /// The record: number, note, checksum.
    pub(super) fn record(self, chain: &Digest, number: u32) -> [u8; RECORD] {
        let (number, note) = (number.to_be_bytes(), self.note());
        let checksum = hash(Tag::File, 0, &[self.word(), chain, &number, &note]);
        let mut out = [0; RECORD];
        out[..4].copy_from_slice(&number);
        out[4..36].copy_from_slice(&note);
        out[36..].copy_from_slice(&checksum);
        out
    }

    /// The entry that this record is, if it follows from the one before.
    fn read(record: &[u8; RECORD], chain: &Digest, number: u32) -> Option<Self> {
        let mut note = Digest::default();
        note.copy_from_slice(&record[4..36]);
        let most = u32::from_be_bytes([note[0], note[1], note[2], note[3]]);
        [
            Self::Opening(note),
            Self::Refusal,
            Self::Renewal,
            Self::MostRefusals(most),
            Self::Counter,
        ]
        .into_iter()
        .find(|entry| entry.record(chain, number) == *record)
    }
}

/// Why an entry may not come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Nothing is left of the allowance but the reserve.
    Spent,
    /// As many proofs were refused as may be.
    Refusals,
    /// Another commitment has taken its place.
    Renewed,
    /// It was made without a reserve.
    NoReserve,
}

/// The sum of a journal's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Openings that the blinding is made for.
    pub allowance: u32,
    /// Of these, kept for a renewal: 0 or 1.
    pub reserve: u32,
    /// Openings counted, the renewal's not among them.
    pub openings: u32,
    pub refusals: u32,
    pub most_refusals: u32,
    pub renewed: bool,
    /// Whether a counter elsewhere must agree.
    pub counter: bool,
    pub records: u32,
}

impl Tally {
    #[must_use]
    pub const fn new(allowance: u32, reserve: u32) -> Self {
        Self {
            allowance,
            reserve,
            openings: 0,
            refusals: 0,
            most_refusals: allowance,
            renewed: false,
            counter: false,
            records: 0,
        }
    }

    /// Openings left for anything but a renewal; none once it took place.
    #[must_use]
    pub fn left(&self) -> u32 {
        if self.renewed {
            return 0;
        }
        let kept = self.openings.saturating_add(self.reserve);
        self.allowance.saturating_sub(kept)
    }

    #[must_use]
    pub fn refusals_left(&self) -> u32 {
        self.most_refusals.saturating_sub(self.refusals)
    }

    /// Whether this entry may come next.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, entry: Entry) -> Result<(), Full> {
        let full = match entry {
            Entry::MostRefusals(_) | Entry::Counter => return Ok(()),
            _ if self.renewed => Full::Renewed,
            Entry::Renewal if self.reserve == 0 => Full::NoReserve,
            Entry::Renewal => return Ok(()),
            Entry::Opening(_) if self.left() == 0 => Full::Spent,
            // Where the last refusal is spent nothing is answered any more: an answer would say that it was none.
            Entry::Opening(_) | Entry::Refusal if self.refusals_left() == 0 => Full::Refusals,
            Entry::Opening(_) | Entry::Refusal => return Ok(()),
        };
        Err(full)
    }

    /// Adds an entry, whether it may come or not: what is on a disk has taken place.
    pub fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Opening(_) => self.openings = self.openings.saturating_add(1),
            Entry::Refusal => self.refusals = self.refusals.saturating_add(1),
            Entry::Renewal => self.renewed = true,
            Entry::MostRefusals(most) => self.most_refusals = most,
            Entry::Counter => self.counter = true,
        }
        self.records = self.records.saturating_add(1);
    }

    /// Entries that add up to this, for a journal that begins late; their notes are `note`.
    pub fn entries(self, note: Digest) -> impl Iterator<Item = Entry> {
        let many = |entry, count: u32| std::iter::repeat_n(entry, count as usize);
        std::iter::once(Entry::MostRefusals(self.most_refusals))
            .chain(many(Entry::Counter, u32::from(self.counter)))
            .chain(many(Entry::Opening(note), self.openings))
            .chain(many(Entry::Refusal, self.refusals))
            .chain(many(Entry::Renewal, u32::from(self.renewed)))
    }
}

/// Why bytes are not a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFault {
    /// Not a whole journal.
    Damaged(&'static str),
}

/// Identity and sum of a journal's bytes, and the checksum of its last record. Total on any bytes.
///
/// # Errors
/// `JournalFault::Damaged`.
pub fn read(bytes: &[u8], reserve: u32) -> Result<(Digest, Tally, Digest), JournalFault> {
    let (head, records) = bytes
        .split_at_checked(HEADER)
        .ok_or(JournalFault::Damaged("it is shorter than its header"))?;
    if !head.starts_with(MAGIC) {
        return Err(JournalFault::Damaged("its first bytes are not a journal's"));
    }
    let (mut identity, mut allowance) = (Digest::default(), [0; 4]);
    identity.copy_from_slice(&head[MAGIC.len()..HEADER - 4]);
    allowance.copy_from_slice(&head[HEADER - 4..]);
    let mut tally = Tally::new(u32::from_be_bytes(allowance), reserve);
    let mut chain = start(head);
    for record in records.chunks(RECORD) {
        let whole: Option<&[u8; RECORD]> = record.try_into().ok();
        let entry = whole.and_then(|record| Entry::read(record, &chain, tally.records));
        let entry = entry.ok_or(JournalFault::Damaged(
            "a record does not follow from the one before",
        ))?;
        chain.copy_from_slice(&record[36..]);
        tally.add(entry);
    }
    Ok((identity, tally, chain))
}

pub(super) fn header(identity: &Digest, allowance: u32) -> Vec<u8> {
    [&MAGIC[..], identity, &allowance.to_be_bytes()].concat()
}

pub(super) fn start(header: &[u8]) -> Digest {
    hash(Tag::File, 0, &[b"budget", header])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROOF: Entry = Entry::Opening([1; 32]);

    #[test]
    fn the_reserve_is_for_a_renewal_alone() {
        let mut tally = Tally::new(3, 1);
        for left in [2, 1] {
            assert_eq!(tally.left(), left);
            assert_eq!(tally.check(PROOF), Ok(()));
            tally.add(PROOF);
        }
        assert_eq!(tally.check(PROOF), Err(Full::Spent));
        assert_eq!(tally.check(Entry::Renewal), Ok(()));
        tally.add(Entry::Renewal);
        for entry in [PROOF, Entry::Refusal, Entry::Renewal] {
            assert_eq!(tally.check(entry), Err(Full::Renewed));
        }
        assert_eq!(Tally::new(3, 0).check(Entry::Renewal), Err(Full::NoReserve));
    }

    #[test]
    fn refusals_end() {
        let mut tally = Tally::new(9, 1);
        assert_eq!(tally.refusals_left(), 9, "an old journal names no number");
        tally.add(Entry::MostRefusals(2));
        tally.add(Entry::Refusal);
        assert_eq!(tally.check(PROOF), Ok(()));
        tally.add(Entry::Refusal);
        assert_eq!(tally.check(PROOF), Err(Full::Refusals));
        assert_eq!(tally.check(Entry::Refusal), Err(Full::Refusals));
        assert_eq!(tally.check(Entry::Renewal), Ok(()));
    }

    #[test]
    fn a_late_journal_adds_up() {
        let mut tally = Tally::new(9, 1);
        for entry in [
            Entry::MostRefusals(4),
            Entry::Counter,
            PROOF,
            PROOF,
            Entry::Refusal,
        ] {
            tally.add(entry);
        }
        let mut again = Tally::new(9, 1);
        tally.entries([0; 32]).for_each(|entry| again.add(entry));
        assert_eq!(again, tally);
    }
}
