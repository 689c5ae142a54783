//! The anchor file: lines that are only ever added, durable before the next, kept outside the database.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the last line is looked for in: longer than any line.
const TAIL: u64 = 1 << 18;

/// An append-only file of lines. Several processes may share it.
#[derive(Debug)]
pub struct AnchorFile {
    path: PathBuf,
    file: File,
}

impl AnchorFile {
    /// Opens the file, or makes it with mode 0600; its folder must exist.
    pub fn open(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line, without its newline, unless `last`, given the line before it, says no. Durable when it returns. Blocks.
    ///
    /// What a crash has cut off is removed first.
    pub fn append(&self, line: &str, wanted: impl FnOnce(Option<&str>) -> bool) -> io::Result<()> {
        self.file.lock()?;
        let outcome = self.append_locked(line, wanted);
        self.file.unlock()?;
        outcome
    }

    fn append_locked(&self, line: &str, wanted: impl FnOnce(Option<&str>) -> bool) -> io::Result<()> {
        let (whole, lines) = self.read_tail(TAIL)?;
        if whole != self.file.metadata()?.len() {
            self.file.set_len(whole)?;
        }
        if !wanted(lines.last().map(String::as_str)) {
            return Ok(());
        }
        let mut file = &self.file;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    }

    /// Begins the file anew with this line and keeps what it held until now under another name beside it. At no moment is there no file. Blocks.
    pub fn set_aside(&self, first: &str, name: &str) -> io::Result<PathBuf> {
        use std::os::unix::fs::OpenOptionsExt;
        let beside = |ending: &str| {
            let mut path = self.path.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path)
        };
        let (draft, kept) = (beside(".draft"), beside(name));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(format!("{first}\n").as_bytes())?;
        file.sync_all()?;
        match std::fs::hard_link(&self.path, &kept) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        std::fs::rename(&draft, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(kept)
    }

    /// The newest whole lines within the last `bytes`, oldest first. Blocks.
    pub fn tail(&self, bytes: u64) -> io::Result<Vec<String>> {
        Ok(self.read_tail(bytes)?.1)
    }

    /// Every whole line, oldest first, one at a time. Blocks.
    pub fn lines(&self) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
        let mut reader = BufReader::new(File::open(&self.path)?);
        Ok(std::iter::from_fn(move || {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(_) => line.ends_with('\n').then(|| Ok(line.trim_end_matches('\n').to_owned())),
                Err(error) => Some(Err(error)),
            }
        }))
    }

    /// Where the last whole line ends, and the whole lines before that.
    fn read_tail(&self, bytes: u64) -> io::Result<(u64, Vec<String>)> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(bytes);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        // A line that begins before what was read is not whole.
        let begin =
            if from == 0 { 0 } else { tail.iter().position(|byte| *byte == b'\n').map_or(tail.len(), |at| at + 1) };
        let end = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = String::from_utf8_lossy(tail.get(begin..end).unwrap_or_default()).into_owned();
        Ok((from + u64::try_from(end).unwrap_or(0), text.lines().map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("custodian-anchor-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("anchor")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn lines_come_back_in_order_also_to_another_opener() {
        let folder = Folder::new("order");
        let (one, other) = (AnchorFile::open(&folder.file()).unwrap(), AnchorFile::open(&folder.file()).unwrap());
        one.append("a", |last| last.is_none()).unwrap();
        other.append("b", |last| last == Some("a")).unwrap();
        one.append("unwanted", |last| last != Some("b")).unwrap();
        assert_eq!(one.tail(1 << 16).unwrap(), ["a", "b"]);
        assert_eq!(other.lines().unwrap().map(Result::unwrap).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_is_set_aside_stays_whole_beside_the_new_file() {
        let folder = Folder::new("aside");
        let file = AnchorFile::open(&folder.file()).unwrap();
        file.append("a", |_| true).unwrap();
        let kept = file.set_aside("b", ".until-now").unwrap();
        assert_eq!(std::fs::read_to_string(kept).unwrap(), "a\n");
        assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), "b\n");
        let again = AnchorFile::open(&folder.file()).unwrap();
        again.append("c", |last| last == Some("b")).unwrap();
        assert_eq!(again.tail(1 << 16).unwrap(), ["b", "c"]);
    }

    #[test]
    fn a_line_that_was_cut_off_says_nothing_and_goes_with_the_next() {
        let folder = Folder::new("torn");
        std::fs::write(folder.file(), "a\nb\ncut o").unwrap();
        let file = AnchorFile::open(&folder.file()).unwrap();
        assert_eq!(file.tail(1 << 16).unwrap(), ["a", "b"]);
        assert_eq!(file.lines().unwrap().count(), 2);
        file.append("c", |last| last == Some("b")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), "a\nb\nc\n");
    }

    #[test]
    fn a_tail_holds_whole_lines_only() {
        let folder = Folder::new("tail");
        std::fs::write(folder.file(), "first\nsecond\nthird\n").unwrap();
        let file = AnchorFile::open(&folder.file()).unwrap();
        assert_eq!(file.tail(8).unwrap(), ["third"]);
        assert_eq!(file.tail(12).unwrap(), ["third"]);
        assert_eq!(file.tail(14).unwrap(), ["second", "third"]);
        assert_eq!(file.tail(19).unwrap(), ["first", "second", "third"]);
        assert_eq!(file.tail(1).unwrap(), Vec::<String>::new());
    }
}
