//! `factoryctl suspend` and `resume`: hold back all changes to a part of the world, and let them through again.

use crate::engine::Request;

use super::context::Context;
use super::daemon::{Daemon, later};
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Suspend {
    /// What is held back; `*` and `**` match: repo/acme/widgets/**
    address: String,
    /// Why, for those who find it suspended.
    #[arg(long, value_parser = super::daemon::reason)]
    reason: String,
    /// Until when: a time, a day, or a span such as 36h.
    #[arg(long, value_name = "T")]
    until: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The address, as it was suspended.
    address: String,
}

pub(crate) async fn suspend(cx: &Context, args: &Suspend) -> Result<Exit, Fail> {
    let until = args.until.as_deref().map(|t| later(t, cx.clock.now())).transpose()?;
    let (address, reason, by) = (args.address.clone(), args.reason.clone(), cx.env.who());
    let daemon = Daemon::find(cx).await?;
    if address.starts_with("loop/") {
        return Err(Fail::new(Exit::Usage, format!("`{address}` is a loop"))
            .help("switch it off: factoryctl loop disable NAME --reason …"));
    }
    daemon.switch(cx, &Request::Suspend { address, reason, by, until }).await
}

pub(crate) async fn resume(cx: &Context, args: &Resume) -> Result<Exit, Fail> {
    let request = Request::Resume { address: args.address.clone(), by: cx.env.who() };
    Daemon::find(cx).await?.switch(cx, &request).await
}
