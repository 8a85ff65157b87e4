//! What a page tells people to type, and what has to be there before they do.
//!
//! - A line `$ layerproof …` or `$ cargo run --release -- …` in a block fenced as `console` or `sh` is a command; a backslash at its end
//!   goes on in the next line, and a comment `# exit 1` at its end says how it ends, 0 otherwise.
//! - `<!-- file: PATH -->` before a fenced block: the block is the content of that file.
//! - `<!-- zip: PATH ENTRY… -->`: an unsigned zip with these entries.
//! - `<!-- live -->` before a fenced block: its commands are run against the loopback AWS with the demo fleet, with the credentials in a
//!   profile `audit`.
//! - `<!-- output: NAME ARGS… -->` … `<!-- /output -->` around a block: what `layerproof ARGS…` prints. With `--now` among the arguments the
//!   block stays true when runtimes and signatures expire; lines that speak of `--now` are left out of it.

/// Commands that a page may name and that no test of this binary runs: they make the tool, or are a test themselves.
const NOT_RUN: [&str; 6] = ["git clone ", "cd ", "cargo build", "cargo install", "./scripts/test", "echo $?"];

/// One thing to do, in the order of the page.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write a file.
    File { path: String, content: String },
    /// Write an unsigned zip.
    Zip { path: String, entries: Vec<String> },
    /// Run the binary; `live`: against the loopback AWS.
    Command { line: usize, live: bool, env: Vec<(String, String)>, args: Vec<String>, exit: i32 },
}

/// Something on a page that a test can't follow.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// What.
    pub what: String,
}

/// A block of real output.
#[derive(Debug)]
pub struct OutputBlock {
    /// Its name.
    pub name: String,
    /// The command's arguments.
    pub args: Vec<String>,
    /// All of it, markers included.
    pub whole: String,
    /// What it shows.
    pub shown: String,
}

impl OutputBlock {
    /// The same block with another content.
    pub fn with(&self, output: &str) -> String {
        let marker = self.whole.lines().next().unwrap_or_default();
        let shown: Vec<&str> = output.trim_end().lines().filter(|line| !line.contains("--now")).map(str::trim_end).collect();
        format!("{marker}\n```text\n{}\n```\n<!-- /output -->", shown.join("\n"))
    }
}

/// Everything to do on a page.
pub fn steps(text: &str) -> Vec<Result<Step, Problem>> {
    let mut steps = Vec::new();
    let mut fence: Option<String> = None;
    let mut file: Option<(String, String)> = None;
    let mut live = false;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let number = number + 1;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            if fence.take().is_none() {
                fence = Some(language.trim().to_owned());
            } else if let Some((path, content)) = file.take() {
                steps.push(Ok(Step::File { path, content }));
            } else {
                live = false;
            }
        } else if fence.is_none() {
            if marker(line, "live").is_some() {
                live = true;
            } else if let Some(path) = marker(line, "file:") {
                file = Some((path, String::new()));
            } else if let Some(zip) = marker(line, "zip:") {
                let mut words = zip.split_whitespace().map(str::to_owned);
                steps.push(Ok(Step::Zip { path: words.next().unwrap_or_default(), entries: words.collect() }));
            }
        } else if let Some((_, content)) = &mut file {
            content.push_str(line);
            content.push('\n');
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| matches!(fence.as_deref(), Some("console" | "sh"))) {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command.pop();
                command.push_str(lines.next().map_or("", |(_, next)| next.trim_start_matches("> ").trim_start()));
            }
            steps.extend(step(number, &command, live).transpose());
        }
    }
    steps
}

/// Every block of real output on a page.
pub fn output_blocks(text: &str) -> Vec<OutputBlock> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("<!-- output:") {
        let from = &rest[start..];
        let Some(end) = from.find("<!-- /output -->").map(|n| n + "<!-- /output -->".len()) else { break };
        let whole = &from[..end];
        let words = marker(whole.lines().next().unwrap_or_default(), "output:").unwrap_or_default();
        let mut words = words.split_whitespace().map(str::to_owned);
        let shown: Vec<&str> = whole.lines().skip_while(|l| !l.starts_with("```")).skip(1).take_while(|l| !l.starts_with("```")).collect();
        blocks.push(OutputBlock {
            name: words.next().unwrap_or_default(),
            args: words.collect(),
            whole: whole.into(),
            shown: shown.join("\n"),
        });
        rest = &from[end..];
    }
    blocks
}

/// The anchors of a page's headings, as GitHub makes them.
pub fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if !fenced && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    anchors
}

/// `VALUE` of `<!-- NAME VALUE -->`.
fn marker(line: &str, name: &str) -> Option<String> {
    let inner = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    Some(inner.strip_prefix(name)?.trim().to_owned())
}

fn step(line: usize, command: &str, live: bool) -> Result<Option<Step>, Problem> {
    let (command, exit) = match command.rsplit_once("# exit ") {
        Some((command, code)) => (command, code.trim().parse().map_err(|_| Problem { line, what: format!("`# exit {code}`") })?),
        None => (command, 0),
    };
    let command = command.trim();
    if NOT_RUN.iter().any(|known| command.starts_with(known)) {
        return Ok(None);
    }
    let mut words = split(command).ok_or_else(|| Problem { line, what: format!("quotes do not close: {command}") })?;
    let mut env = Vec::new();
    while let Some((name, value)) = words.first().and_then(|w| w.split_once('=')).filter(|(n, _)| n.starts_with("LAYERPROOF_")) {
        env.push((name.to_owned(), value.to_owned()));
        words.remove(0);
    }
    let program = [&["layerproof"][..], &["cargo", "run", "--release", "--"], &["cargo", "run", "--release", "--locked", "--"]]
        .into_iter()
        .find(|program| words.iter().map(String::as_str).take(program.len()).eq(program.iter().copied()));
    let Some(program) = program else {
        return Err(Problem { line, what: format!("a command that no test runs: {command}") });
    };
    if words.iter().any(|w| matches!(w.as_str(), "|" | ">" | ">>" | "&&" | "||" | ";")) {
        return Err(Problem { line, what: format!("the test knows no shell operators: {command}") });
    }
    Ok(Some(Step::Command { line, live, env, args: words.split_off(program.len()), exit }))
}

/// Words as a shell splits them: spaces, single and double quotes. `None` where a quote does not close.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_files_and_archives_are_found_in_order() {
        let page = "<!-- zip: a.zip x/y z -->\n<!-- file: p.yaml -->\n```yaml\nversion: 1\n```\n```console\n$ LAYERPROOF_OFFLINE=1 layerproof verify a.zip \\\n    --policy 'p q.yaml'  # exit 1\nREFUSED\n$ cargo run --release -- scan\n$ ./scripts/test\n```\n```text\n$ layerproof not this one\n```\n";
        let steps: Vec<Step> = steps(page).into_iter().map(Result::unwrap).collect();
        let text = |words: &[&str]| words.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        let expected = [
            Step::Zip { path: "a.zip".into(), entries: text(&["x/y", "z"]) },
            Step::File { path: "p.yaml".into(), content: "version: 1\n".into() },
            Step::Command {
                line: 7,
                live: false,
                env: vec![("LAYERPROOF_OFFLINE".into(), "1".into())],
                args: text(&["verify", "a.zip", "--policy", "p q.yaml"]),
                exit: 1,
            },
            Step::Command { line: 10, live: false, env: Vec::new(), args: text(&["scan"]), exit: 0 },
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_live_block_is_one_block() {
        let page = "<!-- live -->\n\n```console\n$ layerproof scan\n```\n```console\n$ layerproof scan\n```\n";
        let live: Vec<bool> = steps(page).into_iter().map(|step| matches!(step, Ok(Step::Command { live: true, .. }))).collect();
        assert_eq!(live, [true, false]);
    }

    #[test]
    fn a_command_that_nobody_would_run_is_a_problem_not_silence() {
        for line in ["$ rm -rf x", "$ layerproof verify 'x", "$ layerproof scan | less", "$ layerproof scan # exit one"] {
            let found = steps(&format!("```console\n{line}\n```\n"));
            assert!(matches!(found.as_slice(), [Err(_)]), "{line}: {found:?}");
        }
    }

    #[test]
    fn an_output_block_can_be_replaced() {
        let page = "a\n<!-- output: scan scan --snapshot x -->\n```text\nold\n```\n<!-- /output -->\nb\n";
        let blocks = output_blocks(page);
        assert_eq!((blocks.len(), blocks[0].name.as_str(), blocks[0].shown.as_str()), (1, "scan", "old"));
        assert_eq!(blocks[0].args, ["scan", "--snapshot", "x"]);
        assert_eq!(page.replace(&blocks[0].whole, &blocks[0].with("note: --now\nnew\n")), page.replace("old", "new"));
    }
}
