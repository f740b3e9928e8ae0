//! The program that a scene has run so far, as Rust that compiles.

use std::fmt::Write;

/// How lines of a kind may be merged with the line before.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    /// As it is. `{mut name}` becomes `mut name` if the name is used mutably later.
    Text(String),
    /// Letters that were pushed one after another by one pusher.
    Pushes(String, Vec<char>),
}

/// Lines of the body, and what they need.
#[derive(Debug)]
pub(crate) struct Program {
    uses: Vec<&'static str>,
    functions: Vec<&'static str>,
    lines: Vec<Line>,
    mutable: Vec<String>,
    /// Lines behind all others.
    tail: Vec<String>,
}

/// The imports of most programs.
const PRELUDE: &str = "aiter::prelude::*";

impl Program {
    pub(crate) fn new() -> Self {
        let (functions, lines, mutable, tail) = Default::default();
        Self { uses: vec![PRELUDE], functions, lines, mutable, tail }
    }

    /// Imports a path in place of the prelude.
    pub(crate) fn import_only(&mut self, path: &'static str) {
        self.uses = vec![path];
    }

    /// Imports a path, once.
    pub(crate) fn import(&mut self, path: &'static str) {
        if !self.uses.contains(&path) {
            self.uses.push(path);
        }
    }

    /// Adds a function beside `main`.
    pub(crate) fn function(&mut self, text: &'static str) {
        self.functions.push(text);
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Text(text.into()));
    }

    /// Adds a line that stays behind all others.
    pub(crate) fn tail(&mut self, text: impl Into<String>) {
        self.tail.push(text.into());
    }

    /// Adds the successful push of a letter. Pushes in a row become one `push_all`.
    pub(crate) fn push(&mut self, pusher: &str, letter: char) {
        if let Some(Line::Pushes(last, letters)) = self.lines.last_mut()
            && last == pusher
            && letters.len() < 8
        {
            letters.push(letter);
        } else {
            self.lines.push(Line::Pushes(pusher.into(), vec![letter]));
        }
    }

    /// Adds a poll that returned `Pending`.
    pub(crate) fn sleeps(&mut self, name: &str) {
        self.import("smol::future::poll_once");
        self.needs_mut(name);
        self.line(format!("assert_eq!(poll_once({name}.next()).await, None); // {name} sleeps"));
    }

    /// Adds a read that returned an item, or the end.
    pub(crate) fn read(&mut self, name: &str, letter: Option<char>) {
        self.needs_mut(name);
        self.line(match letter {
            Some(letter) => format!("assert_eq!({name}.next().await, Some({letter:?}));"),
            None => format!("assert_eq!({name}.next().await, None); // the end"),
        });
    }

    /// Says that a name must be declared `mut`.
    pub(crate) fn needs_mut(&mut self, name: &str) {
        if !self.mutable.iter().any(|n| n == name) {
            self.mutable.push(name.into());
        }
    }

    /// The whole program.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("use std::error::Error;\n\n");
        for path in &self.uses {
            let _ = writeln!(text, "use {path};");
        }
        text.push_str(
            "\nfn main() -> Result<(), Box<dyn Error>> {\n    smol::block_on(run())\n}\n",
        );
        for function in &self.functions {
            let _ = write!(text, "\n{function}\n");
        }
        text.push_str("\nasync fn run() -> Result<(), Box<dyn Error>> {\n");
        let lines = self.lines.iter().map(|line| match line {
            Line::Text(line) => self.with_mut(line),
            Line::Pushes(pusher, letters) => match letters[..] {
                [letter] => format!("{pusher}.push({letter:?})?;"),
                _ => format!("{pusher}.push_all({letters:?})?;"),
            },
        });
        for line in lines.chain(self.tail.iter().cloned()) {
            for line in line.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        text.push_str("    Ok(())\n}\n");
        text
    }

    /// Replaces each `{mut name}`.
    fn with_mut(&self, line: &str) -> String {
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{mut ") {
            let (name, after) = after.split_once('}').expect("each brace is closed");
            text.push_str(before);
            if self.mutable.iter().any(|n| n == name) {
                text.push_str("mut ");
            }
            text.push_str(name);
            rest = after;
        }
        text + rest
    }
}
