//! What agents are told of the language of the repository that they work in.

use crate::language_loops::{push, service, term};
use crate::pipeline::{config, step};
use crate::tasks::small;

#[test]
fn an_agent_is_told_the_terms_that_its_issue_speaks_of() {
    small(|w| {
        let read = w.path("home/read");
        let script =
            format!("cat > {}; echo sharp > done; git add done; git commit -qm 'Hone it'", read.display());
        push(w, "src/core/crane.rs", &service("CraneService", &["lifts"]));
        let crane = term("01HZY3N4Q5R6S7T8V9W0X1Y2Z3", "CraneService", "src/core/crane.rs:CraneService");
        push(w, "wiki/terms/crane-service.md", &crane);
        let dock = term("01HZY3N4Q5R6S7T8V9W0X1Y2Z4", "DockService", "src/core/dock.rs:DockService");
        push(w, "wiki/terms/dock-service.md", &dock);
        let with = |language: &str| {
            config(&script, "phases")
                .replace("repo \"acme/anvil\" {", &format!("repo \"acme/anvil\" {{ {language};"))
        };
        let github = w.github();
        let open = |title: &str| {
            let number = github.open_issue("acme/anvil", title, &[]).expect("it is there");
            let body =
                "The CraneService sways. Done when there is a file called done, so that everybody sees it.";
            github.edit_issue_body("acme/anvil", number, "acme", body).expect("it is there");
            github.label_issue("acme/anvil", number, "factory", "acme").expect("it is there");
        };
        for (title, language, told) in [
            ("Hone the crane", "language { roots \"src\"; }", true),
            ("Hone it again", "language { roots \"src\"; excerpt 0; }", false),
        ] {
            w.config(&with(language));
            open(title);
            let _ = std::fs::remove_file(&read);
            for _ in 0..4 {
                if !read.exists() {
                    step(w);
                }
            }
            let read = std::fs::read_to_string(&read).expect("an agent was started");
            assert_eq!(read.contains("What CraneService stands for in the trade."), told, "{read}");
            assert!(!read.contains("What DockService stands for"), "{read}");
        }
    });
}
