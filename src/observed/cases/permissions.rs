//! What people may do in a repository.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapters::github::{Client, Error, Kind, segment};
use crate::model::{Observed, Permission, RepoName, Seen};

use super::each::each;

/// Reads what these logins may do in these repositories: one request each. One that can't be read is a gap.
pub async fn permissions(client: &Client, asked: BTreeSet<(RepoName, String)>, observed: &mut Observed) {
    let asked: BTreeSet<_> = asked.into_iter().map(|(repo, login)| (repo, login.to_lowercase())).collect();
    let read = asked.clone().into_iter().map(async |(repo, login)| {
        let found = permission(client, &repo, &login).await;
        ((repo, login), found)
    });
    let mut told = each(client, read, |login| format!("what {login} may do"), observed).await;
    for key in asked {
        let seen = told.remove(&key).map_or(Seen::Unknown, Seen::Known);
        observed.cases.permissions.insert(key, seen);
    }
}

/// Reads what somebody may do in a repository.
///
/// # Errors
/// When GitHub doesn't tell.
pub async fn permission(client: &Client, repo: &RepoName, login: &str) -> Result<Permission, Error> {
    // An account that is gone.
    if login.is_empty() {
        return Ok(Permission::None);
    }
    let path = format!("/repos/{repo}/collaborators/{}/permission", segment(login));
    match client.read(repo.owner(), &path).await {
        Ok(reply) => {
            decode(&reply.body).ok_or_else(|| Error::untold(&path, "a permission that nobody knows"))
        }
        Err(error) if *error.kind() == Kind::Absent => Ok(Permission::None),
        Err(error) => Err(error),
    }
}

/// GitHub tells four permissions; the two between them are told as roles. A role of an organisation's own making counts as
/// the permission that it is built on.
fn decode(reply: &Value) -> Option<Permission> {
    let permission = Permission::by_word(reply["permission"].as_str()?)?;
    let role = reply["role_name"].as_str().and_then(Permission::by_word);
    Some(match (permission, role) {
        (Permission::Read, Some(Permission::Triage)) => Permission::Triage,
        (Permission::Write, Some(Permission::Maintain)) => Permission::Maintain,
        (permission, _) => permission,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_told_where_the_permission_is_not_enough() {
        for (permission, role, expected) in [
            (json!("admin"), json!("admin"), Some(Permission::Admin)),
            (json!("write"), json!("write"), Some(Permission::Write)),
            (json!("write"), json!("maintain"), Some(Permission::Maintain)),
            (json!("read"), json!("triage"), Some(Permission::Triage)),
            (json!("read"), json!("admin"), Some(Permission::Read)),
            (json!("read"), json!("security reader"), Some(Permission::Read)),
            (json!("read"), Value::Null, Some(Permission::Read)),
            (json!("none"), json!(""), Some(Permission::None)),
            (json!("owner"), json!("admin"), None),
            (Value::Null, json!("admin"), None),
        ] {
            let reply = json!({"permission": permission, "role_name": role});
            assert_eq!(decode(&reply), expected, "{reply}");
        }
    }
}
