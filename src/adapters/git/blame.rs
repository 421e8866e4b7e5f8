//! Who wrote a line, in which commit, and when.

use gix::bstr::ByteSlice;

use super::repo::{commit_id, object_id};
use super::{Commit, Error, Repo};
use crate::model::CommitId;

/// Where a line comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The commit that last wrote the line.
    pub commit: Commit,
    /// The file's name in that commit, when it was another one.
    pub was: Option<String>,
}

impl Repo {
    /// Finds the commit that last wrote a line (one-based) of a file, as of `at`.
    ///
    /// # Errors
    /// When the file or line isn't there; [`Error::Shallow`] when the commit lies behind the cut of a clone.
    pub fn blame(&self, at: &CommitId, path: &str, line: u32) -> Result<Blame, Error> {
        let repo = self.local();
        let failed = || self.failed("find who wrote a line");
        let Some(bytes) = self.file_at(at, path, crate::adapters::fs::MAX_FILE_BYTES)? else {
            return Err(Error::NoSuchFile { path: path.to_owned(), commit: at.clone() });
        };
        if line == 0 || line as usize > bytes.lines().count() {
            return Err(Error::NoSuchLine { path: path.to_owned(), line, commit: at.clone() });
        }
        let ranges = gix::blame::BlameRanges::from_one_based_inclusive_range(line..=line).map_err(failed())?;
        let options = gix::repository::blame_file::Options {
            ranges,
            rewrites: Some(gix::diff::Rewrites::default()),
            ..Default::default()
        };
        let outcome = match repo.blame_file(path.into(), object_id(at), options) {
            // The walk came to a parent that the clone doesn't have.
            Err(_) if repo.is_shallow().unwrap_or(false) => {
                return Err(Error::Shallow(self.place().to_owned()));
            }
            other => other.map_err(failed())?,
        };
        let Some(entry) = outcome.entries.first() else {
            return Err(Error::NoSuchLine { path: path.to_owned(), line, commit: at.clone() });
        };
        let cut = repo.shallow_commits().map_err(failed())?;
        if cut.is_some_and(|cut| cut.iter().any(|id| *id == entry.commit_id)) {
            return Err(Error::Shallow(self.place().to_owned()));
        }
        Ok(Blame {
            commit: self.commit(&commit_id(entry.commit_id))?,
            was: entry.source_file_name.as_ref().map(ToString::to_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn a_line_leads_to_its_author() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.put("factory.kdl", "a\nb\nc\nd\ne\n").commit("one");
        fixture.put("factory.kdl", "a\nB\nc\nd\ne\n");
        fixture.git(&["add", "-A"]);
        fixture.git_as("Bob", &["commit", "--quiet", "-m", "louder"]);
        let two = fixture.repo().head().unwrap();
        fixture.git(&["mv", "factory.kdl", "f.kdl"]);
        let three = fixture.commit("rename");
        let repo = fixture.repo();
        let who = |at: &CommitId, path: &str, line| {
            let blame = repo.blame(at, path, line).unwrap();
            (blame.commit.author, blame.commit.summary, blame.was)
        };
        assert_eq!(who(&one, "factory.kdl", 2), ("Ann".into(), "one".into(), None));
        assert_eq!(who(&two, "factory.kdl", 2), ("Bob".into(), "louder".into(), None));
        assert_eq!(who(&two, "factory.kdl", 3), ("Ann".into(), "one".into(), None));
        assert_eq!(who(&three, "f.kdl", 2), ("Bob".into(), "louder".into(), Some("factory.kdl".into())));
        assert!(matches!(repo.blame(&two, "factory.kdl", 6), Err(Error::NoSuchLine { .. })));
        assert!(matches!(repo.blame(&two, "none", 1), Err(Error::NoSuchFile { .. })));
        let from = format!("file://{}", fixture.dir.display());
        fixture.git(&["clone", "--quiet", "--depth=1", &from, "../shallow"]);
        let shallow = Repo::open(&dir.path().join("shallow")).unwrap();
        assert!(matches!(shallow.blame(&three, "f.kdl", 2), Err(Error::Shallow(_))));
    }
}
