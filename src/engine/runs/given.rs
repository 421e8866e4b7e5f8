//! The variables that config gives an agent, and the secrets among them.

use secrecy::ExposeSecret as _;

use crate::adapters::env::{self, Env};
use crate::model::{AgentConfig, Given, SecretRef};

/// A variable whose value can't be had.
#[derive(Debug, thiserror::Error)]
#[error("the variable `{name}` of the agent `{agent}` has no value")]
pub struct NoValue<'a> {
    /// The agent.
    pub agent: &'a str,
    /// The variable.
    pub name: &'a str,
    /// Where its value should be found.
    pub from: &'a SecretRef,
    /// Why it can't be had.
    #[source]
    pub source: env::Error,
}

/// The variables of an agent, with their values.
///
/// # Errors
/// For the first one that has none.
pub fn variables<'a>(env: &Env, config: &'a AgentConfig) -> Result<Vec<(String, String)>, NoValue<'a>> {
    let value = |(name, given): &'a (String, Given)| {
        let value = match given {
            Given::Text(text) => Ok(text.clone()),
            Given::Secret(from) => {
                value(env, from).map_err(|source| NoValue { agent: &config.name, name, from, source })
            }
        };
        Ok((name.clone(), value?))
    };
    config.vars.iter().map(value).collect()
}

/// Where the secrets of an agent are found.
pub(super) fn references(config: &AgentConfig) -> impl Iterator<Item = &SecretRef> {
    config.vars.iter().filter_map(|(_, given)| match given {
        Given::Text(_) => None,
        Given::Secret(from) => Some(from),
    })
}

/// The secret that is found there now.
pub(super) fn value(env: &Env, from: &SecretRef) -> Result<String, env::Error> {
    Ok(env.secret(from)?.expose_secret().to_owned())
}

/// What tells whether a secret is still the same; eight digits tell nothing of it.
pub(super) fn mark(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex()[..8].to_owned()
}
