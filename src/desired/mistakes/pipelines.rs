//! Mistakes in pipelines, playbooks and merge policies.

use super::complain;

#[test]
fn names_that_nothing_has() {
    let text = complain(
        r#"agent "claude" kind="claude"
merge-policy "guarded"
pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
defaults { pipeline "standrad"; }
repo "acme/widgets" { merge-policy "open"; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn playbooks_that_nothing_would_use() {
    let text = complain(
        r#"playbook "plann" { attempts 3; }
playbook "dance" { prompt "Dance."; }
playbook "-stuck" { prompt "Dance."; }
playbook "network-stuck"
playbook "review-stuck" phase="review"
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn places_of_a_prompt() {
    let text = complain(
        r#"playbook "plan" {
    prompt """
        Plan {{issue}} and {{ comments }}.
        Mind "{{isue}}", {{everything}}, and {{this.
        """
}
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn a_pipeline_without_anybody_to_do_it() {
    let text = complain(
        r#"pipeline "standard" { intake "factory:please"; }
repo "acme/widgets" { pipeline "standard"; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn labels_that_mark_where_an_issue_is() {
    let text = complain(
        r#"pipeline "a" { intake "factory:Plan"; }
pipeline "b" { intake "x"; prefix ""; }
pipeline "c" { intake "x"; prefix "a,b"; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn green_without_a_check() {
    let text = complain(
        r#"merge-policy "open" { mode "on-green"; }
merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn freezes_that_no_clock_shows() {
    let text = complain(
        r#"merge-policy "guarded" {
    freeze "Fri 16:00..Mo 08:00"
    freeze "Fri 16:00..Mon 8:00"
    freeze "weekend"
    freeze "Sat 00:00..Sat 00:00"
    freeze "Fri 16:00..Mon 08:00" tz="Europe/Berln"
}
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn globs_that_match_nothing() {
    let text = complain(
        r#"merge-policy "guarded" { people-paths "deploy/[" " "; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn an_approval_that_the_factory_cannot_give() {
    let text = complain(
        r#"merge-policy "guarded" { mode "on-green-with-review"; require-checks "ci"; }
repo "acme/widgets" { merge-policy "guarded"; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn a_pipeline_that_nobody_has() {
    let text = complain(
        r#"agent "claude" kind="claude"
pipeline "standard" { intake "please"; agents "claude"; }
"#,
    );
    insta::assert_snapshot!(text, @"");
}
