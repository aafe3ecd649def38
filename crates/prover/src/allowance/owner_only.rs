//! Files of secrets and their journals are their owner's alone: whoever can open a journal can lock its owner out of it.

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::allowance::error::AllowanceError;

/// To read and write a file; one that is made is its owner's alone, whatever the process's mask says.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes from others what rights they have in a file, as one that an older version wrote or that was copied may give them.
///
/// # Errors
/// `allowance_exposed` when they cannot be taken: the file has another owner, or its file system knows none.
pub fn keep_private(file: &File, path: &Path) -> Result<(), AllowanceError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let taken = file.metadata().and_then(|metadata| {
            let mut permissions = metadata.permissions();
            let mode = permissions.mode();
            if mode & 0o077 == 0 {
                return Ok(());
            }
            permissions.set_mode(mode & 0o7700);
            file.set_permissions(permissions)
        });
        taken.map_err(|source| AllowanceError::Exposed {
            path: path.to_path_buf(),
            source,
        })?;
    }
    let _ = (file, path);
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::Allowance;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_journal_is_its_owners() {
        let name = format!("tacit-budget-{}-mode", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        drop(Allowance::create(&path, [7; 32], 2, 0).unwrap());
        assert_eq!(mode(&path), 0o600);
        // As older versions left it.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o664)).unwrap();
        let held = Allowance::open(&path, [7; 32], 2, 0).unwrap();
        assert_eq!(mode(&path), 0o600);
        // Also when somebody has it locked: they will not come back.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
        let refused = Allowance::open(&path, [7; 32], 2, 0).unwrap_err();
        assert_eq!(refused.slug(), "allowance_locked");
        assert_eq!(mode(&path), 0o600);
        drop(held);
        std::fs::remove_file(path).unwrap();
    }

    /// Memory that the kernel shows as a file has modes that nobody can change.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_stays_open_to_others_is_refused() {
        let path = Path::new("/proc/self/status");
        let file = File::open(path).unwrap();
        let refused = keep_private(&file, path).unwrap_err();
        assert_eq!(refused.slug(), "allowance_exposed");
        assert!(refused.to_string().starts_with("/proc/self/status: "));
    }
}
