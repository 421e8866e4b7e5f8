//! Who a request is sent as: one token, or the App's installation on the owner that the request is about.
//!
//! Installation tokens live an hour. They are made when first needed, once for all who need them at that
//! moment, and replaced five minutes before they end.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use jiff::Timestamp;
use octocrab::auth::{AppAuth, EncodingKey};
use octocrab::models::AppId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::client::Client;
use super::config::{Auth, SetupError};
use super::error::{Error, Kind};
use super::pages::collect;
use super::wire::{Access, Answer, Bearer, Call, Repeatable};
use crate::adapters::clock::until;

/// A token that ends sooner than this is replaced.
const MARGIN: Duration = Duration::from_mins(5);
/// For so long a list of installations that lacks an owner is believed.
const LISTED: Duration = Duration::from_mins(1);

/// Who the client is to GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The user whose token it is.
    User {
        /// The login.
        login: String,
    },
    /// An App.
    App {
        /// Its slug; as an author it is called `slug[bot]`.
        slug: String,
    },
}

impl Identity {
    /// The login under which GitHub shows what the client does.
    pub fn login(&self) -> String {
        match self {
            Self::User { login } => login.clone(),
            Self::App { slug } => format!("{slug}[bot]"),
        }
    }
}

/// What the client was given, in the form in which it is used.
pub(super) enum Credentials {
    Token(Access),
    App(App),
}

/// A GitHub App, what is known of its installations, and its tokens.
pub(super) struct App {
    id: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By owner, in lower case.
    installations: HashMap<String, Installation>,
    /// When GitHub was asked for them.
    listed: Option<Timestamp>,
    /// By installation.
    tokens: HashMap<u64, Minted>,
}

/// An App's installation on an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) suspended: bool,
    /// What it may do: `issues` → `write`.
    pub(super) permissions: BTreeMap<String, String>,
}

/// An installation token.
#[derive(Debug, Clone)]
pub(super) struct Minted {
    pub(super) token: SecretString,
    pub(super) ends: Timestamp,
}

impl Credentials {
    /// Checks and takes in what the client was given; the second part is for the transport.
    pub(super) fn new(auth: &Auth) -> Result<(Self, Option<AppAuth>), SetupError> {
        match auth {
            Auth::Token(token) => {
                let token = token.expose_secret().trim();
                if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(SetupError::Token);
                }
                let digest = blake3::derive_key("factoryctl github token 1", token.as_bytes());
                let whose = format!("token-{}", hex::encode(&digest[..8]));
                let bearer = Bearer::Token(SecretString::from(token));
                Ok((Self::Token(Access { whose: whose.into(), bearer }), None))
            }
            Auth::App { id, key_pem } => {
                let key =
                    EncodingKey::from_rsa_pem(key_pem.expose_secret().as_bytes()).map_err(SetupError::Key)?;
                let app = App { id: *id, known: Mutex::default() };
                Ok((Self::App(app), Some(AppAuth { app_id: AppId(*id), key })))
            }
        }
    }
}

impl App {
    /// What a request is sent with that the App makes as itself.
    pub(super) fn itself(&self) -> Access {
        Access { whose: format!("app-{}", self.id).into(), bearer: Bearer::App }
    }

    /// What a request is sent with that it makes as an installation.
    pub(super) fn installed(&self, installation: u64, token: SecretString) -> Access {
        Access { whose: format!("app-{}-{installation}", self.id).into(), bearer: Bearer::Token(token) }
    }

    /// The installation on `owner`, where it is known.
    pub(super) fn installation(&self, owner: &str) -> Option<Installation> {
        self.lock().installations.get(&owner.to_lowercase()).cloned()
    }

    /// Takes in GitHub's list of installations in place of what was known.
    pub(super) fn learn_installations(&self, list: &[Value], now: Timestamp) {
        let mut known = self.lock();
        known.installations = list.iter().filter_map(installation).collect();
        known.listed = Some(now);
    }

    /// Whether the list is too young for asking again after an owner that isn't in it.
    pub(super) fn listed_lately(&self, now: Timestamp) -> bool {
        self.lock().listed.is_some_and(|listed| until(listed, now) < LISTED)
    }

    /// A token of the installation with at least `least` left.
    pub(super) fn token(&self, installation: u64, now: Timestamp, least: Duration) -> Option<Minted> {
        self.lock().tokens.get(&installation).filter(|minted| until(now, minted.ends) > least).cloned()
    }

    /// A token of the installation that needs no replacement yet.
    pub(super) fn good_token(&self, installation: u64, now: Timestamp) -> Option<Minted> {
        self.token(installation, now, MARGIN)
    }

    /// Takes in a new token.
    pub(super) fn keep_token(&self, installation: u64, minted: Minted) {
        self.lock().tokens.insert(installation, minted);
    }

    /// Forgets a token that GitHub refused, unless it has been replaced meanwhile.
    pub(super) fn forget_token(&self, refused: &SecretString) {
        self.lock().tokens.retain(|_, minted| minted.token.expose_secret() != refused.expose_secret());
    }

    /// Every change is one assignment, so a panic elsewhere leaves none half made.
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one installation; one without an owner's login is no use.
fn installation(value: &Value) -> Option<(String, Installation)> {
    let owner = value.get("account")?.get("login")?.as_str()?.to_lowercase();
    let suspended = value.get("suspended_at").is_some_and(|at| !at.is_null());
    let granted = value.get("permissions").and_then(Value::as_object).into_iter().flatten();
    let permissions =
        granted.filter_map(|(name, level)| Some((name.clone(), level.as_str()?.to_owned()))).collect();
    Some((owner, Installation { id: value.get("id")?.as_u64()?, suspended, permissions }))
}

/// Reads GitHub's answer to the wish for a token.
pub(super) fn minted(value: &Value) -> Option<Minted> {
    let ends = value.get("expires_at")?.as_str()?.parse().ok()?;
    Some(Minted { token: value.get("token")?.as_str()?.into(), ends })
}

/// What making a token ends in; shared by all who wait for it.
pub(super) type Minting = Result<Minted, Error>;

impl Client {
    /// Makes a call, and once more with a new token where GitHub refuses an installation's: it may have been
    /// revoked. A refused request had no effect, so that is safe for any.
    pub(super) async fn call_retrying_access(
        &self,
        access: &Access,
        owner: Option<&str>,
        call: &Call,
    ) -> Result<Answer, Error> {
        let result = self.0.exchange.call(access, call).await;
        let (Err(error), Credentials::App(app), Bearer::Token(token), Some(owner)) =
            (&result, &self.0.credentials, &access.bearer, owner)
        else {
            return result;
        };
        if *error.kind() != Kind::Unauthorized {
            return result;
        }
        app.forget_token(token);
        self.0.exchange.call(&self.access(owner).await?, call).await
    }

    /// What a request about `owner` is sent with.
    pub(super) async fn access(&self, owner: &str) -> Result<Access, Error> {
        match &self.0.credentials {
            Credentials::Token(access) => Ok(access.clone()),
            Credentials::App(app) => {
                let installation = self.installation(app, owner).await?;
                let minted = self.token(app, installation.id).await?;
                Ok(app.installed(installation.id, minted.token))
            }
        }
    }

    /// What an App may do by its installation on `owner`, such as `issues` → `write`; nothing for other credentials,
    /// of which GitHub doesn't tell it.
    pub async fn permissions(&self, owner: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
        match &self.0.credentials {
            Credentials::Token(_) => Ok(None),
            Credentials::App(app) => Ok(Some(self.installation(app, owner).await?.permissions)),
        }
    }

    /// Whether requests about an owner's repositories can be made at all: an App makes none where it isn't installed.
    /// Where that can't be told, the request itself will tell.
    pub async fn is_let_in(&self, owner: &str) -> bool {
        match &self.0.credentials {
            Credentials::Token(_) => true,
            Credentials::App(app) => match self.know_installation(app, owner).await {
                Ok(()) => app.installation(owner).is_some(),
                Err(_) => true,
            },
        }
    }

    /// Asks for the installations, unless the one on `owner` is known, or they were asked for just now.
    async fn know_installation(&self, app: &App, owner: &str) -> Result<(), Error> {
        if app.installation(owner).is_none_or(|known| known.suspended)
            && !app.listed_lately(self.0.exchange.clock.now())
        {
            let client = self.clone();
            self.0.listings.join(String::new(), move || client.list_installations()).await.0?;
        }
        Ok(())
    }

    async fn installation(&self, app: &App, owner: &str) -> Result<Installation, Error> {
        // Never `Absent`: that is said of what was looked for and isn't there.
        let refuse = |why: &str| {
            let message = format!("{why} {owner}");
            Err(Error::new(Kind::Forbidden { needs: Vec::new() }, &Method::GET, "/app/installations")
                .with_message(Some(message)))
        };
        self.know_installation(app, owner).await?;
        match app.installation(owner) {
            Some(Installation { suspended: true, .. }) => refuse("the GitHub App is suspended by"),
            Some(installation) => Ok(installation),
            None => refuse("the GitHub App isn't installed on"),
        }
    }

    fn list_installations(self) -> BoxFuture<'static, Result<(), Error>> {
        async move {
            if let Credentials::App(app) = &self.0.credentials {
                let this = &self;
                let read =
                    |path: String| async move { this.read_as(app.itself(), None, &path).await }.boxed();
                let list = collect("/app/installations", self.0.max_pages, read).await?;
                app.learn_installations(&list, self.0.exchange.clock.now());
            }
            Ok(())
        }
        .boxed()
    }

    /// A token of an installation. Where no new one can be had, the old one will do while it lives.
    async fn token(&self, app: &App, installation: u64) -> Result<Minted, Error> {
        if let Some(minted) = app.good_token(installation, self.0.exchange.clock.now()) {
            return Ok(minted);
        }
        let client = self.clone();
        let work = move || async move { client.mint(installation).await }.boxed();
        let (minting, _) = self.0.mintings.join(installation.to_string(), work).await;
        minting.or_else(|error| {
            let old = app
                .token(installation, self.0.exchange.clock.now(), Duration::from_secs(30))
                .ok_or(error.clone())?;
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no new installation token, using the old one"
            );
            Ok(old)
        })
    }

    async fn mint(&self, installation: u64) -> Minting {
        let Credentials::App(app) = &self.0.credentials else {
            return Err(Error::new(Kind::Unauthorized, &Method::POST, "/app/installations"));
        };
        let path = format!("/app/installations/{installation}/access_tokens");
        // A token too many does no harm: it ends by itself.
        let mut call =
            Call::rest(Method::POST, &path, Some(Bytes::from_static(b"{}")), Repeatable::Idempotent);
        call.creates = false;
        let malformed = || call.fail(Kind::Malformed { why: "without a token" });
        let Answer::Rest(reply, ..) = self.0.exchange.call(&app.itself(), &call).await? else {
            return Err(malformed());
        };
        let minted = minted(&reply.body).ok_or_else(malformed)?;
        app.keep_token(installation, minted.clone());
        Ok(minted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_trimmed_checked_and_never_part_of_a_name() {
        let whose = |token: &str| match Credentials::new(&Auth::Token(token.into())) {
            Ok((Credentials::Token(access), _)) => Some(access.whose.to_string()),
            Ok((Credentials::App(_), _)) => None,
            Err(error) => {
                assert!(matches!(error, SetupError::Token));
                None
            }
        };
        assert_eq!(whose("ghp_secret\n"), whose("ghp_secret"));
        assert_ne!(whose("ghp_secret"), whose("ghp_other"));
        assert!(!whose("ghp_secret").unwrap().contains("secret"));
        for bad in ["", " \n", "two words", "new\nline", "ümlaut"] {
            assert_eq!(whose(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        let auth = Auth::App { id: 1, key_pem: "not a key".into() };
        let Err(error) = Credentials::new(&auth) else { panic!("accepted") };
        assert!(!format!("{error:?} {error}").contains("not a key"));
    }

    #[test]
    fn tokens_are_replaced_five_minutes_before_their_end() {
        let app = App { id: 1, known: Mutex::default() };
        let at = |second| Timestamp::from_second(second).unwrap();
        app.keep_token(7, Minted { token: "t".into(), ends: at(3600) });
        assert!(app.good_token(7, at(3299)).is_some());
        assert!(app.good_token(7, at(3300)).is_none());
        assert!(app.token(7, at(3300), Duration::ZERO).is_some());
        assert!(app.good_token(8, at(0)).is_none());
        app.forget_token(&"another".into());
        assert!(app.good_token(7, at(0)).is_some());
        app.forget_token(&"t".into());
        assert!(app.good_token(7, at(0)).is_none());
    }

    #[test]
    fn installations_are_found_by_owner_whatever_its_case() {
        let app = App { id: 1, known: Mutex::default() };
        app.learn_installations(
            &[
                json!({"id": 7, "account": {"login": "Acme"}, "suspended_at": null, "permissions": {"issues": "write"}}),
                json!({"id": 8, "account": {"login": "other"}, "suspended_at": "2024-01-01T00:00:00Z"}),
                json!({"id": 9, "account": null}),
                json!("nonsense"),
            ],
            Timestamp::UNIX_EPOCH,
        );
        assert!(app.listed_lately(Timestamp::from_second(59).unwrap()));
        assert!(!app.listed_lately(Timestamp::from_second(60).unwrap()));
        let permissions = BTreeMap::from([("issues".to_owned(), "write".to_owned())]);
        assert_eq!(app.installation("aCME"), Some(Installation { id: 7, suspended: false, permissions }));
        let permissions = BTreeMap::new();
        assert_eq!(app.installation("other"), Some(Installation { id: 8, suspended: true, permissions }));
        assert_eq!(app.installation("third"), None);
    }
}
