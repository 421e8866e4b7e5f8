//! Saved plans: exactly which actions were shown, bound to their ids, with a digest over the file.
//!
//! An action's id is derived from its verb, address, what is there and what shall be there. Applying a saved plan
//! therefore plans again and carries out the actions whose ids come back; one that doesn't has changed since.

use serde::{Deserialize, Serialize};

use crate::model::ActionId;

use super::document::Document;

/// A plan as `plan -o FILE` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The version of this file's format.
    pub version: u32,
    /// The commit that the plan was made from; none for a working tree, and such a plan can't be applied.
    pub commit: Option<String>,
    /// The actions that were not held back: id and address.
    pub actions: Vec<(ActionId, String)>,
    /// The document, for people and tools.
    pub document: serde_json::Value,
    /// BLAKE3 over all of the above.
    pub digest: String,
}

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// What every version of the format has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Why a saved plan can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It isn't JSON, or lacks fields.
    #[error("is not a saved plan")]
    Malformed(#[source] serde_json::Error),
    /// It was written by a newer factoryctl.
    #[error("has format version {0}, and this factoryctl reads up to {VERSION}")]
    Newer(u32),
    /// It was changed after it was written.
    #[error("was changed after it was written: its digest doesn't fit")]
    Edited,
}

impl SavedPlan {
    /// The saved form of a document.
    pub fn new(document: &Document) -> Self {
        let actions = document
            .actions
            .iter()
            .filter(|p| p.blocked.is_none())
            .map(|p| (p.action.id.clone(), p.action.address.to_string()))
            .collect();
        let mut saved = Self {
            version: VERSION,
            commit: document.reading.commit.clone(),
            actions,
            document: document.to_json(),
            digest: String::new(),
        };
        saved.digest = saved.compute_digest();
        saved
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data is always valid JSON");
        text.push('\n');
        text
    }

    /// Reads a saved plan and checks its digest.
    ///
    /// # Errors
    /// When it isn't one, is newer than this program, or was edited.
    pub fn parse(text: &str) -> Result<Self, SavedError> {
        // The version comes first: what a newer one looks like is not for this program to know.
        let Versioned { version } = serde_json::from_str(text).map_err(SavedError::Malformed)?;
        if version > VERSION {
            return Err(SavedError::Newer(version));
        }
        let saved: Self = serde_json::from_str(text).map_err(SavedError::Malformed)?;
        if saved.digest != saved.compute_digest() {
            return Err(SavedError::Edited);
        }
        Ok(saved)
    }

    fn compute_digest(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        let bytes = serde_json::to_vec(&bare).expect("plain data is always valid JSON");
        blake3::hash(&bytes).to_hex().to_string()
    }
}
