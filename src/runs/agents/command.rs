//! A plain command: any program that reads the prompt from its input, works in the folder that it is started in, and ends.

use crate::model::UsageOf;

use super::{Agent, CommandLine, Event, Job, Listener, Stream};

/// The agent.
pub(super) struct Command;

impl Agent for Command {
    fn kind(&self) -> &'static str {
        "command"
    }

    fn program(&self) -> Option<&'static str> {
        None
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Process
    }

    fn chooses_session(&self) -> bool {
        false
    }

    fn resumes(&self) -> bool {
        false
    }

    fn closes(&self) -> bool {
        false
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        None
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        CommandLine { argv: job.program.to_vec(), stdin: job.prompt.to_owned(), ..CommandLine::default() }
    }

    fn listener(&self, _: &Job<'_>) -> Box<dyn Listener> {
        Box::new(Said)
    }
}

/// Every line is progress, and the last one is what it has to say.
struct Said;

impl Listener for Said {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        out.push(Event::Progress);
        if stream == Stream::Out {
            out.push(Event::Answer { text: String::from_utf8_lossy(line).into_owned(), typed: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{a_job, all};
    use super::*;

    #[test]
    fn it_is_started_as_config_says_and_reads_the_prompt() {
        let program = ["make".to_owned(), "fix".to_owned()];
        let line = Command.command(&Job { program: &program, model: Some("ignored"), ..a_job() });
        assert_eq!(
            (line.argv.as_slice(), line.stdin.as_str(), line.talks),
            (&program[..], a_job().prompt, false)
        );
    }

    #[test]
    fn every_line_is_progress() {
        let answer = Event::Answer { text: "all done".into(), typed: None };
        let heard = all(&Command, &a_job(), "all done\n", "warning\n");
        assert_eq!(heard, [Event::Progress, Event::Progress, answer]);
    }
}
