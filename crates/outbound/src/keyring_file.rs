//! Exports of wrapped keys: one file for each time, whole or not there, beside the database's backups.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use custodian_domain::kernel::OrganizationId;

/// How many of an organisation's exports are kept: the newest alone is needed, one more outlives a disk that cannot be read.
const KEPT: usize = 2;

/// A folder of exports.
#[derive(Debug, Clone)]
pub struct KeyringFolder {
    root: PathBuf,
}

/// An export being written. Dropped before [`KeyringExport::finish`] it leaves nothing that counts.
#[derive(Debug)]
pub struct KeyringExport {
    draft: PathBuf,
    place: PathBuf,
    file: BufWriter<File>,
}

impl KeyringFolder {
    /// Opens the folder, or makes it, closed to others.
    pub fn open(root: &Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(root)?;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Begins an export; `name` sorts by time. Blocks, as everything here.
    pub fn begin(&self, organization: OrganizationId, name: &str) -> io::Result<KeyringExport> {
        let draft = self.root.join(format!(".draft-{organization}-{name}"));
        let place = self.root.join(format!("{organization}-{name}.keyring"));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        Ok(KeyringExport { draft, place, file: BufWriter::new(file) })
    }

    /// Every export that is whole.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.root)?.map(|entry| entry.map(|entry| entry.path()));
        let whole = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "keyring");
        entries.filter(|path| path.as_ref().map_or(true, whole)).collect()
    }

    /// Lets all but the newest exports of an organisation go: what an older one has wrapped opens no more.
    pub fn tidy(&self, organization: OrganizationId) -> io::Result<()> {
        let of_ours = |name: &str| name.starts_with(&organization.to_string()) && name.ends_with(".keyring");
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            names.extend(name.to_str().filter(|name| of_ours(name)).map(str::to_owned));
        }
        names.sort_unstable();
        for name in names.iter().rev().skip(KEPT) {
            fs::remove_file(self.root.join(name))?;
        }
        File::open(&self.root)?.sync_all()
    }
}

impl KeyringExport {
    /// Adds a line, without its newline.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")
    }

    /// Makes it durable and puts it in its place; answers where that is.
    pub fn finish(self) -> io::Result<PathBuf> {
        let Self { draft, place, file } = self;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&draft, &place)?;
        if let Some(parent) = place.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(place)
    }
}

/// The lines of an export as it lies on the disk.
pub fn keyring_lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
    Ok(BufReader::new(File::open(path)?).lines())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_whole_exports_count_and_the_newest_two_stay() {
        let root = std::env::temp_dir().join(format!("custodian-keyring-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let folder = KeyringFolder::open(&root).unwrap();
        let (ours, other) = (OrganizationId::from(Uuid::from_u128(1)), OrganizationId::from(Uuid::from_u128(2)));
        let write = |organization, name: &str| {
            let mut export = folder.begin(organization, name).unwrap();
            export.line("one").unwrap();
            export.finish().unwrap()
        };
        let kept_other = write(other, "1");
        let paths: Vec<_> = ["1", "2", "3"].into_iter().map(|name| write(ours, name)).collect();
        folder.begin(ours, "4").unwrap().line("half").unwrap();
        folder.tidy(ours).unwrap();
        assert!(!paths[0].exists() && paths[1].exists() && paths[2].exists() && kept_other.exists());
        let lines: Vec<_> = keyring_lines(&paths[2]).unwrap().map(Result::unwrap).collect();
        assert_eq!(lines, ["one"]);
        fs::remove_dir_all(&root).unwrap();
    }
}
