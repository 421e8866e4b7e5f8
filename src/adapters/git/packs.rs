//! The packs of a mirror. Each fetch brings one, and none goes while workspaces borrow objects, so that whoever looks for an
//! object opens hundreds of them; one index over many is opened in their stead. No pack changes by it.

use std::io::Read as _;
use std::path::Path;

use super::child::{classify, git};
use super::{Access, Error, Mirror};
use crate::adapters::fs;

/// So many packs without a common index are few.
const FEW: usize = 32;
/// The index over many packs.
const INDEX: &str = "multi-pack-index";

impl Mirror {
    /// Has one index cover all packs, where many have come since the last one was made.
    ///
    /// # Errors
    /// When the packs can't be listed or read.
    pub(super) async fn index_packs(&self, access: &Access) -> Result<(), Error> {
        if self.loose_packs()? <= FEW {
            return Ok(());
        }
        let place = self.repo().place();
        let command = git(place, "", access).args([INDEX, "write"]);
        let output = self.write(command).await?;
        // Another process may have made it meanwhile.
        if output.status.success() || self.loose_packs()? <= FEW {
            return Ok(());
        }
        Err(classify("index the packs of", &place.display().to_string(), &output))
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
    if file.read_exact(&mut head).is_err() {
        return Ok(0);
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
    async fn many_packs_get_one_index_and_stay() {
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
        for head in &heads {
            assert!(mirror.repo().has(head).unwrap(), "{head}");
        }
    }
}
