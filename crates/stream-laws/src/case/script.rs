use alloc::vec::Vec;
use core::{error::Error, fmt, str::FromStr};

/// One answer of a scripted source to a poll.
///
/// # Examples
/// See the example of [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `o`: yields an item.
    Ready,
    /// `-`: returns `Pending` until [`SourceHandle::wake`](crate::SourceHandle::wake) is called.
    ///
    /// Each poll registers its waker in place of the previous one.
    Pending,
    /// `~`: wakes its own waker and returns `Pending`. The next poll takes the next step.
    SelfWake,
    /// `x`: yields an item, which is an error if the source is a
    /// [`ResultSource`](crate::ResultSource).
    Error,
    /// `!`: panics. The next poll takes the next step.
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
/// The text of a script is a marble diagram: a letter for each [`Step`], and `|` for the end. The
/// end may be omitted.
///
/// # Examples
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
    /// Creates a script of these steps.
    ///
    /// # Examples
    /// ```
    /// use stream_laws::{Script, Step};
    ///
    /// let script = Script::new([Step::Pending, Step::Ready]);
    /// assert_eq!(script.to_string(), "-o|");
    /// ```
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect() }
    }

    /// Returns the steps before the end.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the number of items of a source with this script, errors included.
    ///
    /// # Examples
    /// ```
    /// use stream_laws::Script;
    ///
    /// let script: Script = "o-x~o|".parse()?;
    /// assert_eq!(script.items(), 3);
    /// # Ok::<(), stream_laws::ScriptError>(())
    /// ```
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

/// An error of parsing a [`Script`]: a letter does not name a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptError {
    /// The unknown letter.
    pub unknown: char,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a step of a script", self.unknown)
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
        let error = "oa".parse::<Script>().expect_err("unknown letter");
        assert_eq!(error.to_string(), "'a' is not a step of a script");
    }

    #[test]
    fn errors_count_as_items() {
        let script: Script = "o-x!~o|".parse().expect("a script");
        assert_eq!(script.items(), 3);
        assert_eq!(script.items_from(1), 2);
    }
}
