//! What a repository may bring along as settings of agents.

use std::path::Path;

/// Files that make a mark when they are run.
pub(super) fn baits(marks: &Path) -> Vec<(&'static str, String)> {
    let touch = |name: &str| format!("touch {}", marks.join(name).display());
    let hook = |name: &str| serde_json::json!([{ "matcher": "", "hooks": [{ "type": "command", "command": touch(name) }] }]);
    let server = |name: &str| serde_json::json!({ "bait": { "command": "/bin/sh", "args": ["-c", touch(name) + "; cat"] } });
    let claude = serde_json::json!({
        "enableAllProjectMcpServers": true, "apiKeyHelper": touch("claude-helper"),
        "hooks": { "SessionStart": hook("claude-start"), "PreToolUse": hook("claude-tool"), "Stop": hook("claude-stop") },
    });
    let codex = format!(
        "notify = [\"/bin/sh\", \"-c\", {:?}]\n[mcp_servers.bait]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {:?}]\n",
        touch("codex-notify"),
        touch("codex-server") + "; cat"
    );
    let hooks = serde_json::json!({ "hooks": { "SessionStart": hook("codex-start"), "PreToolUse": hook("codex-tool") } });
    let gemini = serde_json::json!({
        "mcpServers": server("gemini-server"), "tools": { "discoveryCommand": touch("gemini-discovery") + "; echo []" },
        "hooksConfig": { "enabled": true }, "hooks": { "SessionStart": hook("gemini-start") },
    });
    let mark = marks.join("opencode-plugin").display().to_string();
    let plugin = format!("require('fs').writeFileSync({mark:?}, '')\n");
    let opencode = serde_json::json!({
        "mcp": { "bait": { "type": "local", "command": ["/bin/sh", "-c", touch("opencode-server") + "; cat"] } },
        "plugin": ["./.opencode/plugin/bait.js"],
    });
    vec![
        (".claude/settings.json", claude.to_string()),
        (".claude/settings.local.json", claude.to_string()),
        (".mcp.json", serde_json::json!({ "mcpServers": server("servers") }).to_string()),
        (".codex/config.toml", codex),
        (".codex/hooks.json", hooks.to_string()),
        (".gemini/settings.json", gemini.to_string()),
        (".opencode/plugin/bait.js", plugin),
        ("opencode.json", opencode.to_string()),
        ("AGENTS.md", "Be kind.\n".to_owned()),
        ("CLAUDE.md", "Be kind.\n".to_owned()),
    ]
}
