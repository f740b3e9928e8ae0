use alloc::vec::Vec;
use core::{error::Error, fmt, str::FromStr};

/// What a scripted source does when it is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `o`: an item.
    Ready,
    /// `-`: `Pending`, until [`SourceHandle::wake`](crate::SourceHandle::wake) wakes the waker that was
    /// registered last. Each earlier poll is `Pending` again and registers its own waker.
    Pending,
    /// `~`: wakes the waker it is polled with, then `Pending`. The next poll finds the next step.
    SelfWake,
    /// `x`: an item that is an error, where the source is one of results.
    Error,
    /// `!`: a panic. The next poll finds the next step.
    Panic,
}

impl Step {
    const ALL: [Self; 5] = [Self::Ready, Self::Pending, Self::SelfWake, Self::Error, Self::Panic];

    fn letter(self) -> char {
        match self {
            Self::Ready => 'o',
            Self::Pending => '-',
            Self::SelfWake => '~',
            Self::Error => 'x',
            Self::Panic => '!',
        }
    }
}

/// The steps of a scripted source, after which it ends.
///
/// A script is written like a marble picture, a letter a [`Step`] and `|` for the end, which may
/// be left out.
///
/// # Examples
///
/// ```
/// use stream_laws::{Script, Step};
///
/// let script: Script = "o-o|".parse()?;
/// assert_eq!(script.steps(), [Step::Ready, Step::Pending, Step::Ready]);
/// assert_eq!(script.to_string(), "o-o|");
/// # Ok::<(), stream_laws::ScriptError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// A script of these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect() }
    }

    /// The steps before the end.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many items a source with this script hands out, errors among them.
    pub fn items(&self) -> usize {
        self.items_from(0)
    }

    pub(crate) fn items_from(&self, at: usize) -> usize {
        self.steps[at..].iter().filter(|step| matches!(step, Step::Ready | Step::Error)).count()
    }

    pub(crate) fn steps_mut(&mut self) -> &mut Vec<Step> {
        &mut self.steps
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(f, "{}", step.letter())?;
        }
        f.write_str("|")
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({self})")
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let steps = text.strip_suffix('|').unwrap_or(text);
        let step = |letter| {
            Step::ALL
                .into_iter()
                .find(|step| step.letter() == letter)
                .ok_or(ScriptError { unknown: letter })
        };
        steps.chars().map(step).collect::<Result<_, _>>().map(|steps| Self { steps })
    }
}

/// A text is no script: it holds a letter that is no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptError {
    /// The letter.
    pub unknown: char,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no step of a script", self.unknown)
    }
}

impl Error for ScriptError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn script_text_parses_back() {
        let script = Script::new(Step::ALL);
        assert_eq!(script.to_string(), "o-~x!|");
        assert_eq!("o-~x!|".parse(), Ok(script.clone()));
        assert_eq!("o-~x!".parse(), Ok(script));
        assert_eq!("|".parse(), Ok(Script::default()));
        assert_eq!("".parse(), Ok(Script::default()));
    }

    #[test]
    fn unknown_letter_is_named() {
        assert_eq!("o|o".parse::<Script>(), Err(ScriptError { unknown: '|' }));
        let error = "oa".parse::<Script>().expect_err("a is no step");
        assert_eq!(error.to_string(), "'a' is no step of a script");
    }

    #[test]
    fn errors_count_as_items() {
        let script: Script = "o-x!~o|".parse().expect("a script");
        assert_eq!(script.items(), 3);
        assert_eq!(script.items_from(1), 2);
    }
}
