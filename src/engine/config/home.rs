//! The config repository as the factory writes to it: its branch for the ledger, its pull requests.

use crate::adapters::env::Env;
use crate::adapters::git::{self, Access, Mirror, Repo};
use crate::adapters::github::{self, Client};
use crate::adapters::state::StateDir;
use crate::model::{Desired, RepoName};

use super::source::Source;
use crate::engine::tick::Place;

/// Where the ledger's branch and the pull requests live.
#[derive(Clone, Debug)]
pub enum Home {
    /// Nowhere: the config is a plain folder.
    Nowhere,
    /// In a repository on this machine; nothing is pushed.
    Local(Box<Repo>),
    /// In a repository elsewhere that is not on the factory's GitHub.
    Remote(Box<Mirror>),
    /// In the config repository on GitHub.
    GitHub {
        /// Which.
        repo: RepoName,
        /// Our copy.
        mirror: Box<Mirror>,
    },
}

/// Why it can't be found.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// GitHub doesn't show it.
    #[error("the config repository can't be found on GitHub")]
    GitHub(#[from] github::Error),
    /// GitHub's answer has no URL for git.
    #[error("GitHub names no clone URL for the config repository")]
    Url,
    /// The copy can't be kept.
    #[error("the mirror of the config repository can't be kept")]
    Mirror(#[from] git::Error),
}

impl Home {
    /// Finds it: the repository on GitHub that config names, else where config is read from.
    ///
    /// # Errors
    /// When GitHub doesn't tell, or the mirror can't be made.
    pub async fn find(
        source: &Source,
        desired: &Desired,
        client: &Client,
        state: &StateDir,
    ) -> Result<Self, HomeError> {
        if let Some(config) = &desired.factory.config {
            let repo = config.value.clone();
            let reply = client.read(repo.owner(), &format!("/repos/{repo}")).await?;
            let url = reply.body["clone_url"].as_str().ok_or(HomeError::Url)?;
            let mirror = Box::new(Mirror::ensure(&state.mirror(), url)?);
            return Ok(Self::GitHub { repo, mirror });
        }
        Ok(match source {
            Source::Folder(_) => Self::Nowhere,
            Source::Local { repo, .. } => Self::Local(repo.clone()),
            Source::Remote { url, .. } => Self::Remote(Box::new(Mirror::ensure(&state.mirror(), url)?)),
        })
    }

    /// What git needs to reach it now; an App's token is made anew before it expires.
    ///
    /// # Errors
    /// When there is no token to be had.
    pub async fn access(&self, client: &Client, env: &Env) -> Result<Access, github::Error> {
        Ok(match self {
            Self::GitHub { repo, .. } => Access::new(env, Some(client.git_token(repo.owner()).await?)),
            Self::Nowhere | Self::Local(_) | Self::Remote(_) => Access::new(env, env.github_token()),
        })
    }

    /// Where the ledger is published.
    pub fn place(&self, access: Access) -> Place {
        match self {
            Self::Nowhere => Place::Nowhere,
            Self::Local(repo) => Place::Local(repo.clone()),
            Self::Remote(mirror) | Self::GitHub { mirror, .. } => Place::Remote(mirror.clone(), access),
        }
    }
}
