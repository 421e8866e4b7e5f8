//! The identities by which something is done on GitHub: each has a client of its own, and with it tokens and limits.

use super::client::Client;
use super::wire::PoolState;

/// The clients of one GitHub, one for each identity; clones share everything.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Who does nearly everything, reading included.
    pub author: Client,
    /// Who reviews what the author made, where there is somebody else for that.
    pub reviewer: Option<Client>,
}

impl Clients {
    fn all(&self) -> impl Iterator<Item = &Client> {
        [&self.author].into_iter().chain(&self.reviewer)
    }

    /// What was last heard of each pool of each identity.
    pub fn budget(&self) -> Vec<PoolState> {
        self.all().flat_map(Client::budget).collect()
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.all().map(|client| client.stats().requests).sum()
    }
}
