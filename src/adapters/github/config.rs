//! What a client is told when it is made, and the defaults that suit GitHub.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::adapters::clock::Clock;
use crate::adapters::store::Store;
use crate::model::Creations;

/// Everything a [`Client`](super::Client) needs to know. The fields have GitHub's defaults from
/// [`Config::new`]; change those that matter.
#[derive(Debug, Clone)]
pub struct Config {
    /// The REST base: `https://api.github.com`, `https://host/api/v3`, or a twin's.
    pub base: Url,
    /// Who the client is.
    pub auth: Auth,
    /// Sent with each request; GitHub refuses requests without one.
    pub user_agent: String,
    /// Whether a person waits for the answer.
    pub patience: Patience,
    /// Limits in time on one request.
    pub timeouts: Timeouts,
    /// How failed requests are repeated.
    pub retries: Retries,
    /// Paces what GitHub counts as content creation; none where the server has no such limit.
    pub content: Option<ContentLimits>,
    /// Requests under way at once. GitHub's own limit is 100 for all clients of one identity.
    pub max_in_flight: usize,
    /// Bytes of one answer; a longer one is [`Kind::TooLarge`](super::Kind::TooLarge).
    pub max_body: usize,
    /// Pages of one listing; a longer one is [`Kind::TooLarge`](super::Kind::TooLarge).
    pub max_pages: usize,
    /// Where ETags and the answers they stand for are kept.
    pub cache: Option<Store>,
    /// The time, for limits, expiries and pauses.
    pub clock: Clock,
}

/// Who the client is.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A personal, OAuth or installation token that somebody else made.
    Token(SecretString),
    /// A GitHub App. The installation is looked up by the owner that comes with each request.
    App {
        /// The App's number, or its client number where the server takes one.
        id: u64,
        /// Its RSA private key, PEM.
        key_pem: SecretString,
    },
}

/// Whether a person waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A command in a terminal: a request is held back for two seconds at most.
    Foreground,
    /// A daemon: requests may be spread over the time until the limit resets.
    Daemon,
}

impl Patience {
    /// The longest pause before one request that only spreads what is left of a pool.
    pub(super) fn longest_spread(self) -> Duration {
        match self {
            Self::Foreground => Duration::from_secs(2),
            Self::Daemon => Duration::from_mins(1),
        }
    }
}

/// Limits in time on one request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From sending until the last byte of the answer.
    pub request: Duration,
}

/// How failed requests are repeated, where that is safe.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Tries in all, the first included.
    pub tries: u32,
    /// The pause after the first failure; it doubles after each further one, less a random part of up to half.
    pub first: Duration,
    /// The longest such pause.
    pub longest: Duration,
    /// The longest `retry-after` of a secondary limit, or of a server that fails, that is waited for; a longer one is
    /// returned.
    pub longest_wait: Duration,
    /// Where the random part comes from; nothing for a seed of the clock's.
    pub seed: Option<u64>,
}

/// How many things a client may create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLimits {
    /// In a minute and in an hour.
    pub most: Creations,
    /// The longest pause before one creation; where more would be needed the answer is
    /// [`Kind::SecondaryLimit`](super::Kind::SecondaryLimit).
    pub longest_pause: Duration,
}

impl ContentLimits {
    /// The published limits of github.com.
    pub const GITHUB: Self = Self::of(Creations::GITHUB);

    /// With a pause of up to a minute.
    pub const fn of(most: Creations) -> Self {
        Self { most, longest_pause: Duration::from_mins(1) }
    }
}

impl Config {
    /// A foreground client without a cache, on the system clock.
    pub fn new(base: Url, auth: Auth) -> Self {
        // Enterprise servers have no limit on content, and neither have twins.
        let hosted =
            base.host_str().is_some_and(|host| host == "api.github.com" || host.ends_with(".ghe.com"));
        Self {
            base,
            auth,
            user_agent: concat!("factoryctl/", env!("CARGO_PKG_VERSION")).to_owned(),
            patience: Patience::Foreground,
            timeouts: Timeouts { connect: Duration::from_secs(10), request: Duration::from_mins(1) },
            retries: Retries {
                tries: 3,
                first: Duration::from_millis(500),
                longest: Duration::from_secs(8),
                longest_wait: Duration::from_secs(10),
                seed: None,
            },
            content: hosted.then_some(ContentLimits::GITHUB),
            max_in_flight: 24,
            max_body: 64 << 20,
            max_pages: 300,
            cache: None,
            clock: Clock::system(),
        }
    }

    /// The path of GraphQL on the base's host: Enterprise has it beside the REST base, all others below it.
    pub(super) fn graphql_path(&self) -> String {
        let path = self.base.path().trim_end_matches('/');
        match path.strip_suffix("/api/v3") {
            Some(before) => format!("{before}/api/graphql"),
            None => format!("{path}/graphql"),
        }
    }
}

/// Why no client can be made from a [`Config`].
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not an `http` or `https` URL with a host.
    #[error("the GitHub base {0} is not an http or https address")]
    Base(Url),
    /// A header can't carry it.
    #[error("the user agent has characters that a header can't carry")]
    UserAgent(#[source] http::header::InvalidHeaderValue),
    /// Empty, or with characters that a header can't carry.
    #[error("the GitHub token is empty or has characters that no token has")]
    Token,
    /// Not an RSA private key in PEM.
    #[error("the GitHub App's key is not an RSA private key in PEM form")]
    Key(#[source] jsonwebtoken::errors::Error),
    /// The machine's certificates can't be read.
    #[error("cannot read the certificates that this machine trusts")]
    Certificates(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_stands_beside_an_enterprise_base_and_below_any_other() {
        let rows = [
            ("https://api.github.com", "/graphql"),
            ("https://api.github.com/", "/graphql"),
            ("https://ghe.acme.test/api/v3", "/api/graphql"),
            ("https://ghe.acme.test/api/v3/", "/api/graphql"),
            ("http://127.0.0.1:80/proxy", "/proxy/graphql"),
            ("http://127.0.0.1:80/proxy/api/v3", "/proxy/api/graphql"),
        ];
        for (base, path) in rows {
            let config = Config::new(base.parse().unwrap(), Auth::Token("t".into()));
            assert_eq!(config.graphql_path(), path, "{base}");
        }
    }
}
