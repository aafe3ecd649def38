//! The verifier's half of the opening (docs/protocol.md, section 6).

use crate::{PcsError, Statement};
use tacit_transcript::Reader;

/// Verifies every claim and binding of `st`. The caller then asks the reader whether the argument ends here.
///
/// # Errors
/// `truncated`, `non_canonical`, `grinding`, `merkle`, `last_query`, `final_claim`; `geometry` and `program` for a statement that fits no slab.
pub fn verify_opening(_r: &mut Reader, _st: &Statement) -> Result<(), PcsError> {
    unimplemented!()
}
