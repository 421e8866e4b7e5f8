//! `factoryctl explain` and `factoryctl schema`: from the definitions that decode the config.

use crate::desired;
use crate::loops;
use crate::runs::bounds;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A kind of node or one of its fields: repo, repo.visibility, loop.labels …
    #[arg(value_name = "KIND[.FIELD]")]
    path: Option<String>,
    /// Print the whole reference page, as Markdown.
    #[arg(long, conflicts_with = "path")]
    reference: bool,
    /// Print what agents are kept from, and what is only found afterwards, as Markdown.
    #[arg(long, conflicts_with_all = ["path", "reference"])]
    bounds: bool,
}

pub(crate) fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let vocabulary = loops::vocabulary(cx.today());
    let text = if args.bounds {
        bounds::table()
    } else if args.reference {
        desired::reference(&vocabulary)
    } else {
        desired::explain(args.path.as_deref(), &vocabulary).map_err(|unknown| {
            Fail::new(Exit::Usage, unknown.to_string()).help("`factoryctl explain` lists what there is")
        })?
    };
    cx.ui.print(&text)?;
    Ok(Exit::Done)
}

pub(crate) fn schema(cx: &Context) -> Result<Exit, Fail> {
    cx.ui.print_json(&desired::schema(&loops::vocabulary(cx.today())))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use crate::runs::bounds;
    use crate::{desired, loops};

    #[test]
    fn the_table_of_threats_is_the_generated_one() {
        let page = include_str!("../../docs/THREATS.md");
        let begins = page.find("| could | in the sandbox |").expect("the table is there");
        let rows: Vec<&str> = page[begins..].lines().take_while(|line| line.starts_with('|')).collect();
        let table = rows.join("\n");
        let made = bounds::table();
        let differ = made.lines().zip(table.lines()).find(|(made, page)| made != page);
        assert_eq!(differ, None, "put what `factoryctl explain --bounds` prints there");
        assert_eq!(
            made.lines().count(),
            table.lines().count(),
            "put what `factoryctl explain --bounds` prints there"
        );
    }

    #[test]
    fn the_reference_page_is_the_generated_one() {
        let made = desired::reference(&loops::vocabulary(jiff::civil::date(2026, 5, 1)));
        let page = include_str!("../../docs/REFERENCE.md");
        let differ = made.lines().zip(page.lines()).find(|(made, page)| made != page);
        assert_eq!(differ, None, "factoryctl explain --reference > docs/REFERENCE.md");
        assert_eq!(
            made.lines().count(),
            page.lines().count(),
            "factoryctl explain --reference > docs/REFERENCE.md"
        );
    }
}
