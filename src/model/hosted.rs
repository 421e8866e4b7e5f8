//! Which repository of a GitHub a Git URL leads to.

use url::Url;

use super::RepoName;

/// A repository as the URL names it that Git reaches it by. Of a user or a password in that URL nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    host: String,
    /// The port of a web server; over SSH there is another one, which tells nothing.
    port: Option<u16>,
    name: RepoName,
}

impl Hosted {
    /// Takes apart `https://HOST/OWNER/NAME.git`, `ssh://git@HOST/OWNER/NAME` and `git@HOST:OWNER/NAME`. `None` for what
    /// is no repository of a GitHub, such as a path.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port, path) = match Url::parse(text).ok().filter(Url::has_host) {
            Some(url) => {
                let port = match url.scheme() {
                    "http" | "https" => Some(url.port_or_known_default()?),
                    "ssh" | "git+ssh" | "ssh+git" => None,
                    _ => return None,
                };
                (url.host_str()?.to_owned(), port, url.path().to_owned())
            }
            None => {
                let (host, path) = text.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
                (host.to_owned(), None, path.to_owned())
            }
        };
        let path = path.trim_matches('/');
        let name = RepoName::parse(path.strip_suffix(".git").unwrap_or(path)).ok()?;
        Some(Self { host: host.to_ascii_lowercase(), port, name })
    }

    /// Its name, if it is on the GitHub whose API is at `api`: that has a host of its own on github.com and ghe.com, and
    /// is on the same server anywhere else.
    pub fn on(&self, api: &str) -> Option<&RepoName> {
        let api = Url::parse(api).ok()?;
        let host = api.host_str()?;
        let same = match host.strip_prefix("api.") {
            Some(cloud) if cloud == "github.com" || cloud.ends_with(".ghe.com") => {
                let own = ["www.", "ssh."].iter().find_map(|prefix| self.host.strip_prefix(prefix));
                own.unwrap_or(&self.host) == cloud
            }
            _ => self.host == host && (self.port.is_none() || self.port == api.port_or_known_default()),
        };
        same.then_some(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_a_repository_of_one_github() {
        const CLOUD: &str = "https://api.github.com";
        const ENTERPRISE: &str = "https://git.acme.example/api/v3";
        const TWIN: &str = "http://127.0.0.1:4000";
        for (url, api, expect) in [
            ("https://github.com/acme/cfg", CLOUD, Some("acme/cfg")),
            ("https://github.com/acme/cfg.git/", CLOUD, Some("acme/cfg")),
            ("https://ann:secret@GitHub.com/acme/cfg.git", CLOUD, Some("acme/cfg")),
            ("git@github.com:acme/cfg.git", CLOUD, Some("acme/cfg")),
            ("github.com:acme/cfg", CLOUD, Some("acme/cfg")),
            ("ssh://git@ssh.github.com:443/acme/cfg.git", CLOUD, Some("acme/cfg")),
            ("https://acme.ghe.com/acme/cfg", "https://api.acme.ghe.com", Some("acme/cfg")),
            ("https://github.com/acme/cfg", ENTERPRISE, None),
            ("https://git.acme.example/acme/cfg.git", ENTERPRISE, Some("acme/cfg")),
            ("ssh://git@Git.acme.example:2222/acme/cfg.git", ENTERPRISE, Some("acme/cfg")),
            ("https://git.acme.example:8443/acme/cfg.git", ENTERPRISE, None),
            ("http://127.0.0.1:4000/acme/cfg.git", TWIN, Some("acme/cfg")),
            ("http://127.0.0.1:4001/acme/cfg.git", TWIN, None),
            ("https://github.com/acme", CLOUD, None),
            ("https://github.com/acme/cfg/tree", CLOUD, None),
            ("file:///srv/acme/cfg.git", CLOUD, None),
            ("/srv/github.com:acme/cfg", CLOUD, None),
            ("../acme/cfg", CLOUD, None),
        ] {
            let hosted = Hosted::parse(url);
            let name = hosted.as_ref().and_then(|hosted| hosted.on(api)).map(RepoName::as_str);
            assert_eq!(name, expect, "{url} at {api}");
        }
    }
}
