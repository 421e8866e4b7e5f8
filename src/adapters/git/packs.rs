//! What keeps a mirror quick that nobody may clean up, since workspaces borrow its objects. Each fetch brings a pack, and each
//! run a reference: whoever looks for an object opens all packs, whoever walks reads all references and what they lead to. One
//! index over many packs, one file of many references and a graph of the commits stand in their stead; no object changes.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::child::{classify, git};
use super::{Access, Error, Mirror};
use crate::adapters::fs;

/// So many packs without a common index are few.
const FEW: usize = 32;
/// The index over many packs.
const INDEX: &str = "multi-pack-index";
/// What is done: the objects first, that the graph is made of.
const STEPS: [&[&str]; 3] =
    [&[INDEX, "write"], &["pack-refs", "--all"], &["commit-graph", "write", "--reachable", "--split"]];

impl Mirror {
    /// Keeps it quick, where many packs have come since that was done last.
    ///
    /// # Errors
    /// When its packs, references or commits can't be read.
    pub(super) async fn keep_quick(&self, access: &Access) -> Result<(), Error> {
        if self.loose_packs()? <= FEW {
            return Ok(());
        }
        let place = self.repo().place();
        for step in STEPS {
            let output = self.write(git(place, "", access).args(step.iter().copied())).await?;
            // Where another process is at it, it has a lock.
            if !output.status.success() && !output.stderr.contains("File exists") {
                return Err(classify("index", &place.display().to_string(), &output));
            }
        }
        Ok(())
    }

    /// How many packs no index over many covers.
    fn loose_packs(&self) -> Result<usize, Error> {
        let dir = self.repo().common_dir().join("objects/pack");
        let names = fs::names_if_there(&dir).map_err(Error::Files)?;
        let packs = names.iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "pack"));
        Ok(packs.count().saturating_sub(covered(&dir.join(INDEX))?))
    }
}

/// How many packs an index over many covers; none where there is no such index, or it is cut short.
fn covered(index: &Path) -> Result<usize, Error> {
    let Some(mut file) = fs::open(index).map_err(Error::Files)? else { return Ok(0) };
    // `MIDX`, four bytes of versions and counts of parts, then the packs, by gitformat-pack(5).
    let mut head = [0; 12];
    match file.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
        Err(error) => return Err(Error::Files(fs::Error::of("read", index, error))),
    }
    let [.., a, b, c, d] = head;
    Ok(u32::from_be_bytes([a, b, c, d]) as usize)
}

#[cfg(test)]
mod tests {
    use super::super::Refs;
    use super::super::fixture::Fixture;
    use super::*;
    use crate::adapters::env::Env;

    #[tokio::test]
    async fn many_packs_get_one_index_and_stay_and_so_do_references() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        let mirror =
            Mirror::ensure(&dir.path().join("m.git"), &format!("file://{}", remote.dir.display())).unwrap();
        let access = Access::new(&Env::read(), None);
        let pack = dir.path().join("m.git/objects/pack");
        let packs = || {
            let names = fs::names_if_there(&pack).unwrap();
            names.iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "pack")).count()
        };
        let mut heads = Vec::new();
        for n in 0..=FEW {
            heads.push(remote.put("a.txt", n.to_string()).commit("next"));
            let one = git(mirror.repo().place(), mirror.url(), &access).args([
                "-c",
                "fetch.unpackLimit=1",
                "fetch",
                "--quiet",
                "--",
                mirror.url(),
                "main:main",
            ]);
            assert!(mirror.write(one).await.unwrap().status.success());
        }
        assert_eq!((packs(), mirror.loose_packs().unwrap()), (FEW + 1, FEW + 1));
        heads.push(remote.put("a.txt", "more").commit("next"));
        mirror.fetch(&access, &[Refs::Branches]).await.unwrap();
        assert!(pack.join(INDEX).is_file() && packs() > FEW, "every pack stays");
        assert!(mirror.loose_packs().unwrap() <= FEW);
        assert!(
            dir.path().join("m.git/packed-refs").is_file()
                && !dir.path().join("m.git/refs/heads/main").exists()
        );
        assert!(dir.path().join("m.git/objects/info/commit-graphs").is_dir());
        assert_eq!(mirror.repo().branch_head("main").unwrap().as_ref(), heads.last());
        for head in &heads {
            assert!(mirror.repo().has(head).unwrap(), "{head}");
        }
    }
}
